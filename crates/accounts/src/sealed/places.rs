//! Places in lists, sealed for those who ask for the next page.
//!
//! A page ends after so many rows, whether they may be seen or not. So the place where the next one begins may be that of
//! a row that belongs to another team, and by its alphabet would name what stands there (promise 7).

use guichet_store::OrganisationId;

use crate::Accounts;

/// What the context of a place begins with. No row's does: theirs begin with the number of the owner, and no server has
/// 1.8 thousand million organisations.
const CONTEXT: &[u8] = b"place in a list";

impl Accounts {
    /// Seals a place in one of an organisation's lists, each of which has its letter.
    pub fn seal_place(&self, organisation: OrganisationId, list: u8, place: &[u8]) -> Vec<u8> {
        self.vault().seal(&context(organisation, list), place)
    }

    /// Opens it; nothing where it is of another list or organisation, or none at all.
    pub fn open_place(&self, organisation: OrganisationId, list: u8, sealed: &[u8]) -> Option<Vec<u8>> {
        let place = self.vault().open(&context(organisation, list), sealed).ok()?;
        Some(place.as_slice().to_vec())
    }
}

fn context(organisation: OrganisationId, list: u8) -> Vec<u8> {
    [CONTEXT, &organisation.get().to_be_bytes(), &[list]].concat()
}
