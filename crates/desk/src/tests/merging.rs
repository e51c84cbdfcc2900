//! Merge and split: what moves, what finds its way, what is refused.

use std::collections::BTreeSet;

use guichet_accounts::{Actor, PersonId, Sight, TeamId};

use super::queue_world::{attempt, stored};
use super::replies::{recipient, reply_address};
use super::world::{World, at, mail};
use super::writing_letters::{asked, into_ticket, reply};
use crate::keys::Number;
use crate::rows::put_ticket;
use crate::{
    Error, EventKind, Fate, Log, Outcome, Split, State, StoredTicket, Ticket, TicketChange, TicketFilter,
    TicketQuery, WritingKind,
};

const BIA: &str = "Bia <bia@customer.example>";
const RUI: &str = "Rui <rui@partner.example>";

/// Ticket 1 of Bia with our answer, ticket 2 of Rui.
async fn two() -> World {
    let world = asked("").await;
    world.write(reply(), 1).await;
    world.receive(&mail(RUI, "7@partner.example", "The same", ""), &[&world.support]).await;
    world
}

fn ticket(world: &World, number: u64) -> Ticket {
    world.desk.ticket(&world.admin(), number).unwrap().ticket.record
}

pub(super) fn messages(world: &World, ticket: u64) -> Vec<u64> {
    let page = world.desk.messages(&world.admin(), ticket, None, 200).unwrap();
    page.items.iter().inspect(|message| assert_eq!(message.ticket, ticket)).map(|one| one.number).collect()
}

pub(super) fn listed(world: &World, filter: TicketFilter) -> Vec<u64> {
    let query = TicketQuery { filter, limit: 200, ..TicketQuery::default() };
    world.desk.tickets(&world.admin(), &query).unwrap().items.iter().map(|ticket| ticket.number).collect()
}

async fn merge(world: &World, from: u64, into: u64) -> Result<StoredTicket, Error> {
    world.desk.merge_ticket(&world.admin(), (from, into), None, at(10)).await
}

pub(super) fn split_of(messages: &[u64]) -> Split {
    Split { messages: messages.iter().copied().collect(), subject: None }
}

async fn split(world: &World, ticket: u64, messages: &[u64]) -> Result<u64, Error> {
    world.desk.split_ticket(&world.admin(), ticket, &split_of(messages), None, at(10)).await
}

fn sentence<T: std::fmt::Debug>(refused: Result<T, Error>) -> String {
    match refused {
        Err(Error::Invalid(sentence)) => sentence,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn everything_of_a_merged_ticket_is_in_the_other() {
    let world = two().await;
    let change = TicketChange { tags: Some(["late".to_owned()].into()), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), 1, &change, None, at(3)).await.unwrap();
    let change = TicketChange { state: Some(State::Solved), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), 2, &change, None, at(3)).await.unwrap();
    let merged = merge(&world, 1, 2).await.unwrap();
    assert_eq!(merged, world.desk.ticket(&world.admin(), 2).unwrap().ticket);
    assert_eq!(messages(&world, 2), [1, 2, 3], "in the order in which they came");
    assert_eq!(messages(&world, 1), [] as [u64; 0]);
    let (source, target) = (ticket(&world, 1), ticket(&world, 2));
    assert_eq!((source.state, source.merged_into, source.message_count), (State::Closed, Some(2), 0));
    assert_eq!(
        (target.state, target.message_count),
        (State::Solved, 3),
        "what waited for the customer still does"
    );
    let participants: BTreeSet<String> =
        ["bia@customer.example".to_owned(), "rui@partner.example".to_owned()].into();
    assert_eq!(target.participants, participants);
    assert_eq!(listed(&world, TicketFilter::default()), [2]);
    assert_eq!(
        listed(&world, TicketFilter { tags: vec!["late".to_owned()], ..TicketFilter::default() }),
        [2]
    );
    assert_eq!(listed(&world, TicketFilter { states: vec![State::Closed], ..TicketFilter::default() }), []);
    let Log::Events { events, .. } = world.desk.events(&world.admin(), 0).unwrap() else { panic!("resync") };
    let last: Vec<_> = events.iter().rev().take(2).map(|one| (one.ticket, one.event.kind)).collect();
    assert_eq!(last, [(Some(2), EventKind::TicketChanged), (Some(1), EventKind::TicketMerged)]);
}

