//! Events: what happened, in ids. The log of an organisation is the only thing that tells others of changes.
//!
//! An event never holds what a mail says. It holds the team before and after, so that somebody who loses sight of a
//! ticket hears that it went.

use guichet_accounts::{Actor, PersonId, TeamId, Who};
use guichet_store::{Batch, Slot, Template, record};
use jiff::Timestamp;
use minicbor::{Decode, Encode};
use tokio::sync::watch;

use crate::keys::Number;
use crate::{DeliveryId, Desk, Error, numbers};

/// How many events one reading returns at most.
pub const EVENTS_READ_MAX: usize = 500;

/// What is stored of an event, but for the ticket's and the message's number in front of it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Event {
    /// What happened.
    #[n(0)]
    pub kind: EventKind,
    /// Whose the ticket was before; equal to `team` unless it moved.
    #[n(1)]
    pub team_before: Option<TeamId>,
    /// Whose the ticket is now.
    #[n(2)]
    pub team: Option<TeamId>,
    /// Who did it.
    #[n(3)]
    pub who: Who,
    /// When.
    #[cbor(n(4), with = "crate::time")]
    pub at: Timestamp,
    /// The delivery that it is about.
    #[n(5)]
    pub delivery: Option<DeliveryId>,
    /// The one person whom it is for; nobody else sees it.
    #[n(6)]
    pub person: Option<PersonId>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum EventKind {
    /// A ticket began with this message.
    #[n(0)]
    TicketCreated,
    /// A mail joined a ticket.
    #[n(1)]
    MessageReceived,
    /// State, team, assignee, priority, tags or subject of a ticket changed.
    #[n(2)]
    TicketChanged,
    /// A mail was put into quarantine.
    #[n(3)]
    MessageQuarantined,
    /// A mail left quarantine and became this ticket.
    #[n(4)]
    MessageReleased,
    /// A mail was written and is on its way.
    #[n(5)]
    MessageSent,
    /// Somebody left a note.
    #[n(6)]
    NoteAdded,
    /// A delivery is in another state, or was attempted.
    #[n(7)]
    DeliveryChanged,
    /// A delivery has been waiting for so long that somebody should know.
    #[n(8)]
    DeliveryDelayed,
    /// A ticket's messages went to another one.
    #[n(9)]
    TicketMerged,
    /// Some of a ticket's messages became a ticket of their own.
    #[n(10)]
    TicketSplit,
    /// A ticket was deleted for good.
    #[n(11)]
    TicketDeleted,
    /// What one person has read or starred is different.
    #[n(12)]
    MarkChanged,
    /// A draft of one person is different, or gone.
    #[n(13)]
    DraftChanged,
    /// Somebody was named in a note.
    #[n(14)]
    Mentioned,
    /// There is something new for the admins to know, or it is settled.
    #[n(15)]
    NoticeChanged,
    /// A ticket is snoozed no more. The message that woke it is named, or else the person; neither where its time came.
    #[n(16)]
    TicketWoken,
}

impl EventKind {
    /// Every kind, by its number in the store.
    pub const ALL: [EventKind; 17] = [
        EventKind::TicketCreated,
        EventKind::MessageReceived,
        EventKind::TicketChanged,
        EventKind::MessageQuarantined,
        EventKind::MessageReleased,
        EventKind::MessageSent,
        EventKind::NoteAdded,
        EventKind::DeliveryChanged,
        EventKind::DeliveryDelayed,
        EventKind::TicketMerged,
        EventKind::TicketSplit,
        EventKind::TicketDeleted,
        EventKind::MarkChanged,
        EventKind::DraftChanged,
        EventKind::Mentioned,
        EventKind::NoticeChanged,
        EventKind::TicketWoken,
    ];

