//! Each signature of a mail gets its verdict.
//!
//! *Standards*: RFC 6376 sections 3.8 and 6.1; result words of RFC 8601 section 2.7.1.
//!
//! *Must hold*: *pass* means that From and the whole body are as the domain signed them. A signature that
//! leaves an end of the body open (`l=`) is *policy*: anything may have been appended (section 8.2).

use guichet_mail::{
    headers::RawField,
    verdict::{AuthResult, DkimVerdict},
};
use guichet_sys::dns::Resolver;
use jiff::Timestamp;

use super::{
    fields::{raw_field, signed_fields, write_field, write_signature_field},
    key::Key,
    signature::Signature,
    tags::{Tags, is_space},
};
use crate::message::Message;

/// Characters of `b=` that tell signatures apart (RFC 6008 section 4).
const SIGNATURE_MARK_CHARS: usize = 8;

/// Why something did not pass.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) result: AuthResult,
    /// A sentence for a person.
    pub(crate) reason: String,
}

impl Refusal {
    pub(crate) fn new(result: AuthResult, reason: impl Into<String>) -> Self {
        Self { result, reason: reason.into() }
    }

    pub(crate) fn fail(reason: impl Into<String>) -> Self {
        Self::new(AuthResult::Fail, reason)
    }

    pub(crate) fn policy(reason: impl Into<String>) -> Self {
        Self::new(AuthResult::Policy, reason)
    }

    pub(crate) fn permanent(reason: impl Into<String>) -> Self {
        Self::new(AuthResult::PermError, reason)
    }

    pub(crate) fn temporary(reason: impl Into<String>) -> Self {
        Self::new(AuthResult::TempError, reason)
    }
}

/// Verifies at most `signatures_max` signatures, from the top; one verdict more says if there were others.
pub(crate) async fn verify(
    message: &Message<'_>,
    resolver: &Resolver,
    now: Timestamp,
    signatures_max: usize,
) -> Vec<DkimVerdict> {
    let mut verdicts = Vec::new();
    for field in message.header.all("DKIM-Signature") {
        if verdicts.len() == signatures_max {
            let reason = Some(format!("the signatures after the first {signatures_max} were not verified"));
            verdicts.push(DkimVerdict { result: AuthResult::Policy, reason, ..DkimVerdict::default() });
            break;
        }
        verdicts.push(verify_field(message, field, resolver, now).await);
    }
    verdicts
}

async fn verify_field(
    message: &Message<'_>,
    field: &RawField<'_>,
    resolver: &Resolver,
    now: Timestamp,
) -> DkimVerdict {
    let Some(tags) = Tags::parse(field.value) else {
        let reason = Some("the signature is malformed".to_owned());
        return DkimVerdict { result: AuthResult::PermError, reason, ..DkimVerdict::default() };
    };
    let outcome = match Signature::parse_dkim(&tags) {
        Ok(signature) => check(message, field, &signature, resolver, now).await,
        Err(refusal) => Err(refusal),
    };
    let (result, reason) = match outcome {
        Ok(()) => (AuthResult::Pass, None),
        Err(Refusal { result, reason }) => (result, Some(reason)),
    };
    let mark = |value: &str| {
        value.chars().filter(|character| !is_space(*character)).take(SIGNATURE_MARK_CHARS).collect()
    };
    DkimVerdict {
        result,
        domain: tags
            .get("d")
            .map(|domain| crate::domain::normalise(domain).map_or_else(String::new, Into::into)),
        selector: tags.get("s").map(str::to_owned),
        algorithm: tags.get("a").map(str::to_owned),
        signature: tags.get("b").map(mark),
        reason,
    }
}

async fn check(
    message: &Message<'_>,
    field: &RawField<'_>,
    signature: &Signature<'_>,
    resolver: &Resolver,
    now: Timestamp,
) -> Result<(), Refusal> {
    signature.check_expiry(now)?;
    let key = Key::fetch(resolver, signature.selector, &signature.domain).await?;
    if key.is_strict && signature.identity_domain.as_ref().is_some_and(|domain| *domain != signature.domain) {
        return Err(Refusal::permanent("i= has to be d= itself for this key"));
    }
    check_signed_fields(message, field, signature, &key)
}

/// Checks header and body against `signature`, which stands in `field`.
pub(crate) fn check_signed_fields(
    message: &Message<'_>,
    field: &RawField<'_>,
    signature: &Signature<'_>,
    key: &Key,
) -> Result<(), Refusal> {
    if message.header.is_cut {
        return Err(Refusal::permanent("the header is too large to be checked"));
    }
    let mut signed = Vec::with_capacity(4096);
    for signed_field in signed_fields(&message.header, &signature.signed_names) {
        write_field(raw_field(message.raw, signed_field), signature.header_form, &mut signed);
    }
    write_signature_field(raw_field(message.raw, field), signature.header_form, &mut signed);
    key.verify(signature.algorithm, &signed, &signature.octets)?;
    // The body comes last: it is the dear part, and only what the domain really signed is worth it.
    let body = message.body_hash(signature.body_form, signature.body_octets_max);
    if body.sha256[..] != signature.body_hash[..] {
        return Err(Refusal::fail("the body changed after it was signed"));
    }
    match signature.body_octets_max {
        Some(octets) if octets < body.length => {
            Err(Refusal::policy(format!("only the first {octets} octets of the body are signed")))
        }
        _ => Ok(()),
    }
}
