//! Mails that others collected. Read where `GUICHET_CORPORA` points; without it the tests say so and pass.

use std::fs;
use std::path::{Path, PathBuf};

use guichet_mail::report::{Report, report};
use guichet_mail::{Automatic, Defect, Parsed, SanitiseLimits, sanitise_html};

use crate::reading::{read_octets, text_of};

const RUBY: &str = "ruby_mail/spec/fixtures/emails";
const PYTHON: &str = "cpython_test_email/Python-3.11.2";

fn corpora() -> Option<PathBuf> {
    let root = std::env::var_os("GUICHET_CORPORA").map(PathBuf::from).filter(|root| root.is_dir());
    if root.is_none() {
        println!("0 mails of corpora read: GUICHET_CORPORA is not set");
    }
    root
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files(&entry, found);
        } else if entry.extension().is_some_and(|end| end == "eml" || end == "txt") {
            found.push(entry);
        }
    }
}

fn mail(root: &Path, name: &str) -> (Vec<u8>, Parsed) {
    let raw = fs::read(root.join(name)).unwrap();
    let parsed = read_octets(&raw);
    (raw, parsed)
}

#[test]
fn every_mail_of_the_corpora_parses() {
    let Some(root) = corpora() else { return };
    let mut found = Vec::new();
    files(&root.join(RUBY), &mut found);
    files(&root.join(PYTHON), &mut found);
    for path in &found {
        let raw = fs::read(path).unwrap();
        let parsed = read_octets(&raw);
        assert!(!parsed.parts.is_empty(), "{}", path.display());
        for index in &parsed.body.html_parts {
            sanitise_html(&text_of(&raw, &parsed, *index), &SanitiseLimits::default(), |_| None);
        }
    }
    println!("{} mails of corpora read", found.len());
    assert!(found.len() > 100);
}

/// File, first author (address or raw text), subject.
#[test]
fn mails_of_ruby_are_read_as_their_authors_meant_them() {
    let Some(root) = corpora() else { return };
    let table = [
        (
            "error_emails/cant_parse_from.eml",
            "News@insideapple.apple.com",
            "Meet the new MacBook Pro family. Now includes 13-inch.",
        ),
        ("error_emails/header_fields_with_empty_values.eml", "jorn@prikkprikkprikk.no", "Testmail"),
        ("multi_charset/japanese.eml", "raasdnil@gmail.com", "まみむめも"),
        ("multi_charset/japanese_iso_2022.eml", "raasdnil@gmail.com", "まみむめも"),
        ("plain_emails/raw_email.eml", "jamis@37signals.com", "NOTE: 한국말로 하는 것"),
        ("plain_emails/mix_caps_content_type.eml", "Big Bug bb@bug.com", "undef method parameter bug"),
        (
            "plain_emails/raw_email_with_partially_quoted_subject.eml",
            "jamis@37signals.com",
            "Re: Test: \"漢字\" mid \"漢字\" tail",
        ),
        ("rfc6532/utf8_headers.eml", "jdöe@xn--mchine-bua.example", "Säying Hello"),
    ];
    for (name, author, subject) in table {
        let (_, parsed) = mail(&root.join(RUBY), name);
        let from = &parsed.from[0];
        let shown = from.address.as_ref().map(ToString::to_string).or_else(|| from.raw.clone());
        assert_eq!((shown.as_deref(), parsed.subject.as_str()), (Some(author), subject), "{name}");
    }
}

#[test]
fn texts_of_ruby_come_out_whatever_their_charset() {
    let Some(root) = corpora() else { return };
    let table = [
        ("multi_charset/japanese_iso_2022.eml", "すみません。"),
        ("multi_charset/ks_c_5601-1987.eml", "스티해"),
        ("error_emails/content_transfer_encoding_7-bit.eml", "DISCOVERÆ CARD"),
        ("mime_emails/email_with_similar_boundaries.eml", "Test"),
        ("error_emails/encoding_madness.eml", "Body Text"),
    ];
    for (name, start) in table {
        let (_, parsed) = mail(&root.join(RUBY), name);
        assert!(parsed.preview.starts_with(start), "{name}: {}", parsed.preview);
    }
}

