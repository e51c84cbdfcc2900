//! Structured header values with parameters: `Content-Type`, `Content-Disposition`.
//!
//! *Standards*: RFC 2045, section 5.1; RFC 2231 (charsets, continuations), with encoded words in quoted strings as many
//! programs send them against RFC 2047. *Security*: the number of parameters and continuations is bounded.

use crate::charset::decode_text;
use crate::encoded_word;
use crate::transfer::hex;

/// Parameters of one value that are looked at.
const PARAMETERS_MAX: usize = 200;

/// A value with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Structured {
    /// The value before the first semicolon, in lower case, without comments.
    pub(crate) value: String,
    /// Names in lower case, values unquoted, in order.
    parameters: Vec<(String, String)>,
}

impl Structured {
    /// Reads an unfolded header value.
    pub(crate) fn parse(text: &str) -> Self {
        let mut rest = text;
        let value = take_until_semicolon(&mut rest).trim().to_lowercase();
        let mut parameters = Vec::new();
        while !rest.is_empty() && parameters.len() < PARAMETERS_MAX {
            let parameter = take_until_semicolon(&mut rest);
            if let Some((name, value)) = parameter.split_once('=') {
                parameters.push((name.trim().to_lowercase(), value.trim().to_owned()));
            }
        }
        Self { value, parameters }
    }

    /// A parameter as it stands, unquoted.
    pub(crate) fn plain(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that is no text for people; some programs write even a boundary after RFC 2231.
    pub(crate) fn label(&self, name: &str) -> Option<String> {
        self.plain(name).map(str::to_owned).or_else(|| self.extended(name))
    }

    /// A parameter decoded: RFC 2231 first, then the plain one with encoded words.
    pub(crate) fn decoded(&self, name: &str) -> Option<String> {
        self.extended(name).or_else(|| self.plain(name).map(encoded_word::decode))
    }

    /// `name*=charset'language'value`, or `name*0*=`, `name*1=` and so on joined in the order of their numbers.
    fn extended(&self, name: &str) -> Option<String> {
        let mut pieces: Vec<(usize, bool, &str)> = self
            .parameters
            .iter()
            .filter_map(|(known, value)| {
                let suffix = known.strip_prefix(name)?.strip_prefix('*')?;
                let (number, is_encoded) = match suffix.strip_suffix('*') {
                    Some(number) => (number, true),
                    None => (suffix, suffix.is_empty()),
                };
                let number = if number.is_empty() { 0 } else { number.parse().ok()? };
                Some((number, is_encoded, value.as_str()))
            })
            .collect();
        pieces.sort_by_key(|(number, ..)| *number);
        let mut charset = None;
        let mut octets = Vec::new();
        for (index, (_, is_encoded, value)) in pieces.iter().enumerate() {
            let mut value = *value;
            if index == 0 && *is_encoded {
                (charset, value) = split_charset(value);
            }
            append(&mut octets, value, *is_encoded);
        }
        (!octets.is_empty()).then(|| encoded_word::decode(&decode_text(&octets, charset)))
    }
}

/// Splits `charset'language'` off. Where the quotes are missing, all of it is the value.
fn split_charset(value: &str) -> (Option<&str>, &str) {
    let mut parts = value.splitn(3, '\'');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(charset), Some(_language), Some(value)) => (Some(charset).filter(|c| !c.is_empty()), value),
        _ => (None, value),
    }
}

fn append(octets: &mut Vec<u8>, value: &str, is_encoded: bool) {
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'%', [high, low, tail @ ..])
                if is_encoded && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                octets.push(hex(*high) << 4 | hex(*low));
                rest = tail;
            }
            _ => octets.push(byte),
        }
    }
}

/// Takes the text before the next semicolon that stands outside of quotes; quotes and comments are resolved.
fn take_until_semicolon(rest: &mut &str) -> String {
    let mut out = String::new();
    let mut is_quoted = false;
    let mut comments = 0_u32;
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if is_quoted => match chars.next() {
                // Before anything else it is the backslash of a path that nobody escaped.
                Some((_, escaped @ ('"' | '\\'))) => out.push(escaped),
                Some((_, plain)) => out.extend(['\\', plain]),
                None => out.push('\\'),
            },
            '"' if comments == 0 => is_quoted = !is_quoted,
            '(' if !is_quoted => comments += 1,
            ')' if !is_quoted && comments > 0 => comments -= 1,
            ';' if !is_quoted && comments == 0 => {
                *rest = rest.get(at + 1..).unwrap_or("");
                return out;
            }
            c if comments == 0 => out.push(c),
            _ => {}
        }
    }
    *rest = "";
    out
}
