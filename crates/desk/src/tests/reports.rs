//! What comes back: reports and answers to envelope senders.

use guichet_accounts::{Route, VerdictPolicy};
use guichet_mail::DmarcPolicy;

use super::queue_world::{record, send, set_state, stored, ticket};
use super::replies::reply_address;
use super::world::{World, at, forged, mail, outcomes};
use super::writing_letters::{asked, into_ticket, reply};
use crate::{
    Arrival, DeliveryId, DeliveryState, Fate, MessageKind, Outcome, Recipient, Retry, State, WritingKind,
};

const BIA: &str = "Bia <bia@customer.example>";

/// Ticket 1, answered by message 2, which the customer's server took; with its delivery and bounce address.
pub(super) async fn sent() -> (World, DeliveryId, Recipient) {
    let world = asked("").await;
    let id = world.write(reply(), 1).await.deliveries[0];
    send(&world, id, 2, Fate::Delivered, "2.0.0").await;
    let to = bounce(&world, id);
    (world, id, to)
}

pub(super) fn bounce(world: &World, id: DeliveryId) -> Recipient {
    let domain = record(world, id).from_domain;
    let address = world.desk.tokens().unwrap().bounce_address(world.acme, id, &domain);
    let (local, domain) = address.split_once('@').unwrap();
    let route = world.desk.accounts().route(local, domain).unwrap();
    world.desk.recipient(route, address.clone()).unwrap().expect("it is ours")
}

/// A report of a remote server, from the null sender.
pub(super) fn report(world: &World, to: &Recipient, action: &str, status: &str, returned: &str) -> Arrival {
    let raw = format!(
        "From: Mail Delivery System <MAILER-DAEMON@mx.customer.example>\nTo: {}\n\
         Subject: Undelivered Mail Returned to Sender\nMessage-ID: <{action}.{status}@mx.customer.example>\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nIt did not work.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.customer.example\n\n\
         Final-Recipient: rfc822; bia@customer.example\nAction: {action}\nStatus: {status}\n\
         Diagnostic-Code: smtp; 550 {status} no such person\n\
         --b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {returned}\nSubject: Re: Invoice\n\n--b--\n",
        to.address
    );
    Arrival { reverse_path: String::new(), ..world.arrival(&raw, &[to]) }
}

pub(super) async fn receive(world: &World, arrival: &Arrival) -> Outcome {
    let received = outcomes(world.desk.receive(arrival).await.unwrap());
    let [outcome] = received[..] else { panic!("{received:?}") };
    outcome
}

/// chatwoot#11873, zammad#1198.
#[tokio::test]
async fn case_17_a_bounce_sets_its_delivery_and_opens_the_ticket() {
    for state in [State::Solved, State::Closed, State::Pending] {
        let (world, id, to) = sent().await;
        set_state(&world, 1, state).await;
        let bounced = report(&world, &to, "failed", "5.1.1", "<nobody@acme.example>");
        assert_eq!(receive(&world, &bounced).await, Outcome::Reported { ticket: 1, delivery: id });
        let delivery = record(&world, id);
        assert_eq!(delivery.state, DeliveryState::Bounced);
        assert!(delivery.note.unwrap().contains("no such person"));
        let now = ticket(&world, 1).record;
        assert_eq!((now.state, now.attention, now.message_count), (State::Open, true, 3));
        let message = world.stored(3).record;
        assert_eq!((message.kind(), message.reports_on), (MessageKind::Report, Some(id)));
        assert!(!world.desk.suppressions(&world.admin(), None, 9, at(9)).unwrap().items.is_empty());
        assert_eq!(receive(&world, &bounced).await, Outcome::Duplicate { ticket: Some(1) });
    }
}

#[tokio::test]
async fn a_notice_of_delay_is_words_and_no_change_of_state() {
    let (world, id, to) = sent().await;
    set_state(&world, 1, State::Solved).await;
    let delayed = report(&world, &to, "delayed", "4.4.1", "<nobody@acme.example>");
    assert_eq!(receive(&world, &delayed).await, Outcome::Reported { ticket: 1, delivery: id });
    assert_eq!(record(&world, id).state, DeliveryState::Delivered);
    assert!(record(&world, id).note.unwrap().contains("it waits there"));
    assert_eq!(ticket(&world, 1).record.state, State::Solved);
}