#[tokio::test]
async fn a_question_that_waited_opens_the_ticket_that_it_comes_to() {
    let world = two().await;
    let solved = TicketChange { state: Some(State::Solved), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), 1, &solved, None, at(3)).await.unwrap();
    merge(&world, 2, 1).await.unwrap();
    assert_eq!(ticket(&world, 1).state, State::Open);
}

#[tokio::test]
async fn replies_and_references_to_the_source_come_to_the_target_however_often_it_moved() {
    let world = two().await;
    let to = recipient(&world, &reply_address(&world, 2));
    let id = world.field(2, "Message-ID").unwrap();
    world.receive(&mail("joe@x.example", "8@x.example", "Else", ""), &[&world.support]).await;
    merge(&world, 1, 2).await.unwrap();
    merge(&world, 2, 3).await.unwrap();
    let stripped = mail(BIA, "9@customer.example", "Hm", "");
    assert_eq!(world.receive(&stripped, &[&to]).await, [Outcome::Joined { ticket: 3 }], "by its token");
    for (n, named) in [(10, id.as_str()), (11, "<1@customer.example>")] {
        let raw =
            mail(BIA, &format!("{n}@customer.example"), "Re: Invoice", &format!("In-Reply-To: {named}\n"));
        assert_eq!(world.receive(&raw, &[&world.support]).await, [Outcome::Joined { ticket: 3 }], "{named}");
    }
    assert_eq!(ticket(&world, 1).merged_into, Some(2));
    assert_eq!(ticket(&world, 3).message_count, 7);
}

