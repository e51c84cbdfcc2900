//! Reports and other returns that know something of ours, and what strangers make of that.

use guichet_accounts::VerdictPolicy;
use guichet_mail::DmarcPolicy;

use super::queue_world::{record, send, set_state, ticket};
use super::replies::{recipient, reply_address};
use super::reports::{bounce, receive, report, sent};
use super::world::{World, at, forged, mail};
use super::writing_letters::{asked, reply};
use crate::{Arrival, ContactSearch, DeliveryState, Fate, MessageKind, Outcome, Recipient, State};

const BIA: &str = "Bia <bia@customer.example>";

/// A report about somebody to whom we never wrote, under the name of the customer.
fn report_on_nobody(world: &World, to: &Recipient) -> Arrival {
    let returned = world.field(2, "Message-ID").unwrap();
    let raw = format!(
        "From: {BIA}\nTo: {}\nReply-To: eve@evil.example\nSubject: Re: Invoice\nMessage-ID: <1@evil.example>\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nPlease send it to eve@evil.example.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.evil.example\n\n\
         Final-Recipient: rfc822; eve@evil.example\nAction: failed\nStatus: 5.1.1\n\
         --b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {returned}\n\n--b--\n",
        to.address
    );
    Arrival { reverse_path: String::new(), ..world.arrival(&raw, &[to]) }
}

#[tokio::test]
async fn promise_4_a_report_that_knows_a_message_id_of_ours_and_no_recipient_is_kept_aside() {
    let (world, id, _) = sent().await;
    let before = ticket(&world, 1);
    let outcome = receive(&world, &report_on_nobody(&world, &world.support)).await;
    assert!(matches!(outcome, Outcome::Quarantined { .. }), "{outcome:?}");
    assert_eq!(ticket(&world, 1), before);
    assert_eq!(record(&world, id).state, DeliveryState::Delivered);
}

/// A server that sends its reports where answers go.
#[tokio::test]
async fn a_report_at_a_reply_address_is_noted_in_its_ticket() {
    let (world, id, _) = sent().await;
    let to = recipient(&world, &reply_address(&world, 2));
    let unknown = report(&world, &to, "failed", "5.1.1", "<nobody@elsewhere.example>");
    assert_eq!(receive(&world, &unknown).await, Outcome::Joined { ticket: 1 });
    let noted = world.stored(3).record;
    assert!(noted.marked, "a mail server takes no part");
    assert_eq!(record(&world, id).state, DeliveryState::Delivered);
    assert!(!ticket(&world, 1).record.attention);
}

/// chatwoot#11873: a report that does not come to the envelope sender names what it is about all the same.
#[tokio::test]
async fn case_17_a_report_is_matched_by_its_envelope_identifier() {
    let (world, id, to) = sent().await;
    let token = to.address.split_once('+').unwrap().1.split_once('@').unwrap().0;
    let named = |token: &str| {
        let raw = format!(
            "From: MAILER-DAEMON@mx.customer.example\nTo: support@acme.example\nSubject: Undelivered\n\
             Message-ID: <{token}@mx.customer.example>\nMIME-Version: 1.0\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
             --b\nContent-Type: text/plain\n\nIt did not work.\n\
             --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.customer.example\n\
             Original-Envelope-Id: {token}\n\n\
             Final-Recipient: rfc822; bia@customer.example\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
        );
        Arrival { reverse_path: String::new(), ..world.arrival(&raw, &[&world.support]) }
    };
    let forged = receive(&world, &named(&"a".repeat(29))).await;
    assert!(matches!(forged, Outcome::Quarantined { .. }), "{forged:?}");
    assert_eq!(record(&world, id).state, DeliveryState::Delivered);
    let outcome = receive(&world, &named(token)).await;
    assert_eq!(outcome, Outcome::Reported { ticket: 1, delivery: id });
    assert_eq!(record(&world, id).state, DeliveryState::Bounced);
    assert!(!world.desk.suppressions(&world.admin(), None, 9, at(9)).unwrap().items.is_empty());
}

/// freescout#4806: Exchange and others send reports under their postmaster's name.
#[tokio::test]
async fn case_12_a_report_with_an_envelope_sender_makes_no_ticket_either() {
    let (world, id, _) = sent().await;
    let returned = world.field(2, "Message-ID").unwrap();
    let mut bounced = report(&world, &world.support, "failed", "5.1.1", &returned);
    bounced.reverse_path = "postmaster@mx.customer.example".to_owned();
    assert_eq!(receive(&world, &bounced).await, Outcome::Reported { ticket: 1, delivery: id });
    assert!(world.desk.ticket(&world.admin(), 2).is_err());
}

#[tokio::test]
async fn somebody_s_own_bounce_that_they_pass_on_to_us_is_a_mail_like_any() {
    let (world, _, _) = sent().await;
    let mut passed_on = report(&world, &world.support, "failed", "5.1.1", "<theirs@customer.example>");
    passed_on.reverse_path = "bia@customer.example".to_owned();
    assert_eq!(receive(&world, &passed_on).await, Outcome::Created { ticket: 2 });
}

