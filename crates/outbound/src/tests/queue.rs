//! Whose turn it is.

use std::sync::Arc;

use guichet_desk::Due;
use guichet_sys::Clock as _;
use guichet_testkit::Zone;
use jiff::{SignedDuration, Timestamp};

use super::world::World;
use crate::Limits;
use crate::judge::Judgement;
use crate::queue::{Destination, Next, Offered, Queue, Reached};

const NO_PACE: SignedDuration = SignedDuration::ZERO;

fn limits() -> Limits {
    Limits { references_max: 40, per_destination_first: 2, per_destination_max: 3, ..Limits::default() }
}

/// Rows of the due-table, one for each address; and when they are due.
async fn rows(to: &[String]) -> (Vec<Due>, Timestamp) {
    let world = World::with_dns(Zone::new()).await;
    world.write(&to.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let now = world.clock.now();
    (world.backends.desk.due(None, now, 1000).unwrap(), now)
}

fn at(domain: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("user{number}@{domain}")).collect()
}

fn offer_all(queue: &mut Queue, rows: &[Due]) -> Vec<Offered> {
    let mut before = None;
    let mut offered = Vec::new();
    for row in rows {
        offered.push(queue.offer(Destination::Domain(row.domain.clone()), row, before));
        before = Some(row.cursor);
    }
    offered
}

fn begin(queue: &mut Queue, now: Timestamp) -> Vec<Next> {
    std::iter::from_fn(|| queue.next(now)).collect()
}

fn end(queue: &mut Queue, next: &Next, reached: &Reached, now: Timestamp) {
    queue.ended(&next.destination, &next.reference, reached, now);
}

fn unreachable() -> Reached {
    Reached::No(Arc::new(Judgement::deferred("connect", "4.4.1", "nobody there")))
}

#[tokio::test]
async fn destinations_take_turns() {
    let (rows, now) = rows(&[at("a.example", 3), at("b.example", 3)].concat()).await;
    let mut queue = Queue::new(limits(), NO_PACE);
    offer_all(&mut queue, &rows);
    let begun: Vec<_> = begin(&mut queue, now).into_iter().map(|next| next.destination).collect();
    assert_eq!(begun.len(), 4, "two each");
    assert!(begun[0] != begun[1] && begun[1] != begun[2] && begun[2] != begun[3]);
}

#[tokio::test]
async fn promise_9_a_destination_leaves_most_of_the_room_and_is_read_again_later() {
    let (rows, now) = rows(&[at("a.example", 10), at("b.example", 1)].concat()).await;
    let mut queue = Queue::new(limits(), NO_PACE);
    let (theirs, others): (Vec<Due>, Vec<Due>) =
        rows.into_iter().partition(|row| row.domain.as_str() == "a.example");
    let offered = offer_all(&mut queue, &theirs);
    assert_eq!(offered.iter().filter(|one| **one == Offered::Taken).count(), 4, "a tenth of forty");
    assert_eq!(offer_all(&mut queue, &others), [Offered::Taken]);
    let begun = begin(&mut queue, now);
    let (_, place) = queue.refill().unwrap();
    assert_eq!(place, Some(theirs[3].cursor), "behind the last that was taken");
    assert_eq!(offer_all(&mut queue, &theirs[..4]), [Offered::Known; 4]);
    assert!(begun.len() >= 3);
}

#[tokio::test]
async fn each_success_allows_one_more_at_a_time() {
    let (rows, now) = rows(&at("a.example", 4)).await;
    let mut queue = Queue::new(limits(), NO_PACE);
    offer_all(&mut queue, &rows);
    let begun = begin(&mut queue, now);
    assert_eq!(begun.len(), 2);
    end(&mut queue, &begun[0], &Reached::Yes, now);
    assert_eq!(begin(&mut queue, now).len(), 2, "one in its place, and one more");
}

#[tokio::test]
async fn a_destination_that_can_not_be_reached_is_left_alone_and_its_mails_put_off() {
    let (rows, now) = rows(&at("a.example", 4)).await;
    let mut queue = Queue::new(limits(), NO_PACE);
    offer_all(&mut queue, &rows);
    let begun = begin(&mut queue, now);
    end(&mut queue, &begun[0], &unreachable(), now);
    assert_eq!(begin(&mut queue, now).len(), 0, "the other may still be answered");
    end(&mut queue, &begun[1], &unreachable(), now);
    let put_off = begin(&mut queue, now);
    assert_eq!(put_off.len(), 2);
    assert!(put_off.iter().all(|next| next.rest.is_some()));
    let later = now + SignedDuration::from_secs(i64::from(limits().rest_secs));
    for next in &put_off {
        end(&mut queue, next, &Reached::Unknown, now);
    }
    offer_all(&mut queue, &rows);
    let tried = begin(&mut queue, later);
    assert_eq!(tried.iter().filter(|next| next.rest.is_none()).count(), 1, "one finds out for all");
}

#[tokio::test]
async fn a_pace_is_kept() {
    let (rows, now) = rows(&at("a.example", 2)).await;
    let mut queue = Queue::new(limits(), SignedDuration::from_secs(6));
    offer_all(&mut queue, &rows);
    assert_eq!(begin(&mut queue, now).len(), 1);
    let then = now + SignedDuration::from_secs(6);
    assert_eq!(queue.wakes_at(), Some(then));
    assert_eq!(begin(&mut queue, then).len(), 1);
}

#[tokio::test]
async fn promise_9_where_half_of_all_are_under_way_a_destination_gets_one_at_a_time() {
    let to: Vec<String> =
        ["a", "b", "c", "d"].iter().flat_map(|name| at(&format!("{name}.example"), 3)).collect();
    let (rows, now) = rows(&to).await;
    let mut queue = Queue::new(Limits { deliveries_max: 8, ..limits() }, NO_PACE);
    offer_all(&mut queue, &rows);
    let begun = begin(&mut queue, now);
    assert_eq!(begun.len(), 4, "the first four are one for each; then half of eight are under way");
    end(&mut queue, &begun[0], &Reached::Yes, now);
    let again = begin(&mut queue, now);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].destination, begun[0].destination);
}
