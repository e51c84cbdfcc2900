//! Macros in SPF records: `%{ir}.%{v}._spf.%{d2}` and their kin.
//!
//! *Standards*: RFC 7208 section 7.

use std::{fmt::Write, net::IpAddr};

use jiff::Timestamp;

/// Section 7.3: a name that grew longer loses labels from the left.
const NAME_BYTES_MAX: usize = 253;
/// An explanation is shown to people; what is longer is cut.
const EXPLANATION_BYTES_MAX: usize = 512;

/// Where a macro-string stands decides what may be in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A name within a record, or the value of an unknown modifier.
    Record,
    /// The text that `exp=` leads to: spaces, and the letters `c`, `r`, `t`.
    Explanation,
}

/// A macro-string, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MacroString(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// `%%`, `%_`, `%-`.
    Escape(&'static str),
    Expand(Expand),
}

#[derive(Debug, PartialEq, Eq)]
struct Expand {
    /// In lower case.
    letter: char,
    /// The letter was in upper case.
    url_escaped: bool,
    /// How many parts stay, counted from the right.
    parts_kept: usize,
    reversed: bool,
    delimiters: String,
}

/// What the letters stand for.
#[derive(Clone, Copy)]
pub(super) struct Variables<'a> {
    pub(super) local: &'a str,
    pub(super) sender_domain: &'a str,
    pub(super) domain: &'a str,
    pub(super) client_ip: IpAddr,
    pub(super) validated_name: &'a str,
    pub(super) helo: &'a str,
    pub(super) receiver: &'a str,
    pub(super) now: Timestamp,
}

impl MacroString {
    /// Reads a macro-string; `None` where the grammar forbids it.
    pub(super) fn parse(text: &[u8], place: Place) -> Option<Self> {
        let text = str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (literal, tail) = rest.split_at(rest.find('%').unwrap_or(rest.len()));
            if !literal.is_empty() {
                let allowed =
                    |byte: u8| byte.is_ascii_graphic() || (byte == b' ' && place == Place::Explanation);
                if !literal.bytes().all(allowed) {
                    return None;
                }
                parts.push(Part::Literal(literal.to_owned()));
            }
            rest = tail;
            if let Some(tail) = rest.strip_prefix('%') {
                let (part, tail) = parse_macro(tail, place)?;
                parts.push(part);
                rest = tail;
            }
        }
        Some(Self(parts))
    }

    /// Reads a domain-spec: a macro-string that ends in a macro or a top label (section 7.1).
    pub(super) fn parse_domain(text: &[u8]) -> Option<Self> {
        let spec = Self::parse(text, Place::Record)?;
        let ends_well = match spec.0.last()? {
            Part::Literal(literal) => {
                let literal = literal.strip_suffix('.').unwrap_or(literal);
                literal.rsplit_once('.').is_some_and(|(_, label)| is_top_label(label))
            }
            Part::Escape(_) | Part::Expand(_) => true,
        };
        ends_well.then_some(spec)
    }

    /// True if `%{p}` is in it, which costs look-ups.
    pub(super) fn needs_validated_name(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Expand(Expand { letter: 'p', .. })))
    }

    /// The domain name that it stands for.
    pub(super) fn expand_name(&self, variables: &Variables<'_>) -> String {
        let mut name = self.expand(variables);
        while name.len() > NAME_BYTES_MAX {
            match name.split_once('.') {
                Some((_, shorter)) => name = shorter.to_owned(),
                None => break,
            }
        }
        name
    }

    /// The sentence that it stands for.
    pub(super) fn expand_explanation(&self, variables: &Variables<'_>) -> String {
        self.expand(variables)
            .chars()
            .filter(|character| !character.is_control())
            .take(EXPLANATION_BYTES_MAX)
            .collect()
    }

    fn expand(&self, variables: &Variables<'_>) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Escape(literal) => text.push_str(literal),
                Part::Expand(expand) => expand.expand_to(variables, &mut text),
            }
        }
        text
    }
}

impl Expand {
    fn expand_to(&self, variables: &Variables<'_>, text: &mut String) {
        let value = variables.value(self.letter);
        let mut parts: Vec<&str> = value.split(|mark| self.delimiters.contains(mark)).collect();
        if self.reversed {
            parts.reverse();
        }
        let dropped = parts.len().saturating_sub(self.parts_kept);
        let joined = parts.split_off(dropped).join(".");
        if self.url_escaped { url_escape(&joined, text) } else { text.push_str(&joined) }
    }
}

