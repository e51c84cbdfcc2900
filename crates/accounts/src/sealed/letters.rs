//! Mails of the server's own that hold a link which lets somebody in: sealed while they wait, so that a data directory
//! without its master key is no way in.
//!
//! They are sealed under a key made from that of the tokens, which stays the same when the master key is changed: what
//! waits is not written anew then.

use guichet_store::OrganisationId;

use super::Vault;
use crate::{Accounts, Error};

/// Name of the key that is made from that of the tokens; never changed.
const LETTERS_KEY: &str = "guichet 2026 letters: sealing key";

impl Accounts {
    /// Seals a mail of an organisation.
    pub fn seal_letter(&self, organisation: OrganisationId, octets: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.letters()?.seal(&organisation.get().to_be_bytes(), octets))
    }

    /// Opens what [`Accounts::seal_letter`] made for the same organisation.
    pub fn open_letter(&self, organisation: OrganisationId, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.letters()?.open(&organisation.get().to_be_bytes(), sealed)?.as_slice().to_vec())
    }

    fn letters(&self) -> Result<Vault, Error> {
        Ok(Vault::new(blake3::derive_key(LETTERS_KEY, &self.token_key()?)))
    }
}
