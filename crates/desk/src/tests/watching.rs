//! Who hears of a ticket: watchers, those who are named in a note, and who falls away.

use guichet_accounts::{Actor, NewPerson, PersonId, Role, Scopes, Sight, TeamId, Who};

use super::world::{World, at, mail};
use super::writing_letters::{address_of, into_ticket, reply};
use crate::{Error, EventKind, Log, TicketChange, TicketFilter, TicketQuery, Writing, WritingKind};

impl World {
    pub(super) async fn person(&self, name: &str, role: Role, teams: &[TeamId]) -> Actor {
        let address = address_of(&format!("{name}@acme.example"));
        let person = NewPerson { name: name.to_owned(), address, role, teams: teams.to_vec() };
        let id = self.desk.accounts().add_person(self.acme, person).await.unwrap().id;
        let sight = if role == Role::Admin { Sight::All } else { Sight::Teams(teams.to_vec()) };
        Actor { organisation: self.acme, who: Who::Person(id), sight, scopes: Scopes::all() }
    }
}

fn id(actor: &Actor) -> PersonId {
    match actor.who {
        Who::Person(person) => person,
        other => panic!("{other:?} is no person"),
    }
}

/// Ticket 1 of billing, an agent of billing, one of sales, an admin.
async fn staffed() -> (World, [Actor; 3]) {
    let world = World::new().await;
    world.receive(&mail("bia@customer.example", "1@customer.example", "One", ""), &[&world.billing]).await;
    let sales = world.desk.accounts().create_team(world.acme, "Sales").await.unwrap().id;
    let ana = world.person("ana", Role::Agent, &[world.billing_team]).await;
    let sam = world.person("sam", Role::Agent, &[sales]).await;
    let boss = world.person("boss", Role::Admin, &[]).await;
    (world, [ana, sam, boss])
}

fn watched(world: &World, actor: &Actor) -> Vec<u64> {
    let filter = TicketFilter { watching: Some(true), ..TicketFilter::default() };
    let page =
        world.desk.tickets(actor, &TicketQuery { filter, limit: 9, ..TicketQuery::default() }).unwrap();
    page.items.iter().map(|ticket| ticket.number).collect()
}

fn mentioned(world: &World, actor: &Actor) -> usize {
    let Log::Events { events, .. } = world.desk.events(actor, 0).unwrap() else { panic!("trimmed") };
    events.iter().filter(|event| event.event.kind == EventKind::Mentioned).count()
}

#[tokio::test]
async fn whoever_watches_a_ticket_has_it_in_their_list() {
    let (world, [ana, _, boss]) = staffed().await;
    world.desk.watch_ticket(&ana, 1, id(&ana), at(1)).await.unwrap();
    world.desk.watch_ticket(&ana, 1, id(&boss), at(2)).await.unwrap();
    assert_eq!((watched(&world, &ana), watched(&world, &boss)), (vec![1], vec![1]));
    assert_eq!(watched(&world, &world.admin()), Vec::<u64>::new(), "who is no person watches nothing");
    world.desk.unwatch_ticket(&ana, 1, id(&ana), at(3)).await.unwrap();
    assert_eq!((watched(&world, &ana), watched(&world, &boss)), (vec![], vec![1]));
}

