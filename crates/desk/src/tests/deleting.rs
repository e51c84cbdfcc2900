//! Deleting for good: whole or gone.

use std::io::Read;

use guichet_accounts::{Actor, By, Sight, Who};
use guichet_store::{Direction, Key};

use super::queue_world::{attempt, set_state, ticket};
use super::replies::{recipient, reply_address};
use super::world::{World, at, desk_over, mail, outcomes};
use super::writing_letters::{asked, reply};
use crate::{Emptied, Error, EventKind, Fate, Hold, Log, Outcome, State, TicketFilter, TicketQuery};

const BIA: &str = "Bia <bia@customer.example>";

/// The admin who deletes.
pub(super) fn by(world: &World) -> By {
    By { organisation: Some(world.acme), who: Who::System, from: None, at: at(0) }
}

pub(super) async fn delete(world: &World, number: u64) -> Result<(), Error> {
    world.desk.delete_ticket(&world.admin(), &by(world), number, at(50)).await
}

pub(super) async fn throw_and_delete(world: &World, number: u64) {
    set_state(world, number, State::Trash).await;
    delete(world, number).await.unwrap();
}

/// The kinds of rows of the organisation that the desk has, with how many there are; the log apart.
fn rows(world: &World) -> Vec<(char, usize)> {
    let snapshot = world.store.of(world.acme).snapshot().unwrap();
    let count = |kind: u8| snapshot.scan(&Key::new(kind), Direction::Forward, None).unwrap().count();
    (b'A'..=b'Z').map(|kind| (char::from(kind), count(kind))).filter(|(_, rows)| *rows > 0).collect()
}

/// Sends all that is due.
async fn send_all(world: &World, second: i64) {
    for due in world.desk.due(None, at(second), 100).unwrap() {
        let lease = world.desk.lease(world.acme, due.delivery, at(second)).await.unwrap().expect("it is due");
        let came = attempt(second, Fate::Delivered, "2.0.0", "250 taken");
        world.desk.attempted(&lease, &came).await.unwrap();
    }
}

/// Ticket 1 with a mail, our answer, a note, and what belongs to them.
async fn answered() -> World {
    let world = asked("References: <0@customer.example>\n").await;
    world.write(reply(), 1).await;
    world.write(super::writing_letters::into_ticket(1, crate::WritingKind::Note), 2).await;
    send_all(&world, 10).await;
    world
}

#[tokio::test]
async fn a_deleted_ticket_leaves_the_contact_and_the_log_and_nothing_else() {
    let world = World::new().await;
    let empty = rows(&world);
    let raw = mail(BIA, "1@customer.example", "Invoice", "References: <0@customer.example>\n");
    world.receive(&raw, &[&world.support]).await;
    world.write(reply(), 1).await;
    send_all(&world, 10).await;
    throw_and_delete(&world, 1).await;
    let left: Vec<char> =
        rows(&world).into_iter().filter(|row| !empty.contains(row)).map(|(kind, _)| kind).collect();
    assert_eq!(left, ['A', 'C', 'K'], "the contact, and where it is found");
    assert!(matches!(world.desk.ticket(&world.admin(), 1), Err(Error::NotFound("ticket"))));
    assert!(matches!(world.desk.message(&world.admin(), 1), Err(Error::NotFound("message"))));
    let Log::Events { events, .. } = world.desk.events(&world.admin(), 0).unwrap() else { panic!() };
    let last = events.last().unwrap();
    assert_eq!((last.event.kind, last.ticket), (EventKind::TicketDeleted, Some(1)));
}

