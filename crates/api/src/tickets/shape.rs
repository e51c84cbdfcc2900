//! A ticket as JSON.

use guichet_accounts::Actor;
use guichet_desk::{Desk, Marked, Priority, State, StoredTicket};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use crate::failure::Failure;
use crate::openapi::words;

/// One conversation with a requester.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ticket {
    /// Its number in the organisation.
    #[schema(example = 1042)]
    number: u64,
    /// Where it stands.
    #[schema(schema_with = states)]
    state: &'static str,
    /// The subject of its first mail, or what an agent made of it.
    #[schema(example = "Invoice 7 is wrong")]
    subject: String,
    /// The channel through which it came.
    #[schema(example = 1)]
    channel: u64,
    /// The team whose it is.
    #[schema(required, example = 3)]
    team: Option<u64>,
    /// The person who works on it.
    #[schema(required, example = 2)]
    assignee: Option<u64>,
    /// How urgent it is.
    #[schema(schema_with = priorities)]
    priority: &'static str,
    /// Words that people sort by, in order.
    #[schema(example = json!(["billing", "vip"]))]
    tags: Vec<String>,
    /// The contact who asked; null where the mail had no valid sender.
    #[schema(required, example = 12)]
    requester: Option<u64>,
    /// Whose ticket it seems to be, where a person of the organisation forwarded the mail; null where nobody is proposed.
    /// `POST /tickets/{number}/requester` answers.
    #[schema(required)]
    proposed_requester: Option<Proposed>,
    /// Addresses of those who take part.
    #[schema(example = json!(["ana@customer.example"]))]
    participants: Vec<String>,
    /// Ticket numbers that its subject mentions as `#1042`. They prove nothing.
    #[schema(example = json!([1042]))]
    mentions: Vec<u64>,
    /// How many messages it has.
    #[schema(example = 2)]
    message_count: u32,
    /// Somebody should look: a delivery failed or waits, a message is marked, mail came to spam or trash.
    #[schema(example = false)]
    attention: bool,
    /// People of the organisation who want to hear of it.
    #[schema(example = json!([2]))]
    watchers: Vec<u64>,
    /// The company that it was linked to; without it the requester's counts.
    #[schema(required, example = 3)]
    company: Option<u64>,
    /// Of a ticket in spam or trash: the state that it comes back to.
    #[schema(required, example = "open")]
    state_before: Option<&'static str>,
    /// Until when it is out of the lists.
    #[schema(required, example = "2026-03-02T08:00:00Z")]
    snoozed_until: Option<Timestamp>,
    /// The ticket that everything of this one went to, if you see it.
    #[schema(required, example = 1043)]
    merged_into: Option<u64>,
    /// You have starred it.
    #[schema(example = false)]
    starred: bool,
    /// It has a message that you have not read.
    #[schema(example = true)]
    unread: bool,
    /// When its first mail was received.
    #[schema(example = "2026-03-01T09:30:00Z")]
    created: Timestamp,
    /// When something last happened to it.
    #[schema(example = "2026-03-01T09:30:00Z")]
    updated: Timestamp,
}

/// Whom a forwarded mail proposes as the requester.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Proposed {
    /// What they call themselves.
    #[schema(required, example = "Ana Lima")]
    name: Option<String>,
    /// Where they write from.
    #[schema(example = "ana@customer.example")]
    address: String,
}

impl Proposed {
    fn of(entry: guichet_mail::Address) -> Option<Self> {
        let address = entry.address?.to_string();
        Some(Self { name: entry.name, address })
    }
}

impl Ticket {
    /// One ticket as the actor sees it.
    pub(crate) fn read(desk: &Desk, actor: &Actor, stored: StoredTicket) -> Result<Self, Failure> {
        let marked = desk.marks_of(actor, std::slice::from_ref(&stored))?;
        Ok(Self::of(desk, actor, stored, marked.first().copied().unwrap_or_default()))
    }

    /// Tickets as the actor sees them.
    pub(crate) fn read_all(
        desk: &Desk,
        actor: &Actor,
        stored: Vec<StoredTicket>,
    ) -> Result<Vec<Self>, Failure> {
        let marked = desk.marks_of(actor, &stored)?;
        let both = stored.into_iter().zip(marked);
        Ok(both.map(|(stored, marked)| Self::of(desk, actor, stored, marked)).collect())
    }

    pub(super) fn of(desk: &Desk, actor: &Actor, stored: StoredTicket, marked: Marked) -> Self {
        let ticket = stored.record;
        let is_seen = |number: &u64| desk.ticket(actor, *number).is_ok();
        Self {
            number: stored.number,
            state: ticket.state.as_str(),
            subject: ticket.subject,
            channel: ticket.channel.0,
            team: ticket.team.map(|team| team.0),
            assignee: ticket.assignee.map(|person| person.0),
            priority: ticket.priority.as_str(),
            tags: ticket.tags.into_iter().collect(),
            requester: (stored.requester != 0).then_some(stored.requester),
            proposed_requester: ticket.proposed_requester.and_then(Proposed::of),
            participants: ticket.participants.into_iter().collect(),
            mentions: ticket.mentions,
            message_count: ticket.message_count,
            attention: ticket.attention,
            watchers: ticket.watchers.into_iter().map(|person| person.0).collect(),
            company: ticket.company.map(|company| company.0),
            state_before: ticket.state_before.map(State::as_str),
            snoozed_until: ticket.snoozed_until,
            merged_into: ticket.merged_into.filter(is_seen),
            starred: marked.starred,
            unread: marked.unread,
            created: ticket.created,
            updated: ticket.updated,
        }
    }
}

pub(crate) fn states() -> Object {
    words("Where a ticket stands.", State::ALL.map(State::as_str))
}

pub(crate) fn priorities() -> Object {
    words("How urgent a ticket is.", Priority::ALL.map(Priority::as_str))
}

/// The state of this word, or what would be one.
pub(crate) fn state(word: &str) -> Result<State, String> {
    named(word, State::ALL, State::as_str)
}

/// The priority of this word, or what would be one.
pub(crate) fn priority(word: &str) -> Result<Priority, String> {
    named(word, Priority::ALL, Priority::as_str)
}

fn named<T: Copy, const N: usize>(word: &str, all: [T; N], name: fn(T) -> &'static str) -> Result<T, String> {
    let found = all.into_iter().find(|one| name(*one) == word);
    found.ok_or_else(|| format!("`{word}` is none of {}", all.map(name).join(", ")))
}
