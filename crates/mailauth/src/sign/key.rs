//! A private key that signs, and the record that publishes its other half.
//!
//! *Standards*: RFC 6376 3.6.1 (records; for RSA the whole `SubjectPublicKeyInfo`, as every verifier expects),
//! RFC 8463 section 4 (for Ed25519 the 32 bytes alone), RFC 8301 (2048 bits).

use std::fmt;

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    error::Unspecified,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use data_encoding::BASE64;

use super::SignError;

/// A private key. Its `Debug` shows nothing but the algorithm.
pub struct SigningKey(Pair);

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// A new RSA key of 2048 bits, which takes a part of a second to be found.
    pub fn generate_rsa() -> Result<Self, SignError> {
        Ok(Self(Pair::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048)?))))
    }

    /// A new Ed25519 key.
    pub fn generate_ed25519() -> Result<Self, SignError> {
        Ok(Self(Pair::Ed25519(Ed25519KeyPair::generate()?)))
    }

    /// Reads a private key of either kind: PKCS#8 (RFC 5958) in DER.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, SignError> {
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(pkcs8) {
            return Ok(Self(Pair::Ed25519(pair)));
        }
        let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| SignError::BadKey)?;
        Ok(Self(Pair::Rsa(Box::new(pair))))
    }

    /// The private key in PKCS#8, as [`SigningKey::from_pkcs8`] reads it: to be sealed at once.
    pub fn to_pkcs8(&self) -> Vec<u8> {
        let octets = match &self.0 {
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(&**pair).map(|der| der.as_ref().to_vec()),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
        };
        // A pair that was made or read can be written; the encoder fails for want of memory alone.
        #[allow(clippy::expect_used)]
        octets.expect("a key pair has an encoding")
    }

    /// The text of the TXT record that publishes the public key.
    pub fn record(&self) -> String {
        let (kind, octets) = match &self.0 {
            Pair::Rsa(pair) => {
                let der: Result<PublicKeyX509Der<'_>, _> = pair.public_key().as_der();
                // As above.
                #[allow(clippy::expect_used)]
                ("rsa", der.expect("a public key has an encoding").as_ref().to_vec())
            }
            Pair::Ed25519(pair) => ("ed25519", pair.public_key().as_ref().to_vec()),
        };
        format!("v=DKIM1; k={kind}; p={}", BASE64.encode(&octets))
    }

    /// The word of `a=`.
    pub fn algorithm(&self) -> &'static str {
        match &self.0 {
            Pair::Rsa(_) => "rsa-sha256",
            Pair::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// Signs canonical octets.
    pub(super) fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, SignError> {
        match &self.0 {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), octets, &mut signature)?;
                Ok(signature)
            }
            // RFC 8463 section 3: what is signed is the hash.
            Pair::Ed25519(pair) => Ok(pair.try_sign(digest(&SHA256, octets).as_ref())?.as_ref().to_vec()),
        }
    }
}

impl From<Unspecified> for SignError {
    fn from(_: Unspecified) -> Self {
        SignError::Failed
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.algorithm())
    }
}