#[tokio::test]
async fn a_delivery_under_way_goes_on_and_what_becomes_of_it_reaches_the_target() {
    let world = two().await;
    let id = world.deliveries(2)[0].id;
    let lease = world.desk.lease(world.acme, id, at(2)).await.unwrap().expect("it is due");
    merge(&world, 1, 2).await.unwrap();
    world.desk.attempted(&lease, &attempt(11, Fate::Refused, "5.1.1", "no such user")).await.unwrap();
    assert_eq!(stored(&world, id).ticket, 2);
    assert_eq!((ticket(&world, 2).state, ticket(&world, 2).attention), (State::New, true));
    assert_eq!((ticket(&world, 1).state, ticket(&world, 1).attention), (State::Closed, false));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_words() {
    let world = two().await;
    world.receive(&mail("joe@x.example", "8@x.example", "Else", ""), &[&world.support]).await;
    assert!(sentence(merge(&world, 1, 1).await).contains("itself"));
    assert!(matches!(merge(&world, 1, 99).await, Err(Error::NotFound("target"))));
    assert!(matches!(merge(&world, 99, 1).await, Err(Error::NotFound("ticket"))));
    merge(&world, 1, 2).await.unwrap();
    merge(&world, 1, 2).await.unwrap();
    assert!(sentence(merge(&world, 1, 3).await).contains("merged into another"));
    assert!(sentence(merge(&world, 2, 1).await).contains("was merged itself"));
    let trash = TicketChange { state: Some(State::Trash), ..TicketChange::default() };
    assert!(
        sentence(world.desk.change_ticket(&world.admin(), 1, &trash, None, at(9)).await).contains("merged")
    );
    world.desk.change_ticket(&world.admin(), 3, &trash, None, at(9)).await.unwrap();
    assert!(sentence(merge(&world, 3, 2).await).contains("trash"));
    assert!(sentence(merge(&world, 2, 3).await).contains("trash"));
    assert!(sentence(split(&world, 1, &[1]).await).contains("merged"));
}

#[tokio::test]
async fn promise_7_nobody_merges_or_splits_what_they_do_not_see() {
    let world = two().await;
    world.receive(&mail("joe@x.example", "8@x.example", "Else", ""), &[&world.billing]).await;
    let agent = world.billing_agent().await;
    let stranger = Actor::system(world.other);
    for (actor, from, into) in [(&agent, 3, 1), (&agent, 1, 3), (&stranger, 1, 2)] {
        let refused = world.desk.merge_ticket(actor, (from, into), None, at(9)).await;
        assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    }
    for actor in [&agent, &stranger] {
        let refused = world.desk.split_ticket(actor, 1, &split_of(&[2]), None, at(9)).await;
        assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    }
    let theirs = world.desk.split_ticket(&agent, 3, &split_of(&[1, 2, 3]), None, at(9)).await;
    assert!(sentence(theirs).contains("none of this ticket's"), "as of what does not exist");
}

#[tokio::test]
async fn marks_go_with_the_messages_by_merge_and_by_split() {
    let world = two().await;
    let reader = Actor { sight: Sight::All, ..world.billing_agent().await };
    let read = |ticket: u64| {
        let mark = world.desk.mark(&reader, ticket).unwrap();
        messages(&world, ticket).into_iter().filter(|one| mark.has_read(*one)).collect::<Vec<_>>()
    };
    world.desk.read_message(&reader, 1, true, at(4)).await.unwrap();
    world.desk.read_message(&reader, 3, true, at(4)).await.unwrap();
    world.desk.star(&reader, 1, true, at(4)).await.unwrap();
    merge(&world, 1, 2).await.unwrap();
    assert_eq!(read(2), [1, 3]);
    assert!(world.desk.mark(&reader, 2).unwrap().is_starred());
    assert!(!world.desk.mark(&reader, 1).unwrap().is_starred());
    let query = TicketQuery {
        filter: TicketFilter { starred: Some(true), ..TicketFilter::default() },
        limit: 9,
        ..TicketQuery::default()
    };
    let starred = world.desk.tickets(&reader, &query).unwrap().items;
    assert_eq!(starred.iter().map(|ticket| ticket.number).collect::<Vec<_>>(), [2]);
    let new = split(&world, 2, &[2, 3]).await.unwrap();
    assert_eq!((read(2), read(new)), (vec![1], vec![3]));
    let stored = [2, new].map(|number| world.desk.ticket(&reader, number).unwrap().ticket);
    let marked = world.desk.marks_of(&reader, &stored).unwrap();
    assert_eq!([marked[0].unread, marked[1].unread], [false, true], "what went is no longer missed here");
    assert_eq!([marked[0].starred, marked[1].starred], [true, false]);
}

#[tokio::test]
async fn split_messages_are_a_ticket_of_their_own_of_who_wrote_first() {
    let world = two().await;
    merge(&world, 2, 1).await.unwrap();
    world.write(into_ticket(1, WritingKind::Note), 5).await;
    let new = split(&world, 1, &[3, 4]).await.unwrap();
    assert_eq!(new, 3);
    assert_eq!((messages(&world, 1), messages(&world, new)), (vec![1, 2], vec![3, 4]));
    let (left, parted) = (ticket(&world, 1), ticket(&world, new));
    assert_eq!((left.message_count, parted.message_count), (2, 2));
    assert_eq!((parted.subject.as_str(), parted.state), ("The same", State::Open));
    assert_eq!(parted.participants, ["rui@partner.example".to_owned()].into());
    let requester = |number| world.desk.ticket(&world.admin(), number).unwrap().ticket.requester;
    assert_eq!(requester(new), requester(2), "Rui asked");
    assert_ne!(requester(new), requester(1));
    assert_eq!(world.desk.ticket(&world.admin(), new).unwrap().linked, [1]);
    let mut lists = listed(&world, TicketFilter::default());
    lists.sort_unstable();
    assert_eq!(lists, [1, 3]);
}

#[tokio::test]
async fn what_answers_a_split_message_goes_where_it_is_now() {
    let world = two().await;
    let to = recipient(&world, &reply_address(&world, 2));
    let delivery = world.deliveries(2)[0].id;
    let named = Split { subject: Some("The other matter".to_owned()), ..split_of(&[2]) };
    let new = world.desk.split_ticket(&world.admin(), 1, &named, None, at(5)).await.unwrap();
    assert_eq!(ticket(&world, new).subject, "The other matter");
    assert_eq!(ticket(&world, new).participants, ["bia@customer.example".to_owned()].into());
    assert_eq!(stored(&world, delivery).ticket, new);
    let stripped = mail(BIA, "9@customer.example", "Hm", "");
    assert_eq!(world.receive(&stripped, &[&to]).await, [Outcome::Joined { ticket: new }]);
    let raw = mail(BIA, "10@customer.example", "Re: Invoice", "In-Reply-To: <1@customer.example>\n");
    assert_eq!(world.receive(&raw, &[&world.support]).await, [Outcome::Joined { ticket: 1 }]);
}

#[tokio::test]
async fn a_split_leaves_something_and_takes_what_is_there() {
    let world = two().await;
    assert!(sentence(split(&world, 1, &[]).await).contains("name the messages"));
    assert!(sentence(split(&world, 1, &[1, 2]).await).contains("leave at least one"));
    assert!(sentence(split(&world, 1, &[1, 3]).await).contains("message 3 is none"));
    assert!(sentence(split(&world, 1, &[u64::MAX]).await).contains("is none"));
    let odd = Split { subject: Some("a\u{7}".to_owned()), ..split_of(&[1]) };
    assert!(
        sentence(world.desk.split_ticket(&world.admin(), 1, &odd, None, at(9)).await).contains("control")
    );
    let many = Split { messages: (0..2_000).collect(), subject: None };
    assert!(
        sentence(world.desk.split_ticket(&world.admin(), 1, &many, None, at(9)).await).contains("at most")
    );
}

#[tokio::test]
async fn an_answer_by_an_old_tab_is_written_where_the_messages_are() {
    let world = two().await;
    merge(&world, 1, 2).await.unwrap();
    assert_eq!(world.write(reply(), 11).await.ticket, 2);
    assert_eq!(world.write(into_ticket(1, WritingKind::Note), 12).await.ticket, 2);
    let mut agent = world.billing_agent().await;
    let to_billing = TicketChange { team: Some(Some(world.billing_team)), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), 2, &to_billing, None, at(13)).await.unwrap();
    world
        .desk
        .write(&Actor { sight: Sight::All, ..agent.clone() }, reply(), None, None, at(14))
        .await
        .unwrap();
    agent.sight = Sight::Teams(vec![TeamId(99)]);
    let refused = world.desk.write(&agent, reply(), None, None, at(15)).await;
    assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
}

