//! Text of people as words of a header: as it stands where that is safe, quoted, or encoded.
//!
//! *Standards*: RFC 2047 (encoded words in UTF-8, each whole characters, B or Q, whichever is shorter), RFC 5322,
//! section 3.2.4 (quoted strings).

use std::fmt::Write as _;

use data_encoding::BASE64;

/// The longest encoded word in octets. RFC 2047 allows 75, and 76 for its line: so the longest field name fits before it.
const ENCODED_BYTES_MAX: usize = 64;
/// What stands around the content of an encoded word: `=?utf-8?q?` and `?=`.
const FRAME_BYTES: usize = 12;
/// Octets of content in one encoded word.
const CONTENT_BYTES_MAX: usize = ENCODED_BYTES_MAX - FRAME_BYTES;
/// The longest word or quoted string that is written as it stands; a longer one is encoded, since only so it can be folded.
const PLAIN_BYTES_MAX: usize = 60;

/// Where a text stands, which decides what is safe there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A whole field: `Subject`.
    Unstructured,
    /// A display name.
    Phrase,
}

/// The words of an unstructured field. `text` is one line without controls.
pub(crate) fn unstructured(text: &str) -> Vec<String> {
    let is_plain = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && !text.contains("=?")
        && text.split(' ').all(|word| word.len() <= PLAIN_BYTES_MAX);
    if is_plain { split(text) } else { encoded(text, Place::Unstructured) }
}

/// The words of a display name. `name` is one line without controls.
pub(crate) fn phrase(name: &str) -> Vec<String> {
    let is_ascii = name.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if !is_ascii || name.len() > PLAIN_BYTES_MAX || name.contains("=?") {
        return encoded(name, Place::Phrase);
    }
    if name.bytes().all(|byte| byte == b' ' || is_atext(byte)) { split(name) } else { vec![quoted(name)] }
}

/// A quoted string of printable ASCII.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// RFC 5322 `atext`.
pub(crate) fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn split(text: &str) -> Vec<String> {
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The text as encoded words.
fn encoded(text: &str, place: Place) -> Vec<String> {
    let q_bytes: usize = text.chars().map(|c| q_length(c, place)).sum();
    if q_bytes <= text.len().div_ceil(3) * 4 { q_words(text, place) } else { b_words(text) }
}

fn b_words(text: &str) -> Vec<String> {
    let piece_bytes_max = CONTENT_BYTES_MAX / 4 * 3;
    let word = |piece: &str| format!("=?utf-8?b?{}?=", BASE64.encode(piece.as_bytes()));
    pieces(text, piece_bytes_max, char::len_utf8).map(word).collect()
}

fn q_words(text: &str, place: Place) -> Vec<String> {
    let word = |piece: &str| {
        let mut out = "=?utf-8?q?".to_owned();
        for byte in piece.bytes() {
            match byte {
                b' ' => out.push('_'),
                byte if is_q_plain(byte, place) => out.push(char::from(byte)),
                // Writing into a string can't fail.
                byte => drop(write!(out, "={byte:02X}")),
            }
        }
        out + "?="
    };
    pieces(text, CONTENT_BYTES_MAX, |c| q_length(c, place)).map(word).collect()
}

/// The octets of a character in Q.
fn q_length(c: char, place: Place) -> usize {
    let is_plain = u8::try_from(c).is_ok_and(|byte| byte == b' ' || is_q_plain(byte, place));
    if is_plain { 1 } else { 3 * c.len_utf8() }
}

/// RFC 2047, section 4.2 and, within a phrase, section 5 (3).
fn is_q_plain(byte: u8, place: Place) -> bool {
    match place {
        Place::Unstructured => byte.is_ascii_graphic() && !b"=?_".contains(&byte),
        Place::Phrase => byte.is_ascii_alphanumeric() || b"!*+-/".contains(&byte),
    }
}

/// Cuts a text between characters into pieces whose `length` is at most `max`.
pub(crate) fn pieces(text: &str, max: usize, length: impl Fn(char) -> usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut sum = 0;
        let end = rest
            .char_indices()
            .find(|(_, c)| {
                sum += length(*c);
                sum > max
            })
            .map_or(rest.len(), |(at, c)| if at == 0 { c.len_utf8() } else { at });
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}
