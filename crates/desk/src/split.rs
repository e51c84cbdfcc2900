//! Split: some messages of a ticket become a ticket of their own.
//!
//! They keep their tokens: what answers them goes to the new ticket, and reports on their deliveries do. Who takes part in
//! it is read from the messages themselves, so nobody enters it who had no part in them; the old ticket keeps whom it had.

use std::collections::BTreeSet;

use guichet_accounts::{Actor, PersonId};
use guichet_mail::Verdicts;
use guichet_store::{Batch, CommitError, Counter, Direction, OrganisationId, Snapshot, record};
use jiff::Timestamp;

use crate::change::{check_subject, rewrite};
use crate::contact::Sender;
use crate::event::{self, Event, EventKind};
use crate::keys::{self, Number};
use crate::marks::{self, Mark};
use crate::message::{Message, MessageKind};
use crate::moving::{self, Moving};
use crate::queue::DueRows;
use crate::rows::{link, put_ticket};
use crate::stored::{self, StoredTicket};
use crate::ticket::{State, Ticket};
use crate::{Desk, Error};

/// How many messages one split moves.
pub const SPLIT_MESSAGES_MAX: usize = 1_000;

/// How often a split is planned anew because something happened to the ticket.
const ATTEMPTS_MAX: usize = 32;

/// What shall become a ticket of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// The messages, by number: at least one, and not all.
    pub messages: BTreeSet<u64>,
    /// The subject of the new ticket; without it that of its first message.
    pub subject: Option<String>,
}

/// A split as it is planned.
struct Parting<'a> {
    before: StoredTicket,
    moving: &'a [Moving],
    /// What is new, but for the number.
    ticket: Ticket,
    requester: Requester<'a>,
    marks: Vec<(PersonId, Mark)>,
}

/// Who asks in the new ticket.
enum Requester<'a> {
    Sender(Box<Sender<'a>>),
    /// The one of the old: nobody of the messages has an address.
    Same(u64),
}

