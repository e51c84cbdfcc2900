//! Hashes of passwords: argon2id, with its cost beside it, so that a dearer one can come later.
//!
//! *Standards*: RFC 9106 (argon2id).

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

/// What a hash costs today: KiB of memory.
const MEMORY_KIB: u32 = 19 * 1_024;
/// What a hash costs today: passes over that memory.
const PASSES: u32 = 2;
/// One lane: two cores serve mail too.
const LANES: u32 = 1;
/// Octets of the salt (RFC 9106 3.1 recommends 16).
pub(crate) const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;

/// A hash that can be compared with a password.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct PasswordHash {
    #[n(0)]
    memory_kib: u32,
    #[n(1)]
    passes: u32,
    #[n(2)]
    lanes: u32,
    #[n(3)]
    salt: ByteArray<SALT_BYTES>,
    #[n(4)]
    output: ByteArray<OUTPUT_BYTES>,
}

impl PasswordHash {
    /// Hashes a password at today's cost. Takes tens of milliseconds: never on an async thread.
    pub(crate) fn of(password: &str, salt: [u8; SALT_BYTES]) -> Self {
        Self::at(MEMORY_KIB, PASSES, password, salt)
    }

    pub(crate) fn at(memory_kib: u32, passes: u32, password: &str, salt: [u8; SALT_BYTES]) -> Self {
        let output = output(memory_kib, passes, LANES, &salt, password).unwrap_or_default();
        Self { memory_kib, passes, lanes: LANES, salt: salt.into(), output: output.into() }
    }

    /// A hash of no password: what an unknown person's password is compared with, at the same cost.
    pub(crate) fn of_nobody() -> Self {
        Self {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: [0; SALT_BYTES].into(),
            output: [0; OUTPUT_BYTES].into(),
        }
    }

    /// Whether this is the password. Takes as long as making the hash.
    pub(crate) fn is_of(&self, password: &str) -> bool {
        let output = output(self.memory_kib, self.passes, self.lanes, &*self.salt, password);
        output.is_some_and(|output| verify_slices_are_equal(&output, &*self.output).is_ok())
    }

    /// What a thief would try passwords on.
    #[cfg(test)]
    pub(crate) fn output(&self) -> &[u8] {
        &*self.output
    }

    /// Whether it was made at less than today's cost, or otherwise.
    pub(crate) fn is_outdated(&self) -> bool {
        (self.memory_kib, self.passes, self.lanes) != (MEMORY_KIB, PASSES, LANES)
    }
}

/// `None` for a cost or salt that argon2 does not know: no password fits it.
fn output(
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: &[u8],
    password: &str,
) -> Option<[u8; OUTPUT_BYTES]> {
    let params = Params::new(memory_kib, passes, lanes, Some(OUTPUT_BYTES)).ok()?;
    let mut output = [0; OUTPUT_BYTES];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(password.as_bytes(), salt, &mut output).ok()?;
    Some(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_knows_its_password_and_whether_it_was_cheap() {
        let cheap = PasswordHash::at(64, 1, "correct horse", [1; SALT_BYTES]);
        assert!(cheap.is_of("correct horse") && !cheap.is_of("correct horsf") && cheap.is_outdated());
        let dear = PasswordHash::of("correct horse", [1; SALT_BYTES]);
        assert!(dear.is_of("correct horse") && !dear.is_outdated());
        assert_ne!(dear.output, cheap.output);
        assert!(!PasswordHash::of_nobody().is_of(""));
    }

    #[test]
    fn a_hash_of_a_cost_that_nobody_knows_fits_no_password() {
        let mut hash = PasswordHash::at(64, 1, "x", [1; SALT_BYTES]);
        hash.lanes = 0;
        assert!(!hash.is_of("x"));
    }
}
