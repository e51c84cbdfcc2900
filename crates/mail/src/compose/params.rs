//! `Content-Type` and `Content-Disposition` with their parameters.
//!
//! A file name that is not short ASCII is written after RFC 2231 in `Content-Disposition`, and in ASCII as `name` in
//! `Content-Type` for programs that read nothing newer. Both in one field would not do: some programs take the first
//! they see.
//!
//! *Standards*: RFC 2045, section 5.1; RFC 2183; RFC 2231, sections 3 and 4.

use std::fmt::Write as _;

use super::header::Field;
use super::words;
use crate::display::one_line;
use crate::leaf;
use crate::params::Structured;

/// The longest file name written as one quoted string, in octets: with its parameter's name it stays within a line.
const QUOTED_BYTES_MAX: usize = 55;
/// Octets of a file name's piece, percent-encoded, in one parameter of RFC 2231: likewise.
const PIECE_BYTES_MAX: usize = 50;
/// The longest media type in octets (RFC 6838, section 4.2 allows 127 for each half; none in use comes near).
const TYPE_BYTES_MAX: usize = 70;
/// The longest Content-ID in octets, as the parser keeps it.
const CONTENT_ID_BYTES_MAX: usize = 200;
/// The longest value of a media type's parameter in octets.
const PARAMETER_BYTES_MAX: usize = 40;
/// What is kept of the parameters that a caller's media type has: the others mean nothing to a reader.
const PARAMETERS: [&str; 2] = ["charset", "method"];
/// What a file is called whose name has nothing that could be shown.
const NAMELESS: &str = "attachment";

/// The type of an attachment, with the name for old programs.
pub(super) fn content_type(declared: &str, name: &str) -> Field {
    let declared = Structured::parse(declared);
    let mut all = vec![media_type(&declared.value)];
    for parameter in PARAMETERS {
        if let Some(value) = declared.plain(parameter).filter(|value| is_token(value, PARAMETER_BYTES_MAX)) {
            add(&mut all, format!("{parameter}={value}"));
        }
    }
    add(&mut all, format!("name={}", words::quoted(&ascii_name(name))));
    Field::new("Content-Type", all)
}

/// How an attachment wants to be shown, with its name.
pub(super) fn content_disposition(kind: &str, name: &str) -> Field {
    let mut all = vec![kind.to_owned()];
    if name.is_ascii() && name.len() <= QUOTED_BYTES_MAX {
        add(&mut all, format!("filename={}", words::quoted(name)));
        return Field::new("Content-Disposition", all);
    }
    let pieces: Vec<&str> = words::pieces(name, PIECE_BYTES_MAX, encoded_length).collect();
    for (index, piece) in pieces.iter().enumerate() {
        let number = if pieces.len() == 1 { String::new() } else { format!("*{index}") };
        let charset = if index == 0 { "utf-8''" } else { "" };
        add(&mut all, format!("filename{number}*={charset}{}", percent_encode(piece)));
    }
    Field::new("Content-Disposition", all)
}

/// A file name without path, controls and characters that mislead.
pub(super) fn file_name(name: &str) -> String {
    leaf::safe_name(&one_line(name, usize::MAX)).unwrap_or_else(|| NAMELESS.to_owned())
}

/// A Content-ID that can stand in a header and in a `cid:` address alike (RFC 5322 `dot-atom`s with an `@`); `None`
/// where it can't.
pub(super) fn content_id(id: &str) -> Option<&str> {
    let is_fit = |byte: u8| words::is_atext(byte) || b".@".contains(&byte);
    (!id.is_empty() && id.len() <= CONTENT_ID_BYTES_MAX && id.bytes().all(is_fit)).then_some(id)
}

fn add(all: &mut Vec<String>, parameter: String) {
    if let Some(last) = all.last_mut() {
        last.push(';');
    }
    all.push(parameter);
}

/// Type and subtype; octets where it is no type. So is a multipart, which would have to have parts, and a message,
/// which RFC 2046, section 5.2.1 lets nobody encode: as it is, its octets could break lines and delimiters.
fn media_type(value: &str) -> String {
    let is_type = value.split_once('/').is_some_and(|(main, sub)| {
        !matches!(main, "multipart" | "message")
            && is_token(main, TYPE_BYTES_MAX)
            && is_token(sub, TYPE_BYTES_MAX.saturating_sub(main.len()))
    });
    if is_type { value.to_owned() } else { "application/octet-stream".to_owned() }
}

/// RFC 2045 `token`, without the octets that RFC 2231 gives a meaning.
fn is_token(text: &str, bytes_max: usize) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
    !text.is_empty() && text.len() <= bytes_max && text.bytes().all(is_fit)
}

/// A name in ASCII, its end kept, where the extension stands.
fn ascii_name(name: &str) -> String {
    let ascii: String =
        name.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '_' }).collect();
    ascii.get(ascii.len().saturating_sub(QUOTED_BYTES_MAX)..).unwrap_or(&ascii).trim().to_owned()
}

/// RFC 2231 `attribute-char`.
fn is_attribute_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$&+-.^_`{|}~".contains(&byte)
}

fn encoded_length(c: char) -> usize {
    if u8::try_from(c).is_ok_and(is_attribute_char) { 1 } else { 3 * c.len_utf8() }
}

fn percent_encode(piece: &str) -> String {
    let mut out = String::new();
    for byte in piece.bytes() {
        if is_attribute_char(byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a string can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
