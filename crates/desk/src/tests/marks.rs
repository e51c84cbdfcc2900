//! What each has read and starred: theirs alone.

use guichet_accounts::{Actor, Sight, TeamId};

use super::world::{World, at, mail};
use super::writing_letters::{asked, into_ticket, reply};
use crate::{
    Error, EventKind, Log, Order, STARRED_MAX, SortKey, TicketChange, TicketFilter, TicketQuery, WritingKind,
};

async fn customer_writes(world: &World, id: &str) {
    let raw = mail("bia@customer.example", id, "Re: Invoice", "In-Reply-To: <1@customer.example>\n");
    world.receive(&raw, &[&world.support]).await;
}

fn has_unread(world: &World, actor: &Actor, ticket: u64) -> bool {
    let stored = world.desk.ticket(actor, ticket).unwrap().ticket;
    world.desk.marks_of(actor, &[stored]).unwrap()[0].unread
}

fn read_of(world: &World, actor: &Actor, ticket: u64) -> Vec<u64> {
    let mark = world.desk.mark(actor, ticket).unwrap();
    let messages = world.desk.messages(&world.admin(), ticket, None, 200).unwrap().items;
    messages.iter().map(|message| message.number).filter(|number| mark.has_read(*number)).collect()
}

fn listed(world: &World, actor: &Actor, filter: TicketFilter) -> Vec<u64> {
    let query = TicketQuery { filter, limit: 200, ..TicketQuery::default() };
    world.desk.tickets(actor, &query).unwrap().items.iter().map(|ticket| ticket.number).collect()
}

fn unread() -> TicketFilter {
    TicketFilter { unread: Some(true), ..TicketFilter::default() }
}

fn starred() -> TicketFilter {
    TicketFilter { starred: Some(true), ..TicketFilter::default() }
}

#[tokio::test]
async fn a_message_is_read_by_whoever_read_it_and_by_nobody_else() {
    let world = asked("").await;
    for id in ["2@customer.example", "3@customer.example"] {
        customer_writes(&world, id).await;
    }
    let (one, other) = (world.somebody(7), world.somebody(8));
    assert!(has_unread(&world, &one, 1));
    world.desk.read_message(&one, 2, true, at(1)).await.unwrap();
    assert_eq!(read_of(&world, &one, 1), [2], "what was passed over stays unread");
    world.desk.read_message(&one, 1, true, at(2)).await.unwrap();
    world.desk.read_message(&one, 3, true, at(3)).await.unwrap();
    assert_eq!(read_of(&world, &one, 1), [1, 2, 3]);
    assert!(!has_unread(&world, &one, 1));
    world.desk.read_message(&one, 2, false, at(4)).await.unwrap();
    assert_eq!(read_of(&world, &one, 1), [1, 3]);
    assert_eq!(read_of(&world, &other, 1), [] as [u64; 0]);
    assert_eq!(listed(&world, &one, unread()), [1]);
    world.desk.read_ticket(&one, 1, None, at(5)).await.unwrap();
    assert_eq!(listed(&world, &one, unread()), [] as [u64; 0]);
    assert_eq!(listed(&world, &other, unread()), [1]);
    customer_writes(&world, "4@customer.example").await;
    assert_eq!(listed(&world, &one, unread()), [1], "what came since is not read");
}

#[tokio::test]
async fn reading_up_to_what_was_shown_leaves_what_came_since_unread() {
    let world = asked("").await;
    customer_writes(&world, "2@customer.example").await;
    let one = world.somebody(7);
    world.desk.read_ticket(&one, 1, Some(1), at(1)).await.unwrap();
    assert_eq!(read_of(&world, &one, 1), [1]);
    world.desk.read_ticket(&one, 1, Some(u64::MAX), at(2)).await.unwrap();
    customer_writes(&world, "3@customer.example").await;
    assert_eq!(read_of(&world, &one, 1), [1, 2], "nobody reads ahead");
}

#[tokio::test]
async fn what_one_wrote_oneself_counts_as_read() {
    let world = asked("").await;
    let one = Actor { sight: Sight::All, ..world.billing_agent().await };
    for (kind, second) in [(WritingKind::Reply, 1), (WritingKind::Note, 2)] {
        world.desk.write(&one, into_ticket(1, kind), None, None, at(second)).await.unwrap();
    }
    assert_eq!(read_of(&world, &one, 1), [2, 3]);
    assert!(has_unread(&world, &one, 1), "what was asked is not read by answering");
    world.desk.read_message(&one, 1, true, at(3)).await.unwrap();
    assert!(!has_unread(&world, &one, 1));
    world.write(into_ticket(1, WritingKind::Note), 4).await;
    assert_eq!(listed(&world, &one, unread()), [1], "a colleague's note is to be read");
    world.desk.write(&one, reply(), None, None, at(5)).await.unwrap();
    assert_eq!(read_of(&world, &one, 1), [1, 2, 3, 5]);
}

