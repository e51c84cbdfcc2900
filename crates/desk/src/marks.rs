//! Marks: what each person has read and starred. Nobody else sees them, admins included.
//!
//! *Must hold*
//! - A row stands for one person and one ticket, and only that person's calls read it.
//! - What a person wrote themselves counts as read, in the commit that writes it.
//! - A change of a mark rests on the ticket as it stands, so that no mark is left behind by a merge or a split.

mod change;
mod mark;
mod moved;

pub use mark::Mark;
pub(crate) use mark::MarkRecord;
pub(crate) use moved::{Union, divide, forget, read_all, unite};

use guichet_accounts::{Actor, PersonId};
use guichet_store::{Batch, Direction, Snapshot, Template, record};
use jiff::Timestamp;

use crate::drafts::has_draft;
use crate::event::{self, Event, EventKind};
use crate::filter::{TicketFilter, me};
use crate::keys::{self, Number};
use crate::stored::{StoredTicket, last_number};
use crate::{Desk, Error};

/// How many tickets a person stars. It is a short list of what matters, read whole.
pub const STARRED_MAX: usize = 1_000;

/// What one person has marked of a ticket, as lists show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marked {
    /// They starred it.
    pub starred: bool,
    /// It has a message that they have not read.
    pub unread: bool,
    /// The event that last changed their mark; 0 without one.
    pub activity: u64,
}

impl Desk {
    /// What the actor has marked of a ticket that they see.
    pub fn mark(&self, actor: &Actor, ticket: u64) -> Result<Mark, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        crate::read::seen_ticket(&snapshot, actor, ticket)?;
        peek(&snapshot, actor, ticket)
    }

    /// What the actor has marked of each of these tickets, which they see, in their order.
    pub fn marks_of(&self, actor: &Actor, tickets: &[StoredTicket]) -> Result<Vec<Marked>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        tickets.iter().map(|ticket| marked(&snapshot, actor, ticket.number)).collect()
    }
}

/// What the actor has marked of a ticket; nothing where they are no person.
pub(crate) fn peek(snapshot: &Snapshot, actor: &Actor, ticket: u64) -> Result<Mark, Error> {
    match me(actor) {
        Some(person) => Mark::of(snapshot.peek(&keys::mark(ticket, person))?.as_deref()),
        None => Ok(Mark::default()),
    }
}

pub(crate) fn marked(snapshot: &Snapshot, actor: &Actor, ticket: u64) -> Result<Marked, Error> {
    let mark = peek(snapshot, actor, ticket)?;
    let unread = has_unread(snapshot, &mark, ticket)?;
    Ok(Marked { starred: mark.is_starred(), unread, activity: mark.activity })
}

/// Whether a ticket has a message that this mark has not read: two rows are looked at.
fn has_unread(snapshot: &Snapshot, mark: &Mark, ticket: u64) -> Result<bool, Error> {
    if mark.has_exceptions() {
        return Ok(true);
    }
    let messages = keys::ticket_messages(ticket);
    let after = messages.clone().number(mark.read_to());
    for row in snapshot.scan(&messages, Direction::Forward, Some(after.as_bytes()))? {
        if !mark.has_read(last_number(&row?.0)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The tickets that a person has starred, by number.
pub(crate) fn starred(snapshot: &Snapshot, person: PersonId) -> Result<Vec<u64>, Error> {
    let rows = snapshot.scan(&keys::stars(person), Direction::Forward, None)?;
    rows.take(STARRED_MAX).map(|row| last_number(&row?.0)).collect()
}

/// Whether a ticket is what a filter asks of the actor's own marks and drafts.
pub(crate) fn agrees(
    snapshot: &Snapshot,
    actor: &Actor,
    filter: &TicketFilter,
    ticket: u64,
) -> Result<bool, Error> {
    if filter.starred.is_some() || filter.unread.is_some() {
        let Marked { starred, unread, .. } = marked(snapshot, actor, ticket)?;
        if filter.starred.is_some_and(|asked| asked != starred)
            || filter.unread.is_some_and(|asked| asked != unread)
        {
            return Ok(false);
        }
    }
    match filter.drafted {
        Some(asked) => Ok(asked == has_draft(snapshot, actor, ticket)?),
        None => Ok(true),
    }
}

/// Writes a mark.
fn put(
    batch: &mut Batch,
    ticket: Number,
    person: PersonId,
    (activity, own): (Number, Number),
    kept: &MarkRecord,
) {
    let value = own.write(activity.write(Template::new()));
    batch.put(keys::mark_row(ticket, person), value.raw(&record::encode(kept)));
}

/// The event of a changed mark, which only its person hears.
fn tell(
    batch: &mut Batch,
    (actor, person): (&Actor, PersonId),
    ticket: &StoredTicket,
    message: u64,
    now: Timestamp,
) -> Number {
    let team = ticket.record.team;
    let event = Event {
        kind: EventKind::MarkChanged,
        team_before: team,
        team,
        who: actor.who,
        at: now,
        delivery: None,
        person: Some(person),
    };
    let of = (Number::Known(ticket.number), Number::Known(message));
    Number::Assigned(event::append(batch, of.0, of.1, &event))
}

/// The mark of somebody who is writing into a ticket, as a check of the same commit.
pub(crate) struct OwnMark {
    person: PersonId,
    mark: Mark,
}

impl OwnMark {
    /// Reads it; none where the writer is no person. `ticket` is none of a new mail.
    pub(crate) fn read(
        snapshot: &mut Snapshot,
        actor: &Actor,
        ticket: Option<u64>,
    ) -> Result<Option<Self>, Error> {
        let Some(person) = me(actor) else { return Ok(None) };
        let mark = match ticket {
            Some(ticket) => {
                let mut mark = Mark::read(snapshot, ticket, person)?;
                mark.settle(snapshot, ticket)?;
                mark
            }
            None => Mark::default(),
        };
        Ok(Some(Self { person, mark }))
    }

    /// Counts what they wrote as read.
    pub(crate) fn wrote(&self, batch: &mut Batch, ticket: Number, message: Number, activity: Number) {
        put(batch, ticket, self.person, (activity, message), self.mark.record());
    }
}
