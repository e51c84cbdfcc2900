//! Promises 6 and 7: at least once, only once but for a crash, and nobody sees what is not theirs.

use std::sync::Arc;

use guichet_accounts::Actor;

use super::queue_world::{attempt, due, lease_by, post, record, send, stored, world};
use super::world::{World, at};
use crate::{DeliveryId, DeliveryQuery, DeliveryState, Desk, Error, Fate, Retry, keys};

/// Another process over the same data, after the first was killed: it knows no leases.
pub(super) fn restarted(world: &World) -> Desk {
    let accounts = world.desk.accounts().clone();
    Desk::new(world.store.clone(), accounts, Arc::clone(&world.desk.random))
}

#[tokio::test]
async fn promise_6_killed_after_the_lease_it_is_due_again() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let _lost = lease_by(&world.desk, &world, id, 1).await.unwrap();
    assert_eq!(due(&world), [id]);
    let again = lease_by(&restarted(&world), &world, id, 1).await.unwrap();
    assert_eq!(again.attempt, 1);
}

#[tokio::test]
async fn promise_6_killed_after_an_attempt_was_kept_it_is_not_sent_again() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    send(&world, id, 1, Fate::Delivered, "2.0.0").await;
    assert!(lease_by(&restarted(&world), &world, id, 2).await.is_none());
}

#[tokio::test]
async fn promise_6_an_attempt_that_is_reported_twice_is_kept_once() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let lease = lease_by(&world.desk, &world, id, 1).await.unwrap();
    let deferred = attempt(1, Fate::Deferred(Retry::Soon), "4.2.0", "later");
    world.desk.attempted(&lease, &deferred).await.unwrap();
    let once = stored(&world, id);
    world.desk.attempted(&lease, &deferred).await.unwrap();
    assert_eq!(stored(&world, id), once);
    assert_eq!(world.desk.delivery(&world.admin(), id).unwrap().attempts.len(), 1);
}

#[tokio::test]
async fn promise_6_what_is_being_sent_is_not_cancelled() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let lease = lease_by(&world.desk, &world, id, 1).await;
    let refused = world.desk.cancel_delivery(&world.admin(), id, at(1)).await;
    assert!(matches!(&refused, Err(Error::Invalid(why)) if why.contains("being sent")), "{refused:?}");
    drop(lease);
    world.desk.cancel_delivery(&world.admin(), id, at(1)).await.unwrap();
    assert!(lease_by(&world.desk, &world, id, 2).await.is_none());
}

/// The command line of another process, say, or a process that was killed in between.
#[tokio::test]
async fn promise_6_delivered_is_delivered_though_somebody_cancelled_meanwhile() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let lease = lease_by(&world.desk, &world, id, 1).await.unwrap();
    restarted(&world).cancel_delivery(&world.admin(), id, at(1)).await.unwrap();
    world.desk.attempted(&lease, &attempt(2, Fate::Delivered, "2.0.0", "ok")).await.unwrap();
    assert_eq!(record(&world, id).state, DeliveryState::Delivered);
    assert_eq!(due(&world), []);
}

#[tokio::test]
async fn promise_6_cancelled_stays_cancelled_when_the_attempt_failed_but_the_attempt_is_kept() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let lease = lease_by(&world.desk, &world, id, 1).await.unwrap();
    restarted(&world).cancel_delivery(&world.admin(), id, at(1)).await.unwrap();
    let deferred = attempt(2, Fate::Deferred(Retry::Soon), "4.2.0", "later");
    world.desk.attempted(&lease, &deferred).await.unwrap();
    let record = record(&world, id);
    assert_eq!((record.state, record.attempts), (DeliveryState::Cancelled, 1));
    assert_eq!(due(&world), []);
}

