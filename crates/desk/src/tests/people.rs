//! What people may see and change.

use std::collections::BTreeSet;

use guichet_accounts::{Actor, PersonId, TeamId};

use super::world::{World, at, mail};
use crate::{ContactId, ContactSearch, Error, EventKind, Log, Priority, State, TicketChange};

async fn with_ticket() -> World {
    let world = World::new().await;
    let raw = mail("bia@customer.example", "1@customer.example", "Invoice", "");
    world.receive(&raw, &[&world.billing]).await;
    world
}

#[tokio::test]
async fn promise_7_another_organisation_and_another_team_see_nothing() {
    let world = with_ticket().await;
    let mut agent = world.billing_agent().await;
    assert!(world.desk.ticket(&agent, 1).is_ok());
    agent.sight = guichet_accounts::Sight::Teams(vec![TeamId(99)]);
    for actor in [agent, Actor::system(world.other)] {
        assert!(matches!(world.desk.ticket(&actor, 1), Err(Error::NotFound(_))));
        assert!(matches!(world.desk.messages(&actor, 1, None, 9), Err(Error::NotFound(_))));
        assert!(matches!(world.desk.message(&actor, 1), Err(Error::NotFound(_))));
        let change = TicketChange { state: Some(State::Spam), ..TicketChange::default() };
        let changed = world.desk.change_ticket(&actor, 1, &change, None, at(1)).await;
        assert!(matches!(changed, Err(Error::NotFound(_))));
        match world.desk.events(&actor, 0).unwrap() {
            Log::Events { events, .. } => assert!(events.is_empty()),
            Log::Resync { .. } => panic!("nothing was missed"),
        }
    }
}

#[tokio::test]
async fn a_change_is_made_once_and_told_to_those_who_lose_sight_too() {
    let world = with_ticket().await;
    let agent = world.billing_agent().await;
    let change = TicketChange {
        state: Some(State::Open),
        priority: Some(Priority::Urgent),
        tags: Some(BTreeSet::from(["vip".to_owned()])),
        subject: Some("Invoice 7".to_owned()),
        ..TicketChange::default()
    };
    let changed = world.desk.change_ticket(&agent, 1, &change, None, at(3)).await.unwrap();
    assert_eq!((changed.record.state, changed.record.updated), (State::Open, at(3)));
    let same = world.desk.change_ticket(&agent, 1, &change, None, at(4)).await.unwrap();
    assert_eq!(same.activity, changed.activity, "what changes nothing is no event");

    let away = TicketChange { team: Some(None), ..TicketChange::default() };
    world.desk.change_ticket(&agent, 1, &away, None, at(5)).await.unwrap();
    assert!(matches!(world.desk.ticket(&agent, 1), Err(Error::NotFound(_))));
    let Log::Events { events, .. } = world.desk.events(&agent, 0).unwrap() else { panic!("resync") };
    let last = events.last().unwrap();
    assert_eq!((last.event.kind, last.event.team), (EventKind::TicketChanged, None));
    assert_eq!(last.event.team_before, Some(world.billing_team));
}

#[tokio::test]
async fn a_change_that_expects_what_is_no_longer_so_fails() {
    let world = with_ticket().await;
    let admin = world.admin();
    let read = world.desk.ticket(&admin, 1).unwrap().ticket.activity;
    let raw = mail(
        "bia@customer.example",
        "2@customer.example",
        "Re: Invoice",
        "In-Reply-To: <1@customer.example>\n",
    );
    world.receive(&raw, &[&world.billing]).await;
    let change = TicketChange { state: Some(State::Solved), ..TicketChange::default() };
    let late = world.desk.change_ticket(&admin, 1, &change, Some(read), at(2)).await;
    assert!(matches!(late, Err(Error::Changed(_))), "{late:?}");
    let read = world.desk.ticket(&admin, 1).unwrap().ticket.activity;
    assert!(world.desk.change_ticket(&admin, 1, &change, Some(read), at(2)).await.is_ok());
}

