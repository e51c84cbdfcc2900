//! Signing mail that goes out: the signature fields to put before it, which is left as it is.
//!
//! Header and body are taken in relaxed form, which survives what relays do to white space; no `l=`, so that nothing
//! can be appended; no `x=`, since a mail may wait in queues for days and its signature proves nothing more by ending.
//! From stands in `h=` once more than in the mail: a second one breaks the signature (RFC 6376 8.15).
//!
//! *Standards*: RFC 6376 (sections 3.5, 5.4 and 5.4.2), RFC 8301 (rsa-sha256 of 2048 bits), RFC 8463 (Ed25519).
//!
//! *Must hold*: what is hashed here is what [`dkim`](crate::dkim) hashes when it verifies, by the same code.

mod field;
mod key;
#[cfg(test)]
mod tests;

use guichet_mail::DomainName;
use guichet_mail::headers::Header;
use jiff::Timestamp;

use crate::dkim::body::Canonicalisation;
use crate::dkim::fields::{raw_field, signed_fields, write_field, write_signature_field};
use crate::domain;
use crate::message::Message;
use field::SignatureField;

pub use key::SigningKey;

/// What a recipient sees or their program acts on (RFC 6376 5.4.1); relays change none of it.
const SIGNED: [&str; 13] = [
    "From",
    "Date",
    "Message-ID",
    "Subject",
    "To",
    "Cc",
    "Reply-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Auto-Submitted",
];
/// Fields of lists (RFC 2369, RFC 2919, RFC 8058) begin like this.
const LIST_PREFIX: &str = "List-";
/// More than any mail of ours has, and no more than verifiers read.
const SIGNED_FIELDS_MAX: usize = 200;

/// Who signs: a domain, with the key that it publishes under a selector.
#[derive(Debug)]
pub struct Signer {
    /// `d=`.
    pub domain: DomainName,
    /// `s=`: the record stands at `selector._domainkey.domain`.
    pub selector: String,
    /// The private key, read once and used for every mail.
    pub key: SigningKey,
}

/// Why there is no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// A signature has to cover From.
    #[error("the mail has no From, so it can't be signed")]
    NoFrom,
    /// The header is cut by our limits, so that it is unknown what would be signed.
    #[error("the header is too large to be signed")]
    HeaderTooLarge,
    /// The selector can't stand in DNS.
    #[error("`{0}` is no selector: take letters, digits and inner hyphens")]
    BadSelector(String),
    /// The bytes hold no key that we sign with.
    #[error("this is no RSA key of 2048 to 8192 bits and no Ed25519 key in PKCS#8")]
    BadKey,
    /// The cryptography refused; a system out of memory is the one known reason.
    #[error("the cryptographic library could not do it")]
    Failed,
}

/// Signs a finished mail (lines ended by CRLF) with each signer. The result is the whole fields, first signer first,
/// each with its line break, to be put before the mail.
///
/// Takes some 0.4 ms of processor for an RSA signature and 1 ms for each MB, so a large mail is signed off the async
/// threads.
pub fn sign(raw: &[u8], signers: &[Signer], now: Timestamp) -> Result<String, SignError> {
    let message = Message::new(raw);
    let names = signed_names(&message.header)?;
    let mut signed = Vec::with_capacity(2048);
    for field in signed_fields(&message.header, &names) {
        write_field(raw_field(raw, field), Canonicalisation::Relaxed, &mut signed);
    }
    let body_hash = message.body_hash(Canonicalisation::Relaxed, None).sha256;
    let mut fields = String::new();
    for signer in signers {
        if domain::normalise(&signer.selector).is_none_or(|name| name != signer.selector) {
            return Err(SignError::BadSelector(signer.selector.clone()));
        }
        let mut field = SignatureField::new(signer, now, &names, &body_hash);
        let mut signed = signed.clone();
        write_signature_field(field.text().as_bytes(), Canonicalisation::Relaxed, &mut signed);
        field.put_signature(&signer.key.sign(&signed)?);
        fields.push_str(&field.finish());
    }
    Ok(fields)
}

/// The names for `h=`: those of all fields that are signed, in their order, and From once more.
fn signed_names<'h>(header: &'h Header<'_>) -> Result<Vec<&'h str>, SignError> {
    let names = header.fields.iter().map(|field| field.name).filter(|name| is_signed(name));
    let mut names: Vec<&str> = names.take(SIGNED_FIELDS_MAX + 1).collect();
    if header.is_cut || names.len() > SIGNED_FIELDS_MAX {
        return Err(SignError::HeaderTooLarge);
    }
    if !names.iter().any(|name| name.eq_ignore_ascii_case("From")) {
        return Err(SignError::NoFrom);
    }
    names.push("From");
    Ok(names)
}

fn is_signed(name: &str) -> bool {
    // A field may be called `List-a;b`, which would end the tag.
    let is_plain = |rest: &str| rest.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    let (prefix, rest) = name.split_at_checked(LIST_PREFIX.len()).unwrap_or((name, ""));
    SIGNED.iter().any(|other| other.eq_ignore_ascii_case(name))
        || (prefix.eq_ignore_ascii_case(LIST_PREFIX) && !rest.is_empty() && is_plain(rest))
}
