//! How much the drafts of one person are, kept beside them.

use guichet_accounts::PersonId;
use guichet_store::{Batch, Snapshot, record};
use minicbor::{Decode, Encode};

use super::StoredDraft;
use crate::{Error, keys};

/// How many drafts a person has: more than anybody finds again.
pub const DRAFTS_MAX: u32 = 500;

/// How many octets the drafts of a person have, their files included: ten mails of the largest size.
pub const DRAFT_BYTES_MAX: u64 = 256 << 20;

/// The drafts of a person together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Tally {
    #[n(0)]
    drafts: u32,
    #[n(1)]
    bytes: u64,
}

impl Tally {
    /// Reads it as a check of the batch: so the drafts of one person change one after the other.
    pub(super) fn read(snapshot: &mut Snapshot, person: PersonId) -> Result<Self, Error> {
        let stored = snapshot.read(&keys::draft_tally(person))?;
        let read = |bytes: Vec<u8>| record::decode(&bytes).map_err(|_| Error::Damaged("drafts"));
        Ok(stored.map(read).transpose()?.unwrap_or_default())
    }

    /// Without this draft.
    pub(super) fn without(self, draft: Option<&StoredDraft>) -> Self {
        let Some(draft) = draft else { return self };
        Self { drafts: self.drafts.saturating_sub(1), bytes: self.bytes.saturating_sub(draft.bytes) }
    }

    /// With one more of this size.
    ///
    /// # Errors
    /// [`Error::Invalid`] beyond the bounds.
    pub(super) fn with(self, bytes: u64) -> Result<Self, Error> {
        let more = Self { drafts: self.drafts + 1, bytes: self.bytes.saturating_add(bytes) };
        if more.drafts > DRAFTS_MAX {
            return Err(Error::Invalid(format!(
                "there are {DRAFTS_MAX} drafts already: send or delete some first"
            )));
        }
        if more.bytes > DRAFT_BYTES_MAX {
            return Err(Error::Invalid(format!(
                "all drafts together have at most {} MiB with their files: send or delete some first",
                DRAFT_BYTES_MAX >> 20
            )));
        }
        Ok(more)
    }

    pub(super) fn write(self, batch: &mut Batch, person: PersonId) {
        if self.drafts == 0 {
            batch.delete(keys::draft_tally(person));
        } else {
            batch.put(keys::draft_tally(person), record::encode(&self));
        }
    }
}
