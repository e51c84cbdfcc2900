//! Reading drafts: one's own, of tickets that one sees.

use guichet_accounts::{Actor, PersonId};
use guichet_store::{Direction, Snapshot};

use super::record::ticket_of;
use super::{DraftId, StoredDraft, is_in_sight, writer};
use crate::filter::me;
use crate::page::Page;
use crate::read::{numbered_page, seen_ticket};
use crate::{Desk, Error, keys, numbers};

/// How many drafts one page has: their texts may have a mebibyte each.
const DRAFTS_SHOWN_MAX: usize = 20;

impl Desk {
    /// A page of the actor's drafts, the oldest first: at most [`DRAFTS_SHOWN_MAX`], since each is shown whole.
    pub fn drafts(
        &self,
        actor: &Actor,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredDraft>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let Some(person) = me(actor) else { return Ok(Page::empty()) };
        let limit = limit.min(DRAFTS_SHOWN_MAX);
        numbered_page(&snapshot, &keys::drafts(person), cursor, limit, |id, stored| {
            let draft = StoredDraft::of(DraftId(id), stored)?;
            Ok(is_in_sight(&snapshot, actor, draft.ticket_number())?.then_some(draft))
        })
    }

    /// One draft of the actor's.
    pub fn draft(&self, actor: &Actor, id: DraftId) -> Result<StoredDraft, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let missing = Error::NotFound("draft");
        let Some(stored) = snapshot.peek(&keys::draft(writer(actor)?, id.0))? else { return Err(missing) };
        let draft = StoredDraft::of(id, &stored)?;
        if is_in_sight(&snapshot, actor, draft.ticket_number())? { Ok(draft) } else { Err(missing) }
    }

    /// The actor's draft in a ticket that they see.
    pub fn ticket_draft(&self, actor: &Actor, ticket: u64) -> Result<StoredDraft, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        seen_ticket(&snapshot, actor, ticket)?;
        let stored = snapshot.peek(&keys::ticket_draft(ticket, writer(actor)?))?;
        let ([id], _) = numbers::<1>(&stored.ok_or(Error::NotFound("draft"))?)?;
        self.draft(actor, DraftId(id))
    }
}

/// Whether the actor has a draft in a ticket.
pub(crate) fn has_draft(snapshot: &Snapshot, actor: &Actor, ticket: u64) -> Result<bool, Error> {
    let Some(person) = me(actor) else { return Ok(false) };
    Ok(snapshot.peek(&keys::ticket_draft(ticket, person))?.is_some())
}

/// The tickets in which a person has a draft; each once, as a person has one draft in a ticket.
pub(crate) fn tickets_of(snapshot: &Snapshot, person: PersonId) -> Result<Vec<u64>, Error> {
    let mut tickets = Vec::new();
    for row in snapshot.scan(&keys::drafts(person), Direction::Forward, None)? {
        tickets.extend(ticket_of(&row?.1)?);
    }
    Ok(tickets)
}
