//! Each limit, reached.

use std::fmt::Write as _;

use guichet_mail::{Defect, ParseLimits, Parsed, parse};

fn with(mail: &str, change: impl FnOnce(&mut ParseLimits)) -> Parsed {
    let mut limits = ParseLimits::default();
    change(&mut limits);
    parse(mail.as_bytes(), &limits)
}

#[test]
fn ten_thousand_parts_end_at_the_limit() {
    let mut mail = "From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".to_owned();
    for number in 0..10_000 {
        write!(mail, "--b\r\n\r\npart {number}\r\n").unwrap();
    }
    mail.push_str("--b--\r\n");
    let parsed = with(&mail, |_| ());
    assert_eq!(parsed.parts.len(), 999);
    assert_eq!(parsed.defects, [Defect::TooManyParts]);
    assert!(parsed.unparsed);
    assert_eq!(parsed.from.len(), 1);
    assert_eq!(parsed.preview, "part 0");
}

#[test]
fn multiparts_without_leaves_count_too() {
    let mut mail = "From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".to_owned();
    for _ in 0..10_000 {
        mail.push_str("--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n");
    }
    assert!(with(&mail, |_| ()).defects.contains(&Defect::TooManyParts));
}

#[test]
fn a_hundred_levels_end_at_the_limit() {
    let mut mail = "From: a@x.example\r\n".to_owned();
    for level in 0..100 {
        write!(mail, "Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n").unwrap();
    }
    mail.push_str("\r\nHello\r\n");
    let parsed = with(&mail, |_| ());
    assert!(parsed.defects.contains(&Defect::TooDeep) && parsed.unparsed);
    assert_eq!(parsed.parts.len(), 1);
    assert_eq!(parsed.parts[0].id.as_str().split('.').count(), 50);
}

#[test]
fn a_hundred_messages_within_each_other_are_one_part() {
    let mail = "From: a@x.example\r\nContent-Type: message/rfc822\r\n\r\n".repeat(100) + "Hello\r\n";
    let parsed = with(&mail, |_| ());
    assert_eq!(parsed.parts.len(), 1);
    assert!(parsed.parts[0].is_message() && !parsed.unparsed);
}

#[test]
fn a_header_without_end_is_cut() {
    let many = format!("From: a@x.example\r\n{}\r\nHello\r\n", "X: y\r\n".repeat(5_000));
    let parsed = with(&many, |_| ());
    assert!(parsed.defects.contains(&Defect::HeaderTooLarge));
    assert_eq!((parsed.from.len(), parsed.preview.as_str()), (1, "Hello"));
    let long = format!("From: a@x.example\r\nX: {}\r\nSubject: s\r\n\r\nHello\r\n", "y".repeat(2_000_000));
    let parsed = with(&long, |_| ());
    assert!(parsed.defects.contains(&Defect::HeaderTooLarge));
    assert_eq!((parsed.subject.as_str(), parsed.preview.as_str()), ("", "Hello"));
    let folded = format!("From: a@x.example\r\nX: y\r\n{}\r\nHello\r\n", " \r\n".repeat(500_000));
    assert!(with(&folded, |_| ()).defects.contains(&Defect::HeaderTooLarge));
}

#[test]
fn lists_keep_what_the_limits_allow() {
    let recipients = format!("To: {}\r\n\r\n", "a@x.example, ".repeat(2_000));
    let parsed = with(&recipients, |_| ());
    assert_eq!(parsed.to.len(), 1_000);
    assert!(parsed.defects.contains(&Defect::HeaderListTooLong));
    let references = (0..500).fold(String::new(), |mut list, number| {
        write!(list, "<{number}@x.example>\r\n ").unwrap();
        list
    });
    let parsed = with(&format!("References: {references}\r\n\r\n"), |_| ());
    assert_eq!(parsed.references.len(), 100);
    assert_eq!(parsed.references[99].as_str(), "499@x.example");
    assert!(parsed.defects.contains(&Defect::HeaderListTooLong));
    assert_eq!(with("Subject: abcdef\r\n\r\n", |limits| limits.subject_chars_max = 3).subject, "abc");
}

#[test]
fn the_preview_reads_only_so_much() {
    let mail = format!("From: a@x.example\r\n\r\n{}hidden", " \r\n".repeat(100_000));
    assert_eq!(with(&mail, |_| ()).preview, "");
    assert_eq!(with("\r\nabcdef", |limits| limits.preview_chars_max = 3).preview, "abc");
}

#[test]
fn a_text_cut_for_the_preview_is_not_called_broken() {
    let mail =
        format!("From: a@x.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}", "€".repeat(100));
    assert_eq!(with(&mail, |limits| limits.preview_bytes_max = 100).defects, []);
}
