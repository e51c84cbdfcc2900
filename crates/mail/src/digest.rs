//! A fingerprint of what the sender wrote, the same on whichever way a mail came.
//!
//! A duplicate has the same Message-ID *and* the same digest: some senders give one Message-ID to many mails (case 6). The
//! digest covers the fields that a sender writes for people and the body. Everything else stays out, since relays add and
//! rewrite it at each delivery: `Received`, `Return-Path`, verdicts, spam scores, and signatures too (a relay that signs at
//! delivery, or signs again, leaves another time and another signature on the same mail).

use std::fmt;

use minicbor::{Decode, Encode};

use crate::headers::{Header, HeaderLimits};

/// The fields that count, in lower case, in the order in which they are digested.
const FIELDS: [&str; 15] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "resent-from",
    "resent-date",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

/// A digest. 128 bits: it tells apart mails that claim the same Message-ID, and who makes two that collide harms only their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct MailDigest(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    [u8; 16],
);

impl MailDigest {
    /// The octets, for a key.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for MailDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Digests a raw mail. White space in fields and line breaks at the very end do not count: relays fold anew and add one.
pub fn digest(raw: &[u8], limits: HeaderLimits) -> MailDigest {
    let header = Header::read(raw, limits);
    let mut hasher = blake3::Hasher::new();
    for name in FIELDS {
        for field in header.all(name) {
            hasher.update(name.as_bytes()).update(b":");
            for word in field.value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
                hasher.update(word).update(b" ");
            }
            hasher.update(b"\n");
        }
    }
    let body = raw.get(header.body_start..).unwrap_or_default();
    let end = body.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    hasher.update(b"\n").update(body.get(..end).unwrap_or_default());
    let mut octets = [0; 16];
    hasher.finalize_xof().fill(&mut octets);
    MailDigest(octets)
}
