//! From the queue to the remote and back: leases, attempts, what they make of a delivery and its ticket.

use std::io::Read;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use super::queue_world::{RAW, attempt, due, lease_by, post, record, send, set_state, ticket, told, world};
use super::world::at;
use crate::{DeliveryId, DeliveryState, EventKind, Fate, Retry, State};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

#[tokio::test]
async fn a_mail_is_leased_once_its_time_has_come() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(10)).await;
    assert_eq!(record(&world, id).state, DeliveryState::Held);
    assert_eq!(world.desk.due(None, at(9), 10).unwrap(), []);
    assert_eq!(world.desk.next_due(None).unwrap(), Some(at(10)));
    assert!(lease_by(&world.desk, &world, id, 9).await.is_none());

    let lease = lease_by(&world.desk, &world, id, 10).await.unwrap();
    let token = &lease.envelope_id;
    assert_eq!(lease.reverse_path, format!("bounce+{token}@acme.example"));
    assert_eq!((lease.attempt, lease.from_domain.as_str()), (1, "acme.example"));
    let mut raw = Vec::new();
    world.desk.open(&lease).unwrap().read_to_end(&mut raw).unwrap();
    assert_eq!(raw, RAW);
}

#[tokio::test]
async fn nobody_else_sends_what_is_being_sent() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let lease = lease_by(&world.desk, &world, id, 1).await;
    assert!(world.desk.delivery(&world.admin(), id).unwrap().is_sending);
    assert!(lease_by(&world.desk.clone(), &world, id, 1).await.is_none());
    drop(lease);
    assert!(!world.desk.delivery(&world.admin(), id).unwrap().is_sending);
    assert!(lease_by(&world.desk, &world, id, 1).await.is_some());
}

#[tokio::test]
async fn who_hears_of_an_attempt_finds_it_over() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let lease = lease_by(&world.desk, &world, id, 1).await.unwrap();
    let deferred = attempt(1, Fate::Deferred(Retry::Soon), "4.2.1", "Greylisted");
    world.desk.attempted(&lease, &deferred).await.unwrap();
    assert!(!world.desk.delivery(&world.admin(), id).unwrap().is_sending);
    assert!(lease_by(&world.desk, &world, id, DAY).await.is_none(), "the lease still holds it");
    drop(lease);
    assert!(lease_by(&world.desk, &world, id, DAY).await.is_some());
}

#[tokio::test]
async fn a_delivered_mail_leaves_the_queue_with_its_attempt_kept() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let record = send(&world, id, 1, Fate::Delivered, "2.0.0").await;
    assert_eq!((record.state, record.attempts), (DeliveryState::Delivered, 1));
    assert_eq!(due(&world), []);
    assert!(lease_by(&world.desk, &world, id, 2).await.is_none());
    let attempts = world.desk.delivery(&world.admin(), id).unwrap().attempts;
    assert_eq!(attempts, [(1, attempt(1, Fate::Delivered, "2.0.0", "the remote's words"))]);
    assert_eq!(told(&world, id), [EventKind::DeliveryChanged]);
    assert!(!ticket(&world, 1).record.attention);
}

/// zammad#1239, #182: one bad recipient aborts the other; a 4xx is stuck until somebody saves.
#[tokio::test]
async fn case_42_each_recipient_has_a_fate_of_their_own_and_a_deferred_one_comes_back_by_itself() {
    let world = world().await;
    let good = post(&world, 1, "good@customer.example", at(0)).await;
    let bad = post(&world, 1, "bad@customer.example", at(0)).await;
    let slow = post(&world, 1, "slow@customer.example", at(0)).await;
    assert_eq!(send(&world, bad, 1, Fate::Refused, "5.1.1").await.state, DeliveryState::Bounced);
    let deferred = send(&world, slow, 1, Fate::Deferred(Retry::AsScheduled), "4.3.0").await;
    assert_eq!(send(&world, good, 1, Fate::Delivered, "2.0.0").await.state, DeliveryState::Delivered);
    assert_eq!(deferred.state, DeliveryState::Deferred);
    assert!(deferred.due >= at(301) && deferred.due < at(331), "{}", deferred.due);
    assert_eq!(due(&world), [slow]);
    assert!(lease_by(&world.desk, &world, slow, 300).await.is_none());
    assert_eq!(send(&world, slow, 331, Fate::Delivered, "2.0.0").await.attempts, 2);
}

/// chatwoot#11873, zammad#1198: nobody heard of a bounce.
#[tokio::test]
async fn case_17_a_bounce_opens_the_ticket_again_and_asks_for_attention() {
    let world = world().await;
    for state in [State::Pending, State::Solved, State::Closed] {
        let id = post(&world, 1, "bad@customer.example", at(0)).await;
        set_state(&world, 1, state).await;
        send(&world, id, 1, Fate::Refused, "5.7.1").await;
        let ticket = ticket(&world, 1).record;
        assert_eq!((ticket.state, ticket.attention), (State::Open, true));
        assert_eq!(told(&world, id), [EventKind::DeliveryChanged, EventKind::TicketChanged]);
    }
}

