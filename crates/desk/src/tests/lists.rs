//! Lists of tickets: complete, in order, page by page.

use guichet_store::Counter;

use super::world::{World, at, mail};
use crate::keys::Number;
use crate::page::ROWS_READ_MAX;
use crate::{Assignee, ContactId, Order, SortKey, State, TicketChange, TicketFilter, TicketQuery};

/// Seven tickets: 1, 3, 5, 7 of no team, 2, 4, 6 of billing.
async fn seven() -> World {
    let world = World::new().await;
    for n in 1..=7 {
        let recipient = if n % 2 == 0 { &world.billing } else { &world.support };
        let raw = mail(&format!("c{n}@customer.example"), &format!("{n}@customer.example"), "Hello", "");
        world.receive(&raw, &[recipient]).await;
    }
    world
}

/// All numbers of a list, gathered over pages of two.
fn gather(world: &World, query: &TicketQuery) -> Vec<u64> {
    let mut query = TicketQuery { limit: 2, ..query.clone() };
    let mut numbers = Vec::new();
    for _ in 0..20 {
        let page = world.desk.tickets(&world.admin(), &query).unwrap();
        numbers.extend(page.items.iter().map(|ticket| ticket.number));
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return numbers,
        }
    }
    panic!("a list without an end");
}

fn of(filter: TicketFilter) -> TicketQuery {
    TicketQuery { filter, ..TicketQuery::default() }
}

async fn change(world: &World, number: u64, change: TicketChange) {
    world.desk.change_ticket(&world.admin(), number, &change, None, at(5)).await.unwrap();
}

