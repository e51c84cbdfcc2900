//! Seals secrets at rest: what is stored can't be read without the master key of the server.
//!
//! The nonce is made from what is sealed (keyed hash over context and secret), so no randomness is needed and no
//! nonce is ever used for two different things. What that tells a reader of the disk: whether the same secret was
//! put in the same place twice, and nothing else.
//!
//! *Must hold*: a sealed secret opens with the same master key and in the same context alone. The context is where
//! it is stored, so nobody moves one organisation's secret to another's row.
//!
//! *Standards*: RFC 8439 (ChaCha20-Poly1305).

use std::fmt;
use std::hint::black_box;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// What each sealed secret begins with, so that another way of sealing can come later.
const VERSION: u8 = 1;
/// Names of the keys that are made from the master key: one for each use, never changed.
const SEALING_KEY: &str = "guichet 2026 vault: sealing key";
const NONCE_KEY: &str = "guichet 2026 vault: nonce key";

/// What is hashed under a key in memory, and never stored.
const MEMORY_KEY: &str = "guichet 2026 vault: hashes in memory";

/// The master key at work; while it is changed, the one before too, which then opens and never seals. Its `Debug` shows
/// nothing of them.
pub struct Vault {
    keys: Keys,
    before: Option<Keys>,
}

/// What is made from one master key.
struct Keys {
    sealing: LessSafeKey,
    nonces: SecretBytes,
    memory: SecretBytes,
}

/// A sealed secret can't be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a sealed secret can't be opened: it was sealed with another master key, or the stored bytes are damaged; \
     start the server with the master key that belongs to this data directory, or restore both from one backup"
)]
pub struct CanNotOpen;

impl Vault {
    /// From the master key: 32 random bytes, kept outside of the store.
    pub fn new(master: [u8; 32]) -> Self {
        Self { keys: Keys::of(master), before: None }
    }

    /// While the master key is changed: what `before` sealed opens too, until all of it is sealed with `master`.
    pub fn changing(master: [u8; 32], before: [u8; 32]) -> Self {
        Self { keys: Keys::of(master), before: Some(Keys::of(before)) }
    }

    /// Seals a secret for one context. The same secret in the same context gives the same bytes.
    pub(super) fn seal(&self, context: &[u8], secret: &[u8]) -> Vec<u8> {
        self.keys.seal(context, secret)
    }

    /// Opens what [`Vault::seal`] made for the same context.
    pub(super) fn open(&self, context: &[u8], sealed: &[u8]) -> Result<SecretBytes, CanNotOpen> {
        self.keys.open(context, sealed).or_else(|error| match &self.before {
            Some(before) => before.open(context, sealed),
            None => Err(error),
        })
    }

    /// Whether this was sealed with the master key, not with the one before.
    pub(super) fn is_current(&self, context: &[u8], sealed: &[u8]) -> bool {
        self.keys.open(context, sealed).is_ok()
    }

    /// A hash that means nothing to who does not have the master key; for memory, not for the store.
    pub(crate) fn memory_hash(&self, bytes: &[u8]) -> [u8; 32] {
        *blake3::keyed_hash(&as_key(&self.keys.memory), bytes).as_bytes()
    }
}

impl Keys {
    fn of(master: [u8; 32]) -> Self {
        let master = SecretBytes::from(master.to_vec());
        let derived = |name: &str| SecretBytes::from(blake3::derive_key(name, master.as_slice()).to_vec());
        let sealing = UnboundKey::new(&CHACHA20_POLY1305, derived(SEALING_KEY).as_slice());
        // The key's length is the algorithm's: 32 bytes.
        #[allow(clippy::expect_used)]
        let sealing = LessSafeKey::new(sealing.expect("32 bytes are a key of ChaCha20-Poly1305"));
        Self { sealing, nonces: derived(NONCE_KEY), memory: derived(MEMORY_KEY) }
    }