#[tokio::test]
async fn a_bounce_counts_though_nobody_stands_behind_the_server_that_sends_it() {
    let (world, id, to) = sent().await;
    world.desk.accounts().set_policy(world.acme, VerdictPolicy::Reject, Vec::new()).await.unwrap();
    let mut bounced = report(&world, &to, "failed", "5.0.0", "<nobody@acme.example>");
    bounced.verdicts = forged("mx.customer.example", DmarcPolicy::Reject);
    assert_eq!(receive(&world, &bounced).await, Outcome::Reported { ticket: 1, delivery: id });
}

#[tokio::test]
async fn a_mail_that_was_never_sent_can_not_bounce() {
    let world = asked("").await;
    let id = world.write(reply(), 1).await.deliveries[0];
    let bounced = report(&world, &bounce(&world, id), "failed", "5.1.1", "<nobody@acme.example>");
    assert_eq!(receive(&world, &bounced).await, Outcome::Reported { ticket: 1, delivery: id });
    assert_eq!(record(&world, id).state, DeliveryState::Due);
}

#[tokio::test]
async fn a_bounce_of_a_deferred_mail_takes_it_out_of_the_queue() {
    let world = asked("").await;
    let id = world.write(reply(), 1).await.deliveries[0];
    send(&world, id, 2, Fate::Deferred(Retry::AsScheduled), "4.0.0").await;
    let bounced = report(&world, &bounce(&world, id), "failed", "5.1.1", "<nobody@acme.example>");
    receive(&world, &bounced).await;
    assert_eq!(record(&world, id).state, DeliveryState::Bounced);
    assert_eq!(super::queue_world::due(&world), []);
}

#[tokio::test]
async fn case_41_a_forged_bounce_address_is_nobody_s() {
    let (world, _, to) = sent().await;
    let (local, domain) = to.address.split_once('@').unwrap();
    let token = local.split_once('+').unwrap().1.to_owned();
    let forged = |token: String, organisation| {
        let route = Route::Bounce { organisation, token };
        world.desk.recipient(route, to.address.clone()).unwrap()
    };
    assert!(forged(token.clone(), world.acme).is_some());
    assert!(forged(token, world.other).is_none(), "another organisation's");
    assert!(forged("a".repeat(29), world.acme).is_none());
    let reply_token = reply_address(&world, 2).replace("support+", "").replace(&format!("@{domain}"), "");
    assert!(forged(reply_token, world.acme).is_none(), "one of another purpose");
}

/// RFC 3834: out-of-office answers go to the envelope sender.
#[tokio::test]
async fn case_14_an_out_of_office_answer_to_the_envelope_is_noted() {
    let (world, id, to) = sent().await;
    set_state(&world, 1, State::Solved).await;
    let raw = mail(BIA, "away@customer.example", "Away", "");
    let away = Arrival { reverse_path: String::new(), ..world.arrival(&raw, &[&to]) };
    assert_eq!(receive(&world, &away).await, Outcome::Joined { ticket: 1 });
    let now = ticket(&world, 1).record;
    assert_eq!((now.state, now.attention), (State::Solved, false));
    assert_eq!(record(&world, id).state, DeliveryState::Delivered);
    assert_eq!(world.stored(3).record.kind(), MessageKind::Inbound);
}

#[tokio::test]
async fn a_person_who_writes_to_a_bounce_address_is_heard_like_one_at_the_reply_address() {
    let (world, _, to) = sent().await;
    for (n, (from, marked)) in [(BIA, false), ("eve@evil.example", true)].into_iter().enumerate() {
        let raw = mail(from, &format!("{n}@x.example"), "Hello", "");
        assert_eq!(receive(&world, &world.arrival(&raw, &[&to])).await, Outcome::Joined { ticket: 1 });
        assert_eq!(world.stored(3 + n as u64).record.marked, marked);
    }
}