impl Variables<'_> {
    fn value(&self, letter: char) -> String {
        match letter {
            's' => format!("{}@{}", self.local, self.sender_domain),
            'l' => self.local.to_owned(),
            'o' => self.sender_domain.to_owned(),
            'd' => self.domain.to_owned(),
            'i' => dotted(self.client_ip),
            'p' => self.validated_name.to_owned(),
            'v' => if self.client_ip.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
            'h' => self.helo.to_owned(),
            'c' => self.client_ip.to_string(),
            'r' => self.receiver.to_owned(),
            't' => self.now.as_second().to_string(),
            // The parser lets no other letter through.
            _ => String::new(),
        }
    }
}

/// Section 7.3: IPv6 addresses as dot-separated nibbles.
fn dotted(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let nibbles = address.octets().into_iter().flat_map(|octet| [octet >> 4, octet & 0x0f]);
            nibbles.map(|nibble| format!("{nibble:x}")).collect::<Vec<_>>().join(".")
        }
    }
}

fn url_escape(value: &str, text: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

/// Reads what follows a percent sign.
fn parse_macro(text: &str, place: Place) -> Option<(Part, &str)> {
    for (mark, literal) in [('%', "%"), ('_', " "), ('-', "%20")] {
        if let Some(rest) = text.strip_prefix(mark) {
            return Some((Part::Escape(literal), rest));
        }
    }
    let (inner, rest) = text.strip_prefix('{')?.split_once('}')?;
    let mut characters = inner.chars();
    let letter = characters.next()?;
    let letters = if place == Place::Explanation { "slodiphvcrt" } else { "slodiphv" };
    if !letters.contains(letter.to_ascii_lowercase()) {
        return None;
    }
    let inner = characters.as_str();
    let (digits, inner) = inner.split_at(inner.find(|c: char| !c.is_ascii_digit()).unwrap_or(inner.len()));
    let parts_kept = match digits {
        "" => usize::MAX,
        // More digits than fit mean: all parts.
        digits => digits.parse().unwrap_or(usize::MAX),
    };
    let (reversed, delimiters) = match inner.strip_prefix(['r', 'R']) {
        Some(delimiters) => (true, delimiters),
        None => (false, inner),
    };
    if parts_kept == 0 || !delimiters.chars().all(|mark| ".-+,/_=".contains(mark)) {
        return None;
    }
    let expand = Expand {
        letter: letter.to_ascii_lowercase(),
        url_escaped: letter.is_ascii_uppercase(),
        parts_kept,
        reversed,
        delimiters: if delimiters.is_empty() { "." } else { delimiters }.to_owned(),
    };
    Some((Part::Expand(expand), rest))
}

/// Section 7.1: letters, digits and inner hyphens, not all digits.
fn is_top_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let ends_are_alphanumeric =
        [bytes.first(), bytes.last()].iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric));
    ends_are_alphanumeric
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        && !bytes.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 7208 section 7.4.
    #[test]
    fn the_examples_of_the_rfc_expand_as_it_says() {
        for (text, expected) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{o}", "email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l-}", "strong.bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ] {
            assert_eq!(expand(text, "192.0.2.3"), expected, "{text}");
        }
        let expected = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com";
        assert_eq!(expand("%{ir}.%{v}._spf.%{d2}", "2001:db8::cb01"), expected);
    }

    fn expand(text: &str, ip: &str) -> String {
        MacroString::parse(text.as_bytes(), Place::Record).unwrap().expand_name(&Variables {
            local: "strong-bad",
            sender_domain: "email.example.com",
            domain: "email.example.com",
            client_ip: ip.parse().unwrap(),
            validated_name: "unknown",
            helo: "mx.example.org",
            receiver: "mx.example.net",
            now: Timestamp::UNIX_EPOCH,
        })
    }

    #[test]
    fn a_name_that_grows_too_long_loses_labels_from_the_left() {
        let long = format!("{}.{}", "a".repeat(200), "b.".repeat(40) + "example.org");
        assert_eq!(expand(&long, "192.0.2.3"), "b.".repeat(40) + "example.org");
    }

    #[test]
    fn what_the_grammar_forbids_is_no_macro() {
        for text in ["%", "%(d)", "%{d", "%{}", "%{q}", "%{d0}", "%{c}", "%{d!}", "a b", "a\u{e4}"] {
            assert_eq!(MacroString::parse(text.as_bytes(), Place::Record), None, "{text}");
        }
    }

    #[test]
    fn a_domain_ends_in_a_top_label_or_a_macro() {
        for good in ["example.org", "example.org.", "%{d}", "_spf.%{d}", "x.%{l}.example.a-b"] {
            assert!(MacroString::parse_domain(good.as_bytes()).is_some(), "{good}");
        }
        for bad in ["", "museum", "museum.", "example.123", "example.-a", "example.org:25", "%{d}org"] {
            assert!(MacroString::parse_domain(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
