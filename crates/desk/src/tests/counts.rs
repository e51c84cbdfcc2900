//! Counts: what a list says it has is what it has, whatever happened before and in whatever order.

use std::collections::BTreeSet;

use guichet_accounts::{Actor, Sight, Who};
use proptest::prelude::*;

use super::world::{World, at, mail};
use super::writing_letters::{address_of, into_ticket};
use crate::{Assignee, Count, Priority, Split, State, TicketChange, TicketFilter, TicketQuery, WritingKind};

fn any_ticket() -> TicketFilter {
    TicketFilter::default()
}

fn counted(world: &World, actor: &Actor, filter: &TicketFilter) -> Count {
    world.desk.counts(actor, std::slice::from_ref(filter)).unwrap()[0]
}

/// How many tickets a list shows, page by page.
fn listed(world: &World, actor: &Actor, filter: &TicketFilter) -> u64 {
    let mut query = TicketQuery { filter: filter.clone(), limit: 200, ..TicketQuery::default() };
    let mut tickets = 0;
    loop {
        let page = world.desk.tickets(actor, &query).unwrap();
        tickets += page.items.len() as u64;
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return tickets,
        }
    }
}

/// Filters with one condition and with several.
fn filters(world: &World, agent: &Actor) -> Vec<TicketFilter> {
    let Who::Person(person) = agent.who else { panic!("an agent is a person") };
    let (billing, mine) = (Some(world.billing_team), Assignee::Person(person));
    let mut filters = vec![
        any_ticket(),
        TicketFilter { teams: vec![billing], ..any_ticket() },
        TicketFilter { teams: vec![None, billing], states: vec![State::New, State::Trash], ..any_ticket() },
        TicketFilter { assignees: vec![Assignee::Nobody], ..any_ticket() },
        TicketFilter {
            assignees: vec![Assignee::Me, Assignee::Nobody],
            states: vec![State::Open],
            ..any_ticket()
        },
        TicketFilter { assignees: vec![mine], priorities: vec![Priority::Urgent], ..any_ticket() },
        TicketFilter { attention: Some(true), ..any_ticket() },
        TicketFilter { attention: Some(true), teams: vec![billing], ..any_ticket() },
        TicketFilter { attention: Some(false), states: vec![State::Spam], ..any_ticket() },
        TicketFilter { snoozed: Some(true), ..any_ticket() },
        TicketFilter { starred: Some(true), ..any_ticket() },
        TicketFilter { starred: Some(true), states: vec![State::Open], ..any_ticket() },
        TicketFilter { drafted: Some(true), ..any_ticket() },
        TicketFilter { unread: Some(true), ..any_ticket() },
        TicketFilter { channel: Some(world.channel_id("billing@acme.example")), ..any_ticket() },
        TicketFilter { tags: vec!["a".into()], ..any_ticket() },
        TicketFilter {
            tags: vec!["a".into()],
            states: vec![State::New, State::Open],
            teams: vec![billing],
            ..any_ticket()
        },
        TicketFilter { tags: vec!["a".into(), "b".into()], ..any_ticket() },
        TicketFilter { watching: Some(true), ..any_ticket() },
        TicketFilter { sent: Some(true), states: State::ALL.to_vec(), ..any_ticket() },
    ];
    filters.extend(State::ALL.map(|state| TicketFilter { states: vec![state], ..any_ticket() }));
    filters
}

#[derive(Debug, Clone)]
enum Act {
    Mail { billing: bool, answers: Option<u8> },
    Change { ticket: u8, change: TicketChange },
    Assign { ticket: u8, is_mine: bool },
    Move { ticket: u8, is_billings: bool },
    Snooze(u8),
    Star(u8),
    Draft(u8),
    CountAnew,
    Delete(u8),
    Watch(u8),
    Reply(u8),
    Merge(u8, u8),
    Split(u8),
    TakeBack(u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let tags = proptest::collection::btree_set("[ab]", 0..3);
    let (states, priorities) = (0..State::ALL.len(), 0..Priority::ALL.len());
    let change = (
        proptest::option::of(states),
        proptest::option::of(priorities),
        proptest::option::of(tags),
        any::<Option<bool>>(),
    );
    let change = change.prop_map(|(state, priority, tags, attention)| TicketChange {
        state: state.map(|at| State::ALL[at]),
        priority: priority.map(|at| Priority::ALL[at]),
        tags: tags.map(|tags: BTreeSet<String>| tags),
        attention,
        ..TicketChange::default()
    });
    let act = prop_oneof![
        6 => (any::<bool>(), any::<Option<u8>>()).prop_map(|(billing, answers)| Act::Mail { billing, answers }),
        6 => (any::<u8>(), change).prop_map(|(ticket, change)| Act::Change { ticket, change }),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(ticket, is_mine)| Act::Assign { ticket, is_mine }),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(ticket, is_billings)| Act::Move { ticket, is_billings }),
        1 => any::<u8>().prop_map(Act::Snooze),
        1 => any::<u8>().prop_map(Act::Star),
        1 => any::<u8>().prop_map(Act::Draft),
        1 => Just(Act::CountAnew),
        1 => any::<u8>().prop_map(Act::Delete),
        2 => any::<u8>().prop_map(Act::Watch),
        1 => any::<u8>().prop_map(Act::Reply),
        2 => any::<(u8, u8)>().prop_map(|(ticket, into)| Act::Merge(ticket, into)),
        1 => any::<u8>().prop_map(Act::Split),
        1 => any::<u8>().prop_map(Act::TakeBack),
    ];
    proptest::collection::vec(act, 1..40)
}

