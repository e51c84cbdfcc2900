//! A signature field, taken apart: `DKIM-Signature`, and `ARC-Message-Signature`, which is nearly the same.
//!
//! *Standards*: RFC 6376 sections 3.5 and 6.1.1; RFC 8301; RFC 8617 section 4.1.2.

use guichet_mail::verdict::AuthResult;
use jiff::Timestamp;

use super::{Refusal, body::Canonicalisation, tags::Tags};
use crate::domain;

/// Most field names that one signature may list; real ones list a few dozen.
const SIGNED_NAMES_MAX: usize = 256;
/// A SHA-256 hash.
const BODY_HASH_BYTES: usize = 32;

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    RsaSha256,
    Ed25519Sha256,
}

impl Algorithm {
    pub(crate) fn parse(tags: &Tags<'_>) -> Result<Self, Refusal> {
        match tags.get("a").map(str::to_ascii_lowercase).as_deref() {
            Some("rsa-sha256") => Ok(Self::RsaSha256),
            Some("ed25519-sha256") => Ok(Self::Ed25519Sha256),
            // RFC 8301 section 3.1.
            Some("rsa-sha1") => Err(Refusal::policy("signed with rsa-sha1, which proves nothing any more")),
            Some(_) => Err(Refusal::new(AuthResult::Neutral, "signed with an unknown algorithm")),
            None => Err(Refusal::permanent("the signature has no algorithm")),
        }
    }
}

/// A well-formed signature.
#[derive(Debug)]
pub(crate) struct Signature<'a> {
    pub(crate) algorithm: Algorithm,
    /// `b=`.
    pub(crate) octets: Vec<u8>,
    pub(crate) body_hash: Vec<u8>,
    pub(crate) header_form: Canonicalisation,
    pub(crate) body_form: Canonicalisation,
    pub(crate) domain: String,
    pub(crate) selector: &'a str,
    /// The domain of `i=`, which a key may forbid to be beneath `d=`.
    pub(crate) identity_domain: Option<String>,
    pub(crate) signed_names: Vec<&'a str>,
    /// How much of the canonical body is signed; all of it if absent.
    pub(crate) body_octets_max: Option<u64>,
    expires: Option<i64>,
}

impl<'a> Signature<'a> {
    /// Reads a `DKIM-Signature`.
    pub(crate) fn parse_dkim(tags: &Tags<'a>) -> Result<Self, Refusal> {
        if tags.get("v") != Some("1") {
            return Err(Refusal::permanent("the signature is of an unknown version"));
        }
        let mut signature = Self::parse(tags)?;
        if let Some(identity) = tags.get("i") {
            let domain = identity.rsplit_once('@').and_then(|(_, domain)| domain::normalise(domain));
            let domain = domain.filter(|domain| domain::is_within(domain, &signature.domain));
            let outside = || Refusal::permanent("i= is not within d=");
            signature.identity_domain = Some(domain.ok_or_else(outside)?.into_owned());
        }
        Ok(signature)
    }

    /// Reads what `DKIM-Signature` and `ARC-Message-Signature` have in common.
    pub(crate) fn parse(tags: &Tags<'a>) -> Result<Self, Refusal> {
        let algorithm = Algorithm::parse(tags)?;
        let (domain, selector) = parse_signer(tags)?;
        let missing = |name: &'static str| move || Refusal::permanent(format!("{name} is missing or faulty"));
        let (header_form, body_form) = parse_forms(tags).ok_or_else(missing("c="))?;
        let body_hash = tags.base64("bh").filter(|hash| hash.len() == BODY_HASH_BYTES);
        if tags.list("q").is_some_and(|mut methods| !methods.any(|method| method == "dns/txt")) {
            return Err(Refusal::permanent("the key is to be asked for in an unknown way (q=)"));
        }
        Ok(Self {
            algorithm,
            octets: tags.base64("b").ok_or_else(missing("b="))?,
            body_hash: body_hash.ok_or_else(missing("bh="))?,
            header_form,
            body_form,
            domain,
            selector,
            identity_domain: None,
            signed_names: parse_signed_names(tags)?,
            body_octets_max: parse_number(tags, "l").map_err(|()| missing("l=")())?,
            expires: parse_number(tags, "x")
                .map_err(|()| missing("x=")())?
                .map(|secs: u64| i64::try_from(secs).unwrap_or(i64::MAX)),
        })
    }

    /// Section 3.5, `x=`.
    pub(crate) fn check_expiry(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.expires {
            Some(expires) if expires < now.as_second() => Err(Refusal::fail("the signature has expired")),
            _ => Ok(()),
        }
    }
}

/// `d=` and `s=`.
pub(crate) fn parse_signer<'a>(tags: &Tags<'a>) -> Result<(String, &'a str), Refusal> {
    let domain = tags.get("d").and_then(domain::normalise).filter(|domain| domain.contains('.'));
    let domain = domain.ok_or_else(|| Refusal::permanent("d= is missing or no domain"))?;
    let selector = tags.get("s").filter(|selector| domain::normalise(selector).is_some());
    Ok((domain.into_owned(), selector.ok_or_else(|| Refusal::permanent("s= is missing or faulty"))?))
}

fn parse_forms(tags: &Tags<'_>) -> Option<(Canonicalisation, Canonicalisation)> {
    let form = |text: &str| match text.to_ascii_lowercase().as_str() {
        "simple" => Some(Canonicalisation::Simple),
        "relaxed" => Some(Canonicalisation::Relaxed),
        _ => None,
    };
    let text = tags.get("c").unwrap_or("simple/simple");
    let (header, body) = text.split_once('/').unwrap_or((text, "simple"));
    Some((form(header)?, form(body)?))
}

fn parse_signed_names<'a>(tags: &Tags<'a>) -> Result<Vec<&'a str>, Refusal> {
    let names = tags.list("h").ok_or_else(|| Refusal::permanent("h= is missing"))?;
    let names: Vec<_> = names.filter(|name| !name.is_empty()).take(SIGNED_NAMES_MAX + 1).collect();
    if names.len() > SIGNED_NAMES_MAX {
        return Err(Refusal::policy(format!("more than {SIGNED_NAMES_MAX} fields are signed")));
    }
    if !names.iter().any(|name| name.eq_ignore_ascii_case("from")) {
        return Err(Refusal::permanent("From is not signed"));
    }
    Ok(names)
}

fn parse_number(tags: &Tags<'_>, name: &str) -> Result<Option<u64>, ()> {
    let Some(text) = tags.get(name) else { return Ok(None) };
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than fit mean: as good as endless.
    if is_number { Ok(Some(text.parse().unwrap_or(u64::MAX))) } else { Err(()) }
}
