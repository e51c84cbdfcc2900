//! Records as text to be pasted into a zone file.
//!
//! *Standards*: RFC 1035 3.3 (a text is strings of at most 255 octets), 5.1 (how a zone file is written).

use std::fmt::Write as _;

use crate::record::{Expected, Need, Publisher, Value};

/// The longest string in a TXT record, in octets.
const STRING_OCTETS_MAX: usize = 255;

impl Expected {
    /// The record as a line of a zone file, without a line end.
    #[must_use]
    pub fn zone_line(&self) -> String {
        let Self { name, value, .. } = self;
        match value {
            Value::Text(text) => format!("{name}. IN TXT{}", strings(text)),
            Value::Mx(preference, host) => format!("{name}. IN MX {preference} {host}."),
            Value::Alias(target) => format!("{name}. IN CNAME {target}."),
        }
    }
}

/// All records that an organisation publishes for a domain, to paste: those that it can't do without, then those that
/// are advised. What the operator publishes, and what may be removed, is left out.
#[must_use]
pub fn zone_text(domain: &str, records: &[Expected]) -> String {
    let mut text = format!("; Records for {domain}\n");
    let theirs =
        |record: &&Expected| record.publisher == Publisher::Organisation && record.need != Need::Done;
    let theirs: Vec<_> = records.iter().filter(theirs).collect();
    if theirs.is_empty() {
        text.push_str("; The operator of this server publishes all that it needs.\n");
    }
    for (title, is_required) in [("Required", true), ("Advised", false)] {
        let mut lines = theirs.iter().filter(|record| record.need.is_required() == is_required).peekable();
        if lines.peek().is_some() {
            let _ = writeln!(text, "\n; {title}");
        }
        for record in lines {
            let _ = writeln!(text, "{}", record.zone_line());
        }
    }
    text
}

/// A text as quoted strings; a quote or a backslash in it would be read as more than itself, other than printable ASCII
/// is written as numbers.
fn strings(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for string in text.as_bytes().chunks(STRING_OCTETS_MAX) {
        out.push_str(" \"");
        for octet in string {
            match octet {
                b'"' | b'\\' => {
                    out.push('\\');
                    out.push(char::from(*octet));
                }
                b' '..=b'~' => out.push(char::from(*octet)),
                other => {
                    let _ = write!(out, "\\{other:03}");
                }
            }
        }
        out.push('"');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Purpose;

    fn text_of(text: &str) -> String {
        let expected = Expected {
            purpose: Purpose::Spf,
            name: "a.example".into(),
            value: Value::Text(text.into()),
            need: Need::Sending,
            publisher: Publisher::Organisation,
            signer: None,
        };
        expected.zone_line()
    }

    #[test]
    fn a_long_text_is_cut_into_strings() {
        let line = text_of(&"x".repeat(300));
        assert_eq!(line, format!("a.example. IN TXT \"{}\" \"{}\"", "x".repeat(255), "x".repeat(45)));
    }

    #[test]
    fn nothing_in_a_text_ends_its_string() {
        assert_eq!(text_of("a\"b\\c\nd"), "a.example. IN TXT \"a\\\"b\\\\c\\010d\"");
    }
}