/// Does it, as far as it can be done.
async fn perform(world: &World, agent: &Actor, act: &Act, second: i64) {
    let (desk, admin) = (&world.desk, world.admin());
    let Who::Person(me) = agent.who else { panic!("an agent is a person") };
    let newest = listed(world, &admin, &TicketFilter { states: State::ALL.to_vec(), ..any_ticket() });
    let number = |ticket: u8| u64::from(ticket) % newest.max(1) + 1;
    let change = async |ticket: u8, change: &TicketChange| {
        drop(desk.change_ticket(&admin, number(ticket), change, None, at(second)).await);
    };
    match act {
        Act::Mail { billing, answers } => {
            let to = if *billing { &world.billing } else { &world.support };
            let more = answers.map(|at| format!("In-Reply-To: <{}@customer.example>\n", number(at)));
            let id = format!("{second}@customer.example");
            world
                .receive(&mail("bia@customer.example", &id, "Hello", &more.unwrap_or_default()), &[to])
                .await;
        }
        Act::Change { ticket, change: wish } => change(*ticket, wish).await,
        Act::Assign { ticket, is_mine } => {
            let assignee = Some(is_mine.then_some(me));
            change(*ticket, &TicketChange { assignee, ..TicketChange::default() }).await;
        }
        Act::Move { ticket, is_billings } => {
            let team = Some(is_billings.then_some(world.billing_team));
            change(*ticket, &TicketChange { team, ..TicketChange::default() }).await;
        }
        Act::Snooze(ticket) => {
            drop(desk.snooze(&admin, number(*ticket), at(second + 3600), at(second)).await);
        }
        Act::Star(ticket) => drop(desk.star(agent, number(*ticket), true, at(second)).await),
        Act::Draft(ticket) => {
            let draft = crate::Draft::default();
            drop(desk.save_ticket_draft(agent, number(*ticket), &draft, None, at(second)).await);
        }
        Act::CountAnew => drop(desk.count_anew(world.acme).await.unwrap()),
        Act::Delete(ticket) => {
            drop(desk.delete_ticket(&admin, &super::deleting::by(world), number(*ticket), at(second)).await);
        }
        Act::Watch(ticket) => drop(desk.watch_ticket(&admin, number(*ticket), me, at(second)).await),
        Act::Reply(ticket) => {
            let reply = into_ticket(number(*ticket), WritingKind::Reply);
            drop(desk.write(agent, reply, None, None, at(second)).await);
        }
        Act::Merge(ticket, into) => {
            drop(desk.merge_ticket(&admin, (number(*ticket), number(*into)), None, at(second)).await);
        }
        Act::Split(ticket) => split(world, number(*ticket), second).await,
        Act::TakeBack(ticket) => {
            drop(desk.restore_ticket(&admin, number(*ticket), at(second)).await);
            drop(desk.not_spam(&admin, number(*ticket), at(second)).await);
        }
    }
}

/// Makes the newest message of a ticket one of its own.
async fn split(world: &World, ticket: u64, second: i64) {
    let (desk, admin) = (&world.desk, world.admin());
    let Ok(messages) = desk.messages(&admin, ticket, None, 50) else { return };
    let newest = messages.items.last().map(|message| message.number);
    let split = Split { messages: newest.into_iter().collect(), subject: None };
    drop(desk.split_ticket(&admin, ticket, &split, None, at(second)).await);
}

fn compare(world: &World, agent: &Actor) {
    let filters = filters(world, agent);
    for actor in [&world.admin(), agent] {
        let counts = world.desk.counts(actor, &filters).unwrap();
        for (filter, count) in filters.iter().zip(counts) {
            let tickets = listed(world, actor, filter);
            assert_eq!(count, Count { tickets, is_exact: true }, "{filter:?} {:?}", actor.sight);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_count_is_what_the_list_has_after_any_sequence_of_acts(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let agent = world.billing_agent().await;
            for (second, act) in (10..).zip(&acts) {
                perform(&world, &agent, act, second).await;
            }
            // By looking where nobody has counted yet, by cells where somebody has; and by cells once all is counted.
            compare(&world, &agent);
            world.desk.count_anew(world.acme).await.unwrap();
            compare(&world, &agent);
        });
    }
}

