//! Deleting for good: a ticket in the trash goes with all that it has, and so do its mails where nothing else names them.
//!
//! The first commit takes the ticket itself away: from then on nobody sees it or anything of it, mail that answers it
//! begins a new ticket, and a mail that was in it is new when it comes again. A row says that the rest is still to go;
//! it goes in bounded commits, now or after the next start. The tickets that were merged into it, which are empty and lead
//! nowhere any more, go with it. The contact stays, and so does the row of the audit log.
//!
//! *Must hold*
//! - Nothing is deleted of which a delivery still waits or is being sent, and nothing of a suspended organisation.
//! - A blob is given up only in the commit that takes its last name.

mod messages;
mod trash;

pub use trash::Emptied;

use guichet_accounts::{Actor, By, Deed, Sight};
use guichet_store::{Batch, CommitError, Direction, Key, OrganisationId, Snapshot};
use jiff::Timestamp;

use crate::event::{self, Event, EventKind};
use crate::keys::{self, Number};
use crate::stored::{self, StoredTicket, last_number};
use crate::ticket::State;
use crate::{DeliveryId, Desk, Error, StoredDelivery, drafts, facet, marks};

use self::messages::Removal;

/// How often a deletion is tried again when something else happened to the ticket.
const ATTEMPTS_MAX: usize = 32;
/// How many links of a ticket go in one commit.
const LINKS_AT_ONCE: usize = 500;
/// How many drafts in a ticket go in one commit.
const DRAFTS_AT_ONCE: usize = 50;
/// How many of the tickets that were merged into it go in one commit.
const ABSORBED_AT_ONCE: usize = 50;

/// One commit of a deletion.
pub(crate) struct Step {
    pub(crate) batch: Batch,
    /// The tickets that it takes away besides, which are to be finished as well.
    hides: Vec<u64>,
    /// Nothing is left of the ticket.
    pub(crate) is_last: bool,
}

impl Step {
    fn of(batch: Batch) -> Self {
        Self { batch, hides: Vec::new(), is_last: false }
    }
}

impl Desk {
    /// Deletes a ticket for good, out of the trash; it is the admins' to do. `by` is noted in the audit log.
    ///
    /// # Errors
    /// [`Error::NotFound`] of a ticket that the actor does not see; [`Error::Invalid`] where it is not in the trash, a
    /// mail of it still waits to be sent, or the actor is no admin.
    pub async fn delete_ticket(
        &self,
        actor: &Actor,
        by: &By,
        number: u64,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.delete_quiet(actor, by, number, None, now).await
    }

    /// The same, but [`Error::Changed`] where something happened to the ticket since `quiet_since`.
    async fn delete_quiet(
        &self,
        actor: &Actor,
        by: &By,
        number: u64,
        quiet_since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.hide_ticket(actor, by, number, quiet_since, now).await?;
        self.finish_deletion(actor.organisation, number, now).await
    }

    /// Takes the ticket itself away; the rest is still to go.
    pub(crate) async fn hide_ticket(
        &self,
        actor: &Actor,
        by: &By,
        number: u64,
        quiet_since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let ticket = self.deletable(&mut snapshot, actor, number)?;
            if quiet_since.is_some_and(|since| ticket.record.updated >= since) {
                return Err(Error::Changed("ticket"));
            }
            let (mut batch, mut due) = (snapshot.batch(), self.due_rows());
            if let Some(at) = ticket.record.snoozed_until {
                due.clear_timer(at, actor.organisation, number);
            }
            hide(&mut batch, actor, &ticket, now);
            self.accounts.audit_row(&mut batch, by, Deed::TicketDeleted, number);
            match self.commit_queued(batch, due).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too much happens to this ticket at once".to_owned()))
    }

    /// Finishes deletions that were begun when the server stopped.
    pub async fn finish_deletions(&self, organisation: OrganisationId, now: Timestamp) -> Result<(), Error> {
        let snapshot = self.store.of(organisation).snapshot()?;
        let begun = snapshot.scan(&Key::new(keys::DELETED), Direction::Forward, None)?;
        let begun = begun.map(|row| last_number(&row?.0)).collect::<Result<Vec<_>, Error>>()?;
        drop(snapshot);
        for number in begun {
            match self.finish_deletion(organisation, number, now).await {
                // Whoever comes after it is not kept from their end.
                Err(Error::Damaged(what)) => {
                    tracing::error!(%organisation, number, what, "a deletion can't go on");
                }
                other => other?,
            }
        }
        Ok(())
    }

    /// The ticket, as a check, if it may be deleted.
    pub(crate) fn deletable(
        &self,
        snapshot: &mut Snapshot,
        actor: &Actor,
        number: u64,
    ) -> Result<StoredTicket, Error> {
        let invalid = |sentence: &str| Err(Error::Invalid(sentence.to_owned()));
        let ticket = stored::ticket_checked(snapshot, number)?
            .filter(|ticket| actor.sight.sees(ticket.record.team))
            .ok_or(Error::NotFound("ticket"))?;
        if actor.sight != Sight::All {
            return invalid("only an admin deletes tickets for good");
        }
        if ticket.record.state != State::Trash {
            return invalid("only what is in the trash is deleted for good: put it there first");
        }
        if self.accounts.is_suspended(actor.organisation)? {
            return invalid("the organisation is suspended: nothing of it is deleted meanwhile");
        }
        if self.is_leaving(snapshot, actor.organisation, number)? {
            return invalid(
                "a mail of this ticket still waits to be sent: cancel it, or wait until it has left",
            );
        }
        Ok(ticket)
    }

