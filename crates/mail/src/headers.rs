//! The fields of a header, in order, duplicates and folding kept, without copying.
//!
//! A header ends at an empty line, or at a line that can't be one of its: then the body begins there, as it does for the
//! checks of signatures.
//!
//! *Standards*: RFC 5322, section 2.2; RFC 6532 (UTF-8 in headers). *Security*: fields and octets are bounded by the caller's
//! [`HeaderLimits`]; the scan is linear.

use std::ops::Range;

use crate::display::one_line;
use crate::encoded_word;

/// How much of a header is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderLimits {
    /// Octets.
    pub bytes_max: usize,
    /// Fields.
    pub fields_max: usize,
}

/// One field, as offsets into the raw octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawField<'a> {
    /// The name as written, without the colon.
    pub name: &'a str,
    /// The octets after the colon, folding and final line break included.
    pub value: &'a [u8],
    /// Where the whole field stands in the raw octets, final line break included.
    pub range: Range<usize>,
}

/// A header taken to pieces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header<'a> {
    /// The fields in order, at most as many as the limits allow.
    pub fields: Vec<RawField<'a>>,
    /// Where the body begins.
    pub body_start: usize,
    /// Fields were left out because of the limits.
    pub is_cut: bool,
    /// A line that is no field ended the header.
    pub is_broken: bool,
}

/// One field as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayField {
    /// The name as written.
    pub name: String,
    /// The value: unfolded, encoded words decoded, controls out.
    pub value: String,
}

impl<'a> Header<'a> {
    /// Reads the header at the beginning of `raw`.
    pub fn read(raw: &'a [u8], limits: HeaderLimits) -> Self {
        let mut header = Self::default();
        let mut at = mbox_line_bytes(raw);
        while let Some((line, next)) = next_line(raw, at) {
            if is_empty_line(line) {
                at = next;
                break;
            }
            let Some(name) = field_name(line) else {
                header.is_broken = true;
                break;
            };
            let end = field_end(raw, next);
            if header.fields.len() < limits.fields_max && end <= limits.bytes_max {
                let value = raw.get(at + line_name_bytes(line)..end).unwrap_or_default();
                header.fields.push(RawField { name, value, range: at..end });
            } else {
                header.is_cut = true;
            }
            at = end;
        }
        header.body_start = at;
        header
    }

    /// The fields of that name, in order.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s RawField<'a>> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }

    /// The first field of that name.
    pub fn first(&self, name: &str) -> Option<&RawField<'a>> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The first value of that name, unfolded, without comments or decoding.
    pub fn text(&self, name: &str) -> Option<String> {
        self.first(name).map(RawField::unfolded)
    }
}

impl RawField<'_> {
    /// The value unfolded and trimmed, nothing decoded; octets that are no UTF-8 are read as windows-1252.
    pub fn unfolded(&self) -> String {
        let mut text = crate::charset::decode_text(self.value, None);
        text.retain(|c| c != '\r' && c != '\n' && c != '\0');
        text.trim().to_owned()
    }
}

/// The header of a mail for people: at most `limits.fields_max` fields, each value at most `value_chars_max` long.
pub fn display_headers(raw: &[u8], limits: HeaderLimits, value_chars_max: usize) -> Vec<DisplayField> {
    let shown = |field: &RawField<'_>| DisplayField {
        name: field.name.to_owned(),
        value: one_line(&encoded_word::decode(&field.unfolded()), value_chars_max),
    };
    Header::read(raw, limits).fields.iter().map(shown).collect()
}

/// The octets of a line `From sender date` that mbox files put before a mail.
fn mbox_line_bytes(raw: &[u8]) -> usize {
    if raw.starts_with(b"From ") || raw.starts_with(b">From ") {
        next_line(raw, 0).map_or(0, |(_, next)| next)
    } else {
        0
    }
}

/// The line at `at` with its line break, and where the next one begins.
fn next_line(raw: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = raw.get(at..).filter(|rest| !rest.is_empty())?;
    let bytes = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
    Some((rest.get(..bytes)?, at + bytes))
}

fn is_empty_line(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

/// Where a field whose first line ends at `at` ends: after the last line that begins with white space.
fn field_end(raw: &[u8], mut at: usize) -> usize {
    while raw.get(at).is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
        let Some((_, next)) = next_line(raw, at) else {
            break;
        };
        at = next;
    }
    at
}

/// The name before the colon: printable ASCII; white space before the colon is tolerated (RFC 5322, section 4.5.8).
/// What begins with two hyphens is a MIME boundary.
fn field_name(line: &[u8]) -> Option<&str> {
    if line.starts_with(b"--") {
        return None;
    }
    let colon = memchr::memchr(b':', line)?;
    let name = std::str::from_utf8(line.get(..colon)?).ok()?.trim_end_matches([' ', '\t']);
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())).then_some(name)
}

/// The octets of the name and the colon.
fn line_name_bytes(line: &[u8]) -> usize {
    memchr::memchr(b':', line).map_or(0, |colon| colon + 1)
}