impl Desk {
    /// Makes messages of a ticket that the actor sees a ticket of their own; answers its number. With `expected`, the
    /// activity number of the ticket as the actor read it, it fails with [`Error::Changed`] if anything has happened to
    /// it since.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence: of no message or all, of a message of another ticket, of a bad subject.
    pub async fn split_ticket(
        &self,
        actor: &Actor,
        number: u64,
        split: &Split,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<u64, Error> {
        split.check()?;
        let people: Vec<PersonId> =
            self.accounts.people(actor.organisation)?.iter().map(|person| person.id).collect();
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let before = stored::ticket_checked(&mut snapshot, number)?
                .filter(|ticket| actor.sight.sees(ticket.record.team))
                .ok_or(Error::NotFound("ticket"))?;
            if expected.is_some_and(|expected| expected != before.activity) {
                return Err(Error::Changed("ticket"));
            }
            before.check_unmerged()?;
            let moving = moving::read(&mut snapshot, number, &split.messages)?;
            check_rest(&snapshot, number, split)?;
            let messages = decoded(&moving)?;
            let ticket = self.parted(actor.organisation, &before, split, &messages, now)?;
            let requester = requester(&mut snapshot, &before, &messages)?;
            let marks = marks::read_all(&mut snapshot, &people, number)?;
            let parting = Parting { before, moving: &moving, ticket, requester, marks };
            let (mut batch, mut due) = (snapshot.batch(), self.due_rows());
            let new = parting.write((&mut batch, &mut due), (actor, now), &split.messages);
            match self.commit_queued(batch, due).await {
                Ok(receipt) => return Ok(new.of(&receipt)),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too much happens to this ticket at once".to_owned()))
    }

    /// The new ticket as its messages make it.
    fn parted(
        &self,
        organisation: OrganisationId,
        before: &StoredTicket,
        split: &Split,
        messages: &[Message],
        now: Timestamp,
    ) -> Result<Ticket, Error> {
        let old = &before.record;
        let first = messages.first().ok_or(Error::NotFound("message"))?;
        let channel = first.channels.first().copied().unwrap_or(old.channel);
        let mut ticket = Ticket::begun(&first.content, channel, old.team, first.received);
        ticket.state = State::Open;
        ticket.updated = now;
        ticket.message_count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        if let Some(subject) = &split.subject {
            ticket.subject.clone_from(subject);
        }
        for message in messages {
            ticket.admit(&self.takes_part(organisation, message)?);
            if let Some(written) = message.written.as_ref().filter(|one| one.kind == MessageKind::Outbound) {
                ticket.written_by(written.author);
            }
        }
        Ok(ticket)
    }

    /// Whom a message brings into its ticket, by what it was when it came or was written.
    fn takes_part(&self, organisation: OrganisationId, message: &Message) -> Result<BTreeSet<String>, Error> {
        match message.kind() {
            MessageKind::Inbound if !message.marked => {
                let unproven = Verdicts::default();
                let verdicts = message.verdicts.as_ref().unwrap_or(&unproven);
                self.brought_in(organisation, &message.content, verdicts)
            }
            MessageKind::Outbound => {
                let named = [&message.content.to, &message.content.cc];
                let named = named.into_iter().flatten().filter_map(|entry| entry.address.as_ref());
                let hidden = message.written.iter().flat_map(|written| &written.bcc);
                let mut people = BTreeSet::new();
                for address in named.chain(hidden) {
                    if !self.accounts.is_ours(organisation, address)? {
                        people.insert(address.normalised());
                    }
                }
                Ok(people)
            }
            MessageKind::Inbound | MessageKind::Note | MessageKind::Automatic | MessageKind::Report => {
                Ok(BTreeSet::new())
            }
        }
    }
}

impl Split {
    fn check(&self) -> Result<(), Error> {
        let invalid = |sentence: String| Err(Error::Invalid(sentence));
        match self.messages.len() {
            0 => return invalid("name the messages that shall become a ticket of their own".to_owned()),
            1..=SPLIT_MESSAGES_MAX => {}
            _ => return invalid(format!("at most {SPLIT_MESSAGES_MAX} messages are split off at once")),
        }
        self.subject.as_ref().map_or(Ok(()), |subject| check_subject(subject))
    }
}

/// Something must stay. All that are named are the ticket's, so one more is one that stays.
fn check_rest(snapshot: &Snapshot, ticket: u64, split: &Split) -> Result<(), Error> {
    let rows = snapshot.scan(&keys::ticket_messages(ticket), Direction::Forward, None)?;
    if rows.take(split.messages.len() + 1).count() > split.messages.len() {
        return Ok(());
    }
    Err(Error::Invalid("these are all messages of the ticket: leave at least one".to_owned()))
}

fn decoded(moving: &[Moving]) -> Result<Vec<Message>, Error> {
    let messages = moving.iter().map(|one| record::decode(&one.record));
    messages.collect::<Result<_, _>>().map_err(|_| Error::Damaged("message"))
}

/// The first who wrote, else the first who was written to.
fn requester<'a>(
    snapshot: &mut Snapshot,
    before: &StoredTicket,
    messages: &'a [Message],
) -> Result<Requester<'a>, Error> {
    let of_kind = |wanted: MessageKind| messages.iter().filter(move |message| message.kind() == wanted);
    let authors = of_kind(MessageKind::Inbound).map(|message| &message.content.from);
    let addressees = of_kind(MessageKind::Outbound).map(|message| &message.content.to);
    for list in authors.chain(addressees) {
        if list.iter().any(|entry| entry.address.is_some()) {
            return Ok(Requester::Sender(Box::new(Sender::first_of(snapshot, list)?)));
        }
    }
    Ok(Requester::Same(before.requester))
}

impl Parting<'_> {
    /// Writes everything; answers the new ticket's number.
    fn write(
        &self,
        (batch, due): (&mut Batch, &mut DueRows),
        (actor, now): (&Actor, Timestamp),
        messages: &BTreeSet<u64>,
    ) -> Number {
        let new = Number::Assigned(batch.next(Counter::Ticket));
        let from = self.before.number;
        let requester = match &self.requester {
            Requester::Sender(sender) => sender.enter(batch, now),
            Requester::Same(contact) => Number::Known(*contact),
        };
        for moving in self.moving {
            moving.write(batch, from, new);
        }
        link(batch, new, Number::Known(from));
        let mut left = Ticket { updated: now, ..self.before.record.clone() };
        left.message_count = left.message_count.saturating_sub(self.ticket.message_count);
        let stays = (&left, Number::Known(self.before.requester));
        rewrite((batch, due), (actor, now), &self.before, stays, EventKind::TicketSplit);
        let first = Number::Known(self.moving.first().map_or(0, |moving| moving.message));
        let (kind, team) = (EventKind::TicketCreated, self.ticket.team);
        let event =
            Event { kind, team_before: team, team, who: actor.who, at: now, delivery: None, person: None };
        let activity = Number::Assigned(event::append(batch, new, first, &event));
        put_ticket(batch, new, &self.ticket, requester, activity);
        marks::divide(batch, &self.marks, (from, new), (messages, activity));
        new
    }
}