/// Whoever got a mail of ours has read its envelope sender in `Return-Path`.
#[tokio::test]
async fn promise_4_a_machine_at_a_bounce_address_that_takes_no_part_is_marked() {
    let (world, _, to) = sent().await;
    let null = |from: &str, id: &str| {
        let raw = mail(from, id, "Away", "Reply-To: eve@evil.example\n");
        Arrival { reverse_path: String::new(), ..world.arrival(&raw, &[&to]) }
    };
    let stranger = null("eve@evil.example", "1@evil.example");
    let mut disowned = null(BIA, "2@evil.example");
    disowned.verdicts = forged("customer.example", DmarcPolicy::Reject);
    for (number, arrival) in [(3, stranger), (4, disowned)] {
        assert_eq!(receive(&world, &arrival).await, Outcome::Joined { ticket: 1 });
        assert!(world.stored(number).record.marked, "{number}");
    }
    let now = ticket(&world, 1).record;
    assert_eq!((now.state, now.attention), (State::Pending, false));
    assert_eq!(receive(&world, &null(BIA, "3@customer.example")).await, Outcome::Joined { ticket: 1 });
    assert!(!world.stored(5).record.marked);
}

#[tokio::test]
async fn a_mail_server_that_reports_is_no_contact() {
    let (world, id, to) = sent().await;
    let bounced = report(&world, &to, "failed", "5.1.1", "<nobody@acme.example>");
    assert_eq!(receive(&world, &bounced).await, Outcome::Reported { ticket: 1, delivery: id });
    let contacts = world.desk.contacts(&world.admin(), &ContactSearch::default(), None, 9).unwrap().items;
    let addresses: Vec<String> = contacts.iter().map(|one| one.record.address.to_string()).collect();
    assert_eq!(addresses, ["bia@customer.example"]);
}

/// The same bounce address twice in one transaction, written differently.
#[tokio::test]
async fn a_delivery_that_comes_back_twice_in_one_mail_is_changed_once() {
    let world = asked("").await;
    let id = world.write(reply(), 1).await.deliveries[0];
    send(&world, id, 2, Fate::Delivered, "2.0.0").await;
    let to = bounce(&world, id);
    let mut bounced = report(&world, &to, "failed", "5.1.1", "<nobody@acme.example>");
    bounced.recipients.push(Recipient { address: to.address.to_uppercase(), ..to });
    let before = world.store.of(world.acme).events(0, 99).unwrap().len();
    assert_eq!(receive(&world, &bounced).await, Outcome::Reported { ticket: 1, delivery: id });
    let after = world.store.of(world.acme).events(0, 99).unwrap().len();
    assert_eq!(after - before, 2, "one for the message, one for the delivery");
    assert_eq!(world.stored(3).record.kind(), MessageKind::Report);
}

/// Some servers (qmail) make a transaction for each recipient.
#[tokio::test]
async fn case_8_an_answer_that_came_to_the_plain_address_first_still_joins_by_its_reply_address() {
    let (world, _, _) = sent().await;
    let to = recipient(&world, &reply_address(&world, 2));
    let raw = mail(BIA, "3@customer.example", "Re: Invoice", "");
    assert_eq!(world.receive(&raw, &[&world.support]).await, [Outcome::Created { ticket: 2 }]);
    assert_eq!(world.receive(&raw, &[&to]).await, [Outcome::Joined { ticket: 1 }]);
    for address in [&to, &world.support] {
        let again = world.receive(&raw, &[address]).await;
        assert!(matches!(again[..], [Outcome::Duplicate { ticket: Some(_) }]), "{again:?}");
    }
    let days = 24 * 3_600;
    let late = mail(BIA, "4@customer.example", "Re: Invoice", "");
    let late = Arrival { received: at(2 + 180 * days), ..world.arrival(&late, &[&to]) };
    assert_eq!(receive(&world, &late).await, Outcome::Created { ticket: 3 });
    assert_eq!(receive(&world, &late).await, Outcome::Duplicate { ticket: Some(3) });
}

/// Exchange says so of what it sends for people who are away, vacation(1) says `bulk`.
#[tokio::test]
async fn case_14_whatever_comes_from_the_null_sender_opens_nothing() {
    for header in ["Auto-Submitted: auto-generated", "Precedence: bulk"] {
        let (world, _, to) = sent().await;
        set_state(&world, 1, State::Solved).await;
        let raw = mail(BIA, "3@customer.example", "Re: Invoice", &format!("{header}\n"));
        let away = Arrival { reverse_path: String::new(), ..world.arrival(&raw, &[&to]) };
        assert_eq!(receive(&world, &away).await, Outcome::Joined { ticket: 1 });
        let now = ticket(&world, 1).record;
        assert_eq!((now.state, now.attention), (State::Solved, false), "{header}");
    }
}

/// A forger who is quicker than the mail itself, or a forwarder who broke its signature.
#[tokio::test]
async fn promise_2_a_mail_to_a_bounce_address_is_not_kept_out_by_a_copy_in_quarantine() {
    let (world, _, to) = sent().await;
    world.desk.accounts().set_policy(world.acme, VerdictPolicy::Quarantine, Vec::new()).await.unwrap();
    let proven = world.arrival(&mail(BIA, "3@customer.example", "Re: Invoice", ""), &[&to]);
    let suspect = Arrival { verdicts: forged("customer.example", DmarcPolicy::None), ..proven.clone() };
    assert!(matches!(receive(&world, &suspect).await, Outcome::Quarantined { .. }));
    assert_eq!(receive(&world, &suspect).await, Outcome::Duplicate { ticket: None });
    assert_eq!(receive(&world, &proven).await, Outcome::Joined { ticket: 1 });
    for again in [&proven, &suspect] {
        assert_eq!(receive(&world, again).await, Outcome::Duplicate { ticket: Some(1) });
    }
}