/// Tickets of a program that did not count are counted beside writers, once.
#[tokio::test]
async fn what_was_there_before_is_counted_while_mail_comes_in() {
    let world = World::new().await;
    for n in 0..20 {
        let raw = mail("bia@customer.example", &format!("{n}@customer.example"), "Hello", "");
        world.receive(&raw, &[&world.support]).await;
    }
    // As if they had been made by it.
    let space = world.store.of(world.acme);
    let mut batch = space.batch();
    for row in space
        .snapshot()
        .unwrap()
        .scan(&crate::cells::cells(), guichet_store::Direction::Forward, None)
        .unwrap()
    {
        batch.delete(crate::keys::of_bytes(&row.unwrap().0).unwrap());
    }
    world.store.commit(vec![batch]).await.unwrap();
    assert_eq!(
        counted(&world, &world.admin(), &any_ticket()),
        Count { tickets: 20, is_exact: true },
        "by looking"
    );
    let more: Vec<String> =
        (20..40).map(|n| mail("bia@customer.example", &format!("{n}@customer.example"), "Hi", "")).collect();
    let mails = async {
        for raw in &more {
            world.receive(raw, &[&world.support]).await;
        }
    };
    let (first, second, ()) =
        tokio::join!(world.desk.count_anew(world.acme), world.desk.count_anew(world.acme), mails);
    assert!(first.unwrap() ^ second.unwrap(), "one of them did it");
    assert_eq!(counted(&world, &world.admin(), &any_ticket()), Count { tickets: 40, is_exact: true });
    assert!(!world.desk.count_anew(world.acme).await.unwrap());
}

#[tokio::test]
async fn a_change_of_place_alone_writes_no_count() {
    let world = World::new().await;
    world.desk.count_anew(world.acme).await.unwrap();
    let answer = |n: u32| {
        mail(
            "bia@customer.example",
            &format!("{n}@customer.example"),
            "Hello",
            "In-Reply-To: <1@customer.example>\n",
        )
    };
    world.receive(&answer(1).replace("In-Reply-To: <1@customer.example>\n", ""), &[&world.support]).await;
    let cells = || {
        let snapshot = world.store.of(world.acme).snapshot().unwrap();
        let rows = snapshot.scan(&crate::cells::cells(), guichet_store::Direction::Forward, None).unwrap();
        let keys: Vec<_> = rows.map(|row| crate::keys::of_bytes(&row.unwrap().0).unwrap()).collect();
        keys.iter().map(|key| snapshot.peek_version(key).unwrap().unwrap()).collect::<Vec<_>>()
    };
    let before = cells();
    assert_eq!(before.len(), 1);
    world.receive(&answer(2), &[&world.support]).await;
    assert_eq!(world.desk.ticket(&world.admin(), 1).unwrap().ticket.record.message_count, 2);
    assert_eq!(cells(), before);
}

/// Promise 7: a count is no way to learn of what one may not see.
#[tokio::test]
async fn promise_7_an_agent_counts_only_what_their_teams_have() {
    let world = World::new().await;
    let agent = world.billing_agent().await;
    world.desk.count_anew(world.acme).await.unwrap();
    for (n, to) in [&world.support, &world.billing, &world.support].into_iter().enumerate() {
        world
            .receive(&mail("bia@customer.example", &format!("{n}@customer.example"), "Hello", ""), &[to])
            .await;
    }
    for filter in [any_ticket(), TicketFilter { teams: vec![None, Some(world.billing_team)], ..any_ticket() }]
    {
        assert_eq!(counted(&world, &agent, &filter).tickets, 1);
        assert_eq!(counted(&world, &world.admin(), &filter).tickets, 3);
    }
    let nobody = Actor { sight: Sight::Teams(Vec::new()), ..agent };
    assert_eq!(counted(&world, &nobody, &any_ticket()).tickets, 0);
    let stranger = Actor::system(world.other);
    assert_eq!(counted(&world, &stranger, &any_ticket()).tickets, 0);
}

/// Each list of a large company's tickets is opened out of those of its contacts.
#[tokio::test]
async fn many_lists_of_large_companies_cost_no_more_than_a_few() {
    let world = World::new().await;
    world.receive(&mail("bia@customer.example", "1@customer.example", "Hello", ""), &[&world.support]).await;
    for number in 0..1_000 {
        let addresses = vec![address_of(&format!("{number}@customer.example"))];
        let contact = crate::NewContact { addresses, ..crate::NewContact::default() };
        world.desk.create_contact(&world.admin(), &contact, at(0)).await.unwrap();
    }
    world.desk.count_anew(world.acme).await.unwrap();
    let new = crate::NewCompany {
        name: "Customer".to_owned(),
        domains: vec![guichet_mail::DomainName::parse("customer.example").unwrap()],
        ..crate::NewCompany::default()
    };
    let company = world.desk.create_company(&world.admin(), &new, at(1)).await.unwrap().id;
    let of_company = TicketFilter { company: Some(company), ..any_ticket() };
    let starred = TicketFilter { starred: Some(true), ..any_ticket() };
    let both = TicketFilter { starred: Some(true), ..of_company.clone() };
    let filters = [of_company.clone(), of_company, both, starred, any_ticket()];
    let counts = world.desk.counts(&world.admin(), &filters).unwrap();
    let counts = counts.iter().map(|count| (count.tickets, count.is_exact)).collect::<Vec<_>>();
    assert_eq!(counts, [(1, true), (0, false), (0, false), (0, true), (1, true)]);
}
