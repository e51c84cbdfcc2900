//! Parts, their numbers and places, and which of them are the text.

use std::fmt::Write as _;

use guichet_mail::{Defect, Disposition, TransferEncoding};

use crate::reading::{read, read_octets, text_of};

/// Every part on a line, with `T` and `H` where it belongs to a body, and the preview.
fn outline(mail: &str) -> String {
    let raw = mail.replace('\n', "\r\n");
    let parsed = read_octets(raw.as_bytes());
    let mut out = String::new();
    for (index, part) in parsed.parts.iter().enumerate() {
        let index = index as u32;
        let text = if parsed.body.text_parts.contains(&index) { "T" } else { "-" };
        let html = if parsed.body.html_parts.contains(&index) { "H" } else { "-" };
        let body = &raw[part.body_start as usize..part.body_end as usize];
        let name = part.name.as_deref().unwrap_or("-");
        writeln!(out, "{} {text}{html} {} {name} {body:?}", part.id, part.content_type).unwrap();
    }
    write!(out, "{} {:?}", parsed.preview, parsed.defects).unwrap();
    out
}

#[test]
fn a_newsletter_with_pictures_and_a_file() {
    insta::assert_snapshot!(outline(include_str!("../data/related_in_mixed.eml")));
}

#[test]
fn a_forwarded_mail_is_one_part_and_not_our_text() {
    insta::assert_snapshot!(outline(include_str!("../data/forwarded.eml")));
}

#[test]
fn a_signed_mail_keeps_its_signature_beside() {
    insta::assert_snapshot!(outline(include_str!("../data/signed.eml")));
}

#[test]
fn a_list_that_adds_a_footer_makes_two_texts() {
    let mail = "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\nHello\n--b\n\
                Content-Type: text/plain\n\nFooter\n--b--\nepilogue\n";
    assert_eq!(
        outline(mail),
        "1 TH text/plain - \"Hello\"\n2 TH text/plain - \"Footer\"\nHello []".replace("TH", "T-")
    );
}

#[test]
fn html_alone_is_both_bodies() {
    let parsed = read("From: a@x.example\nContent-Type: text/html\n\n<p>Hello <b>you</b></p>\n");
    assert_eq!((parsed.body.text_parts, parsed.body.html_parts), (vec![0], vec![0]));
    assert_eq!(parsed.preview, "Hello you");
}

#[test]
fn a_named_text_after_the_first_is_a_file() {
    let mail = "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b\n\
                Content-Type: text/plain; name=log.txt\n\nLog\n--b--\n";
    assert_eq!(read(mail).body.text_parts, [0]);
}

// zammad#2706, #3255; chatwoot#11948
#[test]
fn case_37_an_inline_picture_needs_no_disposition() {
    let mail = "From: a@x.example\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n\
                <img src=\"cid:logo@x\">\n--b\nContent-Type: image/png\nContent-ID: <logo@x>\n\
                Content-Transfer-Encoding: base64\n\nAAAA\n--b--\n";
    let parsed = read(mail);
    assert_eq!(parsed.parts[1].content_id.as_deref(), Some("logo@x"));
    assert_eq!(parsed.parts[1].disposition, Disposition::Unstated);
    assert_eq!(parsed.parts[1].encoding, TransferEncoding::Base64);
    assert_eq!(parsed.body.html_parts, [0]);
}

#[test]
fn types_that_are_missing_or_misspelt() {
    let kind =
        |value: &str| read(&format!("From: a@x.example\n{value}\n\nx\n")).parts[0].content_type.clone();
    let table = [
        ("X: y", "text/plain"),
        ("Content-Type:", "text/plain"),
        ("Content-Type: text", "text/plain"),
        ("Content-Type: TEXT/HTML; charset=x", "text/html"),
        ("Content-Type: text/plain charset=utf-8", "text/plain"),
        ("Content-Type: image", "application/octet-stream"),
        ("Content-Type: image/png (really)", "image/png"),
        ("Content-Type: multipart/mixed", "text/plain"),
    ];
    for (header, expected) in table {
        assert_eq!(kind(header), expected, "{header}");
    }
}

#[test]
fn a_boundary_that_never_comes_leaves_one_text() {
    let mail = "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\nHello\n";
    assert_eq!(outline(mail), "1 T- text/plain - \"Hello\\r\\n\"\nHello [BoundaryMissing]");
    let nested = "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\
                  Content-Type: multipart/alternative; boundary=c\n\nHello\n--b\nContent-Type: image/png\n\nx\n--b--\n";
    assert_eq!(
        outline(nested),
        "1 T- text/plain - \"Hello\"\n2 -- image/png - \"x\"\nHello [BoundaryMissing]"
    );
}

#[test]
fn a_mail_cut_off_keeps_what_came() {
    let mail = "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b\n\
                Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nAAAA";
    let parsed = read(mail);
    assert_eq!(parsed.parts.len(), 2);
    assert_eq!(parsed.defects, [Defect::Truncated]);
}

#[test]
fn boundaries_that_begin_alike_are_told_apart() {
    let mail = "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\
                Content-Type: multipart/alternative; boundary=bb\n\n--bb\n\nHello\n--bb--\n--b\n\nBye\n--b--\n";
    assert_eq!(outline(mail).lines().filter(|line| line.contains("text/plain")).count(), 2);
    assert!(outline(mail).contains("1.1 T- text/plain - \"Hello\"\n2 T- text/plain - \"Bye\""));
}

#[test]
fn a_part_without_header_or_empty_line_is_text() {
    let mail =
        "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nHello there\n--b\n--b--\n";
    assert!(outline(mail).starts_with("1 T- text/plain - \"Hello there\""), "{}", outline(mail));
}

#[test]
fn bare_line_feeds_and_an_mbox_line_do_no_harm() {
    let raw = b"From a@x.example Mon Jan  1 00:00:00 2024\nFrom: a@x.example\n\nHello\n";
    let parsed = read_octets(raw);
    assert_eq!(parsed.from.len(), 1);
    assert_eq!(text_of(raw, &parsed, 0), "Hello\n");
}

#[test]
fn a_digest_holds_messages() {
    let mail = "From: a@x.example\nContent-Type: multipart/digest; boundary=b\n\n--b\n\nFrom: b@y.example\n\nHi\n--b--\n";
    let parsed = read(mail);
    assert!(parsed.parts[0].is_message());
    assert_eq!(parsed.body.text_parts, [] as [u32; 0]);
}

#[test]
fn uuencoded_text_stays_text() {
    let mail = "From: a@x.example\n\nSee:\nbegin 644 x.txt\n%:&5L;&\\\n`\nend\n";
    assert!(read(mail).preview.starts_with("See: begin 644 x.txt"));
}
