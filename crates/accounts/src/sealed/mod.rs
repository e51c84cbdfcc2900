//! Everything that is stored sealed, by kind: the one way into the vault, and the change of its key.
//!
//! *Must hold*: what is sealed under the master key and stored has a kind here, since nothing else can seal; each kind says how its rows are sealed anew,
//! so that a change of the master key reaches all of them.

mod letters;
mod places;
mod reseal;
mod vault;

use guichet_store::{Key, OrganisationId};

pub use vault::{CanNotOpen, SecretBytes, Vault};

use crate::{Accounts, keys};

/// Rows that hold something sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SealedKind {
    /// The key of the tokens in mails.
    TokenKey,
    /// The private part of a DKIM key.
    DkimKey,
    /// What a person proves themselves by.
    Credentials,
}

impl SealedKind {
    /// Every kind there is.
    pub(crate) const ALL: [SealedKind; 3] =
        [SealedKind::TokenKey, SealedKind::DkimKey, SealedKind::Credentials];

    /// Whether such rows stand in the space of this owner; `None` is the operator's. In other spaces the same letter may
    /// be another's.
    pub(crate) fn is_in(self, owner: Option<OrganisationId>) -> bool {
        match self {
            SealedKind::TokenKey => owner.is_none(),
            SealedKind::DkimKey => true,
            SealedKind::Credentials => owner.is_some(),
        }
    }

    /// What its keys begin with.
    pub(crate) fn prefix(self) -> u8 {
        match self {
            SealedKind::TokenKey => keys::TOKEN_KEY,
            SealedKind::DkimKey => keys::DKIM_KEYS,
            SealedKind::Credentials => keys::CREDENTIALS,
        }
    }
}

impl Accounts {
    /// Seals a secret for the row in which it will stand; `None` is the operator's space.
    pub(crate) fn seal(
        &self,
        kind: SealedKind,
        owner: Option<OrganisationId>,
        row: &Key,
        secret: &[u8],
    ) -> Vec<u8> {
        // A row elsewhere would be forgotten when the key changes.
        debug_assert!(kind.is_in(owner) && row.as_bytes().first() == Some(&kind.prefix()));
        self.vault().seal(&keys::place(owner, row), secret)
    }

    /// Opens what stands in a row.
    pub(crate) fn open(
        &self,
        owner: Option<OrganisationId>,
        row: &Key,
        sealed: &[u8],
    ) -> Result<SecretBytes, CanNotOpen> {
        self.vault().open(&keys::place(owner, row), sealed)
    }
}
