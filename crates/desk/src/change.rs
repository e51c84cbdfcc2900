//! What people change of a ticket.

use std::collections::BTreeSet;

use guichet_accounts::{Actor, PersonId, TeamId};
use guichet_store::{Batch, CommitError, Snapshot};
use jiff::Timestamp;

use crate::event::{self, Event, EventKind};
use crate::keys::Number;
use crate::queue::DueRows;
use crate::rows::put_ticket;
use crate::snooze::{self, Waking};
use crate::stored::{self, StoredTicket};
use crate::ticket::{Priority, State, Ticket};
use crate::{CompanyId, ContactId, Desk, Error, companies, contact, facet};

/// How often a change is tried again when mail for the ticket was quicker.
const ATTEMPTS_MAX: usize = 16;
/// How many tags a ticket may have.
pub(crate) const TAGS_MAX: usize = 50;
const TAG_CHARS_MAX: usize = 60;
const SUBJECT_CHARS_MAX: usize = 500;

/// A change; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketChange {
    /// The new state.
    pub state: Option<State>,
    /// The new team; `Some(None)` takes it from all teams.
    pub team: Option<Option<TeamId>>,
    /// The new assignee; `Some(None)` takes it from everybody.
    pub assignee: Option<Option<PersonId>>,
    /// The new priority.
    pub priority: Option<Priority>,
    /// All tags that it shall have.
    pub tags: Option<BTreeSet<String>>,
    /// The new subject.
    pub subject: Option<String>,
    /// Whether somebody should still look.
    pub attention: Option<bool>,
    /// Whose it is; `Some(None)` leaves it nobody's.
    pub requester: Option<Option<ContactId>>,
    /// The company that it is linked to; `Some(None)` leaves it to the requester's.
    pub company: Option<Option<CompanyId>>,
}

