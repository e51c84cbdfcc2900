//! A signature field while it is written: tags, folded where they may be.
//!
//! *Standards*: RFC 6376 sections 3.2 (folding within values) and 3.5 (the tags); RFC 5322 2.1.1 (78 characters).

use data_encoding::BASE64;
use jiff::Timestamp;

use super::Signer;

/// Characters of a line, its break not counted. Only a domain or selector that is longer itself goes beyond.
const LINE_CHARS_MAX: usize = 77;

/// The field, its `b=` last.
pub(super) struct SignatureField {
    text: String,
    /// Characters of the last line.
    column: usize,
}

impl SignatureField {
    /// Everything but the signature itself.
    pub(super) fn new(signer: &Signer, now: Timestamp, names: &[&str], body_hash: &[u8]) -> Self {
        let mut field = Self { text: String::with_capacity(1024), column: 0 };
        field.put("DKIM-Signature:");
        field.tag("v=1;");
        field.tag(&format!("a={};", signer.key.algorithm()));
        field.tag("c=relaxed/relaxed;");
        field.tag(&format!("d={};", signer.domain));
        field.tag(&format!("s={};", signer.selector));
        field.tag(&format!("t={};", now.as_second().max(0)));
        field.names(names);
        field.tag(&format!("bh={};", BASE64.encode(body_hash)));
        field.tag("b=");
        field
    }

    /// The field as it is signed: without signature and line break.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Writes the signature, over as many lines as it needs.
    pub(super) fn put_signature(&mut self, octets: &[u8]) {
        let base64 = BASE64.encode(octets);
        let mut rest = base64.as_str();
        while !rest.is_empty() {
            if self.column >= LINE_CHARS_MAX {
                self.fold();
            }
            let taken = rest.len().min(LINE_CHARS_MAX - self.column);
            let (line, after) = rest.split_at(taken);
            self.put(line);
            rest = after;
        }
    }

    /// The whole field with its line break.
    pub(super) fn finish(mut self) -> String {
        self.text.push_str("\r\n");
        self.text
    }

    fn names(&mut self, names: &[&str]) {
        let last = names.len().saturating_sub(1);
        for (at, name) in names.iter().enumerate() {
            let end = if at == last { ';' } else { ':' };
            if at == 0 {
                self.tag(&format!("h={name}{end}"));
            } else {
                self.part(&format!("{name}{end}"));
            }
        }
    }

    /// Begins a tag, on a new line if it doesn't fit.
    fn tag(&mut self, text: &str) {
        if self.column + 1 + text.len() > LINE_CHARS_MAX {
            self.fold();
        } else {
            self.put(" ");
        }
        self.put(text);
    }

    /// Goes on with a value where white space may stand.
    fn part(&mut self, text: &str) {
        if self.column + text.len() > LINE_CHARS_MAX {
            self.fold();
        }
        self.put(text);
    }

    fn fold(&mut self) {
        self.text.push_str("\r\n ");
        self.column = 1;
    }

    fn put(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.len();
    }
}