/// A ticket may have very many deliveries: none is a check of the commit, and yet none that wakes is overlooked.
#[tokio::test]
async fn a_ticket_rests_on_no_delivery_that_ended_and_stays_where_one_wakes() {
    for fate in [Fate::Delivered, Fate::Refused] {
        let world = asked("References: <0@customer.example>\n").await;
        world.write(reply(), 1).await;
        let due = world.desk.due(None, at(10), 100).unwrap().remove(0).delivery;
        super::queue_world::send(&world, due, 10, fate, "2.0.0").await;
        set_state(&world, 1, State::Trash).await;
        let mut snapshot = world.store.of(world.acme).snapshot().unwrap();
        world.desk.deletable(&mut snapshot, &world.admin(), 1).unwrap();
        let is_woken = fate == Fate::Refused;
        if is_woken {
            world.desk.retry_delivery(&world.admin(), due, at(20)).await.unwrap();
        } else {
            let key = crate::keys::delivery(due);
            let mut other = world.store.of(world.acme).snapshot().unwrap();
            let stored = other.read(&key).unwrap().unwrap();
            let mut batch = other.batch();
            batch.put(key, stored);
            world.store.commit(vec![batch]).await.unwrap();
        }
        let committed = world.store.commit(vec![snapshot.batch()]).await;
        assert_eq!(committed.is_err(), is_woken, "{fate:?}");
    }
}

#[tokio::test]
async fn mail_that_belonged_to_a_deleted_ticket_begins_a_new_one() {
    let world = answered().await;
    let (to, id) = (recipient(&world, &reply_address(&world, 2)), world.field(2, "Message-ID").unwrap());
    throw_and_delete(&world, 1).await;
    let again = mail(BIA, "1@customer.example", "Invoice", "References: <0@customer.example>\n");
    assert!(matches!(world.receive(&again, &[&world.support]).await[..], [Outcome::Created { ticket: 2 }]));
    let by_reference = mail(BIA, "5@customer.example", "Re: Invoice", &format!("In-Reply-To: {id}\n"));
    assert!(matches!(
        world.receive(&by_reference, &[&world.support]).await[..],
        [Outcome::Created { ticket: 3 }]
    ));
    let by_address = mail(BIA, "6@customer.example", "Re: Invoice", "");
    assert!(matches!(world.receive(&by_address, &[&to]).await[..], [Outcome::Created { ticket: 4 }]));
    assert_eq!(world.desk.ticket(&world.admin(), 2).unwrap().linked, [0; 0]);
}

#[tokio::test]
async fn a_bounce_to_a_deleted_ticket_is_recorded_and_harms_nothing() {
    let world = asked("").await;
    let written = world.write(reply(), 1).await;
    let lease = world.desk.lease(world.acme, written.deliveries[0], at(2)).await.unwrap().unwrap();
    let to = recipient(&world, &lease.reverse_path);
    world.desk.attempted(&lease, &attempt(3, Fate::Delivered, "2.0.0", "250 taken")).await.unwrap();
    drop(lease);
    throw_and_delete(&world, 1).await;
    let raw = mail("MAILER-DAEMON@mx.customer.example", "b@mx.customer.example", "Undelivered", "");
    let arrival = crate::Arrival { reverse_path: String::new(), ..world.arrival(&raw, &[&to]) };
    let outcome = outcomes(world.desk.receive(&arrival).await.unwrap());
    assert!(matches!(outcome[..], [Outcome::Quarantined { .. }]), "{outcome:?}");
}