#[tokio::test]
async fn promise_6_an_attempt_that_can_not_be_kept_leaves_the_mail_in_the_queue_and_in_the_sender_s_hands() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let lease = lease_by(&world.desk, &world, id, 1).await.unwrap();
    world.store.close().await;
    let kept = world.desk.attempted(&lease, &attempt(1, Fate::Delivered, "2.0.0", "ok")).await;
    assert!(matches!(kept, Err(Error::Unavailable(_))), "{kept:?}");
    assert_eq!((record(&world, id).state, due(&world)), (DeliveryState::Due, vec![id]));
    assert!(lease_by(&world.desk, &world, id, 1).await.is_none(), "not to be sent again while it is tried");
}

/// Whoever is given another's delivery by its number gets nothing, and nothing happens to it.
async fn is_hidden_from(world: &World, actor: &Actor, id: DeliveryId) {
    let desk = &world.desk;
    let is_hidden = |error: Error| matches!(error, Error::NotFound(_));
    let elsewhere = super::queue_world::address("elsewhere@customer.example");
    assert!(is_hidden(desk.delivery(actor, id).unwrap_err()));
    assert!(is_hidden(desk.as_it_left(actor, id).unwrap_err()));
    assert!(is_hidden(desk.message_deliveries(actor, 1, None, 10).unwrap_err()));
    assert!(is_hidden(desk.cancel_delivery(actor, id, at(1)).await.unwrap_err()));
    assert!(is_hidden(desk.retry_delivery(actor, id, at(1)).await.unwrap_err()));
    assert!(is_hidden(desk.redirect_delivery(actor, id, &elsewhere, at(1)).await.unwrap_err()));
    assert!(is_hidden(desk.cancel_held(actor, 1, at(1)).await.unwrap_err()));
    for states in [vec![], DeliveryState::ALL.to_vec()] {
        let query = DeliveryQuery { states, cursor: None, limit: 10 };
        assert!(desk.deliveries(actor, &query).unwrap().items.iter().all(|shown| shown.id != id));
    }
    assert_eq!(record(world, id).state, DeliveryState::Held);
}

#[tokio::test]
async fn promise_7_an_agent_of_another_team_sees_no_delivery() {
    let world = world().await;
    let theirs = post(&world, 1, "bia@customer.example", at(10)).await;
    let ours = post(&world, 2, "bia@customer.example", at(10)).await;
    let agent = world.billing_agent().await;
    is_hidden_from(&world, &agent, theirs).await;
    let query = DeliveryQuery { limit: 10, ..DeliveryQuery::default() };
    let shown = world.desk.deliveries(&agent, &query).unwrap().items;
    assert_eq!(shown.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [ours]);
    world.desk.cancel_delivery(&agent, ours, at(1)).await.unwrap();
}

#[tokio::test]
async fn promise_7_another_organisation_sees_no_delivery() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(10)).await;
    is_hidden_from(&world, &Actor::system(world.other), id).await;
    assert!(world.desk.lease(world.other, id, at(10)).await.unwrap().is_none());
}

#[tokio::test]
async fn promise_7_that_another_s_delivery_is_being_sent_is_not_told() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let _lease = lease_by(&world.desk, &world, id, 1).await;
    let agent = world.billing_agent().await;
    let answer = world.desk.cancel_delivery(&agent, id, at(1)).await;
    assert!(matches!(answer, Err(Error::NotFound(_))), "{answer:?}");
}

#[tokio::test]
async fn promise_2_a_row_that_cannot_be_read_keeps_nobody_else_s_mail() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(5)).await;
    let mut batch = world.store.operator().batch();
    batch.put(keys::due(at(1), world.acme, DeliveryId(7)), vec![0xFF]);
    world.store.commit(vec![batch]).await.unwrap();
    let found = world.desk.due(None, at(9), 1).unwrap();
    assert_eq!(found.iter().map(|due| due.delivery).collect::<Vec<_>>(), [id]);
    assert_eq!(world.desk.next_due(None).unwrap(), Some(at(5)));
}