impl Desk {
    /// Changes a ticket that the actor sees. With `expected`, the activity number of the ticket as the actor read it,
    /// it fails with [`Error::Changed`] if anything has happened to it since.
    pub async fn change_ticket(
        &self,
        actor: &Actor,
        number: u64,
        change: &TicketChange,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<StoredTicket, Error> {
        self.check(actor, change)?;
        self.edit_stored(actor, number, expected, now, |snapshot, ticket| {
            if let Some(requester) = change.requester {
                ticket.requester = contact::requester(snapshot, actor, requester)?;
                // Whoever decides whose it is has answered what was proposed.
                ticket.record.proposed_requester = None;
            }
            let ticket = &mut ticket.record;
            if let Some(company) = change.company {
                ticket.company = companies::linked(snapshot, company)?;
            }
            let before = ticket.team;
            apply(ticket, change);
            // Whom the change itself names is refused, who was there before falls away.
            if let Some(Some(person)) = change.assignee {
                self.check_sees(actor.organisation, person, ticket.team)?;
            }
            self.lose_sight(actor.organisation, before, ticket)
        })
        .await
    }

    /// Edits a ticket that the actor sees, anew whenever something else was quicker. What changes nothing is no event.
    pub(crate) async fn edit_ticket(
        &self,
        actor: &Actor,
        number: u64,
        expected: Option<u64>,
        now: Timestamp,
        edit: impl Fn(&mut Ticket) -> Result<(), Error>,
    ) -> Result<StoredTicket, Error> {
        self.edit_stored(actor, number, expected, now, |_, ticket| edit(&mut ticket.record)).await
    }

    /// The same where the edit reads more as checks, or changes whose ticket it is.
    pub(crate) async fn edit_stored(
        &self,
        actor: &Actor,
        number: u64,
        expected: Option<u64>,
        now: Timestamp,
        edit: impl Fn(&mut Snapshot, &mut StoredTicket) -> Result<(), Error>,
    ) -> Result<StoredTicket, Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let ticket = stored::ticket_checked(&mut snapshot, number)?
                .filter(|ticket| actor.sight.sees(ticket.record.team))
                .ok_or(Error::NotFound("ticket"))?;
            if expected.is_some_and(|expected| expected != ticket.activity) {
                return Err(Error::Changed("ticket"));
            }
            ticket.check_unmerged()?;
            let mut edited = ticket.clone();
            edit(&mut snapshot, &mut edited)?;
            if edited == ticket {
                return Ok(ticket);
            }
            edited.record.updated = now;
            let (mut batch, mut due) = (snapshot.batch(), self.due_rows());
            let after = (&edited.record, Number::Known(edited.requester));
            let changed = EventKind::TicketChanged;
            let activity = rewrite((&mut batch, &mut due), (actor, now), &ticket, after, changed);
            match self.commit_queued(batch, due).await {
                Ok(receipt) => return Ok(StoredTicket { activity: activity.of(&receipt), ..edited }),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too much happens to this ticket at once".to_owned()))
    }

    /// What the change names must exist in the organisation, and must be fit to be stored.
    fn check(&self, actor: &Actor, change: &TicketChange) -> Result<(), Error> {
        use guichet_accounts::Error::NotFound;
        if let Some(Some(team)) = change.team {
            match self.accounts.team(actor.organisation, team) {
                Err(NotFound { .. }) => return Err(Error::Invalid(format!("there is no team {team}"))),
                other => other.map(drop)?,
            }
        }
        let tags = change.tags.iter().flatten();
        if change.tags.as_ref().is_some_and(|tags| tags.len() > TAGS_MAX) {
            return Err(Error::Invalid(format!("a ticket has at most {TAGS_MAX} tags")));
        }
        for tag in tags {
            check_line("a tag", tag, TAG_CHARS_MAX)?;
        }
        change.subject.as_ref().map_or(Ok(()), |subject| check_subject(subject))
    }
}

/// Writes a ticket anew as a person made it, and whose it is, with the event that says why; answers its activity.
pub(crate) fn rewrite(
    (batch, due): (&mut Batch, &mut DueRows),
    (actor, now): (&Actor, Timestamp),
    before: &StoredTicket,
    (after, requester): (&Ticket, Number),
    kind: EventKind,
) -> Number {
    let (number, nothing) = (Number::Known(before.number), Number::Known(0));
    facet::leave(batch, &before.record, before.requester, before.activity);
    let (organisation, who) = (actor.organisation, actor.who);
    let waking = Waking { organisation, message: nothing, who, at: now };
    snooze::follow(batch, due, &waking, before.number, (&before.record, after));
    let (team_before, team) = (before.record.team, after.team);
    let event = Event { kind, team_before, team, who, at: now, delivery: None, person: None };
    let activity = Number::Assigned(event::append(batch, number, nothing, &event));
    put_ticket(batch, number, after, requester, activity);
    activity
}

/// A subject that a person gives a ticket.
pub(crate) fn check_subject(subject: &str) -> Result<(), Error> {
    check_line("a subject", subject, SUBJECT_CHARS_MAX)
}

fn check_line(what: &str, text: &str, chars_max: usize) -> Result<(), Error> {
    let fits = (1..=chars_max).contains(&text.chars().count());
    if fits && !text.chars().any(char::is_control) && text.trim() == text {
        return Ok(());
    }
    let rule = format!("{what} has 1 to {chars_max} characters, no control characters, no space at its ends");
    Err(Error::Invalid(rule))
}

fn apply(ticket: &mut Ticket, change: &TicketChange) {
    ticket.enter(change.state.unwrap_or(ticket.state));
    ticket.team = change.team.unwrap_or(ticket.team);
    ticket.assignee = change.assignee.unwrap_or(ticket.assignee);
    ticket.priority = change.priority.unwrap_or(ticket.priority);
    ticket.attention = change.attention.unwrap_or(ticket.attention);
    if let Some(tags) = &change.tags {
        ticket.tags.clone_from(tags);
    }
    if let Some(subject) = &change.subject {
        ticket.subject.clone_from(subject);
    }
}
