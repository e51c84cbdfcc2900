//! Drafts that follow the messages of a ticket that is merged into another.

use guichet_accounts::{Actor, PersonId};
use guichet_store::{Batch, Direction, Snapshot, Template, record};
use jiff::Timestamp;

use super::record::DraftRecord;
use super::{DraftId, StoredDraft, tell};
use crate::stored::last_number;
use crate::{Error, keys, numbers};

/// A draft whose writer has none in the ticket that it goes to.
pub(crate) struct Following {
    person: PersonId,
    draft: StoredDraft,
}

/// The drafts in a ticket that go along into another; each, and that there is none there, becomes a check.
pub(crate) fn following(snapshot: &mut Snapshot, (from, into): (u64, u64)) -> Result<Vec<Following>, Error> {
    let rows = snapshot.scan(&keys::ticket_drafts(from), Direction::Forward, None)?;
    let found = rows.map(|row| {
        let (key, value) = row?;
        Ok((PersonId(last_number(&key)?), DraftId(numbers::<1>(&value)?.0[0])))
    });
    let mut following = Vec::new();
    for (person, id) in found.collect::<Result<Vec<_>, Error>>()? {
        let draft = StoredDraft::read(snapshot, person, id)?;
        if snapshot.read(&keys::ticket_draft(into, person))?.is_none() {
            following.extend(draft.map(|draft| Following { person, draft }));
        }
    }
    Ok(following)
}

impl Following {
    /// Writes it into the other ticket. Its version stays: not a word of it is different.
    pub(crate) fn write(&self, batch: &mut Batch, actor: &Actor, (from, into): (u64, u64), now: Timestamp) {
        let (person, StoredDraft { id, version, draft, created, updated, bytes, .. }) =
            (self.person, &self.draft);
        let record = DraftRecord {
            draft: draft.clone(),
            ticket: into,
            created: *created,
            updated: *updated,
            bytes: *bytes,
        };
        let value = Template::new().number(*version).raw(&record::encode(&record));
        batch.put(keys::draft(person, id.0), value);
        batch.delete(keys::ticket_draft(from, person));
        batch.put(keys::ticket_draft(into, person), Template::new().number(id.0));
        // Who does not see where it went hears no number of there.
        tell(batch, (actor, person), from, now);
    }
}
