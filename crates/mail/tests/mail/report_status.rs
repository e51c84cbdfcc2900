//! Machine-readable reports, as they should be and as they are.

use guichet_mail::report::{Action, DeliveryReport, RECIPIENTS_MAX, Report, report};

use crate::reading::read_octets;

/// A report with this delivery status and this third part.
fn mail(status: &str, returned: &str) -> String {
    format!(
        "From: Mail Delivery System <MAILER-DAEMON@mx.customer.example>\n\
         To: bounce+token@shop.example\nSubject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nSorry. Ask other@customer.example instead.\n\
         --b\nContent-Type: message/delivery-status\n\n{status}\n--b\n{returned}\n--b--\n"
    )
}

const HEADERS: &str = "Content-Type: text/rfc822-headers\n\nFrom: support@shop.example\nMessage-ID: <ours@shop.example>\nSubject: Re: x\n";

pub(crate) fn understood(mail: &str) -> Option<Report> {
    let raw = mail.replace('\n', "\r\n").into_bytes();
    report(&raw, &read_octets(&raw))
}

fn status(mail: &str) -> DeliveryReport {
    match understood(mail) {
        Some(Report::DeliveryStatus(report)) => report,
        other => panic!("{other:?}"),
    }
}

/// The report on one recipient, in one line.
fn told(status_text: &str) -> String {
    let report = status(&mail(status_text, HEADERS));
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let lines: Vec<String> = report
        .recipients
        .iter()
        .map(|entry| {
            let address = |address: &Option<guichet_mail::MailAddress>| {
                address.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
            };
            format!(
                "{} {} {:?} {} {}",
                address(&entry.original_recipient),
                address(&entry.final_recipient),
                entry.action,
                shown(&entry.status),
                shown(&entry.diagnostic)
            )
        })
        .collect();
    lines.join(" | ")
}

// chatwoot#11873
#[test]
fn case_17_a_report_says_which_delivery_failed_and_why() {
    let report = status(&mail(
        "Reporting-MTA: dns; mx.customer.example\nOriginal-Envelope-Id: mfrggzdf\nArrival-Date: Sat, 21 Nov 2026 09:30:00 +0000\n\n\
         Original-Recipient: rfc822;anna@customer.example\nFinal-Recipient: rfc822; a.kowalska@customer.example\n\
         Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; inner.customer.example\n\
         Diagnostic-Code: smtp; 550 5.1.1 <a.kowalska@customer.example>:\n    user unknown\n",
        HEADERS,
    ));
    assert_eq!(report.envelope_id.as_deref(), Some("mfrggzdf"));
    assert_eq!(report.reporting_mta.as_deref(), Some("mx.customer.example"));
    assert_eq!(report.returned_message_id.unwrap().as_str(), "ours@shop.example");
    let [entry] = &report.recipients[..] else { panic!("{:?}", report.recipients) };
    assert_eq!(entry.original_recipient.as_ref().unwrap().to_string(), "anna@customer.example");
    assert_eq!(entry.final_recipient.as_ref().unwrap().to_string(), "a.kowalska@customer.example");
    assert_eq!((entry.action, entry.status.as_deref()), (Action::Failed, Some("5.1.1")));
    assert_eq!(entry.diagnostic.as_deref(), Some("550 5.1.1 <a.kowalska@customer.example>: user unknown"));
    assert_eq!(entry.remote_mta.as_deref(), Some("inner.customer.example"));
}

#[test]
fn several_recipients_each_have_their_fate() {
    assert_eq!(
        told(
            "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@x.example\nAction: delayed\nStatus: 4.4.1\n\n\
             Final-Recipient: rfc822; b@x.example\nAction: delivered\nStatus: 2.1.5\n\n\
             Final-Recipient: rfc822; c@x.example\nAction: relayed\nStatus: 2.0.0\n\n\
             Final-Recipient: rfc822; d@x.example\nAction: expanded\nStatus: 2.0.0\n"
        ),
        "- a@x.example Delayed 4.4.1 - | - b@x.example Delivered 2.1.5 - | - c@x.example Relayed 2.0.0 - \
         | - d@x.example Expanded 2.0.0 -"
    );
}

#[test]
fn addresses_beyond_ascii_are_read() {
    assert_eq!(
        told("Final-Recipient: utf-8; j\\x{F6}rg@x.example\nAction: failed\nStatus: 5.1.1\n"),
        "- jörg@x.example Failed 5.1.1 -"
    );
    assert_eq!(
        told("Final-Recipient: utf-8; jörg@x.example\nAction: failed\n"),
        "- jörg@x.example Failed - -"
    );
    let global = mail("Final-Recipient: utf-8; jörg@x.example\nAction: failed\n", HEADERS)
        .replace("message/delivery-status", "message/global-delivery-status")
        .replace("text/rfc822-headers", "message/global-headers");
    assert_eq!(status(&global).returned_message_id.unwrap().as_str(), "ours@shop.example");
}