#[test]
fn attachments_of_ruby_keep_their_names() {
    let Some(root) = corpora() else { return };
    let table = [
        ("attachment_emails/attachment_nonascii_filename.eml", "ciële.txt"),
        ("attachment_emails/attachment_with_quoted_filename.eml", "Eelanalüüsi päring.jpg"),
        ("attachment_emails/attachment_with_unquoted_name.eml", "This is a test.txt"),
        ("multi_charset/japanese_attachment.eml", "てすと.txt"),
        (
            "multi_charset/japanese_attachment_long_name.eml",
            "かきくけこかきくけこかきくけこかきくけこかきくけこ.txt",
        ),
    ];
    for (name, expected) in table {
        let (_, parsed) = mail(&root.join(RUBY), name);
        assert_eq!(parsed.parts.last().unwrap().name.as_deref(), Some(expected), "{name}");
    }
}

#[test]
fn bounces_of_ruby_are_bounces() {
    let Some(root) = corpora() else { return };
    for name in ["multi_address_bounce1", "multipart_report_multiple_status", "report_422", "report_530"] {
        let (_, parsed) = mail(&root.join(RUBY), &format!("multipart_report_emails/{name}.eml"));
        assert_eq!(parsed.automatic, Automatic::Bounce, "{name}");
    }
}

/// File, its recipients' number, what happened, status.
#[test]
fn case_17_reports_of_ruby_name_recipients_and_mail() {
    let Some(root) = corpora() else { return };
    let table: [(&str, usize, &str, Option<&str>); 5] = [
        ("multi_address_bounce1", 5, "Failed", Some("5.1.1")),
        ("multi_address_bounce2", 5, "Failed", Some("5.1.1")),
        ("multipart_report_multiple_status", 1, "Failed", Some("5.3.0")),
        ("report_422", 1, "Delayed", Some("4.2.2")),
        ("report_530", 1, "Failed", Some("5.3.0")),
    ];
    for (name, count, action, status) in table {
        let (raw, parsed) = mail(&root.join(RUBY), &format!("multipart_report_emails/{name}.eml"));
        let Some(Report::DeliveryStatus(report)) = report(&raw, &parsed) else { panic!("{name}") };
        assert_eq!(report.recipients.len(), count, "{name}");
        for entry in &report.recipients {
            assert!(entry.final_recipient.is_some(), "{name}");
            assert_eq!(
                (format!("{:?}", entry.action).as_str(), entry.status.as_deref()),
                (action, status),
                "{name}"
            );
        }
        assert!(report.returned_message_id.is_some(), "{name}");
    }
}

#[test]
fn no_other_mail_of_the_corpora_is_a_report() {
    let Some(root) = corpora() else { return };
    let mut found = Vec::new();
    files(&root.join(RUBY), &mut found);
    // One report stands among others for the sake of its parts.
    let reports = ["multipart_report_emails", "raw_email_with_mimepart_without_content_type"];
    found.retain(|path| !reports.iter().any(|known| path.to_string_lossy().contains(known)));
    for path in found {
        let raw = fs::read(&path).unwrap();
        assert_eq!(report(&raw, &read_octets(&raw)), None, "{}", path.display());
    }
}

#[test]
fn broken_mails_of_python_say_what_is_wrong() {
    let Some(root) = corpora() else { return };
    let table: [(&str, &[Defect]); 6] = [
        ("msg_01", &[]),
        ("msg_15", &[Defect::Truncated]),
        ("msg_17", &[Defect::BoundaryMissing]),
        ("msg_35", &[Defect::HeaderBroken]),
        ("msg_43", &[Defect::FromInvalid]),
        ("msg_19", &[Defect::HeaderBroken, Defect::FromAbsent]),
    ];
    for (name, defects) in table {
        let (_, parsed) = mail(&root.join(PYTHON), &format!("Lib/test/test_email/data/{name}.txt"));
        assert_eq!(parsed.defects, defects, "{name}");
    }
    let (_, digest) = mail(&root.join(PYTHON), "Lib/test/test_email/data/msg_02.txt");
    let ids: Vec<&str> = digest.parts.iter().map(|part| part.id.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3.1", "3.2", "3.3", "3.4", "3.5", "4"]);
    let (_, extended_boundary) = mail(&root.join(PYTHON), "Lib/test/test_email/data/msg_33.txt");
    assert!(extended_boundary.parts.len() > 1);
}