#[tokio::test]
async fn promise_7_nobody_watches_works_on_or_is_named_in_what_they_do_not_see() {
    let (world, [ana, sam, _]) = staffed().await;
    let sam_id = id(&sam);
    let sentence = |refused: Error| match refused {
        Error::Invalid(sentence) => sentence,
        other => panic!("{other:?}"),
    };
    let watch = world.desk.watch_ticket(&ana, 1, sam_id, at(1)).await;
    assert!(sentence(watch.unwrap_err()).contains("does not see this ticket"));
    let assign = TicketChange { assignee: Some(Some(sam_id)), ..TicketChange::default() };
    let assign = world.desk.change_ticket(&ana, 1, &assign, None, at(1)).await;
    assert!(sentence(assign.unwrap_err()).contains("does not see this ticket"));
    for writing in [into_ticket(1, WritingKind::Note), reply()] {
        let named = Writing { mentions: vec![id(&ana), sam_id], ..writing };
        let named = world.desk.write(&ana, named, None, None, at(1)).await;
        assert!(sentence(named.unwrap_err()).contains("does not see this ticket"));
    }
    let nobody = world.desk.watch_ticket(&ana, 1, PersonId(999), at(1)).await;
    assert!(sentence(nobody.unwrap_err()).contains("no person 999"));
    let hidden = world.desk.watch_ticket(&sam, 1, sam_id, at(1)).await;
    assert!(matches!(hidden, Err(Error::NotFound("ticket"))));
    assert_eq!(world.desk.messages(&ana, 1, None, 9).unwrap().items.len(), 1, "nothing was written");
}

#[tokio::test]
async fn whoever_is_named_watches_and_hears_of_it_alone() {
    let (world, [ana, sam, boss]) = staffed().await;
    let people = vec![id(&boss), id(&ana), id(&boss)];
    let note = Writing { mentions: people, ..into_ticket(1, WritingKind::Note) };
    world.desk.write(&ana, note, None, None, at(1)).await.unwrap();
    assert_eq!(
        [&ana, &sam, &boss].map(|actor| mentioned(&world, actor)),
        [0, 0, 1],
        "not the author, and once"
    );
    assert_eq!((watched(&world, &boss), watched(&world, &ana)), (vec![1], vec![]));
    let crowd = Writing { mentions: vec![id(&ana); 21], ..into_ticket(1, WritingKind::Note) };
    assert!(world.refused(crowd).await.contains("at most 20"));
}

#[tokio::test]
async fn promise_7_who_loses_sight_of_a_ticket_falls_away_in_the_same_commit() {
    let (world, [ana, sam, boss]) = staffed().await;
    for watcher in [&ana, &boss] {
        world.desk.watch_ticket(&boss, 1, id(watcher), at(1)).await.unwrap();
    }
    let assign = TicketChange { assignee: Some(Some(id(&ana))), ..TicketChange::default() };
    world.desk.change_ticket(&boss, 1, &assign, None, at(2)).await.unwrap();
    let Sight::Teams(sales) = &sam.sight else { panic!("an agent has teams") };
    let before = world.desk.events_head(&boss).unwrap();
    let moved = TicketChange { team: Some(Some(sales[0])), ..TicketChange::default() };
    let moved = world.desk.change_ticket(&boss, 1, &moved, None, at(3)).await.unwrap();
    assert_eq!(moved.record.assignee, None);
    assert_eq!(moved.record.watchers, [id(&boss)].into());
    assert_eq!(world.desk.events_head(&boss).unwrap(), before + 1, "one event tells it all");
    let both = TicketChange {
        team: Some(Some(world.billing_team)),
        assignee: Some(Some(id(&ana))),
        ..TicketChange::default()
    };
    let both = world.desk.change_ticket(&boss, 1, &both, None, at(4)).await.unwrap();
    assert_eq!(both.record.assignee, Some(id(&ana)), "moved and given at once");
    let nowhere = TicketChange { team: Some(None), ..TicketChange::default() };
    let nowhere = world.desk.change_ticket(&boss, 1, &nowhere, None, at(5)).await.unwrap();
    assert_eq!(nowhere.record.assignee, None, "what is of no team is the admins'");
}

#[tokio::test]
async fn a_ticket_has_a_bounded_number_of_watchers() {
    let (world, [_, _, boss]) = staffed().await;
    for number in 0..50 {
        let person = world.person(&format!("p{number}"), Role::Admin, &[]).await;
        world.desk.watch_ticket(&boss, 1, id(&person), at(1)).await.unwrap();
    }
    let refused = world.desk.watch_ticket(&boss, 1, id(&boss), at(1)).await;
    assert!(matches!(refused, Err(Error::Invalid(why)) if why.contains("at most 50")));
    let note = Writing { mentions: vec![id(&boss)], ..into_ticket(1, WritingKind::Note) };
    world.write(note, 2).await;
    assert_eq!(mentioned(&world, &boss), 1, "they hear of it all the same");
}

