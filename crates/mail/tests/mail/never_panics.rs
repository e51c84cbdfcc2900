//! Whatever the octets are: an answer, and offsets that lie within the mail.

use guichet_mail::report::{RECIPIENTS_MAX, Report, report};
use guichet_mail::{
    MailAddress, ParseLimits, SanitiseLimits, display_headers, html_to_text, parse, sanitise_html,
};
use proptest::prelude::*;

/// Pieces out of which mail is made, put together at random.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&'static [u8]> = vec![
        b"From: ",
        b"To: ",
        b"Subject: ",
        b"Date: ",
        b"References: ",
        b"Content-Type: ",
        b"multipart/mixed; boundary=b",
        b"\r\n",
        b"\n",
        b"\r\n\r\n",
        b"--b",
        b"--b--",
        b" ",
        b"\t",
        b"<",
        b">",
        b"\"",
        b"(",
        b")",
        b"\\",
        b",",
        b";",
        b":",
        b"=",
        b"@",
        b"=?",
        b"?=",
        b"=?utf-8?q?",
        b"=?utf-8?b?",
        b"text/html",
        b"a",
        b"\xC3",
        b"\xE9",
        b"\x1B$B",
        b"name*0*=",
        b"%C3",
        b"base64",
        b"#1",
        b"Content-Transfer-Encoding: ",
        b"quoted-printable",
        b"<a href=",
        b"<img src=\"cid:x\">",
        b"Re",
        b"[x]",
        b"\xEF\xBC\x9A",
    ];
    let piece = prop_oneof![
        proptest::sample::select(known).prop_map(<[u8]>::to_vec),
        proptest::collection::vec(any::<u8>(), 0..4)
    ];
    proptest::collection::vec(piece, 0..120).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_octets_are_a_mail(raw in pieces()) {
        let limits = ParseLimits::default();
        let parsed = parse(&raw, &limits);
        for part in &parsed.parts {
            prop_assert!(part.header_start <= part.body_start && part.body_start <= part.body_end);
            prop_assert!(part.body_end <= raw.len() as u64);
        }
        for index in parsed.body.text_parts.iter().chain(&parsed.body.html_parts) {
            prop_assert!((*index as usize) < parsed.parts.len());
        }
        prop_assert!(!parsed.subject.contains(char::is_control) && !parsed.preview.contains(char::is_control));
        report(&raw, &parsed);
        display_headers(&raw, limits.header(), 100);
    }

    #[test]
    fn any_text_is_html(html in pieces()) {
        let html = String::from_utf8_lossy(&html);
        let result = sanitise_html(&html, &SanitiseLimits::default(), |_| Some("/x".to_owned()));
        prop_assert!(!result.html.contains("<script"));
        html_to_text(&html, &SanitiseLimits::default());
    }

    #[test]
    fn what_reads_as_an_address_reads_again(text in "[a-zA-Zü\"\\\\ .@<>(),-]{0,30}") {
        if let Ok(address) = MailAddress::parse(&text) {
            prop_assert_eq!(MailAddress::parse(&address.to_string()), Ok(address));
        }
    }

    #[test]
    fn any_octets_are_a_report(pieces in proptest::collection::vec(proptest::sample::select(REPORT_PIECES.to_vec()), 0..80)) {
        let raw = format!("From: MAILER-DAEMON@x.example\r\n{}", pieces.concat());
        let parsed = parse(raw.as_bytes(), &ParseLimits::default());
        if let Some(Report::DeliveryStatus(report) | Report::FreeText(report)) = report(raw.as_bytes(), &parsed) {
            prop_assert!(report.recipients.len() <= RECIPIENTS_MAX);
            for entry in report.recipients {
                prop_assert!(entry.diagnostic.is_none_or(|text| !text.contains(char::is_control)));
            }
        }
    }
}

/// Pieces of reports, good and bad.
const REPORT_PIECES: [&str; 36] = [
    "Content-Type: multipart/report; boundary=b\r\n\r\n",
    "Content-Type: message/delivery-status\r\n\r\n",
    "Content-Type: message/rfc822\r\n\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "X-Failed-Recipients: a@x.example, b\r\n",
    "--b\r\n",
    "--b--\r\n",
    "\r\n",
    "\n",
    " ",
    "\t",
    "Reporting-MTA: dns; x\r\n",
    "Original-Envelope-Id: \u{202E}x\r\n",
    "Final-Recipient: rfc822; a@x.example\r\n",
    "Final-Recipient: utf-8; \\x{F6}\\x{110000}\\x{\\x{}@x.example\r\n",
    "Original-Recipient: ;;<>\r\n",
    "Action: failed\r\n",
    "Action:\r\n",
    "Status: 5.1.1\r\n",
    "Status: ü.\r\n",
    "Diagnostic-Code: smtp; 550 \u{0}\u{7F} no\r\n",
    "Message-ID: <x@y>\r\n",
    "Hi. This is the qmail-send program\r\n",
    "This message was created automatically by mail delivery software\r\n",
    "The following address(es) failed:\r\n",
    "   ----- The following addresses had permanent fatal errors -----\r\n",
    "Delivery has failed to these recipients or groups:\r\n",
    "Your message\r\n",
    "was not delivered to:\r\n",
    "<a@x.example>:\r\n",
    "  b@x.example\r\n",
    "<a@x.example> (expanded from <b@x.example>): no\r\n",
    "The following message to <a@x.example> was undeliverable.\r\n",
    "--- Below this line is a copy of the message.\r\n",
    "İ\u{1F600}",
    ":",
];
