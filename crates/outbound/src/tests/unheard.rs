//! What nobody tells the deliverer: a commit whose author went away, a clock that was set.

use guichet_desk::{DeliveryState, Desk};
use guichet_testkit::{Reaction, Script, ScriptedMx};

use super::world::World;

/// A client goes away while its answer is committed: the commit stands, and nobody is left to tell of it.
#[tokio::test]
async fn promise_6_a_mail_of_whose_commit_nobody_told_goes_out_within_seconds() {
    let mut world = World::new().await;
    let mx = ScriptedMx::start(Script::new()).await.unwrap();
    world.start(&mx);
    let told = world.backends.desk.clone();
    let store = world.backends.store.clone();
    world.backends.desk = Desk::new(store, told.accounts().clone(), world.backends.random.clone());
    let id = world.write_one("anna@customer.example").await;
    world.backends.desk = told;
    assert_eq!(world.outcome(id).await.0, DeliveryState::Delivered);
}

#[tokio::test]
async fn promise_6_mail_goes_out_though_the_clock_was_set_back() {
    let mut world = World::new().await;
    let mx = ScriptedMx::start(Script::new()).await.unwrap();
    let first = world.write_one("anna@customer.example").await;
    // So old by then that no row is expected before it.
    world.clock.advance_secs(60);
    world.start(&mx);
    assert_eq!(world.outcome(first).await.0, DeliveryState::Delivered);
    world.clock.advance_secs(-3600);
    assert_eq!(world.send().await.0, DeliveryState::Delivered);
}

/// What was found out of a server holds for a minute, not until the clock is there again.
#[tokio::test]
async fn a_destination_does_not_rest_for_an_hour_because_the_clock_was_set_back() {
    let mut world = World::new().await;
    let mx = ScriptedMx::start(Script::new().once("GREETING", Reaction::Close)).await.unwrap();
    world.start(&mx);
    assert_eq!(world.send().await.0, DeliveryState::Deferred);
    world.clock.advance_secs(-3600);
    assert_eq!(world.send().await.0, DeliveryState::Delivered);
}
