//! The hash of a body in canonical form, taken over slices: the body is never copied.
//!
//! *Standards*: RFC 6376 sections 3.4.3 to 3.4.5.
//!
//! Written here because mail-auth 0.13.3 keeps white space lines at the end of a relaxed body, counts `l=` in
//! octets before canonicalisation, and takes `l=0` for no limit.

use aws_lc_rs::digest::{Context, SHA256};
use memchr::memchr2;

/// The two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Canonicalisation {
    /// As it is, but for empty lines at the end.
    Simple,
    /// White space may have changed on the way.
    Relaxed,
}

/// SHA-256 of (the beginning of) a body in canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BodyHash {
    pub(crate) sha256: [u8; 32],
    /// Length of the whole canonical body, in octets, whatever part of it was hashed.
    pub(crate) length: u64,
}

/// Hashes at most `octets_max` octets of the canonical form of `body`.
pub(crate) fn hash(body: &[u8], form: Canonicalisation, octets_max: Option<u64>) -> BodyHash {
    let mut sink = Sink { context: Context::new(&SHA256), left: octets_max.unwrap_or(u64::MAX), length: 0 };
    match form {
        Canonicalisation::Simple => write_simple(body, &mut sink),
        Canonicalisation::Relaxed => write_relaxed(body, &mut sink),
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(sink.context.finish().as_ref());
    BodyHash { sha256, length: sink.length }
}

struct Sink {
    context: Context,
    left: u64,
    length: u64,
}

impl Sink {
    fn write(&mut self, octets: &[u8]) {
        self.length += octets.len() as u64;
        let taken = octets.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.context.update(octets.get(..taken).unwrap_or_default());
        self.left -= taken as u64;
    }
}

/// Section 3.4.3: empty lines at the end become one line break, which an empty body gets too.
fn write_simple(mut body: &[u8], sink: &mut Sink) {
    while let Some(shorter) = body.strip_suffix(b"\r\n") {
        body = shorter;
    }
    sink.write(body);
    sink.write(b"\r\n");
}

/// Section 3.4.4: white space within a line becomes one space, at its end nothing; lines that are then empty
/// vanish at the end of the body; an empty body stays empty.
fn write_relaxed(body: &[u8], sink: &mut Sink) {
    let body = without_blank_end(body);
    let mut written = 0;
    let mut at = 0;
    while let Some(found) = body.get(at..).and_then(|rest| memchr2(b' ', b'\t', rest)) {
        let start = at + found;
        let run = body.get(start..).unwrap_or_default();
        let run_length = run.iter().take_while(|octet| is_wsp(**octet)).count();
        let ends_line = run.get(run_length..).is_some_and(|rest| rest.starts_with(b"\r\n"));
        at = start + run_length;
        if run.starts_with(b" ") && run_length == 1 && !ends_line {
            continue;
        }
        sink.write(body.get(written..start).unwrap_or_default());
        if !ends_line {
            sink.write(b" ");
        }
        written = at;
    }
    sink.write(body.get(written..).unwrap_or_default());
    if !body.is_empty() {
        sink.write(b"\r\n");
    }
}

/// The body up to the last octet that is neither white space nor part of a line break.
fn without_blank_end(mut body: &[u8]) -> &[u8] {
    loop {
        let text = body.len() - body.iter().rev().take_while(|octet| is_wsp(**octet)).count();
        body = body.get(..text).unwrap_or_default();
        match body.strip_suffix(b"\r\n") {
            Some(shorter) => body = shorter,
            None => return body,
        }
    }
}

fn is_wsp(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::digest;

    use super::{
        Canonicalisation::{Relaxed, Simple},
        *,
    };

    fn assert_form(body: &str, form: Canonicalisation, canonical: &str) {
        let hash = hash(body.as_bytes(), form, None);
        assert_eq!(hash.sha256, *digest(&SHA256, canonical.as_bytes()).as_ref(), "{form:?} of {body:?}");
        assert_eq!(hash.length, canonical.len() as u64, "{form:?} of {body:?}");
    }

    /// The example of RFC 6376 section 3.4.5.
    #[test]
    fn the_example_of_the_rfc() {
        let body = " C \r\nD \t E\r\n\r\n\r\n";
        assert_form(body, Relaxed, " C\r\nD E\r\n");
        assert_form(body, Simple, " C \r\nD \t E\r\n");
    }

    #[test]
    fn an_empty_body_is_a_line_break_or_nothing() {
        for body in ["", "\r\n", "\r\n\r\n"] {
            assert_form(body, Simple, "\r\n");
            assert_form(body, Relaxed, "");
        }
        assert_form(" \r\n\t\r\n ", Relaxed, "");
    }

    #[test]
    fn a_missing_last_line_break_is_added() {
        assert_form("a", Simple, "a\r\n");
        assert_form("a ", Relaxed, "a\r\n");
    }

    /// mail-auth 0.13.3 hashes `"a\r\n\r\n\r\n"` here.
    #[test]
    fn white_space_lines_at_the_end_of_a_relaxed_body_vanish() {
        assert_form("a\r\n \r\n\t \r\n", Relaxed, "a\r\n");
        assert_form("a\r\n \r\n\r\n \r\n  ", Relaxed, "a\r\n");
        assert_form("a\r\n \r\nb\r\n", Relaxed, "a\r\n\r\nb\r\n");
    }

    #[test]
    fn a_limit_counts_canonical_octets() {
        let whole = hash(b"a \t b\r\nc\r\n", Relaxed, Some(5));
        assert_eq!(whole.sha256, *digest(&SHA256, b"a b\r\n").as_ref());
        assert_eq!(whole.length, 8);
        assert_eq!(hash(b"a\r\n", Simple, Some(0)).sha256, *digest(&SHA256, b"").as_ref());
    }
}