#[tokio::test]
async fn versions_are_minded() {
    let world = two().await;
    let read = world.desk.ticket(&world.admin(), 1).unwrap().ticket.activity;
    world.write(into_ticket(1, WritingKind::Note), 5).await;
    let refused = world.desk.merge_ticket(&world.admin(), (1, 2), Some(read), at(9)).await;
    assert!(matches!(refused, Err(Error::Changed(_))), "{refused:?}");
    let refused = world.desk.split_ticket(&world.admin(), 1, &split_of(&[1]), Some(read), at(9)).await;
    assert!(matches!(refused, Err(Error::Changed(_))), "{refused:?}");
}

#[tokio::test]
async fn links_go_to_the_target() {
    let world = two().await;
    world
        .receive(
            &mail("joe@x.example", "8@x.example", "Re: Hi", "In-Reply-To: <1@customer.example>\n"),
            &[&world.support],
        )
        .await;
    let linked = |number| world.desk.ticket(&world.admin(), number).unwrap().linked;
    assert_eq!((linked(3), linked(1)), (vec![1], vec![3]));
    merge(&world, 1, 2).await.unwrap();
    assert_eq!((linked(3), linked(1), linked(2)), (vec![2], vec![], vec![3]));
    merge(&world, 3, 2).await.unwrap();
    assert_eq!(linked(2), [] as [u64; 0], "nothing is linked to itself");
}

#[tokio::test]
async fn a_merged_ticket_has_no_more_watchers_and_writers_than_any() {
    let world = two().await;
    let people = |from: u64| (from..from + 50).map(PersonId).collect::<BTreeSet<_>>();
    for (number, from) in [(1, 100), (2, 200)] {
        let fill = |ticket: &mut Ticket| {
            (ticket.watchers, ticket.writers) = (people(from), people(from));
            Ok(())
        };
        world.desk.edit_ticket(&world.admin(), number, None, at(3), fill).await.unwrap();
    }
    let blind = merge(&world, 1, 2).await.unwrap().record;
    assert_eq!((blind.watchers.len(), blind.writers.len()), (50, 50));
}

#[tokio::test]
async fn a_chain_of_merges_that_is_too_long_to_follow_is_no_fault_of_the_server() {
    let world = two().await;
    let draft = crate::Draft { text: "x".to_owned(), ..crate::Draft::default() };
    let one = world.somebody(7);
    world.desk.save_ticket_draft(&one, 1, &draft, None, at(2)).await.unwrap();
    let mut batch = world.store.of(world.acme).batch();
    let before = world.desk.ticket(&world.admin(), 1).unwrap().ticket;
    for number in std::iter::once(1).chain(1_000..2_100) {
        let next = if number == 1 { 1_000 } else { number + 1 };
        let merged = Ticket { merged_into: Some(next), ..before.record.clone() };
        put_ticket(&mut batch, Number::Known(number), &merged, Number::Known(0), Number::Known(number));
    }
    put_ticket(&mut batch, Number::Known(2_100), &before.record, Number::Known(0), Number::Known(2_100));
    world.store.commit(vec![batch]).await.unwrap();
    assert!(matches!(world.try_write(reply(), 5).await, Err(Error::NotFound("ticket"))));
    assert_eq!(world.desk.drafts(&one, None, 9).unwrap().items, []);
}
