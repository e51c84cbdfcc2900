//! What people do about deliveries.

use std::io::Read;

use super::queue_world::{RAW, address, due, lease_by, post, record, send, stored, ticket, world};
use super::world::{World, at, by_system};
use crate::{DeliveryId, DeliveryQuery, DeliveryState, Error, Fate, NewSuppression, Retry};

fn listed(world: &World, states: &[DeliveryState], cursor: Option<u64>) -> (Vec<DeliveryId>, Option<u64>) {
    let query = DeliveryQuery { states: states.to_vec(), cursor, limit: 2 };
    let page = world.desk.deliveries(&world.admin(), &query).unwrap();
    (page.items.into_iter().map(|delivery| delivery.id).collect(), page.next)
}

#[tokio::test]
async fn deliveries_are_listed_by_state_the_newest_first() {
    let world = world().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(post(&world, 1, &format!("r{n}@customer.example"), at(n)).await);
    }
    send(&world, ids[2], 9, Fate::Delivered, "2.0.0").await;
    let (page, next) = listed(&world, &[], None);
    assert_eq!((page, next), (vec![ids[4], ids[3]], Some(ids[3].0)));
    let (page, next) = listed(&world, &[], next);
    assert_eq!(page, [ids[2], ids[1]]);
    assert_eq!(listed(&world, &[], next), (vec![ids[0]], None));
    let both = [DeliveryState::Delivered, DeliveryState::Due, DeliveryState::Due];
    assert_eq!(listed(&world, &both, None), (vec![ids[2], ids[0]], None));
    assert_eq!(listed(&world, &[DeliveryState::Bounced], None), (vec![], None));
    let of_message = world.desk.message_deliveries(&world.admin(), 1, None, 10).unwrap().items;
    assert_eq!(of_message.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), ids);
}

#[tokio::test]
async fn undo_takes_back_what_is_held_and_says_how_many() {
    let world = world().await;
    let held = post(&world, 1, "a@customer.example", at(10)).await;
    let leaving = post(&world, 1, "b@customer.example", at(10)).await;
    let left = post(&world, 1, "c@customer.example", at(0)).await;
    let _lease = lease_by(&world.desk, &world, leaving, 10).await.unwrap();
    assert_eq!(world.desk.cancel_held(&world.admin(), 1, at(10)).await.unwrap(), 1);
    assert_eq!(record(&world, held).state, DeliveryState::Cancelled);
    assert_eq!(due(&world), [left, leaving]);
    assert_eq!(world.desk.cancel_held(&world.admin(), 1, at(10)).await.unwrap(), 0);
}

#[tokio::test]
async fn what_has_left_is_not_taken_back() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    send(&world, id, 1, Fate::Delivered, "2.0.0").await;
    let refused = world.desk.cancel_delivery(&world.admin(), id, at(2)).await.unwrap_err();
    assert_eq!(refused.to_string(), "this delivery is delivered, so it can't be cancelled");
}

/// zammad#2133, freescout#3268: a failed answer could neither be sent again nor changed.
#[tokio::test]
async fn case_42_a_failed_delivery_is_tried_again_for_five_more_days() {
    const DAY: i64 = 24 * 3600;
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    send(&world, id, 1, Fate::Refused, "5.7.1").await;
    let again = world.desk.retry_delivery(&world.admin(), id, at(9 * DAY)).await.unwrap().record;
    assert_eq!((again.state, again.due, again.expires), (DeliveryState::Due, at(9 * DAY), at(14 * DAY)));
    let deferred = send(&world, id, 9 * DAY, Fate::Deferred(Retry::AsScheduled), "4.2.0").await;
    assert!(deferred.due < at(9 * DAY + 331), "intervals begin anew");
    world.desk.retry_delivery(&world.admin(), id, at(9 * DAY + 1)).await.unwrap();
    assert_eq!(send(&world, id, 9 * DAY + 1, Fate::Delivered, "2.0.0").await.attempts, 3);
    let refused = world.desk.retry_delivery(&world.admin(), id, at(9 * DAY + 2)).await;
    assert!(matches!(refused, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn a_mail_to_a_wrong_address_goes_to_another_one_instead() {
    let world = world().await;
    let id = post(&world, 1, "bai@customer.example", at(0)).await;
    send(&world, id, 1, Fate::Refused, "5.1.1").await;
    let right = address("Bia@second.example");
    let new = world.desk.redirect_delivery(&world.admin(), id, &right, at(5)).await.unwrap();
    assert_eq!((new.record.recipient, new.record.state, new.message), (right, DeliveryState::Due, 1));
    assert_eq!(due(&world), [new.id]);
    let old = stored(&world, id).record;
    assert_eq!((old.state, old.replaced_by), (DeliveryState::Cancelled, Some(new.id)));
    assert_eq!(old.note.as_deref(), Some("sent to Bia@second.example instead"));
    assert!(ticket(&world, 1).record.participants.contains("bia@second.example"));
    let twice = world.desk.redirect_delivery(&world.admin(), id, &address("x@x.example"), at(5)).await;
    assert!(matches!(twice, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn nothing_is_redirected_to_where_it_goes_already_or_must_not_go() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(10)).await;
    let entry = NewSuppression {
        address: address("never@customer.example"),
        reason: "they asked".to_owned(),
        expires: None,
    };
    world.desk.suppress(&world.admin(), entry, &by_system(at(0))).await.unwrap();
    for to in ["BIA@customer.example", "never@customer.example"] {
        let refused = world.desk.redirect_delivery(&world.admin(), id, &address(to), at(1)).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{to}");
    }
    assert_eq!(record(&world, id).state, DeliveryState::Held);
}

#[tokio::test]
async fn a_captured_mail_is_read_as_it_would_have_left_and_sent_later() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    assert!(matches!(world.desk.as_it_left(&world.admin(), id), Err(Error::NotFound(_))));
    assert_eq!(send(&world, id, 1, Fate::Captured, "2.0.0").await.state, DeliveryState::Captured);
    let mut left = world.desk.as_it_left(&world.admin(), id).unwrap();
    let mut raw = Vec::new();
    left.raw.read_to_end(&mut raw).unwrap();
    assert_eq!((left.signature.as_str(), raw.as_slice()), ("DKIM-Signature: v=1\r\n", RAW));
    world.desk.retry_delivery(&world.admin(), id, at(2)).await.unwrap();
    assert_eq!(due(&world), [id]);
}
