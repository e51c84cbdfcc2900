//! Snooze: out of the lists until its time, or until something happens.

use std::sync::Arc;

use guichet_accounts::{Actor, Sight, Who};
use tokio::task::JoinSet;

use super::world::{World, at, desk_over, mail};
use super::writing_letters::{asked, into_ticket, reply};
use crate::{
    Assignee, Error, Event, EventKind, Log, LoggedEvent, State, Ticket, TicketChange, TicketFilter,
    TicketQuery, WritingKind,
};

fn ticket(world: &World) -> Ticket {
    world.desk.ticket(&world.admin(), 1).unwrap().ticket.record
}

fn listed(world: &World, filter: TicketFilter) -> usize {
    let query = TicketQuery { filter, limit: 200, ..TicketQuery::default() };
    world.desk.tickets(&world.admin(), &query).unwrap().items.len()
}

fn snoozed() -> TicketFilter {
    TicketFilter { snoozed: Some(true), ..TicketFilter::default() }
}

fn wakings(world: &World) -> Vec<LoggedEvent> {
    let Log::Events { events, .. } = world.desk.events(&world.admin(), 0).unwrap() else { panic!("resync") };
    events.into_iter().filter(|one| one.event.kind == EventKind::TicketWoken).collect()
}

async fn snooze(world: &World, until: i64) {
    world.desk.snooze(&world.admin(), 1, at(until), at(0)).await.unwrap();
}

async fn customer_writes(world: &World, more: &str) {
    let more = format!("In-Reply-To: <1@customer.example>\n{more}");
    let raw = mail("bia@customer.example", "2@customer.example", "Re: Invoice", &more);
    world.receive(&raw, &[&world.support]).await;
}

#[tokio::test]
async fn a_snoozed_ticket_is_only_in_the_lists_of_what_is_snoozed() {
    let world = asked("").await;
    snooze(&world, 100).await;
    let any = TicketFilter::default;
    let state = |state| TicketFilter { states: vec![state], ..any() };
    let of_nobody = TicketFilter { assignees: vec![Assignee::Nobody], ..any() };
    for ordinary in [any(), state(State::New), of_nobody.clone(), TicketFilter { teams: vec![None], ..any() }]
    {
        assert_eq!(listed(&world, ordinary.clone()), 0, "{ordinary:?}");
        let asked = TicketFilter { snoozed: Some(true), ..ordinary };
        assert_eq!(listed(&world, asked.clone()), 1, "{asked:?}");
    }
    assert_eq!(listed(&world, TicketFilter { snoozed: Some(true), ..state(State::Open) }), 0);
    let mut agent = world.billing_agent().await;
    let query = TicketQuery { filter: snoozed(), limit: 9, ..TicketQuery::default() };
    assert!(world.desk.tickets(&agent, &query).unwrap().items.is_empty(), "of another team");
    agent.sight = Sight::All;
    assert_eq!(world.desk.tickets(&agent, &query).unwrap().items.len(), 1);
}

#[tokio::test]
async fn it_wakes_at_its_time_and_once() {
    let world = asked("").await;
    snooze(&world, 100).await;
    assert_eq!(world.desk.next_timer().unwrap(), Some(at(100)));
    assert_eq!(world.desk.run_due_timers(at(99), 10).await.unwrap(), 0);
    assert_eq!(listed(&world, snoozed()), 1);
    assert_eq!(world.desk.run_due_timers(at(100), 10).await.unwrap(), 1);
    assert_eq!((listed(&world, snoozed()), listed(&world, TicketFilter::default())), (0, 1));
    assert_eq!((ticket(&world).snoozed_until, ticket(&world).state), (None, State::New));
    let woken = wakings(&world);
    let [
        LoggedEvent {
            ticket: Some(1), message: None, event: Event { who: Who::System, at: when, .. }, ..
        },
    ] = woken[..]
    else {
        panic!("{woken:?}")
    };
    assert_eq!(when, at(100));
    assert_eq!(world.desk.run_due_timers(at(101), 10).await.unwrap(), 0);
    assert_eq!(world.desk.next_timer().unwrap(), None);
}

