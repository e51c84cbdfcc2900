//! A draft on its way out: sent or deleted, with all that is kept for it.

use guichet_accounts::{Actor, PersonId};
use guichet_store::{Batch, Direction, Snapshot};
use jiff::Timestamp;

use super::kept::Files;
use super::tally::Tally;
use super::{DraftId, StoredDraft, tell};
use crate::stored::last_number;
use crate::{Error, keys, numbers};

/// A draft that goes with the commit; what it rests on was read as checks.
pub(crate) struct Removal {
    person: PersonId,
    pub(super) draft: StoredDraft,
    /// The ticket that its writer hears of; 0 of one that they may not see any more.
    told: u64,
    files: Files,
    tally: Tally,
}

impl Removal {
    /// Reads a draft and what is kept for it.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it is gone; [`Error::Changed`] where it is not the version that is expected.
    pub(crate) fn read(
        snapshot: &mut Snapshot,
        (actor, person): (&Actor, PersonId),
        id: DraftId,
        expected: Option<u64>,
    ) -> Result<Self, Error> {
        let draft = StoredDraft::read(snapshot, person, id)?.ok_or(Error::NotFound("draft"))?;
        if expected.is_some_and(|expected| expected != draft.version) {
            return Err(Error::Changed("draft"));
        }
        let files = Files::read(snapshot, actor, id, (&draft.draft.attachments, &[]))?;
        let tally = Tally::read(snapshot, person)?.without(Some(&draft));
        let told = draft.ticket_number();
        Ok(Self { person, draft, told, files, tally })
    }

    pub(crate) fn write(&self, batch: &mut Batch, actor: &Actor, now: Timestamp) {
        let (person, ticket) = (self.person, self.draft.ticket_number());
        batch.delete(keys::draft(person, self.draft.id.0));
        if ticket != 0 {
            batch.delete(keys::ticket_draft(ticket, person));
        }
        self.files.write(batch, self.draft.id);
        self.tally.write(batch, person);
        tell(batch, (actor, person), self.told, now);
    }
}

/// Deletes everybody's drafts in a ticket that is deleted for good, at most `drafts_max` of them; says how many.
pub(crate) fn forget(
    snapshot: &mut Snapshot,
    actor: &Actor,
    ticket: u64,
    drafts_max: usize,
) -> Result<Vec<Removal>, Error> {
    let rows = snapshot.scan(&keys::ticket_drafts(ticket), Direction::Forward, None)?;
    let mut found = Vec::new();
    for row in rows.take(drafts_max) {
        let (key, value) = row?;
        let ([id], _) = numbers::<1>(&value)?;
        found.push((PersonId(last_number(&key)?), DraftId(id)));
    }
    let removed = found.into_iter().map(|(person, id)| {
        let removal = Removal::read(snapshot, (actor, person), id, None)?;
        Ok(Removal { told: 0, ..removal })
    });
    removed.collect()
}
