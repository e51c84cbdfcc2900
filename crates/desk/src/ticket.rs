//! A ticket: one conversation with a requester.

use std::collections::BTreeSet;

use guichet_accounts::{ChannelId, PersonId, TeamId};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::CompanyId;
use crate::message::Content;
use guichet_mail::Address;
use guichet_mail::base_subject::{base_subject, mentions};

/// What is stored of a ticket, but for the numbers in front of it and the number in its key.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Ticket {
    /// Where it stands.
    #[n(0)]
    pub state: State,
    /// The subject of its first mail, or what an agent made of it.
    #[n(1)]
    pub subject: String,
    /// The subject of its first mail without reply prefixes, to compare by.
    #[n(2)]
    pub base_subject: String,
    /// Through which channel it came.
    #[n(3)]
    pub channel: ChannelId,
    /// Whose it is to see.
    #[n(4)]
    pub team: Option<TeamId>,
    /// Who works on it.
    #[n(5)]
    pub assignee: Option<PersonId>,
    /// How urgent it is.
    #[n(6)]
    pub priority: Priority,
    /// Words that people sort by.
    #[n(7)]
    pub tags: BTreeSet<String>,
    /// Who takes part, as normalised addresses: those whose authenticated references join this ticket.
    #[n(8)]
    pub participants: BTreeSet<String>,
    /// Numbers that the subject mentions as `#1042`. They prove nothing.
    #[n(9)]
    pub mentions: Vec<u64>,
    /// When its first mail was received.
    #[cbor(n(10), with = "crate::time")]
    pub created: Timestamp,
    /// When something last happened to it.
    #[cbor(n(11), with = "crate::time")]
    pub updated: Timestamp,
    /// How many messages it has.
    #[n(12)]
    pub message_count: u32,
    /// Somebody should look: a delivery failed or waits, a message is marked, mail came to spam or trash.
    #[cbor(n(13), default)]
    pub attention: bool,
    /// Of a ticket in spam or trash: the state that it goes back to.
    #[n(14)]
    pub state_before: Option<State>,
    /// The ticket that its messages went to; such a ticket is closed and stays so.
    #[n(15)]
    pub merged_into: Option<u64>,
    /// It stays out of the lists until then, or until a mail comes.
    #[cbor(n(16), with = "crate::time::optional", has_nil)]
    pub snoozed_until: Option<Timestamp>,
    /// Who wants to hear of it.
    #[cbor(n(17), default)]
    pub watchers: BTreeSet<PersonId>,
    /// Whose ticket it seems to be, where an agent forwarded the mail; an agent confirms.
    #[n(18)]
    pub proposed_requester: Option<Address>,
    /// Who of the organisation wrote mails in it: in whose list of sent mail it stands.
    #[cbor(n(19), default)]
    pub writers: BTreeSet<PersonId>,
    /// The company that it was linked to by hand.
    #[n(20)]
    pub company: Option<CompanyId>,
}

impl Ticket {
    /// A new ticket that begins with this mail.
    pub(crate) fn begun(content: &Content, channel: ChannelId, team: Option<TeamId>, at: Timestamp) -> Self {
        Ticket {
            state: State::New,
            subject: content.subject.clone(),
            base_subject: base_subject(&content.subject).text.to_owned(),
            channel,
            team,
            assignee: None,
            priority: Priority::Normal,
            tags: BTreeSet::new(),
            participants: BTreeSet::new(),
            mentions: mentions(&content.subject),
            created: at,
            updated: at,
            message_count: 1,
            attention: false,
            state_before: None,
            merged_into: None,
            snoozed_until: None,
            watchers: BTreeSet::new(),
            proposed_requester: None,
            writers: BTreeSet::new(),
            company: None,
        }
    }
}

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum State {
    /// Nobody has looked at it yet.
    #[n(0)]
    New,
    /// Being worked on.
    #[n(1)]
    Open,
    /// Waits for the customer.
    #[n(2)]
    Pending,
    /// Answered; another mail opens it again.
    #[n(3)]
    Solved,
    /// Done; another mail opens it again.
    #[n(4)]
    Closed,
    /// Unwanted.
    #[n(5)]
    Spam,
    /// Thrown away, to be restored or deleted.
    #[n(6)]
    Trash,
}

impl State {
    /// Every state, in the order of a ticket's life.
    pub const ALL: [State; 7] =
        [State::New, State::Open, State::Pending, State::Solved, State::Closed, State::Spam, State::Trash];

    /// The states that lists show when none is asked for.
    pub const SHOWN: [State; 5] = [State::New, State::Open, State::Pending, State::Solved, State::Closed];

    /// The word for people and for the API.
    pub fn as_str(self) -> &'static str {
        match self {
            State::New => "new",
            State::Open => "open",
            State::Pending => "pending",
            State::Solved => "solved",
            State::Closed => "closed",
            State::Spam => "spam",
            State::Trash => "trash",
        }
    }

    /// Where a further mail of the customer leaves it: a finished ticket opens again, spam and trash stay.
    #[must_use]
    pub fn after_mail(self) -> State {
        match self {
            State::Pending | State::Solved | State::Closed => State::Open,
            State::New | State::Open | State::Spam | State::Trash => self,
        }
    }
}

/// How urgent a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Priority {
    /// It can wait.
    #[n(0)]
    Low,
    /// As everything else.
    #[n(1)]
    #[default]
    Normal,
    /// Before the others.
    #[n(2)]
    High,
    /// Now.
    #[n(3)]
    Urgent,
}

impl Priority {
    /// Every priority, the least urgent first.
    pub const ALL: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent];

    /// The word for people and for the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Normal => "normal",
            Priority::High => "high",
            Priority::Urgent => "urgent",
        }
    }
}
