//! The public key that a domain publishes, and what it is good for.
//!
//! *Standards*: RFC 6376 sections 3.6.1 and 6.1.2; RFC 8301 section 3.2 (RSA of 1024 bits and more); RFC 8463.

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey},
};
use guichet_sys::dns::{DnsError, Resolver};

use super::{Refusal, signature::Algorithm, tags::Tags};

/// The encoding of an RSA key of 1024 bits has at least its modulus.
const RSA_KEY_BYTES_MIN: usize = 128;

/// A key record that may be used for mail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Key {
    algorithm: Algorithm,
    octets: Vec<u8>,
    /// `t=s`: `i=` has to be `d=` itself.
    pub(crate) is_strict: bool,
}

impl Key {
    /// Asks for `selector._domainkey.domain`.
    pub(crate) async fn fetch(resolver: &Resolver, selector: &str, domain: &str) -> Result<Self, Refusal> {
        let name = format!("{selector}._domainkey.{domain}");
        let records = resolver.txt(&name).await.map_err(|error| match error {
            DnsError::TryAgain(_) => Refusal::temporary(format!("{name}: {error}")),
            _ => Refusal::permanent(format!("there is no key at {name}")),
        })?;
        let mut refusal = Refusal::permanent(format!("there is no usable key at {name}"));
        for record in records.iter() {
            match Self::parse(record) {
                Ok(key) => return Ok(key),
                Err(reason) => refusal = Refusal::permanent(format!("{name}: {reason}")),
            }
        }
        Err(refusal)
    }

    /// Reads a record; the error says what is wrong with it.
    pub(crate) fn parse(record: &[u8]) -> Result<Self, &'static str> {
        let tags = Tags::parse(record).ok_or("malformed")?;
        if tags.get("v").is_some_and(|version| version != "DKIM1" || tags.first_name() != Some("v")) {
            return Err("not a DKIM key");
        }
        let algorithm = match tags.get("k") {
            None | Some("rsa") => Algorithm::RsaSha256,
            Some("ed25519") => Algorithm::Ed25519Sha256,
            Some(_) => return Err("a key of an unknown kind"),
        };
        if tags.list("h").is_some_and(|mut hashes| !hashes.any(|hash| hash == "sha256")) {
            return Err("the key is not for sha256");
        }
        if tags
            .list("s")
            .is_some_and(|mut services| !services.any(|service| matches!(service, "*" | "email")))
        {
            return Err("the key is not for mail");
        }
        let octets = tags.base64("p").ok_or("no key in it")?;
        if octets.is_empty() {
            return Err("the key was revoked");
        }
        let is_strict = tags.list("t").is_some_and(|mut flags| flags.any(|flag| flag == "s"));
        Ok(Self { algorithm, octets, is_strict })
    }

    /// Whether both are one key.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.octets == other.octets
    }

    /// Checks `signature` over `signed`.
    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), Refusal> {
        if algorithm != self.algorithm {
            return Err(Refusal::permanent("the key is of another kind than the signature"));
        }
        let verified = match algorithm {
            Algorithm::RsaSha256 if self.octets.len() < RSA_KEY_BYTES_MIN => {
                return Err(Refusal::policy("the RSA key is shorter than 1024 bits"));
            }
            Algorithm::RsaSha256 => {
                UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, &self.octets)
                    .verify(signed, signature)
            }
            // RFC 8463 section 3: what is signed is the hash.
            Algorithm::Ed25519Sha256 => UnparsedPublicKey::new(&ED25519, &self.octets)
                .verify(digest(&SHA256, signed).as_ref(), signature),
        };
        verified
            .map_err(|_| Refusal::fail("the signature does not fit: a signed field changed, or it is forged"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_what_its_key_is_for() {
        let key = Key::parse(b"v=DKIM1; k=ed25519; t=y:s; p=MTEx").unwrap();
        assert_eq!((key.algorithm, key.is_strict), (Algorithm::Ed25519Sha256, true));
        assert!(Key::parse(b"p=MTEx").is_ok());
        assert!(Key::parse(b"v=DKIM1; s=tlsrpt:email; h=sha1:sha256; p=MTEx; n=a note").is_ok());
    }

    #[test]
    fn what_can_not_be_used_says_why() {
        for (record, reason) in [
            (&b"v=DKIM1; p="[..], "the key was revoked"),
            (b"v=DKIM2; p=MTEx", "not a DKIM key"),
            (b"p=MTEx; v=DKIM1", "not a DKIM key"),
            (b"v=DKIM1; k=dsa; p=MTEx", "a key of an unknown kind"),
            (b"v=DKIM1; h=sha1; p=MTEx", "the key is not for sha256"),
            (b"v=DKIM1; s=tlsrpt; p=MTEx", "the key is not for mail"),
            (b"v=DKIM1; p=M!", "no key in it"),
            (b"v=spf1 -all", "not a DKIM key"),
            (b"some text", "malformed"),
        ] {
            assert_eq!(Key::parse(record), Err(reason));
        }
    }
}
