//! `Authentication-Results`: ours written, forged ones of ours found.
//!
//! *Standards*: RFC 8601; RFC 7208, section 9.2; RFC 6008 (`header.b`); RFC 8617 (ARC).
//!
//! *Security*: a field that bears our name and came with the mail is a forgery (RFC 8601, section 5): whoever shows or passes on
//! the mail leaves it out. What strangers wrote goes into the field only quoted and in ASCII, so that it can't add results.

use std::fmt::Write as _;
use std::ops::Range;

use crate::domain::DomainName;
use crate::headers::{Header, HeaderLimits};
use crate::params::Structured;
use crate::verdict::{AuthResult, DmarcPolicy, Verdicts};

/// The longest value of a stranger that is written, in characters.
const VALUE_CHARS_MAX: usize = 200;
/// DKIM signatures that are written.
const SIGNATURES_MAX: usize = 20;

/// The whole field, folded one result to a line, final CRLF included.
pub fn authentication_results(authserv_id: &DomainName, verdicts: &Verdicts) -> String {
    let mut field = format!("Authentication-Results: {authserv_id}");
    let before = field.len();
    spf(&mut field, verdicts);
    dkim(&mut field, verdicts);
    dmarc(&mut field, verdicts);
    arc(&mut field, verdicts);
    iprev(&mut field, verdicts);
    if field.len() == before {
        field.push_str("; none");
    }
    field.push_str("\r\n");
    field
}

fn spf(field: &mut String, verdicts: &Verdicts) {
    for (property, verdict) in [("smtp.helo", &verdicts.spf_helo), ("smtp.mailfrom", &verdicts.spf_mail_from)]
    {
        if verdict.domain.is_some() {
            result(field, "spf", verdict.result, verdict.reason.as_deref());
            self::property(field, property, verdict.domain.as_deref());
        }
    }
}

fn dkim(field: &mut String, verdicts: &Verdicts) {
    if verdicts.dkim.is_empty() {
        result(field, "dkim", AuthResult::None, None);
    }
    for verdict in verdicts.dkim.iter().take(SIGNATURES_MAX) {
        result(field, "dkim", verdict.result, verdict.reason.as_deref());
        property(field, "header.d", verdict.domain.as_deref());
        property(field, "header.s", verdict.selector.as_deref());
        property(field, "header.a", verdict.algorithm.as_deref());
        property(field, "header.b", verdict.signature.as_deref());
    }
}

fn dmarc(field: &mut String, verdicts: &Verdicts) {
    let verdict = &verdicts.dmarc;
    result(field, "dmarc", verdict.result, verdict.reason.as_deref());
    property(field, "header.from", verdict.domain.as_deref());
    property(field, "policy.published-domain-policy", verdict.policy.map(DmarcPolicy::as_str));
}

fn arc(field: &mut String, verdicts: &Verdicts) {
    let verdict = &verdicts.arc;
    if verdict.chain_length > 0 {
        result(field, "arc", verdict.result, verdict.reason.as_deref());
    }
}

fn iprev(field: &mut String, verdicts: &Verdicts) {
    if let Some(address) = verdicts.iprev.address {
        result(field, "iprev", verdicts.iprev.result, verdicts.iprev.reason.as_deref());
        property(field, "policy.iprev", Some(&address.to_string()));
    }
}

fn result(field: &mut String, method: &str, result: AuthResult, reason: Option<&str>) {
    let _ = write!(field, ";\r\n\t{method}={}", result.as_str());
    if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
        let _ = write!(field, " reason={}", quoted(reason));
    }
}

fn property(field: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        let is_token = value.len() <= VALUE_CHARS_MAX
            && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        let value = if is_token { value.to_owned() } else { quoted(value) };
        let _ = write!(field, " {name}={value}");
    }
}

/// A quoted string (RFC 5322, section 3.2.4) in ASCII, bounded.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars().take(VALUE_CHARS_MAX) {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => out.push('?'),
        }
    }
    out.push('"');
    out
}

/// Where fields stand in a raw mail that claim to be results of ours, as ranges that can be cut out whole.
pub fn forged_results(raw: &[u8], authserv_id: &DomainName, limits: HeaderLimits) -> Vec<Range<usize>> {
    let header = Header::read(raw, limits);
    let is_ours = |value: &str| {
        let id = Structured::parse(value).value;
        let name = id.split_whitespace().next().unwrap_or("");
        name == authserv_id.as_str() || DomainName::parse(name).is_ok_and(|name| name == *authserv_id)
    };
    header
        .all("Authentication-Results")
        .filter(|field| is_ours(&field.unfolded()))
        .map(|field| field.range.clone())
        .collect()
}