    /// The word for the API's event stream.
    pub fn as_str(self) -> &'static str {
        match self {
            EventKind::TicketCreated => "ticket.created",
            EventKind::MessageReceived => "message.received",
            EventKind::TicketChanged => "ticket.changed",
            EventKind::MessageQuarantined => "message.quarantined",
            EventKind::MessageReleased => "message.released",
            EventKind::MessageSent => "message.sent",
            EventKind::NoteAdded => "note.added",
            EventKind::DeliveryChanged => "delivery.changed",
            EventKind::DeliveryDelayed => "delivery.delayed",
            EventKind::TicketMerged => "ticket.merged",
            EventKind::TicketSplit => "ticket.split",
            EventKind::TicketDeleted => "ticket.deleted",
            EventKind::MarkChanged => "mark.changed",
            EventKind::DraftChanged => "draft.changed",
            EventKind::Mentioned => "mention",
            EventKind::NoticeChanged => "notice.changed",
            EventKind::TicketWoken => "ticket.woken",
        }
    }
}

/// An event as it is read from the log.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedEvent {
    /// Its place in the organisation's log, from 1, without gaps.
    pub sequence: u64,
    /// The ticket that it is about.
    pub ticket: Option<u64>,
    /// The message that it is about.
    pub message: Option<u64>,
    /// What happened.
    pub event: Event,
}

impl LoggedEvent {
    fn of(sequence: u64, stored: &[u8]) -> Result<Self, Error> {
        let ([ticket, message], rest) = numbers::<2>(stored)?;
        let event = record::decode(rest).map_err(|_| Error::Damaged("event"))?;
        let known = |number: u64| (number != 0).then_some(number);
        Ok(Self { sequence, ticket: known(ticket), message: known(message), event })
    }
}

/// What a reading of the log found.
#[derive(Debug, Clone, PartialEq)]
pub enum Log {
    /// The events after the cursor that the actor may see, and how far the reading came.
    Events {
        /// In order.
        events: Vec<LoggedEvent>,
        /// The cursor for the next reading.
        cursor: u64,
    },
    /// What followed the cursor is no longer kept: read everything anew, then go on from here.
    Resync {
        /// The newest event there is.
        cursor: u64,
    },
}

impl Event {
    /// Whether this actor may hear of it.
    pub fn is_for(&self, actor: &Actor) -> bool {
        match self.person {
            // Who was named and has lost sight of the ticket since hears of it no more.
            Some(person) if self.kind == EventKind::Mentioned => {
                actor.who == Who::Person(person) && actor.sight.sees(self.team)
            }
            Some(person) => actor.who == Who::Person(person),
            None => actor.sight.sees(self.team) || actor.sight.sees(self.team_before),
        }
    }
}

pub(crate) fn append(batch: &mut Batch, ticket: Number, message: Number, event: &Event) -> Slot {
    let value = message.write(ticket.write(Template::new())).raw(&record::encode(event));
    batch.event(value)
}

impl Desk {
    /// Reads the log after `cursor`, as far as the actor may see it.
    pub fn events(&self, actor: &Actor, cursor: u64) -> Result<Log, Error> {
        let space = self.store.of(actor.organisation);
        let head = space.events_head()?;
        let read = space.events(cursor, EVENTS_READ_MAX)?;
        // The log has no gaps: what does not follow the cursor at once was trimmed, perhaps just now.
        let is_next = match read.first() {
            Some(first) => first.sequence == cursor + 1,
            None => cursor == head,
        };
        if !is_next {
            return Ok(Log::Resync { cursor: head });
        }
        let cursor = read.last().map_or(cursor, |event| event.sequence);
        let mut events = Vec::with_capacity(read.len());
        for stored in read {
            match LoggedEvent::of(stored.sequence, &stored.value) {
                Ok(logged) => events.extend(logged.event.is_for(actor).then_some(logged)),
                // Nobody would hear of anything for as long as it is kept.
                Err(error) => {
                    let (organisation, sequence) = (actor.organisation, stored.sequence);
                    tracing::error!(%organisation, sequence, %error, "an event is told to nobody");
                }
            }
        }
        Ok(Log::Events { events, cursor })
    }

    /// The newest event there is: where a listener begins who wants no history.
    pub fn events_head(&self, actor: &Actor) -> Result<u64, Error> {
        Ok(self.store.of(actor.organisation).events_head()?)
    }

    /// Tells of every commit that adds to the actor's log.
    pub fn watch(&self, actor: &Actor) -> Result<watch::Receiver<u64>, Error> {
        Ok(self.store.watch(actor.organisation)?)
    }
}
