//! The telephone that shows the second factor.
//!
//! *Standards*: RFC 6238 with the parameters that authenticator apps assume: HMAC-SHA-1, 30 seconds, six digits.

use anyhow::{Context, Result};
use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;

/// How long one code is shown, in seconds.
const STEP_SECS: i64 = 30;

/// What the telephone shows at that time, for a secret as it is typed in.
pub fn code(secret: &str, at: Timestamp) -> Result<String> {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).context("a secret in Base32")?;
    let step = at.as_second().div_euclid(STEP_SECS).to_be_bytes();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = hmac::sign(&key, &step);
    // RFC 4226, 5.3: the last four bits say where the number begins.
    let start = usize::from(tag.as_ref().last().context("no digest")? & 0xf);
    let four = tag.as_ref().get(start..start + 4).context("four octets")?;
    let number = u32::from_be_bytes(four.try_into()?) & 0x7fff_ffff;
    Ok(format!("{:06}", number % 1_000_000))
}

/// The code that is shown now, and the one after it.
pub fn now_and_next(secret: &str) -> Result<[String; 2]> {
    let now = Timestamp::now();
    let next = now.checked_add(jiff::SignedDuration::from_secs(STEP_SECS)).context("the end of time")?;
    Ok([code(secret, now)?, code(secret, next)?])
}

#[cfg(test)]
mod tests {
    use super::{BASE32_NOPAD, code};

    #[test]
    fn shows_what_the_rfc_says() {
        // RFC 6238, appendix B, without its first two digits.
        let secret = BASE32_NOPAD.encode(b"12345678901234567890");
        for (second, shown) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(code(&secret, jiff::Timestamp::from_second(second).unwrap()).unwrap(), shown);
        }
    }
}