#[tokio::test]
async fn sent_mail_is_listed_for_whoever_wrote_it() {
    let (world, [ana, _, boss]) = staffed().await;
    let sent = |actor: &Actor| {
        let filter = TicketFilter { sent: Some(true), ..TicketFilter::default() };
        let query = TicketQuery { filter, limit: 9, ..TicketQuery::default() };
        world.desk.tickets(actor, &query).unwrap().items.len()
    };
    world.desk.write(&ana, into_ticket(1, WritingKind::Note), None, None, at(1)).await.unwrap();
    assert_eq!((sent(&ana), sent(&boss)), (0, 0), "a note is not sent");
    world.desk.write(&ana, reply(), None, None, at(2)).await.unwrap();
    assert_eq!((sent(&ana), sent(&boss)), (1, 0));
}

#[tokio::test]
async fn promise_7_a_merger_into_another_teams_ticket_takes_nobody_along_who_does_not_see_it() {
    let (world, [ana, sam, boss]) = staffed().await;
    world.receive(&mail("joe@customer.example", "2@customer.example", "Two", ""), &[&world.support]).await;
    for watcher in [&ana, &boss] {
        world.desk.watch_ticket(&boss, 1, id(watcher), at(1)).await.unwrap();
    }
    let note = Writing { mentions: vec![id(&ana)], ..into_ticket(1, WritingKind::Note) };
    world.desk.write(&boss, note, None, None, at(2)).await.unwrap();
    let assign = TicketChange { assignee: Some(Some(id(&ana))), ..TicketChange::default() };
    world.desk.change_ticket(&boss, 1, &assign, None, at(2)).await.unwrap();
    let joined = world.desk.merge_ticket(&boss, (1, 2), None, at(3)).await.unwrap();
    assert_eq!((joined.record.assignee, joined.record.watchers), (None, [id(&boss)].into()));
    let blind = Actor { sight: sam.sight.clone(), ..ana.clone() };
    assert_eq!((mentioned(&world, &ana), mentioned(&world, &blind)), (1, 0), "not after they left the team");
}

#[tokio::test]
async fn promise_7_who_is_disabled_sees_nothing_and_falls_away_when_the_ticket_moves() {
    let (world, [ana, _, boss]) = staffed().await;
    world.person("another", Role::Admin, &[]).await;
    let assign = TicketChange { assignee: Some(Some(id(&boss))), ..TicketChange::default() };
    world.desk.change_ticket(&ana, 1, &assign, None, at(1)).await.unwrap();
    world.desk.accounts().disable_person(world.acme, id(&boss)).await.unwrap();
    assert!(matches!(world.desk.watch_ticket(&ana, 1, id(&boss), at(2)).await, Err(Error::Invalid(_))));
    let moved = TicketChange { team: Some(None), ..TicketChange::default() };
    let moved = world.desk.change_ticket(&world.admin(), 1, &moved, None, at(3)).await.unwrap();
    assert_eq!(moved.record.assignee, None);
}

#[tokio::test]
async fn an_event_that_can_not_be_read_keeps_nobody_from_the_others() {
    let (world, [ana, ..]) = staffed().await;
    let mut batch = world.store.of(world.acme).batch();
    batch.event(b"what a later program wrote".to_vec());
    world.store.commit(vec![batch]).await.unwrap();
    world.desk.watch_ticket(&ana, 1, id(&ana), at(1)).await.unwrap();
    let Ok(Log::Events { events, cursor }) = world.desk.events(&ana, 0) else { panic!("it can't be read") };
    assert_eq!((events.iter().map(|event| event.sequence).collect::<Vec<_>>(), cursor), (vec![1, 3], 3));
}
