//! Cases that touch several parts of a mail.

use guichet_mail::{Defect, MessageId, ParseLimits, SubjectPrefix, base_subject, digest};

use crate::reading::{read, read_octets, text_of};

// zammad/zammad#5064, #2444
#[test]
fn case_1_numbers_in_subjects_are_only_mentioned() {
    let mentions = |subject: &str| read(&format!("Subject: {subject}\n\nx\n")).mentions;
    assert_eq!(mentions("Ticket#1042 and [#7253]"), [1042, 7253]);
    assert_eq!(mentions("#1042 #1042"), [1042]);
    assert_eq!(mentions("#12ab # 7 #99999999999999999999999"), [] as [u64; 0]);
}

// freescout-help-desk/freescout#5591
#[test]
fn case_6_one_message_id_on_two_mails_is_no_duplicate() {
    let of = |raw: &str| digest(raw.replace('\n', "\r\n").as_bytes(), ParseLimits::default().header());
    let first = "From: a@x.example\nSubject: Parcel\nMessage-ID: <1@x.example>\n\nParcel 1\n";
    let second = "From: a@x.example\nSubject: Parcel\nMessage-ID: <1@x.example>\n\nParcel 2\n";
    let relayed = "Return-Path: <a@x.example>\nReceived: from x by y; now\nX-Spam-Score: 1\nDKIM-Signature: v=1\n\
                   from: a@x.example\nSubject:\n Parcel\nMessage-ID: <1@x.example>\n\nParcel 1\n\n";
    assert_ne!(of(first), of(second));
    assert_eq!(of(first), of(relayed));
}

// zammad#4965; freescout#4515
#[test]
fn case_9_prefixes_in_many_languages() {
    let replies = [
        "Re", "RE", "AW", "Antw", "SV", "VS", "RES", "Odp", "YNT", "Vá", "ATS", "Отв", "回复", "답장", "רה",
        "Re[2]", "Re (3)", "RE ",
    ];
    let forwards = [
        "Fwd",
        "FW",
        "WG",
        "ENC",
        "TR",
        "RV",
        "VB",
        "VL",
        "I",
        "PD",
        "İLT",
        "Пересл",
        "转发",
        "転送",
        "Doorst",
    ];
    for prefix in replies {
        let subject = format!("{prefix}: My order");
        assert_eq!(base_subject(&subject).text, "My order", "{subject}");
        assert_eq!(base_subject(&subject).prefix, SubjectPrefix::Reply, "{subject}");
    }
    for prefix in forwards {
        let subject = format!("{prefix}: My order");
        assert_eq!(base_subject(&subject).text, "My order", "{subject}");
        assert_eq!(base_subject(&subject).prefix, SubjectPrefix::Forward, "{subject}");
    }
    assert_eq!(base_subject("WG: AW: [list] Re：My order (fwd)").text, "My order");
    assert_eq!(base_subject("WG: AW: My order").prefix, SubjectPrefix::Forward);
    assert_eq!(base_subject("Regarding: My order").text, "Regarding: My order");
    assert_eq!(base_subject("[list]").text, "[list]");
    assert_eq!(base_subject("Re:").text, "");
}

#[test]
fn a_missing_or_empty_message_id_is_none_and_case_counts() {
    let id = |line: &str| read(&format!("{line}\n\nx\n")).message_id;
    assert_eq!(id("Subject: x"), None);
    assert_eq!(id("Message-ID:"), None);
    assert_eq!(id("Message-ID: <>"), None);
    assert_eq!(id("Message-ID: < >"), None);
    assert_eq!(id("Message-ID:  < a@x.example > "), MessageId::parse("a@x.example"));
    assert_eq!(id("Message-ID: a@x.example"), id("Message-ID: <a@x.example>"));
    assert_ne!(id("Message-ID: <A@x.example>"), id("Message-ID: <a@x.example>"));
}

