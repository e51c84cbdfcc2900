//! Rows that nothing needs any more.

use super::automatic::is_answered;
use super::queue_world::{address, due, lease_by, post, record, world};
use super::world::{World, at, mail};
use crate::{Arrival, DeliveryState, DueCursor, keys};

const HOUR: i64 = 3_600;

/// How many addresses are remembered as answered.
fn answered(world: &World) -> usize {
    let snapshot = world.store.of(world.acme).snapshot().unwrap();
    let all = guichet_store::Key::new(keys::ANSWERED);
    snapshot.scan(&all, guichet_store::Direction::Forward, None).unwrap().count()
}

async fn forget(world: &World, second: i64) {
    let mut place = None;
    while let Some(next) = world.desk.forget_answered(world.acme, at(second), place.clone()).await.unwrap() {
        place = Some(next);
    }
}

#[tokio::test]
async fn who_was_answered_long_ago_is_forgotten_and_answered_as_before() {
    let world = super::automatic::answering().await;
    let from = |name: &str, second: i64| {
        let raw =
            mail(&format!("{name}@customer.example"), &format!("{name}{second}@x.example"), "Hello", "");
        Arrival { received: at(second), ..world.arrival(&raw, &[&world.support]) }
    };
    assert!(is_answered(&world, &from("old", 0)).await);
    assert!(is_answered(&world, &from("new", 30 * HOUR)).await);
    assert_eq!(answered(&world), 2);
    forget(&world, 24 * HOUR).await;
    assert_eq!(answered(&world), 1);
    assert!(!is_answered(&world, &from("new", 31 * HOUR)).await, "not twice a day");
    assert!(is_answered(&world, &from("old", 31 * HOUR)).await);
    assert_eq!(answered(&world), 2, "nobody is forgotten who was answered since");
}

#[tokio::test]
async fn more_than_one_step_of_the_answered_is_looked_through() {
    let world = World::new().await;
    let mut batch = world.store.of(world.acme).batch();
    for number in 0..2_500 {
        let stored = crate::automatic::Answered::now(at(number % 2));
        batch.put(
            keys::answered(&format!("u{number}@customer.example")),
            guichet_store::record::encode(&stored),
        );
    }
    world.store.commit(vec![batch]).await.unwrap();
    forget(&world, 1).await;
    assert_eq!(answered(&world), 1_250);
}

#[tokio::test]
async fn rows_of_the_due_table_that_lead_to_nothing_go_and_no_others() {
    let world = world().await;
    let (sent, waits) =
        (post(&world, 1, "bia@customer.example", at(0)).await, post(&world, 1, "rui@x.example", at(9)).await);
    let row = |id, second| keys::due(at(second), world.acme, id);
    let domain = guichet_store::record::encode(address("bia@customer.example").domain());
    let mut table = world.store.operator().batch();
    // Of nothing at all, of another time, and of one that will have left.
    table.put(row(crate::DeliveryId(7), 3), domain.clone());
    table.put(row(waits, 4), domain.clone());
    table.put(row(sent, 5), domain);
    world.store.commit(vec![table]).await.unwrap();
    super::queue_world::send(&world, sent, 1, crate::Fate::Delivered, "2.0.0").await;
    assert_eq!(record(&world, sent).state, DeliveryState::Delivered);
    assert_eq!(due(&world).len(), 4);
    let mut place: Option<DueCursor> = None;
    while let Some(next) = world.desk.forget_orphans(place).await.unwrap() {
        place = Some(next);
    }
    assert_eq!(due(&world), [waits]);
    assert!(lease_by(&world.desk, &world, waits, 9).await.is_some());
}

#[tokio::test]
async fn mail_of_a_suspended_organisation_is_held_back_until_it_goes_on() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let suspend = |since| world.desk.accounts().suspend_organisation(world.acme, since);
    suspend(Some(at(1))).await.unwrap();
    assert!(lease_by(&world.desk, &world, id, 10 * 24 * HOUR).await.is_none());
    assert_eq!((record(&world, id).state, due(&world)), (DeliveryState::Due, vec![id]));
    suspend(None).await.unwrap();
    assert!(lease_by(&world.desk, &world, id, 10 * 24 * HOUR).await.is_some());
}
