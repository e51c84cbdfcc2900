//! Encoded words in header values: `=?utf-8?q?caf=C3=A9?=`.
//!
//! Read as senders write them: with spaces inside, without the white space that should stand between, with one character split
//! over two words (the octets of neighbours in the same charset are joined before they are decoded).
//!
//! *Standards*: RFC 2047, RFC 2231, section 5 (language). *Security*: linear, and never longer than a few times the input.

use crate::charset::decode_text;
use crate::part::TransferEncoding;
use crate::transfer::{decode_part, hex};

/// How many octets the encoded word at the beginning of `text` has, if there is one.
pub(crate) fn word_bytes(text: &str) -> Option<usize> {
    read_word(text).map(|word| text.len() - word.rest.len())
}

/// One encoded word found in a text.
struct Word<'a> {
    charset: &'a str,
    octets: Vec<u8>,
    /// What follows it.
    rest: &'a str,
}

/// Decodes the encoded words of an unfolded header value; the rest stays as it is.
pub fn decode(text: &str) -> String {
    if !text.contains("=?") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut pending: Option<(String, Vec<u8>)> = None;
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        let Some(word) = read_word(from) else {
            flush(&mut pending, &mut out);
            out.push_str(before);
            out.push_str("=?");
            rest = from.strip_prefix("=?").unwrap_or("");
            continue;
        };
        // White space between two encoded words is not shown (RFC 2047, section 6.2).
        if pending.is_none() || !before.chars().all(char::is_whitespace) {
            flush(&mut pending, &mut out);
            out.push_str(before);
        }
        pending = Some(join(pending, &word, &mut out));
        rest = word.rest;
    }
    flush(&mut pending, &mut out);
    out.push_str(rest);
    out
}

/// Adds a word's octets to those before it, or writes those out where the charset differs.
fn join(pending: Option<(String, Vec<u8>)>, word: &Word<'_>, out: &mut String) -> (String, Vec<u8>) {
    match pending {
        Some((charset, mut octets))
            if charset.eq_ignore_ascii_case(word.charset) && is_joinable(&charset) =>
        {
            octets.extend_from_slice(&word.octets);
            (charset, octets)
        }
        mut other => {
            flush(&mut other, out);
            (word.charset.to_owned(), word.octets.clone())
        }
    }
}

/// Charsets with states begin each word anew (RFC 2047, section 3); joining them would do no good.
fn is_joinable(charset: &str) -> bool {
    !charset.to_ascii_lowercase().starts_with("iso-2022")
}

fn flush(pending: &mut Option<(String, Vec<u8>)>, out: &mut String) {
    if let Some((charset, octets)) = pending.take() {
        out.push_str(&decode_text(&octets, Some(&charset)));
    }
}

/// Reads the encoded word at the beginning of `text`.
fn read_word(text: &str) -> Option<Word<'_>> {
    let inner = text.strip_prefix("=?")?;
    let (charset, inner) = inner.split_once('?')?;
    let (encoding, inner) = inner.split_once('?')?;
    let is_label =
        !charset.is_empty() && charset.len() <= CHARSET_BYTES_MAX && !charset.contains(char::is_whitespace);
    if !is_label || !matches!(encoding, "q" | "Q" | "b" | "B") {
        return None;
    }
    let end = word_end(inner)?;
    let (content, rest) = inner.split_at(end);
    let octets = if encoding.eq_ignore_ascii_case("q") {
        decode_q(content)
    } else {
        decode_part(content.as_bytes(), TransferEncoding::Base64).into_owned()
    };
    let charset = charset.split_once('*').map_or(charset, |(charset, _language)| charset);
    Some(Word { charset, octets, rest: rest.strip_prefix("?=").unwrap_or(rest) })
}

/// The longest charset label that is looked for.
const CHARSET_BYTES_MAX: usize = 64;

/// How far the end of a word's content is looked for, in octets. RFC 2047 allows 75; without a bound a text full of beginnings
/// would not be read in linear time.
const CONTENT_BYTES_MAX: usize = 1_024;

/// Where the content ends: at the first `?=`, since Q writes a question mark as `=3F`.
fn word_end(inner: &str) -> Option<usize> {
    inner.get(..inner.floor_char_boundary(CONTENT_BYTES_MAX))?.find("?=")
}

/// The Q encoding (RFC 2047, section 4.2): quoted-printable in which `_` is a space.
fn decode_q(content: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'_', _) => out.push(b' '),
            (b'=', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(hex(*high) << 4 | hex(*low));
                rest = tail;
            }
            _ => out.push(byte),
        }
    }
    out
}