#[tokio::test]
async fn promise_4_a_forged_person_at_a_bounce_address_meets_the_policy_like_anywhere() {
    let (world, _, to) = sent().await;
    let policies = [VerdictPolicy::Quarantine, VerdictPolicy::Reject];
    for (n, policy) in policies.into_iter().enumerate() {
        world.desk.accounts().set_policy(world.acme, policy, Vec::new()).await.unwrap();
        let mut suspect = world.arrival(&mail(BIA, &format!("{n}@x.example"), "Hello", ""), &[&to]);
        suspect.verdicts = forged("customer.example", DmarcPolicy::None);
        assert!(matches!(receive(&world, &suspect).await, Outcome::Quarantined { .. }));
    }
    assert_eq!(ticket(&world, 1).record.message_count, 2);
}

/// itop#218: what merely knows the Message-ID is shown, and suppresses nobody.
#[tokio::test]
async fn a_bounce_that_comes_to_the_channel_is_matched_by_what_it_returns() {
    let (world, id, _) = sent().await;
    let returned = world.field(2, "Message-ID").unwrap();
    let bounced = report(&world, &world.support, "failed", "5.1.1", &returned);
    assert_eq!(receive(&world, &bounced).await, Outcome::Reported { ticket: 1, delivery: id });
    assert_eq!(record(&world, id).state, DeliveryState::Bounced);
    assert!(world.desk.suppressions(&world.admin(), None, 9, at(9)).unwrap().items.is_empty());
}

/// freescout#4806: bounces of bounces.
#[tokio::test]
async fn case_12_a_bounce_of_no_mail_of_ours_makes_no_ticket_and_is_kept_aside() {
    let (world, _, _) = sent().await;
    for returned in ["<x@elsewhere.example>".to_owned(), format!("<{}@acme.example>", "a".repeat(29))] {
        let mut bounced = report(&world, &world.support, "failed", "5.1.1", &returned);
        bounced.reading.content.message_id = None;
        let Outcome::Quarantined { message } = receive(&world, &bounced).await else { panic!("{returned}") };
        let kept = world.desk.quarantined(&world.admin(), message).unwrap();
        assert_eq!(kept.record.quarantine.as_deref(), Some("a bounce of no mail that was sent from here"));
        if returned.starts_with("<a") {
            break;
        }
        // The same content under another recipient: not the same mail.
        let other = report(&world, &world.billing, "failed", "5.1.1", "<y@elsewhere.example>");
        assert!(matches!(receive(&world, &other).await, Outcome::Quarantined { .. }));
    }
    assert_eq!(ticket(&world, 1).record.message_count, 2);
    assert!(world.desk.ticket(&world.admin(), 2).is_err());
}

#[tokio::test]
async fn two_deliveries_of_one_ticket_that_come_back_at_once_are_both_set() {
    let world = asked("Cc: joe@customer.example\n").await;
    let deliveries = world.write(into_ticket(1, WritingKind::ReplyAll), 1).await.deliveries;
    assert_eq!(deliveries.len(), 2);
    for id in &deliveries {
        send(&world, *id, 2, Fate::Delivered, "2.0.0").await;
    }
    let (one, two) = (bounce(&world, deliveries[0]), bounce(&world, deliveries[1]));
    let mut bounced = report(&world, &one, "failed", "5.1.1", "<nobody@acme.example>");
    bounced.recipients.push(two);
    assert_eq!(receive(&world, &bounced).await, Outcome::Reported { ticket: 1, delivery: deliveries[0] });
    for id in deliveries {
        assert_eq!(record(&world, id).state, DeliveryState::Bounced);
    }
    assert_eq!(ticket(&world, 1).record.message_count, 3);
}

#[tokio::test]
async fn what_comes_back_for_a_delivery_that_is_not_known_is_kept_aside() {
    let (world, id, _) = sent().await;
    let unknown = DeliveryId(id.0 ^ 1);
    let domain = stored(&world, id).record.from_domain;
    let address = world.desk.tokens().unwrap().bounce_address(world.acme, unknown, &domain);
    let to =
        Recipient { address, destination: crate::Destination::Bounce(unknown), organisation: world.acme };
    let bounced = report(&world, &to, "failed", "5.1.1", "<nobody@acme.example>");
    let Outcome::Quarantined { message } = receive(&world, &bounced).await else { panic!() };
    let released = world.desk.release(&world.admin(), message, at(9)).await.unwrap();
    assert_eq!(released, 2, "and can be looked at");
}
