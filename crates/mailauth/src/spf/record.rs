//! An SPF record as published, taken apart before anything of it is believed.
//!
//! *Standards*: RFC 7208 sections 3, 4.5, 4.6.1, 5, 6 and 12. A fault anywhere spoils the whole record, even
//! behind a term that would match.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use guichet_mail::verdict::AuthResult;

use super::macros::{MacroString, Place};

/// A valid record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) directives: Vec<Directive>,
    pub(super) redirect: Option<MacroString>,
    pub(super) explanation: Option<MacroString>,
}

/// What the result is if the mechanism matches.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) result: AuthResult,
    pub(super) mechanism: Mechanism,
}

/// How a client is matched. A missing domain is the one that is being checked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    All,
    Include(MacroString),
    A(Option<MacroString>, Prefixes),
    Mx(Option<MacroString>, Prefixes),
    Ptr(Option<MacroString>),
    Ip(IpAddr, u8),
    Exists(MacroString),
}

/// How many leading bits of an address count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefixes {
    pub(super) ipv4: u8,
    pub(super) ipv6: u8,
}

impl Prefixes {
    pub(super) const WHOLE: Self = Self { ipv4: 32, ipv6: 128 };
}

/// Section 4.5: the text after the version if this is an SPF record at all.
pub(super) fn after_version(text: &[u8]) -> Option<&[u8]> {
    let (version, terms) = text.split_at_checked(b"v=spf1".len())?;
    let is_spf = version.eq_ignore_ascii_case(b"v=spf1") && (terms.is_empty() || terms.starts_with(b" "));
    is_spf.then_some(terms)
}

impl Record {
    /// Reads the terms after the version. The error is the term that can't be.
    pub(super) fn parse(terms: &[u8]) -> Result<Self, String> {
        let mut record = Self { directives: Vec::new(), redirect: None, explanation: None };
        for term in terms.split(|byte| *byte == b' ').filter(|term| !term.is_empty()) {
            record.add(term).ok_or_else(|| term.escape_ascii().to_string())?;
        }
        Ok(record)
    }

    fn add(&mut self, term: &[u8]) -> Option<()> {
        if let Some((name, value)) = modifier(term) {
            let slot = if name.eq_ignore_ascii_case(b"redirect") {
                &mut self.redirect
            } else if name.eq_ignore_ascii_case(b"exp") {
                &mut self.explanation
            } else {
                // Section 6: unknown modifiers are ignored, yet have to be well formed.
                return MacroString::parse(value, Place::Record).map(drop);
            };
            // Section 6: neither may appear twice.
            return slot.replace(MacroString::parse_domain(value)?).is_none().then_some(());
        }
        let (result, mechanism) = match term.split_first()? {
            (b'+', rest) => (AuthResult::Pass, rest),
            (b'-', rest) => (AuthResult::Fail, rest),
            (b'~', rest) => (AuthResult::SoftFail, rest),
            (b'?', rest) => (AuthResult::Neutral, rest),
            _ => (AuthResult::Pass, term),
        };
        self.directives.push(Directive { result, mechanism: parse_mechanism(mechanism)? });
        Some(())
    }
}

/// Section 4.6.1: a name, then `=` before any `:` or `/`.
fn modifier(term: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, value) = split_once(term, b'=')?;
    let (first, others) = name.split_first()?;
    let is_name = first.is_ascii_alphabetic()
        && others.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
    is_name.then_some((name, value))
}

fn parse_mechanism(text: &[u8]) -> Option<Mechanism> {
    let name_length = text.iter().position(|byte| b":/".contains(byte)).unwrap_or(text.len());
    let (name, rest) = text.split_at(name_length);
    let argument = rest.strip_prefix(b":");
    match name.to_ascii_lowercase().as_slice() {
        b"all" => rest.is_empty().then_some(Mechanism::All),
        b"include" => Some(Mechanism::Include(MacroString::parse_domain(argument?)?)),
        b"exists" => Some(Mechanism::Exists(MacroString::parse_domain(argument?)?)),
        b"ip4" => parse_ip4(argument?),
        b"ip6" => parse_ip6(argument?),
        b"a" => parse_hosts(rest).map(|(domain, prefixes)| Mechanism::A(domain, prefixes)),
        b"mx" => parse_hosts(rest).map(|(domain, prefixes)| Mechanism::Mx(domain, prefixes)),
        b"ptr" if rest.is_empty() => Some(Mechanism::Ptr(None)),
        b"ptr" => Some(Mechanism::Ptr(Some(MacroString::parse_domain(argument?)?))),
        _ => None,
    }
}

