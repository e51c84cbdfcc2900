//! The version in front of each stored value: the commit that wrote it, 8 bytes big-endian.

use crate::engine::Unavailable;

/// How many bytes a version takes.
pub(crate) const BYTES: usize = 8;

/// A value as it is stored.
pub(crate) fn head(version: u64) -> [u8; BYTES] {
    version.to_be_bytes()
}

/// The version of a stored value.
pub(crate) fn of(stored: &[u8]) -> Result<u64, Unavailable> {
    let head = stored.first_chunk().ok_or_else(|| Unavailable::new("a stored value has no version"))?;
    Ok(u64::from_be_bytes(*head))
}

/// The version and the value itself.
pub(crate) fn split(mut stored: Vec<u8>) -> Result<(u64, Vec<u8>), Unavailable> {
    let version = of(&stored)?;
    stored.drain(..BYTES);
    Ok((version, stored))
}