    fn seal(&self, context: &[u8], secret: &[u8]) -> Vec<u8> {
        let nonce = self.nonce(context, secret);
        let mut bytes = secret.to_vec();
        // Fails only for more than 2^38 bytes.
        #[allow(clippy::expect_used)]
        let tag = self
            .sealing
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut bytes)
            .expect("a secret is far smaller than ChaCha20-Poly1305's limit");
        [&[VERSION][..], &nonce, &bytes, tag.as_ref()].concat()
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Result<SecretBytes, CanNotOpen> {
        let sealed = sealed.strip_prefix(&[VERSION]).ok_or(CanNotOpen)?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(CanNotOpen)?;
        let mut bytes = SecretBytes::from(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.sealing.open_in_place(nonce, Aad::from(context), &mut bytes.0);
        let length = opened.map_err(|_| CanNotOpen)?.len();
        bytes.0.truncate(length);
        Ok(bytes)
    }

    fn nonce(&self, context: &[u8], secret: &[u8]) -> [u8; NONCE_LEN] {
        let mut hasher = blake3::Hasher::new_keyed(&as_key(&self.nonces));
        // The length first: a context and a secret never run into each other.
        hasher.update(&(context.len() as u64).to_be_bytes()).update(context).update(secret);
        let mut nonce = [0; NONCE_LEN];
        hasher.finalize_xof().fill(&mut nonce);
        nonce
    }
}

fn as_key(bytes: &SecretBytes) -> [u8; blake3::KEY_LEN] {
    let mut key = [0; blake3::KEY_LEN];
    key.copy_from_slice(bytes.as_slice());
    key
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

/// Bytes that nobody may see: overwritten when dropped, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// The bytes themselves, for the one place that uses them.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes")
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.fill(0);
        // Without a reader the compiler may leave the overwriting out.
        black_box(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"the private part of a key";

    fn vault() -> Vault {
        Vault::new([7; 32])
    }

    #[test]
    fn what_is_sealed_opens_in_its_context() {
        for secret in [SECRET, b""] {
            let sealed = vault().seal(b"here", secret);
            assert_eq!(vault().open(b"here", &sealed).unwrap().as_slice(), secret);
        }
    }

    #[test]
    fn promise_7_another_key_or_another_context_opens_nothing() {
        let sealed = vault().seal(b"here", SECRET);
        let refused = [
            Vault::new([8; 32]).open(b"here", &sealed),
            vault().open(b"there", &sealed),
            vault().open(b"", &sealed),
        ];
        for outcome in refused {
            let text = outcome.unwrap_err().to_string();
            assert!(text.contains("master key") && text.contains("restore"), "{text}");
        }
    }

    #[test]
    fn while_the_key_changes_both_open_and_the_new_one_seals() {
        let old = vault().seal(b"here", SECRET);
        let changing = Vault::changing([8; 32], [7; 32]);
        assert_eq!(changing.open(b"here", &old).unwrap().as_slice(), SECRET);
        assert!(!changing.is_current(b"here", &old));
        let new = changing.seal(b"here", SECRET);
        assert!(changing.is_current(b"here", &new) && Vault::new([8; 32]).open(b"here", &new).is_ok());
        assert_eq!(vault().open(b"here", &new), Err(CanNotOpen));
    }

    #[test]
    fn a_flipped_bit_or_a_missing_end_is_noticed() {
        let sealed = vault().seal(b"here", SECRET);
        for at in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            assert_eq!(vault().open(b"here", &damaged), Err(CanNotOpen), "bit {at}");
        }
        for length in 0..sealed.len() {
            assert_eq!(vault().open(b"here", &sealed[..length]), Err(CanNotOpen), "{length} bytes");
        }
    }

    #[test]
    fn two_secrets_or_two_contexts_share_no_nonce() {
        let nonce = |context: &[u8], secret: &[u8]| vault().seal(context, secret)[1..=NONCE_LEN].to_vec();
        let nonces = [nonce(b"a", b"b"), nonce(b"ab", b""), nonce(b"", b"ab"), nonce(b"a", b"c")];
        for (at, one) in nonces.iter().enumerate() {
            assert!(!nonces[at + 1..].contains(one));
        }
        assert_eq!(nonce(b"a", b"b"), nonce(b"a", b"b"));
    }

    #[test]
    fn promise_7_nothing_of_a_secret_is_printed() {
        let bytes = vault().open(b"", &vault().seal(b"", SECRET)).unwrap();
        assert_eq!(format!("{:?} {bytes:?}", vault()), "Vault SecretBytes");
    }
}