fn parse_ip4(text: &[u8]) -> Option<Mechanism> {
    let (address, bits) = match split_once(text, b'/') {
        Some((address, bits)) => (address, parse_bits(bits, 32)?),
        None => (text, 32),
    };
    let address: Ipv4Addr = str::from_utf8(address).ok()?.parse().ok()?;
    Some(Mechanism::Ip(address.into(), bits))
}

fn parse_ip6(text: &[u8]) -> Option<Mechanism> {
    let (address, bits) = match split_once(text, b'/') {
        Some((address, bits)) => (address, parse_bits(bits, 128)?),
        None => (text, 128),
    };
    let address: Ipv6Addr = str::from_utf8(address).ok()?.parse().ok()?;
    Some(Mechanism::Ip(address.into(), bits))
}

/// `[":" domain-spec] ["/" bits] ["//" bits]`
fn parse_hosts(mut text: &[u8]) -> Option<(Option<MacroString>, Prefixes)> {
    let mut prefixes = Prefixes::WHOLE;
    if let Some((head, bits)) = split_digits(text)
        && let Some(head) = head.strip_suffix(b"/")
    {
        prefixes.ipv6 = parse_bits(bits, 128)?;
        text = head;
    }
    if let Some((head, bits)) = split_digits(text) {
        prefixes.ipv4 = parse_bits(bits, 32)?;
        text = head;
    }
    match text.strip_prefix(b":") {
        Some(domain) => Some((Some(MacroString::parse_domain(domain)?), prefixes)),
        None => text.is_empty().then_some((None, prefixes)),
    }
}

/// Cuts off a slash and the digits behind it.
fn split_digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = text.iter().rposition(|byte| *byte == b'/')?;
    let (head, digits) = (text.get(..slash)?, text.get(slash + 1..)?);
    (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit)).then_some((head, digits))
}

fn parse_bits(digits: &[u8], bits_max: u8) -> Option<u8> {
    let leads_with_zero = digits.len() > 1 && digits.starts_with(b"0");
    let all_digits = digits.iter().all(u8::is_ascii_digit);
    let bits: u8 = str::from_utf8(digits).ok()?.parse().ok()?;
    (!leads_with_zero && all_digits && bits <= bits_max).then_some(bits)
}

fn split_once(text: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let position = text.iter().position(|byte| *byte == mark)?;
    Some((text.get(..position)?, text.get(position + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Record, String> {
        Record::parse(after_version(text.as_bytes()).unwrap())
    }

    #[test]
    fn hosts_take_a_domain_and_two_prefixes() {
        let record = parse("v=spf1 a a/24 mx//64 a:x.example/8//48").unwrap();
        let domain = MacroString::parse_domain(b"x.example");
        let mechanisms: Vec<_> = record.directives.into_iter().map(|directive| directive.mechanism).collect();
        assert_eq!(
            mechanisms,
            [
                Mechanism::A(None, Prefixes::WHOLE),
                Mechanism::A(None, Prefixes { ipv4: 24, ipv6: 128 }),
                Mechanism::Mx(None, Prefixes { ipv4: 32, ipv6: 64 }),
                Mechanism::A(domain, Prefixes { ipv4: 8, ipv6: 48 }),
            ]
        );
    }

    #[test]
    fn a_fault_anywhere_names_the_term() {
        for term in
            ["ip4:1.2.3", "a/33", "a/024", "a//129", "ip4:1.2.3.4/+8", "all.", "mx:", "foo", "redirect=a b"]
        {
            let faulty = term.split(' ').next().unwrap();
            assert_eq!(parse(&format!("v=spf1 all {term}")), Err(faulty.to_owned()));
        }
    }

    #[test]
    fn another_version_is_no_record() {
        for text in ["v=spf10 all", "v=spf2.0/pra", "spf1", "v=spf1\tall"] {
            assert_eq!(after_version(text.as_bytes()), None, "{text}");
        }
    }
}
