//! The mail under examination: its header in pieces, its body as a slice, and the body hashes taken so far.

use std::sync::{Mutex, PoisonError};

use guichet_mail::headers::{Header, HeaderLimits};

use crate::dkim::body::{self, BodyHash, Canonicalisation};

/// Real headers stay below a tenth of both. What is cut off makes signatures and DMARC a *permerror*.
const HEADER_LIMITS: HeaderLimits = HeaderLimits { bytes_max: 1 << 20, fields_max: 5_000 };

/// A mail, never copied.
pub(crate) struct Message<'a> {
    pub(crate) raw: &'a [u8],
    pub(crate) header: Header<'a>,
    body: &'a [u8],
    body_hashes: Mutex<Vec<(Canonicalisation, Option<u64>, BodyHash)>>,
}

impl<'a> Message<'a> {
    /// Takes the header to pieces.
    pub(crate) fn new(raw: &'a [u8]) -> Self {
        let header = Header::read(raw, HEADER_LIMITS);
        let body = raw.get(header.body_start..).unwrap_or_default();
        Self { raw, header, body, body_hashes: Mutex::default() }
    }

    /// True if there is a field of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.header.first(name).is_some()
    }

    /// The hash of the body (its first `octets_max` octets) in canonical form; taken once per form.
    pub(crate) fn body_hash(&self, form: Canonicalisation, octets_max: Option<u64>) -> BodyHash {
        let mut known = self.body_hashes.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |(other, octets, _): &&(Canonicalisation, Option<u64>, BodyHash)| {
            *other == form && *octets == octets_max
        };
        if let Some((_, _, hash)) = known.iter().find(is_same) {
            return *hash;
        }
        let hash = body::hash(self.body, form, octets_max);
        known.push((form, octets_max, hash));
        hash
    }
}
