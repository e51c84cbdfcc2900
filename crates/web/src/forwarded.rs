//! What proxies say of those before them: `Forwarded`, and the older fields that say the same.
//!
//! *Must hold*: whatever stands in these fields becomes hops, left to right as the request travelled; what can't be read
//! is a hop without an address, and never an error.
//!
//! *Standards*: RFC 7239 4 (grammar), 5.2 (`for`), 5.4 (`proto`), 6 (nodes: quoted, with port, obfuscated).

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};

const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// How many hops are looked at, the nearest first: nobody stands behind more proxies of his own.
const HOPS_MAX: usize = 32;

/// What one proxy says of whoever asked it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hop {
    /// Their address, where it is said.
    pub(crate) address: Option<IpAddr>,
    /// Whether they asked by HTTPS, where it is said.
    pub(crate) is_encrypted: Option<bool>,
}

/// The hops of `Forwarded`; none where the field is missing.
pub(crate) fn standard(headers: &HeaderMap) -> Option<Vec<Hop>> {
    let elements = elements(headers, &FORWARDED, unquoted_parts)?;
    Some(elements.iter().map(|element| hop(element)).collect())
}

/// The hops of `X-Forwarded-For`; none where the field is missing. The nearest proxy says by which scheme it was asked.
pub(crate) fn customary(headers: &HeaderMap) -> Option<Vec<Hop>> {
    let addresses = elements(headers, &X_FORWARDED_FOR, all_parts)?;
    let scheme = elements(headers, &X_FORWARDED_PROTO, all_parts).and_then(|schemes| schemes.last().cloned());
    let is_encrypted = scheme.map(|scheme| is_https(&scheme));
    let hop = |text: &String| Hop { address: node(text), is_encrypted };
    Some(addresses.iter().map(hop).collect())
}

/// The elements of a list field, from however many lines, the last ones if there are too many.
fn elements(
    headers: &HeaderMap,
    name: &HeaderName,
    parts: fn(&str, char) -> Vec<&str>,
) -> Option<Vec<String>> {
    let mut elements = Vec::new();
    for line in headers.get_all(name) {
        let line = String::from_utf8_lossy(line.as_bytes());
        elements.extend(parts(&line, ',').into_iter().map(|element| element.trim().to_owned()));
    }
    let surplus = elements.len().saturating_sub(HOPS_MAX);
    elements.drain(..surplus);
    (!elements.is_empty()).then_some(elements)
}

/// RFC 7239 4: `for=192.0.2.43;proto=https`, in any order and case. A name that stands twice says nothing.
fn hop(element: &str) -> Hop {
    let said = |wanted: &str| {
        let pairs = unquoted_parts(element, ';').into_iter().filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value);
        values.next().filter(|_| values.next().is_none())
    };
    Hop { address: said("for").and_then(node), is_encrypted: said("proto").map(is_https) }
}

/// RFC 7239 6: an address, perhaps quoted, perhaps with a port. Names of any other kind are of nobody.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.as_ref().map(IpAddr::to_canonical)
}

fn is_https(scheme: &str) -> bool {
    scheme.trim_matches('"').eq_ignore_ascii_case("https")
}

/// The parts between separators that stand in no quotes. Where a quote is never closed none counts: a stranger opened
/// it to swallow what the proxy wrote behind.
fn unquoted_parts(text: &str, separator: char) -> Vec<&str> {
    let is_even = text.matches('"').count().is_multiple_of(2);
    let mut is_quoted = false;
    let separates = move |c: char| {
        is_quoted ^= c == '"' && is_even;
        c == separator && !is_quoted
    };
    text.split(separates).collect()
}

/// The parts between separators; these fields know no quotes.
fn all_parts(text: &str, separator: char) -> Vec<&str> {
    text.split(separator).collect()
}
