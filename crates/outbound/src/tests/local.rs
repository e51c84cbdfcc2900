//! Mail to a domain of this server.

use guichet_desk::DeliveryState;
use guichet_testkit::Zone;

use super::world::{World, said};

#[tokio::test]
async fn mail_to_a_channel_of_this_server_arrives_without_smtp() {
    let mut world = World::with_dns(Zone::new()).await.with_key().await;
    world.run();
    let id = world.write_one("support@demo.example").await;
    let (state, attempt) = world.outcome(id).await;
    assert_eq!(state, DeliveryState::Delivered, "{attempt:?}");
    assert_eq!(said(&attempt), ("local", None, Some("2.0.0")));
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
