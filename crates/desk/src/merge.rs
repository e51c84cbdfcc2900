//! Merge: all that a ticket has goes to another one, for good.
//!
//! Messages, deliveries, participants, watchers, tags, links and everybody's marks move in one commit; the source stays
//! as a closed, empty ticket that says where they went. Replies find the message that they answer, wherever it is now,
//! so whatever token or reference leads to the source leads to the target. Drafts follow; one whose writer has another in
//! the target stays by its number, and is sent there.
//!
//! *Must hold*: only a ticket that was not merged itself is merged, and only into one that was not. Both are checks of the
//! commit; so of A into B and B into A at once one is refused, and no chain ever closes.

use std::collections::BTreeSet;

use guichet_accounts::{Actor, PersonId, Who};
use guichet_store::{Batch, CommitError, Direction, Snapshot};
use jiff::Timestamp;

use crate::change::{TAGS_MAX, rewrite};
use crate::drafts::{self, Following};
use crate::event::EventKind;
use crate::keys::{self, Number};
use crate::marks::{self, Union};
use crate::moving::{self, Moving};
use crate::queue::DueRows;
use crate::rows::link;
use crate::stored::{self, StoredTicket, last_number};
use crate::ticket::{State, Ticket};
use crate::{Desk, Error};

/// How many messages one merge moves.
pub const MERGE_MESSAGES_MAX: usize = 5_000;

/// How many links one merge moves; what is beyond stays with the source.
const LINKS_MAX: usize = 1_000;

/// How often a merge is planned anew because something happened to one of the tickets.
const ATTEMPTS_MAX: usize = 32;

/// How many merges are followed from a ticket to where its messages are: more than anybody makes by hand.
const CHAIN_MAX: usize = 1_000;

/// A merge as it is planned: both tickets, and what moves.
struct Merge {
    source: StoredTicket,
    target: StoredTicket,
    moving: Vec<Moving>,
    links: Vec<u64>,
    marks: Vec<Union>,
    drafts: Vec<Following>,
    /// Who had to do with the source and does not see the target.
    blind: Vec<PersonId>,
}