#[tokio::test]
async fn a_change_to_what_does_not_exist_is_refused_with_a_sentence() {
    let world = with_ticket().await;
    let bad = [
        TicketChange { team: Some(Some(TeamId(99))), ..TicketChange::default() },
        TicketChange { assignee: Some(Some(PersonId(99))), ..TicketChange::default() },
        TicketChange { tags: Some(BTreeSet::from(["a\nb".to_owned()])), ..TicketChange::default() },
        TicketChange { tags: Some((0..51).map(|n| n.to_string()).collect()), ..TicketChange::default() },
        TicketChange { subject: Some(" ".to_owned()), ..TicketChange::default() },
    ];
    for change in bad {
        let refused = world.desk.change_ticket(&world.admin(), 1, &change, None, at(1)).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{change:?}: {refused:?}");
    }
}

#[tokio::test]
async fn a_cursor_whose_next_event_is_gone_or_never_was_reads_everything_anew() {
    let world = with_ticket().await;
    let admin = world.admin();
    for n in 2..=4 {
        let raw = mail("bia@customer.example", &format!("{n}@customer.example"), "Hello", "");
        world.receive(&raw, &[&world.support]).await;
    }
    world.store.of(world.acme).trim_events(3).await.unwrap();
    let read = |cursor| match world.desk.events(&admin, cursor).unwrap() {
        Log::Events { events, cursor } => (events.len(), cursor),
        Log::Resync { cursor } => (99, cursor),
    };
    let expected = [(0, (99, 4)), (1, (99, 4)), (2, (2, 4)), (3, (1, 4)), (4, (0, 4)), (5, (99, 4))];
    for (cursor, outcome) in expected {
        assert_eq!(read(cursor), outcome, "{cursor}");
    }
    assert_eq!(read(u64::MAX), (99, 4));
    world.store.of(world.acme).trim_events(5).await.unwrap();
    assert_eq!((read(3), read(4)), ((99, 4), (0, 4)), "with nothing kept at all");
}

#[tokio::test]
async fn promise_7_an_agent_knows_the_contacts_of_their_teams_tickets_alone() {
    let world = with_ticket().await;
    let raw = mail("joe@customer.example", "2@customer.example", "Fire", "");
    world.receive(&raw, &[&world.support]).await;
    let addresses = |actor: &Actor| -> Vec<String> {
        let page = world.desk.contacts(actor, &ContactSearch::default(), None, 50).unwrap();
        page.items.iter().map(|contact| contact.record.address.to_string()).collect()
    };
    let agent = world.billing_agent().await;
    assert_eq!(addresses(&world.admin()), ["bia@customer.example", "joe@customer.example"]);
    assert_eq!(addresses(&agent), ["bia@customer.example"]);
    assert!(world.desk.contact(&agent, ContactId(1)).is_ok());
    assert!(matches!(world.desk.contact(&agent, ContactId(2)), Err(Error::NotFound(_))));
}

#[tokio::test]
async fn promise_9_the_log_is_kept_for_a_set_time_and_what_was_missed_is_told() {
    let world = with_ticket().await;
    let admin = world.admin();
    for second in 1..=600 {
        let state = if second % 2 == 0 { State::Open } else { State::Pending };
        let change = TicketChange { state: Some(state), ..TicketChange::default() };
        world.desk.change_ticket(&admin, 1, &change, None, at(second)).await.unwrap();
    }
    assert!(!world.desk.forget_events(world.acme, at(0)).await.unwrap(), "nothing is that old");
    assert!(world.desk.forget_events(world.acme, at(550)).await.unwrap(), "more than one call forgets");
    assert!(!world.desk.forget_events(world.acme, at(550)).await.unwrap());
    assert!(matches!(world.desk.events(&admin, 5).unwrap(), Log::Resync { cursor: 601 }));
    let Log::Events { events, .. } = world.desk.events(&admin, 550).unwrap() else { panic!("resync") };
    assert_eq!((events.len(), events[0].event.at), (51, at(550)));

    assert!(!world.desk.forget_events(world.acme, at(9_999)).await.unwrap());
    let Log::Events { events, cursor } = world.desk.events(&admin, 601).unwrap() else { panic!("resync") };
    assert!(events.is_empty() && cursor == 601, "who has heard everything has missed nothing");
    let raw = mail("bia@customer.example", "3@customer.example", "Next", "");
    world.receive(&raw, &[&world.billing]).await;
    let Log::Events { events, .. } = world.desk.events(&admin, 601).unwrap() else { panic!("resync") };
    assert_eq!(events[0].sequence, 602, "no number comes twice");
}