#[tokio::test]
async fn a_bounce_leaves_a_ticket_in_the_trash() {
    let world = world().await;
    let id = post(&world, 1, "bad@customer.example", at(0)).await;
    set_state(&world, 1, State::Trash).await;
    send(&world, id, 1, Fate::Refused, "5.7.1").await;
    assert_eq!(ticket(&world, 1).record.state, State::Trash);
}

/// gophish#1604: "550 5.4.5 Daily user sending quota exceeded" ended the mail.
#[tokio::test]
async fn case_19_a_mail_over_quota_stays_queued_for_an_hour_or_more() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let record = send(&world, id, 1, Fate::Deferred(Retry::Late), "5.4.5").await;
    assert_eq!(record.state, DeliveryState::Deferred);
    assert!(record.due >= at(1 + HOUR), "{}", record.due);
    assert_eq!(due(&world), [id]);
}

#[tokio::test]
async fn a_delay_is_told_once_after_four_hours() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    send(&world, id, 4 * HOUR - 1, Fate::Deferred(Retry::Soon), "4.2.0").await;
    assert!(!ticket(&world, 1).record.attention);
    for second in [5 * HOUR, 6 * HOUR] {
        send(&world, id, second, Fate::Deferred(Retry::Soon), "4.2.0").await;
    }
    let delays = told(&world, id).into_iter().filter(|kind| *kind == EventKind::DeliveryDelayed).count();
    assert_eq!(delays, 1);
    let ticket = ticket(&world, 1).record;
    assert_eq!((ticket.attention, ticket.state), (true, State::New));
}

#[tokio::test]
async fn what_is_deferred_for_five_days_is_given_up_with_the_last_answer() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let record = send(&world, id, 5 * DAY - 1, Fate::Deferred(Retry::AsScheduled), "4.2.0").await;
    assert_eq!((record.state, record.due), (DeliveryState::Deferred, at(5 * DAY)), "not beyond its end");
    assert!(lease_by(&world.desk, &world, id, 5 * DAY).await.is_none());
    let record = super::queue_world::record(&world, id);
    assert_eq!(record.state, DeliveryState::Bounced);
    assert_eq!(
        record.note.as_deref(),
        Some("not delivered within 5 days; the last answer was: the remote's words")
    );
    assert_eq!(due(&world), []);
    assert!(ticket(&world, 1).record.attention);
}

#[tokio::test]
async fn what_was_never_tried_because_the_server_was_off_is_tried_once() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let record = send(&world, id, 6 * DAY, Fate::Deferred(Retry::Soon), "4.2.0").await;
    assert_eq!(record.state, DeliveryState::Bounced);
    assert_eq!(due(&world), []);
}

#[tokio::test]
async fn whoever_waits_for_the_queue_hears_of_new_mail_and_of_mail_that_comes_back() {
    let world = world().await;
    let mut changes = world.desk.queue_changes();
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    send(&world, id, 1, Fate::Deferred(Retry::Soon), "4.2.0").await;
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    world.receive("From: x@customer.example\n\nHello\n", &[&world.support]).await;
    assert!(!changes.has_changed().unwrap());
}

#[tokio::test]
async fn ten_thousand_that_wait_are_read_page_by_page_in_the_order_in_which_they_are_due() {
    const COUNT: usize = 10_000;
    let world = world().await;
    let mut rows = world.desk.due_rows();
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let mut delivery = record(&world, id);
    for n in 0..COUNT {
        // Spread over a thousand points in time, not in the order of their numbers.
        let seconds = i64::try_from(n * 7919 % 1000).unwrap();
        delivery.due = at(1) + SignedDuration::from_secs(seconds);
        rows.enter(world.acme, DeliveryId(n as u64), &delivery);
    }
    let batch = world.store.of(world.acme).batch();
    world.desk.commit_queued(batch, rows).await.unwrap();

    let (mut after, mut read) = (None, Vec::new());
    loop {
        let page = world.desk.due(after, Timestamp::MAX, 999).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.cursor);
        read.extend(page);
    }
    assert_eq!(read.len(), COUNT + 1);
    assert!(read.windows(2).all(|pair| pair[0].cursor < pair[1].cursor && pair[0].at <= pair[1].at));
    assert_eq!(world.desk.due(None, at(1), COUNT).unwrap().len(), 11);
    assert_eq!(world.desk.next_due(after).unwrap(), None);
    let from = crate::DueCursor::at(at(501));
    let later: Vec<_> = read.into_iter().filter(|due| due.at >= at(501)).collect();
    assert_eq!(world.desk.due(from, Timestamp::MAX, COUNT).unwrap(), later);
}

#[tokio::test(flavor = "multi_thread")]
async fn recipients_of_one_ticket_who_bounce_at_once_are_all_kept() {
    let world = world().await;
    let mut tasks = JoinSet::new();
    let mut ids = Vec::new();
    for n in 0..8 {
        let id = post(&world, 1, &format!("r{n}@customer.example"), at(0)).await;
        let lease = lease_by(&world.desk, &world, id, 1).await.unwrap();
        let desk = world.desk.clone();
        tasks.spawn(async move {
            desk.attempted(&lease, &attempt(1, Fate::Refused, "5.1.1", "no such user")).await.unwrap();
        });
        ids.push(id);
    }
    tasks.join_all().await;
    assert!(ids.into_iter().all(|id| record(&world, id).state == DeliveryState::Bounced));
    assert!(ticket(&world, 1).record.attention);
}