#[tokio::test]
async fn a_time_is_to_come_and_not_too_far() {
    let world = asked("").await;
    let day = 86_400;
    for wrong in [-1, 0, 732 * day] {
        let refused = world.desk.snooze(&world.admin(), 1, at(wrong), at(0)).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{wrong}");
    }
    snooze(&world, 731 * day).await;
    snooze(&world, 50).await;
    assert_eq!(world.desk.next_timer().unwrap(), Some(at(50)), "the other timer went with it");
    let put_away = TicketChange { state: Some(State::Trash), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), 1, &put_away, None, at(1)).await.unwrap();
    assert_eq!(world.desk.next_timer().unwrap(), None);
    let refused = world.desk.snooze(&world.admin(), 1, at(9), at(2)).await;
    assert!(matches!(refused, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn a_mail_wakes_it_at_once_and_opens_it() {
    let world = asked("").await;
    world.write(reply(), 1).await;
    snooze(&world, 100).await;
    customer_writes(&world, "").await;
    assert_eq!((ticket(&world).state, ticket(&world).snoozed_until), (State::Open, None));
    assert_eq!(wakings(&world)[0].message, Some(3), "the event names the mail");
    assert_eq!(world.desk.next_timer().unwrap(), None);
}

#[tokio::test]
async fn an_out_of_office_answer_lets_it_sleep() {
    let world = asked("").await;
    snooze(&world, 100).await;
    customer_writes(&world, "Auto-Submitted: auto-replied\n").await;
    assert_eq!((ticket(&world).message_count, ticket(&world).snoozed_until), (2, Some(at(100))));
}

#[tokio::test]
async fn writing_and_a_change_of_state_wake_it_and_other_changes_do_not() {
    let world = asked("").await;
    let one = Actor { sight: Sight::All, ..world.billing_agent().await };
    snooze(&world, 100).await;
    let tags = TicketChange { tags: Some(["x".to_owned()].into()), ..TicketChange::default() };
    world.desk.change_ticket(&one, 1, &tags, None, at(1)).await.unwrap();
    assert_eq!((ticket(&world).snoozed_until, listed(&world, snoozed())), (Some(at(100)), 1));
    world.desk.write(&one, into_ticket(1, WritingKind::Note), None, None, at(2)).await.unwrap();
    snooze(&world, 101).await;
    let solved = TicketChange { state: Some(State::Solved), ..TicketChange::default() };
    world.desk.change_ticket(&one, 1, &solved, None, at(3)).await.unwrap();
    snooze(&world, 102).await;
    world.desk.wake(&one, 1, at(4)).await.unwrap();
    world.desk.wake(&one, 1, at(5)).await.unwrap();
    let woken: Vec<_> = wakings(&world).iter().map(|one| (one.message, one.event.who)).collect();
    assert_eq!(woken, [(Some(2), one.who), (None, one.who), (None, one.who)]);
    assert_eq!(world.desk.next_timer().unwrap(), None);
}

#[tokio::test]
async fn a_timer_that_is_left_over_does_nothing() {
    let world = asked("").await;
    snooze(&world, 100).await;
    let mut due = world.desk.due_rows();
    due.set_timer(at(50), world.acme, 1);
    due.set_timer(at(51), world.acme, 999);
    let nothing = world.store.of(world.acme).batch();
    world.desk.commit_queued(nothing, due).await.unwrap();
    assert_eq!(world.desk.run_due_timers(at(60), 10).await.unwrap(), 2);
    assert_eq!(ticket(&world).snoozed_until, Some(at(100)));
    assert_eq!(world.desk.next_timer().unwrap(), Some(at(100)));
}

#[tokio::test]
async fn a_row_that_can_not_be_read_keeps_nobody_asleep() {
    let world = asked("").await;
    snooze(&world, 100).await;
    let mut broken = world.store.operator().batch();
    broken.put(guichet_store::Key::new(crate::keys::TIMERS).byte(0), b"?".to_vec());
    world.store.commit(vec![broken]).await.unwrap();
    assert_eq!(world.desk.next_timer().unwrap(), Some(at(100)));
    assert_eq!(world.desk.run_due_timers(at(100), 10).await.unwrap(), 1);
    assert_eq!(ticket(&world).snoozed_until, None);
}

/// What a server that ended before the time finds when it starts again after it.
#[tokio::test]
async fn a_desk_that_begins_anew_wakes_what_slept() {
    let world = asked("").await;
    snooze(&world, 100).await;
    let later = desk_over(world.store.clone());
    assert_eq!(later.run_due_timers(at(5_000), 10).await.unwrap(), 1);
    assert_eq!(ticket(&world).snoozed_until, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_time_a_mail_and_a_person_at_once_wake_it_once() {
    for _ in 0..10 {
        let world = Arc::new(asked("").await);
        snooze(&world, 100).await;
        let mut tasks = JoinSet::new();
        for _ in 0..2 {
            let desk = world.desk.clone();
            tasks.spawn(async move { desk.run_due_timers(at(100), 10).await.map(drop).unwrap() });
        }
        let (desk, admin) = (world.desk.clone(), world.admin());
        tasks.spawn(async move { drop(desk.wake(&admin, 1, at(100)).await.unwrap()) });
        let one = world.clone();
        tasks.spawn(async move { customer_writes(&one, "").await });
        tasks.join_all().await;
        assert_eq!(wakings(&world).len(), 1);
        assert_eq!((ticket(&world).snoozed_until, ticket(&world).message_count), (None, 2));
        assert_eq!(world.desk.next_timer().unwrap(), None);
        assert_eq!((listed(&world, snoozed()), listed(&world, TicketFilter::default())), (0, 1));
    }
}