#[test]
fn malformed_fields_are_understood_as_far_as_they_go() {
    // No empty line between the groups, brackets, no type, a comment.
    assert_eq!(
        told(
            "Reporting-MTA: dns;x\nFinal-Recipient: <a@x.example>\nAction: Failure\nStatus: 5.1.1 (bad address)\nFinal-Recipient: RFC822; <b@x.example>\nAction: failed (expired)"
        ),
        "- a@x.example Failed 5.1.1 - | - b@x.example Failed - -"
    );
    // Everything torn apart.
    assert_eq!(
        told(
            "Reporting-MTA: dns;x\n\nAction: failed\n\nStatus: 5.1.1\n\nFinal-Recipient: rfc822;a@x.example\n"
        ),
        "- a@x.example Failed 5.1.1 -"
    );
    // Nobody is named: the address that the report came to must tell.
    assert_eq!(told("Action: failed\nStatus: 5.7.1\n"), "- - Failed 5.7.1 -");
    // Not folded as a header is; nothing says what happened but the reply.
    assert_eq!(
        told(
            "Final-Recipient: rfc822;a@x.example\nDiagnostic-Code: smtp; 452-4.2.2 mailbox full\nplease try later\n"
        ),
        "- a@x.example Delayed 4.2.2 452-4.2.2 mailbox full please try later"
    );
    assert_eq!(
        told("Final-Recipient: rfc822;a@x.example\nAction: wurde abgelehnt\n"),
        "- a@x.example Failed - -"
    );
    assert_eq!(
        told(
            "Final-Recipient: rfc822;a@x.example\nDiagnostic-Code: X-Postfix; =?utf-8?q?Empf=C3=A4nger?= fehlt\n"
        ),
        "- a@x.example Failed - Empfänger fehlt"
    );
    // An address that is none.
    assert_eq!(told("Final-Recipient: rfc822; nobody\nAction: failed\n"), "- - Failed - -");
}

#[test]
fn parts_with_wrong_labels_are_found() {
    let good = mail("Reporting-MTA: dns;x\n\nFinal-Recipient: rfc822;a@x.example\nAction: failed\n", HEADERS);
    for wrong in [
        good.replace("Content-Type: message/delivery-status", "Content-Type: text/plain"),
        good.replace("multipart/report; report-type=delivery-status", "multipart/mixed"),
        good.replace(" report-type=delivery-status;", ""),
        good.replace("Content-Type: text/rfc822-headers", "Content-Type: message/rfc822"),
    ] {
        let report = status(&wrong);
        assert_eq!(report.recipients.len(), 1, "{wrong}");
        assert_eq!(report.returned_message_id.unwrap().as_str(), "ours@shop.example");
    }
}

#[test]
fn encoded_parts_are_decoded() {
    let encoded = mail("", HEADERS).replace(
        "message/delivery-status\n\n\n",
        "message/delivery-status\nContent-Transfer-Encoding: base64\n\n\
         RmluYWwtUmVjaXBpZW50OiByZmM4MjI7YUB4LmV4YW1wbGUKQWN0aW9uOiBmYWlsZWQK\n",
    );
    assert_eq!(status(&encoded).recipients[0].final_recipient.as_ref().unwrap().to_string(), "a@x.example");
}

#[test]
fn a_report_within_another_multipart_counts_only_from_a_server() {
    let inner = mail("Final-Recipient: rfc822;a@x.example\nAction: failed\n", HEADERS);
    let (header, body) = inner.split_once("\n\n").unwrap();
    let (_, content_type) = header.rsplit_once("Content-Type: ").unwrap();
    let nested = |from: &str| {
        format!(
            "From: {from}\nContent-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: {content_type}\n\n{body}\n--o--\n"
        )
    };
    assert_eq!(status(&nested("MAILER-DAEMON@x.example")).recipients.len(), 1);
    assert_eq!(understood(&nested("anna@customer.example")), None);
}

#[test]
fn a_customer_who_forwards_a_bounce_reports_nothing() {
    let bounce = mail("Final-Recipient: rfc822;a@x.example\nAction: failed\n", HEADERS);
    let forwarded = format!(
        "From: anna@customer.example\nSubject: Fwd: Undelivered\nContent-Type: multipart/mixed; boundary=o\n\n\
         --o\n\nwhat is this?\n--o\nContent-Type: message/rfc822\n\n{bounce}\n--o--\n"
    );
    assert_eq!(understood(&forwarded), None);
}

#[test]
fn receipts_and_complaints_are_no_delivery_reports() {
    let other = |kind: &str| {
        mail("Final-Recipient: rfc822;a@x.example\nDisposition: manual-action; displayed\n", HEADERS)
            .replace("report-type=delivery-status", &format!("report-type={kind}"))
    };
    assert_eq!(understood(&other("disposition-notification")), None);
    assert_eq!(understood(&other("feedback-report")), None);
}

#[test]
fn an_empty_report_is_still_one() {
    let empty = status(&mail("", "Content-Type: text/plain\n\n"));
    assert_eq!(empty, DeliveryReport::default());
}

#[test]
fn a_report_without_the_mail_may_still_name_it() {
    let fields = "Reporting-MTA: dns; x\nX-Original-Message-ID: <named@shop.example>\n\nFinal-Recipient: rfc822;a@x.example\nAction: failed\n";
    let id = |third: &str| status(&mail(fields, third)).returned_message_id.unwrap().to_string();
    assert_eq!(id("Content-Type: text/plain\n\n"), "named@shop.example");
    assert_eq!(id(HEADERS), "ours@shop.example");
}

#[test]
fn recipients_are_bounded() {
    let many = "Final-Recipient: rfc822;a@x.example\nAction: failed\n\n".repeat(10_000);
    assert_eq!(status(&mail(&many, HEADERS)).recipients.len(), RECIPIENTS_MAX);
}

// RSSNext and others: a delay is no bounce
#[test]
fn a_delay_is_a_delay_even_when_it_speaks_of_failure() {
    assert_eq!(
        told("Final-Recipient: rfc822;a@x.example\nAction: delayed\nStatus: 5.0.0\n"),
        "- a@x.example Delayed 5.0.0 -"
    );
}
