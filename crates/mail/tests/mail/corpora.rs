//! Mails that others collected. Read where `GUICHET_CORPORA` points; without it the tests say so and pass.

use std::fs;
use std::path::{Path, PathBuf};

use guichet_mail::{Automatic, Defect, Parsed, SanitiseLimits, sanitise_html};

use crate::{read_octets, text_of};

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
