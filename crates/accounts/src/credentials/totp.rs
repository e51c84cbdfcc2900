//! One-time codes by the clock.
//!
//! *Standards*: RFC 6238 with HMAC-SHA-1, 30 seconds, 6 digits, as every authenticator app does; RFC 4226 5.3.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use jiff::Timestamp;

use super::{Credentials, Totp};

/// Seconds of one step.
const STEP_SECS: i64 = 30;
/// Steps by which a telephone's clock may differ from ours.
const DRIFT_STEPS: u64 = 1;
const DIGITS: usize = 6;
/// Octets of a secret: as many as SHA-1 gives (RFC 4226 4, R6 asks for 16 at least).
pub(super) const SECRET_BYTES: usize = 20;

impl Totp {
    /// Takes a code if it is the one of now, and no code of its step or a later one was taken before.
    pub(super) fn take(&mut self, code: &str, now: Timestamp) -> bool {
        let Some(step) = step_of(&self.secret, code, now) else { return false };
        if step <= self.last_step {
            return false;
        }
        self.last_step = step;
        true
    }
}

impl Credentials {
    /// Takes a second factor: a code of the clock, or one of the recovery codes. What was taken is not taken again.
    pub(crate) fn take_code(&mut self, code: &str, now: Timestamp) -> Option<Factor> {
        // People write codes in groups.
        let code: String = code.chars().filter(|c| c.is_alphanumeric()).collect();
        if self.totp.as_mut()?.take(&code, now) {
            return Some(Factor::Totp);
        }
        self.take_recovery_code(&code).then_some(Factor::RecoveryCode)
    }
}

/// By what somebody proved themselves a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Factor {
    /// A code of the clock.
    Totp,
    /// A code for the day on which the telephone is lost.
    RecoveryCode,
}

/// Which step's code this is, of those that count now.
pub(super) fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<u64> {
    let present = u64::try_from(now.as_second().div_euclid(STEP_SECS)).ok()?;
    let steps = present.saturating_sub(DRIFT_STEPS)..=present + DRIFT_STEPS;
    // The latest first: a code that fits two steps uses both up.
    steps
        .rev()
        .find(|step| verify_slices_are_equal(code_at(secret, *step).as_bytes(), code.as_bytes()).is_ok())
}

/// The code of a step (RFC 4226 5.3).
pub(crate) fn code_at(secret: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let octets = tag.as_ref();
    let offset = usize::from(octets.last().copied().unwrap_or(0) & 0x0f);
    let word =
        octets.get(offset..offset + 4).and_then(|word| <[u8; 4]>::try_from(word).ok()).unwrap_or_default();
    let number = u32::from_be_bytes(word) & 0x7fff_ffff;
    format!("{:0width$}", number % 10_u32.pow(DIGITS as u32), width = DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    /// RFC 6238 appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        for (secs, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(step_of(SECRET, code, at(secs)), Some(secs.cast_unsigned() / 30), "{secs}");
        }
    }

    #[test]
    fn each_step_counts_once_and_only_while_it_is_near() {
        let mut totp = Totp { secret: SECRET.to_vec().into(), last_step: 0 };
        let code = code_at(SECRET, 100);
        assert!(!totp.take(&code, at(102 * 30)), "a minute late");
        assert!(totp.take(&code, at(101 * 30)), "a telephone that is slow");
        assert!(!totp.take(&code, at(101 * 30)), "again");
        assert!(!totp.take(&code_at(SECRET, 99), at(100 * 30)), "one before it");
        assert!(totp.take(&code_at(SECRET, 102), at(101 * 30)), "a telephone that is fast");
        for wrong in ["", "12345", "1234567", "abcdef", "\u{661}\u{662}\u{663}"] {
            assert!(!totp.take(wrong, at(104 * 30)), "{wrong}");
        }
    }
}
