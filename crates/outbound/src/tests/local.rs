//! Mail to a domain of this server.

use std::io::Read as _;

use guichet_accounts::{Actor, NewChannel};
use guichet_desk::{DeliveryState, SystemMail, SystemMailKind, TicketQuery};
use guichet_sys::Clock as _;
use guichet_testkit::Zone;

use super::world::{World, address, said};

#[tokio::test]
async fn mail_to_another_organisation_of_this_server_becomes_a_ticket_without_smtp() {
    let mut world = World::with_dns(Zone::new()).await.with_key().await;
    let other = world.other_organisation("support@other.example").await;
    world.run();
    let id = world.write_one("support@other.example").await;
    let (state, attempt) = world.outcome(id).await;
    assert_eq!(state, DeliveryState::Delivered, "{attempt:?}");
    assert_eq!(said(&attempt), ("local", None, Some("2.0.0")));
    let (actor, query) = (Actor::system(other), TicketQuery { limit: 10, ..TicketQuery::default() });
    let tickets = world.backends.desk.tickets(&actor, &query).unwrap().items;
    assert_eq!(tickets.len(), 1);
    let messages = world.backends.desk.messages(&actor, tickets[0].number, None, 10).unwrap().items;
    let mut raw = String::new();
    world.backends.desk.raw(&actor, &messages[0]).unwrap().read_to_string(&mut raw).unwrap();
    assert!(raw.starts_with(&attempt.signature.unwrap()), "it is there as it was sent: {raw}");
}

#[tokio::test]
async fn mail_to_nobody_at_this_server_is_refused() {
    let mut world = World::with_dns(Zone::new()).await;
    world.run();
    let id = world.write_one("nobody@demo.example").await;
    let (state, attempt) = world.outcome(id).await;
    assert_eq!(state, DeliveryState::Bounced);
    assert_eq!(said(&attempt), ("local", None, Some("5.1.1")));
}

#[tokio::test]
async fn mail_to_a_suspended_organisation_of_this_server_waits_as_a_strangers_does() {
    let mut world = World::new().await;
    let other = world.other_organisation("help@other.example").await;
    let suspend = |since| world.backends.desk.accounts().suspend_organisation(other, since);
    suspend(Some(world.clock.now())).await.unwrap();
    world.run();
    let id = world.write_one("help@other.example").await;
    let (state, attempt) = world.outcome(id).await;
    assert_eq!(state, DeliveryState::Deferred, "{attempt:?}");
    let suppressed = world.backends.desk.suppressions(&world.actor(), None, 10, world.clock.now()).unwrap();
    assert!(suppressed.items.is_empty());
}

#[tokio::test]
async fn promise_7_a_link_for_one_person_comes_to_no_channel_that_got_their_address_since() {
    let mut world = World::with_dns(Zone::new()).await;
    let (desk, to) = (world.backends.desk.clone(), address("eva@demo.example"));
    let mail = SystemMail {
        to: to.clone(),
        to_name: None,
        subject: "Welcome".to_owned(),
        text: "https://desk.example/invitation#secret".to_owned(),
        kind: SystemMailKind::Invitation,
    };
    let id = desk.send_system_mail(world.organisation, mail, world.clock.now()).await.unwrap();
    let channel = NewChannel { address: to, name: "Eva".to_owned(), team: None };
    desk.accounts().create_channel(world.organisation, channel).await.unwrap();
    world.run();
    let (state, attempt) = world.outcome(id).await;
    assert_eq!((state, said(&attempt)), (DeliveryState::Bounced, ("local", None, Some("5.7.1"))));
    let query = TicketQuery { limit: 10, ..TicketQuery::default() };
    assert!(desk.tickets(&world.actor(), &query).unwrap().items.is_empty());
}