impl Desk {
    /// Merges a ticket into another, both of which the actor sees; answers the target. What is merged there already
    /// stays so. With `expected`, the activity number of the source as the actor read it, it fails with
    /// [`Error::Changed`] if anything has happened to it since.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence where the two can't be merged; [`Error::NotFound`] of `ticket`, or of `target`.
    pub async fn merge_ticket(
        &self,
        actor: &Actor,
        (number, into): (u64, u64),
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<StoredTicket, Error> {
        let people: Vec<PersonId> =
            self.accounts.people(actor.organisation)?.iter().map(|person| person.id).collect();
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let source = seen(&mut snapshot, actor, number)?.ok_or(Error::NotFound("ticket"))?;
            let target = seen(&mut snapshot, actor, into)?.ok_or(Error::NotFound("target"))?;
            if source.record.merged_into == Some(into) {
                return Ok(target);
            }
            if expected.is_some_and(|expected| expected != source.activity) {
                return Err(Error::Changed("ticket"));
            }
            check(&source, &target)?;
            // Whoever does not see the other team's tickets does not come along (promise 7).
            let blind = self.blind_to(actor.organisation, target.record.team, &source.record)?;
            let merge = Merge { blind, ..Merge::read(&mut snapshot, source, target, &people)? };
            let (mut batch, mut due) = (snapshot.batch(), self.due_rows());
            let (activity, record) = merge.write((&mut batch, &mut due), actor, now);
            match self.commit_queued(batch, due).await {
                Ok(receipt) => {
                    let activity = activity.of(&receipt);
                    return Ok(StoredTicket { activity, record, ..merge.target });
                }
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too much happens to these tickets at once".to_owned()))
    }
}

/// A ticket as a check of the batch, if the actor sees it.
fn seen(snapshot: &mut Snapshot, actor: &Actor, number: u64) -> Result<Option<StoredTicket>, Error> {
    let ticket = stored::ticket_checked(snapshot, number)?;
    Ok(ticket.filter(|ticket| actor.sight.sees(ticket.record.team)))
}

fn check(source: &StoredTicket, target: &StoredTicket) -> Result<(), Error> {
    let invalid = |sentence: &str| Err(Error::Invalid(sentence.to_owned()));
    if source.number == target.number {
        return invalid("a ticket can't be merged into itself");
    }
    source.check_unmerged()?;
    if target.record.merged_into.is_some() {
        return invalid("the other ticket was merged itself: merge into the one that its messages went to");
    }
    if source.record.state.is_put_away() || target.record.state.is_put_away() {
        return invalid("a ticket in spam or trash can't be merged: take it out first");
    }
    Ok(())
}

impl Merge {
    fn read(
        snapshot: &mut Snapshot,
        source: StoredTicket,
        target: StoredTicket,
        people: &[PersonId],
    ) -> Result<Self, Error> {
        let messages = messages(snapshot, source.number)?;
        let moving = moving::read(snapshot, source.number, &messages)?;
        let rows = snapshot.scan(&keys::links(source.number), Direction::Forward, None)?;
        let links = rows.take(LINKS_MAX).map(|row| last_number(&row?.0)).collect::<Result<_, Error>>()?;
        let marks = marks::unite(snapshot, people, (source.number, target.number), &messages)?;
        let drafts = drafts::following(snapshot, (source.number, target.number))?;
        Ok(Self { source, target, moving, links, marks, drafts, blind: Vec::new() })
    }

    /// Writes everything; answers the target's activity and what became of it.
    fn write(
        &self,
        (batch, due): (&mut Batch, &mut DueRows),
        actor: &Actor,
        now: Timestamp,
    ) -> (Number, Ticket) {
        let (from, into) = (self.source.number, self.target.number);
        for moving in &self.moving {
            moving.write(batch, from, Number::Known(into));
        }
        for other in self.links.iter().copied() {
            batch.delete(keys::links(from).number(other));
            batch.delete(keys::links(other).number(from));
            if other != into {
                link(batch, Number::Known(into), Number::Known(other));
            }
        }
        let left = Ticket { updated: now, ..self.source.record.emptied(into) };
        rewrite(
            (batch, due),
            (actor, now),
            &self.source,
            (&left, Number::Known(self.source.requester)),
            EventKind::TicketMerged,
        );
        let mut joined = self.target.record.clone();
        joined.absorb(&self.source.record);
        joined.forget(&self.blind);
        joined.updated = now;
        let target = (&joined, Number::Known(self.target.requester));
        let activity = rewrite((batch, due), (actor, now), &self.target, target, EventKind::TicketChanged);
        for mark in &self.marks {
            mark.write(batch, (from, into), activity);
        }
        for draft in &self.drafts {
            draft.write(batch, actor, (from, into), now);
        }
        batch.put(keys::absorbed(into).number(from), Vec::new());
        (activity, joined)
    }
}

/// All messages of a ticket.
fn messages(snapshot: &Snapshot, ticket: u64) -> Result<BTreeSet<u64>, Error> {
    let rows = snapshot.scan(&keys::ticket_messages(ticket), Direction::Forward, None)?;
    let messages: BTreeSet<u64> =
        rows.take(MERGE_MESSAGES_MAX + 1).map(|row| last_number(&row?.0)).collect::<Result<_, Error>>()?;
    if messages.len() > MERGE_MESSAGES_MAX {
        return Err(Error::Invalid(format!(
            "a ticket of more than {MERGE_MESSAGES_MAX} messages can't be merged: merge the other one into it"
        )));
    }
    Ok(messages)
}

impl Ticket {
    /// What stays of a ticket whose messages went to another.
    fn emptied(&self, into: u64) -> Ticket {
        Ticket {
            state: State::Closed,
            state_before: None,
            merged_into: Some(into),
            snoozed_until: None,
            message_count: 0,
            attention: false,
            tags: BTreeSet::new(),
            participants: BTreeSet::new(),
            watchers: BTreeSet::new(),
            writers: BTreeSet::new(),
            proposed_requester: None,
            ..self.clone()
        }
    }

    /// Takes over what another ticket has, as far as there is room; a question that waited there waits here.
    fn absorb(&mut self, other: &Ticket) {
        self.message_count = self.message_count.saturating_add(other.message_count);
        self.attention |= other.attention;
        self.priority = self.priority.max(other.priority);
        self.assignee = self.assignee.or(other.assignee);
        self.company = self.company.or(other.company);
        self.name_people(&other.watchers.iter().copied().collect::<Vec<_>>());
        other.writers.iter().for_each(|writer| self.written_by(Who::Person(*writer)));
        self.admit(&other.participants);
        for tag in &other.tags {
            if self.tags.len() < TAGS_MAX {
                self.tags.insert(tag.clone());
            }
        }
        if matches!(other.state, State::New | State::Open) {
            self.reopen();
        }
    }
}

/// The ticket where the messages of this one are now: itself, or where it was merged to.
///
/// # Errors
/// [`Error::NotFound`] where that was deleted for good, or is more than [`CHAIN_MAX`] merges away.
pub(crate) fn home(snapshot: &Snapshot, ticket: StoredTicket) -> Result<StoredTicket, Error> {
    let mut home = ticket;
    for _ in 0..CHAIN_MAX {
        let Some(next) = home.record.merged_into else { return Ok(home) };
        home = stored::ticket(snapshot, next)?.ok_or(Error::NotFound("ticket"))?;
    }
    Err(Error::NotFound("ticket"))
}