#[tokio::test]
async fn every_list_has_every_ticket_once_in_its_order() {
    let world = seven().await;
    change(&world, 3, TicketChange { state: Some(State::Open), ..TicketChange::default() }).await;
    assert_eq!(gather(&world, &of(TicketFilter::default())), [3, 7, 6, 5, 4, 2, 1]);
    let oldest = TicketQuery { order: Order::Ascending, ..TicketQuery::default() };
    assert_eq!(gather(&world, &oldest), [1, 2, 4, 5, 6, 7, 3]);
    let created = TicketQuery { sort: SortKey::Created, ..TicketQuery::default() };
    assert_eq!(gather(&world, &created), [7, 6, 5, 4, 3, 2, 1]);
    let created = TicketQuery { order: Order::Ascending, ..created };
    assert_eq!(gather(&world, &created), [1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn each_filter_finds_its_own() {
    let world = seven().await;
    let person = world.billing_agent().await;
    let guichet_accounts::Who::Person(person) = person.who else { panic!("an agent is a person") };
    let team = Some(world.billing_team);
    change(&world, 2, TicketChange { state: Some(State::Open), ..TicketChange::default() }).await;
    change(&world, 4, TicketChange { assignee: Some(Some(person)), ..TicketChange::default() }).await;
    let tags = Some(["vip".to_owned()].into());
    change(&world, 6, TicketChange { tags, ..TicketChange::default() }).await;
    change(&world, 7, TicketChange { state: Some(State::Spam), ..TicketChange::default() }).await;

    let expect = |filter: TicketFilter, numbers: &[u64]| {
        assert_eq!(gather(&world, &of(filter.clone())), numbers, "{filter:?}");
    };
    let any = TicketFilter::default;
    expect(TicketFilter { states: vec![State::Open], ..any() }, &[2]);
    expect(TicketFilter { states: vec![State::Spam], ..any() }, &[7]);
    expect(TicketFilter { teams: vec![team], ..any() }, &[6, 4, 2]);
    expect(TicketFilter { teams: vec![None], ..any() }, &[5, 3, 1]);
    expect(TicketFilter { assignees: vec![Assignee::Person(person)], ..any() }, &[4]);
    expect(TicketFilter { assignees: vec![Assignee::Nobody], ..any() }, &[6, 2, 5, 3, 1]);
    expect(TicketFilter { tags: vec!["vip".to_owned()], ..any() }, &[6]);
    expect(TicketFilter { teams: vec![team], states: vec![State::New], ..any() }, &[6, 4]);
    expect(TicketFilter { teams: vec![None], assignees: vec![Assignee::Person(person)], ..any() }, &[]);
    expect(TicketFilter { requester: Some(ContactId(5)), ..any() }, &[5]);
    expect(any(), &[6, 4, 2, 5, 3, 1]);
}

#[tokio::test]
async fn a_change_leaves_no_ticket_behind_in_its_old_list() {
    let world = seven().await;
    for state in State::ALL.into_iter().chain([State::New]) {
        change(&world, 1, TicketChange { state: Some(state), ..TicketChange::default() }).await;
        for other in State::ALL {
            let listed = gather(&world, &of(TicketFilter { states: vec![other], ..TicketFilter::default() }));
            assert_eq!(listed.contains(&1), other == state, "{state:?} in {other:?}");
        }
    }
}

#[tokio::test]
async fn an_agent_who_is_twice_in_a_team_sees_each_ticket_once() {
    let world = seven().await;
    let mut agent = world.billing_agent().await;
    agent.sight = guichet_accounts::Sight::Teams(vec![world.billing_team; 2]);
    let page = world.desk.tickets(&agent, &TicketQuery { limit: 50, ..TicketQuery::default() }).unwrap();
    assert_eq!(page.items.iter().map(|ticket| ticket.number).collect::<Vec<_>>(), [6, 4, 2]);
}

#[tokio::test]
async fn promise_7_a_cursor_tells_nothing_of_tickets_that_an_agent_may_not_see() {
    let world = seven().await;
    let agent = world.billing_agent().await;
    for number in 1..=7 {
        let tags = Some(["vip".to_owned()].into());
        change(&world, number, TicketChange { tags, ..TicketChange::default() }).await;
    }
    let tagged = TicketFilter { tags: vec!["vip".to_owned()], ..TicketFilter::default() };
    let page = world.desk.tickets(&agent, &TicketQuery { limit: 3, ..of(tagged) }).unwrap();
    assert_eq!((page.items.len(), page.next), (3, None), "1 comes after 6, 4, 2");
}

/// More tickets like this one than a page looks through, written as mail would.
async fn crowd(world: &World, number: u64) {
    let like = world.desk.ticket(&world.admin(), number).unwrap().ticket;
    let mut batch = world.store.of(world.acme).batch();
    for _ in 0..=ROWS_READ_MAX {
        let number = Number::Assigned(batch.next(Counter::Ticket));
        let activity = Number::Assigned(batch.event(Vec::new()));
        crate::rows::put_ticket(&mut batch, number, &like.record, Number::Known(0), activity);
    }
    world.store.commit(vec![batch]).await.unwrap();
}

#[tokio::test]
async fn promise_7_what_others_leave_undone_neither_hides_an_agents_own_tickets_nor_is_told_by_a_cursor() {
    for snoozed in [false, true] {
        let world = World::new().await;
        let agent = world.billing_agent().await;
        for to in [&world.billing, &world.support] {
            let id = format!("{}@customer.example", to.address);
            world.receive(&mail("bia@customer.example", &id, "Hello", ""), &[to]).await;
        }
        if snoozed {
            for number in [1, 2] {
                world.desk.snooze(&world.admin(), number, at(3600), at(1)).await.unwrap();
            }
        }
        crowd(&world, 2).await;
        for assignees in [vec![Assignee::Nobody], vec![Assignee::Me, Assignee::Nobody]] {
            let filter = TicketFilter { assignees, snoozed: Some(snoozed), ..TicketFilter::default() };
            let page = world.desk.tickets(&agent, &TicketQuery { limit: 9, ..of(filter) }).unwrap();
            let shown: Vec<u64> = page.items.iter().map(|ticket| ticket.number).collect();
            assert_eq!((shown, page.next), (vec![1], None), "snoozed: {snoozed}");
        }
    }
}

#[tokio::test]
async fn what_one_has_begun_to_write_or_starred_is_found_however_long_ago_the_ticket_was_touched() {
    let world = World::new().await;
    let agent = world.billing_agent().await;
    world.receive(&mail("bia@customer.example", "1@customer.example", "Hello", ""), &[&world.billing]).await;
    world.desk.save_ticket_draft(&agent, 1, &crate::Draft::default(), None, at(1)).await.unwrap();
    world.desk.star(&agent, 1, true, at(1)).await.unwrap();
    crowd(&world, 1).await;
    let drafted = TicketFilter { drafted: Some(true), ..TicketFilter::default() };
    let starred = TicketFilter { starred: Some(true), ..TicketFilter::default() };
    for filter in [drafted, starred] {
        for (sort, order) in [
            (SortKey::Updated, Order::Descending),
            (SortKey::Updated, Order::Ascending),
            (SortKey::Created, Order::Descending),
        ] {
            let query = TicketQuery { sort, order, limit: 9, ..of(filter.clone()) };
            let page = world.desk.tickets(&agent, &query).unwrap();
            let shown: Vec<u64> = page.items.iter().map(|ticket| ticket.number).collect();
            assert_eq!((shown, page.next), (vec![1], None), "{query:?}");
        }
    }
}
