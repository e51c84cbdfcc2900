//! The number of an organisation, and the prefix it gives to every key.
//!
//! Isolation is in the key: a handle made for one organisation puts these four bytes before everything it
//! reads and writes, so no mistake above the store can reach another's rows.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// An organisation, numbered from 1 by the operator's own sequence.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct OrganisationId(#[n(0)] NonZeroU32);

/// The text or number was no organisation id: they are whole, from 1 to 4294967295.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an organisation id is a whole number from 1 up")]
pub struct BadOrganisationId;

impl OrganisationId {
    /// The id with this number, unless it is 0 (the operator's own space has no organisation).
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// The number, from 1.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for OrganisationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for OrganisationId {
    type Err = BadOrganisationId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| BadOrganisationId)
    }
}

impl TryFrom<u64> for OrganisationId {
    type Error = BadOrganisationId;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        u32::try_from(number).ok().and_then(Self::new).ok_or(BadOrganisationId)
    }
}

/// Whose rows: an organisation's, or the operator's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub(crate) struct Owner(#[n(0)] u32);

impl Owner {
    pub(crate) const OPERATOR: Self = Self(0);

    /// What every key of this owner begins with.
    pub(crate) fn prefix(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }

    /// A key of this owner's as the engine sees it.
    pub(crate) fn key(self, inner: &[u8]) -> Vec<u8> {
        [&self.prefix(), inner].concat()
    }
}

impl From<OrganisationId> for Owner {
    fn from(id: OrganisationId) -> Self {
        Self(id.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_prints_and_is_never_zero() {
        let id: OrganisationId = "42".parse().unwrap();
        assert_eq!(id.to_string(), "42");
        assert_eq!("0".parse::<OrganisationId>(), Err(BadOrganisationId));
        assert_eq!(OrganisationId::try_from(1 << 40), Err(BadOrganisationId));
        let bytes = minicbor::to_vec(id).unwrap();
        assert_eq!(minicbor::decode::<OrganisationId>(&bytes).unwrap(), id);
    }
}