    /// Whether a delivery of the ticket waits or is being worked on. None becomes a check, there may be very many: whoever
    /// makes one wait writes the ticket, which is one.
    fn is_leaving(
        &self,
        snapshot: &Snapshot,
        organisation: OrganisationId,
        ticket: u64,
    ) -> Result<bool, Error> {
        for message in numbers_under(snapshot, &keys::ticket_messages(ticket), usize::MAX)? {
            for id in numbers_under(snapshot, &keys::message_deliveries(message), usize::MAX)? {
                let id = DeliveryId(id);
                let delivery = StoredDelivery::peek(snapshot, id)?;
                let waits = delivery.is_some_and(|delivery| delivery.record.state.is_waiting());
                if waits || self.queue.is_marked(organisation, id) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Takes away what a deleted ticket left, in bounded commits.
    async fn finish_deletion(
        &self,
        organisation: OrganisationId,
        ticket: u64,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (mut left, mut conflicts) = (vec![ticket], 0);
        while let Some(number) = left.last().copied()
            && conflicts < ATTEMPTS_MAX
        {
            let Step { batch, hides, is_last } = self.deletion_step(organisation, number, now)?;
            match self.store.commit(vec![batch]).await {
                Ok(_) => {
                    conflicts = 0;
                    if is_last {
                        left.pop();
                    }
                    left.extend(hides);
                }
                Err(CommitError::Conflict) => conflicts += 1,
                Err(error) => return Err(error.into()),
            }
        }
        // The row that says so stays: the next look goes on.
        Ok(())
    }

    /// The next commit of a deletion. Whoever adds anything to a ticket rests on it, so nobody does any more.
    pub(crate) fn deletion_step(
        &self,
        organisation: OrganisationId,
        ticket: u64,
        now: Timestamp,
    ) -> Result<Step, Error> {
        let space = self.store.of(organisation);
        let mut snapshot = space.snapshot()?;
        if let Some(removal) = Removal::read(&mut snapshot, ticket)? {
            let mut batch = snapshot.batch();
            removal.write(&mut batch)?;
            return Ok(Step::of(batch));
        }
        let system = Actor::system(organisation);
        let absorbed = numbers_under(&snapshot, &keys::absorbed(ticket), ABSORBED_AT_ONCE)?;
        if !absorbed.is_empty() {
            return hide_absorbed(snapshot, &system, (ticket, absorbed), now);
        }
        let drafts = drafts::forget(&mut snapshot, &system, ticket, DRAFTS_AT_ONCE)?;
        if !drafts.is_empty() {
            let mut batch = snapshot.batch();
            for draft in &drafts {
                draft.write(&mut batch, &system, now);
            }
            return Ok(Step::of(batch));
        }
        let mut batch = space.batch();
        let links = numbers_under(&snapshot, &keys::links(ticket), LINKS_AT_ONCE)?;
        for other in links.iter().copied() {
            batch.delete(keys::links(ticket).number(other));
            batch.delete(keys::links(other).number(ticket));
        }
        if links.len() == LINKS_AT_ONCE {
            return Ok(Step::of(batch));
        }
        marks::forget(&snapshot, &mut batch, ticket)?;
        batch.delete(keys::deleted(ticket));
        Ok(Step { is_last: true, ..Step::of(batch) })
    }
}

/// The rows without which nobody finds the ticket.
fn hide(batch: &mut Batch, actor: &Actor, ticket: &StoredTicket, now: Timestamp) {
    facet::leave(batch, &ticket.record, ticket.requester, ticket.activity);
    batch.delete(keys::ticket(ticket.number));
    batch.put(keys::deleted(ticket.number), Vec::new());
    let team = ticket.record.team;
    let event = Event {
        kind: EventKind::TicketDeleted,
        team_before: team,
        team,
        who: actor.who,
        at: now,
        delivery: None,
        person: None,
    };
    event::append(batch, Number::Known(ticket.number), Number::Known(0), &event);
}

/// Takes tickets away that were merged into one that is gone.
fn hide_absorbed(
    mut snapshot: Snapshot,
    actor: &Actor,
    (into, numbers): (u64, Vec<u64>),
    now: Timestamp,
) -> Result<Step, Error> {
    let mut empty = Vec::with_capacity(numbers.len());
    for number in numbers.iter().copied() {
        empty.extend(stored::ticket_checked(&mut snapshot, number)?);
    }
    empty.retain(|ticket| ticket.record.merged_into == Some(into));
    let mut batch = snapshot.batch();
    for number in numbers {
        batch.delete(keys::absorbed(into).number(number));
    }
    for ticket in &empty {
        hide(&mut batch, actor, ticket, now);
    }
    Ok(Step { hides: empty.iter().map(|ticket| ticket.number).collect(), ..Step::of(batch) })
}

/// The last numbers of the keys under a prefix.
fn numbers_under(snapshot: &Snapshot, prefix: &Key, limit: usize) -> Result<Vec<u64>, Error> {
    let rows = snapshot.scan(prefix, Direction::Forward, None)?;
    rows.take(limit).map(|row| last_number(&row?.0)).collect()
}