#[test]
fn references_keep_what_can_be_read() {
    let parsed = read(
        "References: <a@x.example><b@x.example>\n\t<c@x.example> garbage <>\nIn-Reply-To: Your message of \
         \"Monday\" <c@x.example>\n\nx\n",
    );
    let ids: Vec<&str> = parsed.references.iter().map(MessageId::as_str).collect();
    assert_eq!(ids, ["a@x.example", "b@x.example", "c@x.example"]);
    assert_eq!(parsed.in_reply_to, [MessageId::parse("c@x.example").unwrap()]);
    assert_eq!(read("In-Reply-To:\n\nx\n").in_reply_to, []);
}

#[test]
fn dates_make_sense_or_are_absent() {
    let date = |value: &str| {
        let parsed = read(&format!("Date: {value}\n\nx\n"));
        (parsed.date.map(|date| date.to_string()), parsed.defects.contains(&Defect::DateInvalid))
    };
    let table = [
        ("Tue, 3 Feb 2026 10:00:00 -0300", "2026-02-03T13:00:00Z"),
        ("3 Feb 2026 10:00 +0000", "2026-02-03T10:00:00Z"),
        ("Tue,  3  feb 26 10:00:00 GMT (comment (nested))", "2026-02-03T10:00:00Z"),
        ("Tue, 03 Feb 2026 10:00:60 EST", "2026-02-03T15:00:59Z"),
        ("Mon, 03 Jan 2050 10:00:00 +0530", "2050-01-03T04:30:00Z"),
        ("3 Feb 99 10:00:00 +02:00", "1999-02-03T08:00:00Z"),
    ];
    for (value, expected) in table {
        assert_eq!(date(value), (Some(expected.to_owned()), false), "{value}");
    }
    for absurd in [
        "yesterday",
        "31 Feb 2026 10:00:00 +0000",
        "3 Feb 99999 10:00:00 +0000",
        "3 Feb 1900 1:00:00 Z",
        "3 Feb 2026 10:00:00 +9999",
    ] {
        assert_eq!(date(absurd), (None, true), "{absurd}");
    }
}

#[test]
fn two_from_headers_are_seen() {
    let parsed = read("From: a@x.example\nFrom: b@y.example\nSubject: x\nSubject: y\n\nhello\n");
    assert_eq!(parsed.from[0].address.as_ref().unwrap().to_string(), "a@x.example");
    assert_eq!(parsed.subject, "x");
    assert_eq!(parsed.defects, [Defect::FromDoubled, Defect::HeaderDoubled]);
    assert!(!parsed.unparsed);
}

#[test]
fn several_authors_and_a_sender() {
    let parsed = read("From: a@x.example, b@x.example\nSender: Post <post@x.example>\n\nhello\n");
    assert_eq!(parsed.from.len(), 2);
    assert_eq!(parsed.sender.unwrap().name.as_deref(), Some("Post"));
}

#[test]
fn what_is_no_mail_is_still_parsed() {
    for raw in [&b""[..], b"\r\n", b"no header at all", b"\0\0\0", b":", b"\xFF\xFE"] {
        let parsed = read_octets(raw);
        assert!(parsed.unparsed, "{raw:?}");
        assert!(parsed.defects.contains(&Defect::FromAbsent));
    }
}

// zammad#2722: a body in no known charset
#[test]
fn case_26_a_broken_charset_is_shown_and_noted() {
    let raw = b"From: a@x.example\r\nContent-Type: text/plain; charset=x-martian\r\n\r\ncaf\xE9\r\n";
    let parsed = read_octets(raw);
    assert_eq!(parsed.preview, "café");
    assert_eq!(parsed.defects, [Defect::CharsetBroken]);
    assert_eq!(text_of(raw, &parsed, 0), "café\r\n");
}

#[test]
fn headers_are_shown_in_order_with_doubles() {
    let raw = b"Received: one\r\nReceived: two\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n folded\r\nX-Raw: caf\xE9\r\n\r\nbody: no\r\n";
    let shown = guichet_mail::display_headers(raw, ParseLimits::default().header(), 100);
    let lines: Vec<String> = shown.iter().map(|field| format!("{}: {}", field.name, field.value)).collect();
    assert_eq!(lines, ["Received: one", "Received: two", "Subject: café folded", "X-Raw: café"]);
}