#[tokio::test]
async fn what_was_merged_into_a_deleted_ticket_goes_with_it() {
    let world = World::new().await;
    let empty = rows(&world);
    for number in 1..=4 {
        let raw = mail(BIA, &format!("{number}@customer.example"), "Same", "");
        world.receive(&raw, &[&world.support]).await;
    }
    let one = world.somebody(7);
    let draft = crate::Draft { text: "x".to_owned(), ..crate::Draft::default() };
    for number in [1, 2] {
        world.desk.save_ticket_draft(&one, number, &draft, None, at(1)).await.unwrap();
    }
    for (from, into) in [(1, 2), (2, 3), (4, 3)] {
        world.desk.merge_ticket(&world.admin(), (from, into), None, at(2)).await.unwrap();
    }
    set_state(&world, 3, State::Trash).await;
    // The server stops after the first commit.
    world.desk.hide_ticket(&world.admin(), &by(&world), 3, None, at(50)).await.unwrap();
    desk_over(world.store.clone()).finish_deletions(world.acme, at(60)).await.unwrap();
    for number in 1..=4 {
        assert!(
            matches!(world.desk.ticket(&world.admin(), number), Err(Error::NotFound("ticket"))),
            "{number}"
        );
    }
    let left: Vec<char> =
        rows(&world).into_iter().filter(|row| !empty.contains(row)).map(|(kind, _)| kind).collect();
    assert_eq!(left, ['A', 'C', 'K'], "the contact, and where it is found");
    let Log::Events { events, .. } = world.desk.events(&world.admin(), 0).unwrap() else { panic!() };
    let mut gone: Vec<_> = events.iter().filter(|one| one.event.kind == EventKind::TicketDeleted).collect();
    gone.sort_by_key(|one| one.ticket);
    assert_eq!(gone.iter().filter_map(|one| one.ticket).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn only_an_admin_deletes_and_only_out_of_the_trash_and_nothing_that_still_leaves() {
    let world = asked("").await;
    assert!(matches!(delete(&world, 1).await, Err(Error::Invalid(_))), "it is not in the trash");
    assert!(matches!(delete(&world, 9).await, Err(Error::NotFound("ticket"))));
    let written = world.write(crate::Writing { hold: Hold::Undo(60), ..reply() }, 1).await;
    set_state(&world, 1, State::Trash).await;
    assert!(matches!(delete(&world, 1).await, Err(Error::Invalid(_))), "a mail waits");
    let agent = world.billing_agent().await;
    assert!(matches!(
        world.desk.delete_ticket(&agent, &by(&world), 1, at(50)).await,
        Err(Error::NotFound("ticket"))
    ));
    let everyone = Actor { sight: Sight::Teams(vec![world.billing_team]), ..agent };
    world.desk.cancel_delivery(&world.admin(), written.deliveries[0], at(5)).await.unwrap();
    assert!(world.desk.empty_trash(&everyone, &by(&world), None, None, at(50)).await.is_err());
    assert_eq!(ticket(&world, 1).number, 1);
    delete(&world, 1).await.unwrap();
    assert!(matches!(delete(&world, 1).await, Err(Error::NotFound("ticket"))));
}

/// Every message of every ticket reads, and nothing is left of those that are gone.
pub(super) fn check_whole(world: &World) -> Vec<u64> {
    let every = TicketFilter { states: State::ALL.to_vec(), ..TicketFilter::default() };
    let query = TicketQuery { filter: every, limit: 200, ..TicketQuery::default() };
    let tickets = world.desk.tickets(&world.admin(), &query).unwrap().items;
    let mut numbers: Vec<u64> = tickets.iter().map(|ticket| ticket.number).collect();
    for number in &numbers {
        for message in world.desk.messages(&world.admin(), *number, None, 200).unwrap().items {
            let mut read = Vec::new();
            world.desk.raw(&world.admin(), &message).unwrap().read_to_end(&mut read).unwrap();
        }
    }
    numbers.sort_unstable();
    numbers
}

/// Each commit is whole or not at all, whatever moment the server is killed at: so it is enough to stop after each.
#[tokio::test]
async fn a_deletion_that_was_cut_short_after_any_commit_is_finished_at_the_next_start() {
    for steps in 0.. {
        let world = answered().await;
        for n in 0..70 {
            let more = "In-Reply-To: <1@customer.example>\n";
            world
                .receive(
                    &mail(BIA, &format!("more{n}@customer.example"), "Re: Invoice", more),
                    &[&world.support],
                )
                .await;
        }
        world.receive(&mail(BIA, "other@customer.example", "Other", ""), &[&world.support]).await;
        set_state(&world, 1, State::Trash).await;
        world.desk.hide_ticket(&world.admin(), &by(&world), 1, None, at(50)).await.unwrap();
        assert_eq!(check_whole(&world), [2], "it is gone at once");
        let mut is_last = false;
        for _ in 0..steps {
            let step = world.desk.deletion_step(world.acme, 1, at(51)).unwrap();
            world.store.commit(vec![step.batch]).await.unwrap();
            is_last = step.is_last;
        }
        let desk = desk_over(world.store.clone());
        let again = mail(BIA, "1@customer.example", "Invoice", "References: <0@customer.example>\n");
        let answer =
            mail(BIA, "z@customer.example", "Re: Invoice", "In-Reply-To: <more3@customer.example>\n");
        assert!(matches!(
            world.receive(&again, &[&world.support]).await[..],
            [Outcome::Created { ticket: 3 }]
        ));
        assert!(matches!(
            world.receive(&answer, &[&world.support]).await[..],
            [Outcome::Created { ticket: 4 }]
        ));
        desk.finish_deletions(world.acme, at(60)).await.unwrap();
        assert_eq!(check_whole(&world), [2, 3, 4]);
        let left = rows(&world);
        assert!(!left.iter().any(|(kind, _)| *kind == 'O' || *kind == 'D' || *kind == 'J'), "{left:?}");
        assert_eq!(left.iter().find(|(kind, _)| *kind == 'M').unwrap().1, 3);
        if is_last {
            break;
        }
    }
}

#[tokio::test]
async fn the_trash_is_emptied_in_steps_and_spares_what_still_leaves_and_what_is_younger() {
    let world = World::new().await;
    for n in 1..=120 {
        world.receive(&mail(BIA, &format!("{n}@customer.example"), "Hello", ""), &[&world.support]).await;
        if n != 60 {
            set_state(&world, n, State::Trash).await;
        }
    }
    let change =
        crate::TicketChange { priority: Some(crate::Priority::High), ..crate::TicketChange::default() };
    world.desk.change_ticket(&world.admin(), 5, &change, None, at(1000)).await.unwrap();
    let held = crate::Writing { hold: Hold::Undo(60), state: Some(State::Trash), ..reply() };
    world.write(held, 2).await;
    let (admin, by) = (world.admin(), by(&world));
    let mut cursor = None;
    let mut all = Emptied { deleted: 0, kept: 0, next: None };
    loop {
        let step = world.desk.empty_trash(&admin, &by, Some(at(500)), cursor, at(2000)).await.unwrap();
        assert!(step.deleted <= 50);
        (all.deleted, all.kept, cursor) = (all.deleted + step.deleted, all.kept + step.kept, step.next);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((all.deleted, check_whole(&world)), (117, vec![1, 5, 60]));
}

#[tokio::test]
async fn nothing_of_a_suspended_organisation_is_deleted() {
    let world = answered().await;
    set_state(&world, 1, State::Trash).await;
    let suspend = |since| world.desk.accounts().suspend_organisation(world.acme, since);
    suspend(Some(at(20))).await.unwrap();
    assert!(matches!(delete(&world, 1).await, Err(Error::Invalid(_))));
    let emptied = world.desk.empty_trash(&world.admin(), &by(&world), None, None, at(50)).await.unwrap();
    assert_eq!((emptied.deleted, emptied.kept), (0, 1));
    suspend(None).await.unwrap();
    delete(&world, 1).await.unwrap();
}

#[tokio::test]
async fn a_deletion_that_meets_a_damaged_message_keeps_no_other_from_its_end() {
    let world = answered().await;
    world.receive(&mail(BIA, "other@customer.example", "Other", ""), &[&world.support]).await;
    for number in [1, 2] {
        set_state(&world, number, State::Trash).await;
        world.desk.hide_ticket(&world.admin(), &by(&world), number, None, at(50)).await.unwrap();
    }
    let mut batch = world.store.of(world.acme).batch();
    batch.put(crate::keys::message(1), guichet_store::Template::new().number(1).raw(b"harmed"));
    world.store.commit(vec![batch]).await.unwrap();
    world.desk.finish_deletions(world.acme, at(60)).await.unwrap();
    let left = |prefix: &Key| {
        let snapshot = world.store.of(world.acme).snapshot().unwrap();
        snapshot.scan(prefix, Direction::Forward, None).unwrap().count()
    };
    let messages = [1, 2].map(|ticket| left(&crate::keys::ticket_messages(ticket)) > 0);
    assert_eq!(messages, [true, false]);
}

#[tokio::test]
async fn of_two_who_empty_the_trash_at_once_none_is_told_that_it_is_empty_before_it_is() {
    let world = World::new().await;
    for n in 1..=110 {
        world.receive(&mail(BIA, &format!("{n}@customer.example"), "Hello", ""), &[&world.support]).await;
        set_state(&world, n, State::Trash).await;
    }
    let (admin, by) = (world.admin(), by(&world));
    let step = || world.desk.empty_trash(&admin, &by, None, None, at(2000));
    let (one, other) = tokio::join!(step(), step());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.deleted + other.deleted, 110 - check_whole(&world).len());
    assert!(one.next.is_some() && other.next.is_some(), "{one:?}, {other:?}");
}

#[tokio::test]
async fn what_was_thrown_away_while_the_clock_was_ahead_keeps_nothing_else_in_the_trash() {
    let world = World::new().await;
    let away = crate::TicketChange { state: Some(State::Trash), ..crate::TicketChange::default() };
    for (n, second) in [(1, 10_000), (2, 0), (3, 700)] {
        world.receive(&mail(BIA, &format!("{n}@customer.example"), "Hello", ""), &[&world.support]).await;
        world.desk.change_ticket(&world.admin(), n, &away, None, at(second)).await.unwrap();
    }
    let (admin, by) = (world.admin(), by(&world));
    let emptied = world.desk.empty_trash(&admin, &by, Some(at(500)), None, at(1000)).await.unwrap();
    assert_eq!((emptied, check_whole(&world)), (Emptied { deleted: 1, kept: 0, next: None }, vec![1, 3]));
    let emptied = world.desk.empty_trash(&admin, &by, Some(at(20_000)), None, at(20_500)).await.unwrap();
    assert_eq!(emptied.deleted, 2, "its time came");
}

#[tokio::test]
async fn promise_2_mail_that_comes_while_old_trash_is_deleted_is_not_deleted_with_it() {
    let world = World::new().await;
    let away = crate::TicketChange { state: Some(State::Trash), ..crate::TicketChange::default() };
    for n in 1..=30 {
        let id = format!("{n}@customer.example");
        world.receive(&mail(BIA, &id, "Hello", ""), &[&world.support]).await;
        let number = world.desk.tickets(&world.admin(), &TicketQuery::default()).unwrap().items[0].number;
        world.desk.change_ticket(&world.admin(), number, &away, None, at(1)).await.unwrap();
        let answer =
            mail(BIA, &format!("new{n}@customer.example"), "Re: Hello", &format!("In-Reply-To: <{id}>\n"));
        let arrival = crate::Arrival { received: at(900), ..world.arrival(&answer, &[&world.support]) };
        let (admin, by) = (world.admin(), by(&world));
        let empty = world.desk.empty_trash(&admin, &by, Some(at(500)), None, at(1000));
        let (received, emptied) = tokio::join!(world.desk.receive(&arrival), empty);
        emptied.unwrap();
        let [Outcome::Joined { ticket } | Outcome::Created { ticket }] = outcomes(received.unwrap())[..]
        else {
            panic!("it is kept")
        };
        let kept = world.desk.ticket(&world.admin(), ticket);
        assert!(kept.is_ok(), "round {n}");
        set_state(&world, ticket, State::Spam).await;
    }
}
