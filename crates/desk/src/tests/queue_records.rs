//! Records of the queue: the octets of every release stand in `records/`, in hex, and decode for ever.

use guichet_store::{Key, record};

use super::queue_world::{post, send, world};
use super::records::{hex, octets};
use super::world::at;
use crate::queue::StoredDelivery;
use crate::{Attempt, DeliveryId, DeliveryState, Fate, Suppression, keys};

#[test]
fn a_delivery_and_its_attempt_of_the_first_release_are_read() {
    let delivery =
        StoredDelivery::of(DeliveryId(1), &octets(include_str!("records/delivery-1.hex"))).unwrap();
    assert_eq!((delivery.ticket, delivery.message), (1, 1));
    let kept = delivery.record;
    assert_eq!((kept.state, kept.attempts, kept.created), (DeliveryState::Bounced, 1, at(0)));
    assert_eq!(kept.recipient.to_string(), "bia@customer.example");
    assert_eq!(kept.last.unwrap().text, "the remote's words");
    let attempt: Attempt = record::decode(&octets(include_str!("records/attempt-1.hex"))).unwrap();
    assert_eq!((attempt.fate, attempt.code, attempt.ended), (Fate::Refused, Some(550), at(1)));
    assert_eq!(attempt.signature.as_deref(), Some("DKIM-Signature: v=1\r\n"));
}

#[test]
fn a_suppression_of_the_first_release_is_read() {
    let entry: Suppression = record::decode(&octets(include_str!("records/suppression-1.hex"))).unwrap();
    assert_eq!(entry.address.to_string(), "bia@customer.example");
    assert!(entry.counts(at(0)) && !entry.counts(at(31 * 24 * 3600)));
}

/// What is written today is what the newest kept octets say; a difference needs a new file beside the old ones.
#[tokio::test]
async fn records_of_the_queue_are_written_as_the_newest_release_wrote_them() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    send(&world, id, 1, Fate::Refused, "5.1.1").await;
    let space = world.store.of(world.acme);
    let value = |key: &Key| space.snapshot().unwrap().peek(key).unwrap().unwrap();
    // The number of a delivery is made by chance; everything else is as it was written.
    let entry: Suppression = record::decode(&value(&keys::suppression("bia@customer.example"))).unwrap();
    assert_eq!(entry.delivery, Some(id));
    let entry = record::encode(&Suppression { delivery: Some(DeliveryId(1)), ..entry });
    let written = [
        ("delivery", value(&keys::delivery(id)), include_str!("records/delivery-1.hex")),
        ("attempt", value(&keys::attempt(id, 1)), include_str!("records/attempt-1.hex")),
        ("suppression", entry, include_str!("records/suppression-1.hex")),
    ];
    for (what, octets, kept) in written {
        assert_eq!(hex(&octets), kept.trim(), "{what}");
    }
}