#[tokio::test]
async fn stars_are_a_list_of_ones_own_in_every_order() {
    let world = World::new().await;
    for n in 1..=4 {
        world
            .receive(
                &mail("bia@customer.example", &format!("{n}@customer.example"), "Hi", ""),
                &[&world.support],
            )
            .await;
    }
    let one = world.somebody(7);
    for ticket in [1, 2, 4] {
        world.desk.star(&one, ticket, true, at(1)).await.unwrap();
    }
    let change = TicketChange { tags: Some(["x".to_owned()].into()), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), 2, &change, None, at(2)).await.unwrap();
    assert_eq!(listed(&world, &one, starred()), [2, 4, 1], "by what happened last");
    let mut query = TicketQuery {
        filter: starred(),
        sort: SortKey::Created,
        order: Order::Ascending,
        limit: 2,
        cursor: None,
    };
    let page = world.desk.tickets(&one, &query).unwrap();
    assert_eq!(page.items.iter().map(|ticket| ticket.number).collect::<Vec<_>>(), [1, 2]);
    query.cursor = page.next;
    let page = world.desk.tickets(&one, &query).unwrap();
    assert_eq!(page.items.iter().map(|ticket| ticket.number).collect::<Vec<_>>(), [4]);
    let tagged = TicketFilter { starred: Some(false), ..TicketFilter::default() };
    assert_eq!(listed(&world, &one, tagged), [3]);
    assert_eq!(listed(&world, &world.somebody(8), starred()), [] as [u64; 0]);
    assert_eq!(listed(&world, &world.admin(), starred()), [] as [u64; 0]);
    world.desk.star(&one, 2, false, at(3)).await.unwrap();
    assert_eq!(listed(&world, &one, starred()), [4, 1]);
}

#[tokio::test]
async fn promise_7_marks_are_heard_of_and_seen_by_their_person_alone() {
    use EventKind::{MarkChanged, TicketCreated};
    let world = World::new().await;
    world.receive(&mail("bia@customer.example", "1@customer.example", "Hi", ""), &[&world.billing]).await;
    let mut agent = world.billing_agent().await;
    world.desk.star(&agent, 1, true, at(1)).await.unwrap();
    world.desk.read_ticket(&agent, 1, None, at(2)).await.unwrap();
    let kinds = |actor: &Actor| match world.desk.events(actor, 0).unwrap() {
        Log::Events { events, .. } => events.iter().map(|one| one.event.kind).collect::<Vec<_>>(),
        Log::Resync { .. } => panic!("nothing was missed"),
    };
    assert_eq!(kinds(&agent), [TicketCreated, MarkChanged, MarkChanged]);
    for other in [world.admin(), world.somebody(99), Actor::system(world.other)] {
        assert!(!kinds(&other).contains(&MarkChanged));
    }
    agent.sight = Sight::Teams(vec![TeamId(99)]);
    assert_eq!(listed(&world, &agent, starred()), [] as [u64; 0], "out of sight");
    assert!(matches!(world.desk.mark(&agent, 1), Err(Error::NotFound(_))));
    for refused in [
        world.desk.star(&agent, 1, true, at(3)).await,
        world.desk.read_ticket(&agent, 1, None, at(3)).await,
        world.desk.read_message(&agent, 1, true, at(3)).await,
    ] {
        assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    }
    agent.sight = Sight::Teams(vec![world.billing_team]);
    assert_eq!(listed(&world, &agent, starred()), [1], "and there again");
}

#[tokio::test]
async fn a_mark_that_changes_nothing_is_no_event() {
    let world = asked("").await;
    let one = world.somebody(7);
    world.desk.read_ticket(&one, 1, None, at(1)).await.unwrap();
    world.desk.star(&one, 1, true, at(1)).await.unwrap();
    let head = world.desk.events_head(&one).unwrap();
    world.desk.read_ticket(&one, 1, None, at(2)).await.unwrap();
    world.desk.read_message(&one, 1, true, at(2)).await.unwrap();
    world.desk.star(&one, 1, true, at(2)).await.unwrap();
    assert_eq!(world.desk.events_head(&one).unwrap(), head);
}

#[tokio::test]
async fn nobody_stars_without_end() {
    let world = asked("").await;
    let one = world.somebody(7);
    let mut batch = world.store.of(world.acme).batch();
    for ticket in 0..STARRED_MAX as u64 {
        batch.put(crate::keys::stars(guichet_accounts::PersonId(7)).number(ticket + 10), Vec::new());
    }
    world.store.commit(vec![batch]).await.unwrap();
    let refused = world.desk.star(&one, 1, true, at(1)).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
}

#[tokio::test]
async fn only_so_many_unread_messages_are_remembered() {
    let world = asked("").await;
    let one = world.somebody(7);
    for second in 0..600 {
        world.write(into_ticket(1, WritingKind::Note), second).await;
    }
    world.desk.read_message(&one, 601, true, at(601)).await.unwrap();
    let mark = world.desk.mark(&one, 1).unwrap();
    assert!(mark.has_read(601) && !mark.has_read(600) && !mark.has_read(101));
    assert!(mark.has_read(100), "the oldest count as read");
}
