//! Saving and deleting drafts.

use guichet_accounts::{Actor, PersonId};
use guichet_store::{Batch, CommitError, Snapshot, Template, record};
use jiff::Timestamp;

use super::kept::Files;
use super::record::DraftRecord;
use super::tally::Tally;
use super::{Draft, DraftId, Removal, StoredDraft, is_in_sight, tell, writer};
use crate::keys::{self, Number};
use crate::{Desk, Error, numbers, stored};

/// How often a change is tried again when the same person changed another draft, or something happened to the ticket.
const ATTEMPTS_MAX: usize = 32;

/// Where a draft stands, or shall.
#[derive(Debug, Clone, Copy)]
enum At {
    Ticket(u64),
    Known(DraftId),
    New(DraftId),
}

/// What a change rests on.
struct Ground {
    id: DraftId,
    ticket: u64,
    before: Option<StoredDraft>,
}

impl Desk {
    /// Begins a new mail.
    pub async fn new_draft(
        &self,
        actor: &Actor,
        draft: &Draft,
        now: Timestamp,
    ) -> Result<StoredDraft, Error> {
        let id = DraftId(self.new_delivery_id(now).0);
        self.put_draft(actor, At::New(id), draft, None, now).await
    }

    /// Saves the actor's draft in a ticket that they see: the first, or in the place of what they had. With `expected`, the
    /// version that they read (0: that there was none), it fails with [`Error::Changed`] if it is another.
    pub async fn save_ticket_draft(
        &self,
        actor: &Actor,
        ticket: u64,
        draft: &Draft,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<StoredDraft, Error> {
        self.put_draft(actor, At::Ticket(ticket), draft, expected, now).await
    }

    /// Saves a draft in the place of what it was, likewise.
    pub async fn save_draft(
        &self,
        actor: &Actor,
        id: DraftId,
        draft: &Draft,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<StoredDraft, Error> {
        self.put_draft(actor, At::Known(id), draft, expected, now).await
    }

    /// Deletes a draft, likewise.
    pub async fn delete_draft(
        &self,
        actor: &Actor,
        id: DraftId,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let person = writer(actor)?;
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let removal = Removal::read(&mut snapshot, (actor, person), id, expected)?;
            if !is_in_sight(&snapshot, actor, removal.draft.ticket_number())? {
                return Err(Error::NotFound("draft"));
            }
            let mut batch = snapshot.batch();
            removal.write(&mut batch, actor, now);
            match self.store.commit(vec![batch]).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy())
    }

    async fn put_draft(
        &self,
        actor: &Actor,
        at: At,
        draft: &Draft,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<StoredDraft, Error> {
        let person = writer(actor)?;
        draft.check()?;
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let ground = self.draft_ground(&mut snapshot, actor, (person, at), now)?;
            let version = ground.before.as_ref().map_or(0, |before| before.version);
            if expected.is_some_and(|expected| expected != version) {
                return Err(Error::Changed("draft"));
            }
            let (batch, version, record) = plan(snapshot, (actor, person), &ground, draft, now)?;
            match self.store.commit(vec![batch]).await {
                Ok(receipts) => {
                    let version = receipts.first().map_or(0, |receipt| version.of(receipt));
                    let DraftRecord { draft, ticket, created, updated, bytes } = record;
                    let ticket = (ticket != 0).then_some(ticket);
                    return Ok(StoredDraft {
                        id: ground.id,
                        version,
                        ticket,
                        created,
                        updated,
                        draft,
                        bytes,
                    });
                }
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy())
    }

    /// Finds the draft that stands there, and its ticket, as checks.
    fn draft_ground(
        &self,
        snapshot: &mut Snapshot,
        actor: &Actor,
        (person, at): (PersonId, At),
        now: Timestamp,
    ) -> Result<Ground, Error> {
        match at {
            At::New(id) => {
                let before = StoredDraft::read(snapshot, person, id)?;
                // Made by chance, and somebody had the same: the one that was first stays.
                let id = if before.is_some() { DraftId(self.new_delivery_id(now).0) } else { id };
                Ok(Ground { id, ticket: 0, before: None })
            }
            At::Known(id) => {
                let before = StoredDraft::read(snapshot, person, id)?.ok_or(Error::NotFound("draft"))?;
                let ticket = before.ticket_number();
                if !is_in_sight(snapshot, actor, ticket)? {
                    return Err(Error::NotFound("draft"));
                }
                Ok(Ground { id, ticket, before: Some(before) })
            }
            At::Ticket(ticket) => {
                stored::ticket_checked(snapshot, ticket)?
                    .filter(|stored| actor.sight.sees(stored.record.team))
                    .ok_or(Error::NotFound("ticket"))?
                    .check_unmerged()?;
                let known = snapshot.read(&keys::ticket_draft(ticket, person))?;
                let Some(known) = known else {
                    return Ok(Ground { id: DraftId(self.new_delivery_id(now).0), ticket, before: None });
                };
                let id = DraftId(numbers::<1>(&known)?.0[0]);
                Ok(Ground { id, ticket, before: StoredDraft::read(snapshot, person, id)? })
            }
        }
    }
}

/// Writes a draft into a batch; answers its version and what is stored.
fn plan(
    mut snapshot: Snapshot,
    (actor, person): (&Actor, PersonId),
    ground: &Ground,
    draft: &Draft,
    now: Timestamp,
) -> Result<(Batch, Number, DraftRecord), Error> {
    let (id, before) = (ground.id, ground.before.as_ref());
    let kept = before.map_or(&[][..], |before| &before.draft.attachments);
    let files = Files::read(&mut snapshot, actor, id, (kept, &draft.attachments))?;
    let bytes = record::encode(draft).len() as u64 + files.bytes;
    let tally = Tally::read(&mut snapshot, person)?.without(before).with(bytes)?;
    let record = DraftRecord {
        draft: draft.clone(),
        ticket: ground.ticket,
        created: before.map_or(now, |before| before.created),
        updated: now,
        bytes,
    };
    let mut batch = snapshot.batch();
    let version = tell(&mut batch, (actor, person), ground.ticket, now);
    let value = version.write(Template::new()).raw(&record::encode(&record));
    batch.put(keys::draft(person, id.0), value);
    if ground.ticket != 0 {
        batch.put(keys::ticket_draft(ground.ticket, person), Template::new().number(id.0));
    }
    files.write(&mut batch, id);
    tally.write(&mut batch, person);
    Ok((batch, version, record))
}

fn busy() -> Error {
    Error::Unavailable("too many drafts are changed at once".to_owned())
}
