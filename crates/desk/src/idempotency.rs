//! Idempotency: a request that is sent again makes nothing again.
//!
//! A row for each key stands under its day, beside what the first request made, in the same commit. Two days are
//! looked at, so a key is known for at least 24 hours; two requests at once make one message, since each rests on
//! the absence of the other's row.

use crate::Error;

/// The longest key, in octets: room for any UUID or digest with a prefix.
const KEY_BYTES_MAX: usize = 255;

/// By what a repeated request is known. Keys of different people are different keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    key: String,
    request: [u8; 32],
}

impl Idempotency {
    /// The key that the client chose, and everything of the request that says what it asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a key that is empty, longer than 255 octets or has other than printable ASCII.
    pub fn new(key: &str, request: &[u8]) -> Result<Self, Error> {
        let fits = (1..=KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(|octet| octet.is_ascii_graphic());
        if !fits {
            let rule = format!("an idempotency key has 1 to {KEY_BYTES_MAX} printable ASCII characters, no spaces");
            return Err(Error::Invalid(rule));
        }
        Ok(Self { key: key.to_owned(), request: *blake3::hash(request).as_bytes() })
    }
}
