//! Notices of success, and refusals that are none.

use guichet_mail::report::{
    Action, Report, SuccessDsn, SuccessRecipient, compose_success_dsn, is_quota, report,
};
use guichet_mail::{Automatic, MailAddress, MessageId};

use crate::composing::{address, identifier, noon};
use crate::reading::read_octets;

fn dsn(id: &MessageId, recipient: MailAddress) -> SuccessDsn<'_> {
    SuccessDsn {
        from: address("mailer-daemon@mx.shop.example"),
        to: address("anna@customer.example"),
        message_id: identifier("dsn1@mx.shop.example"),
        date: noon(),
        reporting_mta: "mx.shop.example",
        envelope_id: Some("QQ314159"),
        arrival: noon(),
        recipients: vec![SuccessRecipient {
            original_recipient: Some("rfc822;support@shop.example"),
            final_recipient: recipient,
            action: Action::Delivered,
        }],
        returned_message_id: Some(id),
    }
}

#[test]
fn a_notice_of_success() {
    let raw = compose_success_dsn(&dsn(&identifier("q1@customer.example"), address("support@shop.example")));
    insta::assert_snapshot!(String::from_utf8(raw).unwrap().replace("\r\n", "\n"));
}

#[test]
fn our_notice_is_understood_by_ourselves() {
    let raw = compose_success_dsn(&dsn(&identifier("q1@customer.example"), address("jörg@shop.example")));
    assert!(raw.is_ascii());
    let parsed = read_octets(&raw);
    assert_eq!(parsed.automatic, Automatic::Bounce);
    let Some(Report::DeliveryStatus(report)) = report(&raw, &parsed) else { panic!() };
    assert_eq!(report.envelope_id.as_deref(), Some("QQ314159"));
    assert_eq!(report.returned_message_id, Some(identifier("q1@customer.example")));
    let [entry] = &report.recipients[..] else { panic!() };
    assert_eq!(entry.final_recipient, Some(address("jörg@shop.example")));
    assert_eq!(entry.original_recipient, Some(address("support@shop.example")));
    assert_eq!(entry.action, Action::Delivered);
}

#[test]
fn a_stranger_puts_no_line_into_our_notice() {
    let id = identifier("ü@customer.example");
    let mut notice = dsn(&id, address("support@shop.example"));
    notice.envelope_id = Some("x\r\n\r\nFinal-Recipient: rfc822;victim@x.example\r\n--b");
    notice.recipients[0].original_recipient = Some("rfc822;a\nAction: failed");
    notice.recipients[0].action = Action::Relayed;
    let raw = compose_success_dsn(&notice);
    let Some(Report::DeliveryStatus(report)) = report(&raw, &read_octets(&raw)) else { panic!() };
    assert_eq!(report.recipients.len(), 1);
    assert_eq!(report.recipients[0].action, Action::Relayed);
    assert_eq!(report.returned_message_id, None, "one that can't stand in a header is left out");
}

// gophish/gophish#1604
#[test]
fn case_19_a_sender_s_quota_is_temporary_whatever_the_code() {
    let quota = [
        (550, Some("5.4.5"), "Daily user sending quota exceeded. For more information, see support"),
        (550, Some("5.4.5"), "5.4.5 Daily user sending limit exceeded."),
        (550, None, "5.4.5 Daily user\n5.4.5 sending quota exceeded"),
        (454, None, "Throttling failure: Maximum sending rate exceeded."),
        (454, None, "Throttling failure: Daily message quota exceeded."),
        (554, Some("5.2.0"), "STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed"),
        (
            550,
            Some("5.7.232"),
            "Your message can't be sent because your trial tenant has exceeded its daily limit",
        ),
        (
            550,
            Some("5.1.90"),
            "Your message can't be sent because you've reached your daily limit for message recipients",
        ),
        (
            550,
            None,
            "User shop@x.example has exceeded its 24-hour sending limit. Relay quota will reset in 2.5 hours.",
        ),
        (550, None, "Domain shop.example has exceeded the max emails per hour (150/150 (100%)) allowed."),
        (451, None, "You have exceeded your messaging limits"),
    ];
    for (code, status, text) in quota {
        assert!(is_quota(code, status, text), "{text}");
    }
}

#[test]
fn a_full_mailbox_is_no_quota_of_ours() {
    let refusals = [
        (552, Some("5.2.2"), "The recipient's mailbox is over quota"),
        (452, Some("4.2.2"), "The email account that you tried to reach is over quota"),
        (550, Some("5.1.1"), "user unknown"),
        (550, Some("5.7.1"), "message rejected as spam"),
        (552, Some("5.3.4"), "message size exceeds limit"),
        (250, Some("5.4.5"), "ok"),
        (552, None, "Quota exceeded (mailbox for user is full)"),
    ];
    for (code, status, text) in refusals {
        assert!(!is_quota(code, status, text), "{text}");
    }
}
