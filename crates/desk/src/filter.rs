//! Which tickets a list shows: everything that is asked for must hold, of several values of one kind any.
//!
//! A filter is kept in saved views as well, so it is a record; what it says of "me" is said of whoever looks.
//!
//! *Security*: a filter only narrows. What the actor may not see is left out by the list, whatever is asked for.

use guichet_accounts::{Actor, ChannelId, PersonId, TeamId, Who};
use minicbor::{Decode, Encode};

use crate::stored::StoredTicket;
use crate::ticket::{Priority, State};
use crate::{CompanyId, ContactId};

/// Which tickets. Every field that is given must hold; an empty list asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct TicketFilter {
    /// In one of these states; without any in all but spam and trash.
    #[cbor(n(0), default)]
    pub states: Vec<State>,
    /// Of one of these teams; `None` is of no team.
    #[cbor(n(1), default)]
    pub teams: Vec<Option<TeamId>>,
    /// Of one of these assignees.
    #[cbor(n(2), default)]
    pub assignees: Vec<Assignee>,
    /// Of this requester, under whichever of their numbers.
    #[n(3)]
    pub requester: Option<ContactId>,
    /// Of this company: linked to it, or of one of its contacts.
    #[n(4)]
    pub company: Option<CompanyId>,
    /// With one of these tags.
    #[cbor(n(5), default)]
    pub tags: Vec<String>,
    /// Of one of these priorities.
    #[cbor(n(6), default)]
    pub priorities: Vec<Priority>,
    /// Whether somebody should look. Those that should are of any state where none is asked for: mail that came to spam
    /// or trash is seen here.
    #[n(7)]
    pub attention: Option<bool>,
    /// Through this channel.
    #[n(8)]
    pub channel: Option<ChannelId>,
    /// Whether the actor watches it.
    #[n(9)]
    pub watching: Option<bool>,
    /// Whether the actor has starred it.
    #[n(10)]
    pub starred: Option<bool>,
    /// Whether it has messages that the actor has not read.
    #[n(11)]
    pub unread: Option<bool>,
    /// Whether it is snoozed; without it those that are not.
    #[n(12)]
    pub snoozed: Option<bool>,
    /// Whether the actor wrote a mail in it.
    #[n(13)]
    pub sent: Option<bool>,
    /// Whether the actor has a draft in it.
    #[n(14)]
    pub drafted: Option<bool>,
}

/// Who works on a ticket, as a filter asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Assignee {
    /// Whoever looks.
    #[n(0)]
    Me,
    /// Nobody.
    #[n(1)]
    Nobody,
    /// This person.
    #[n(2)]
    Person(#[n(0)] PersonId),
}

impl Assignee {
    /// The assignee that a ticket must have; none where "me" is no person, for whom no ticket is.
    #[expect(clippy::option_option, reason = "no ticket at all differs from a ticket of nobody")]
    pub(crate) fn of(self, actor: &Actor) -> Option<Option<PersonId>> {
        match self {
            Assignee::Me => me(actor).map(Some),
            Assignee::Nobody => Some(None),
            Assignee::Person(person) => Some(Some(person)),
        }
    }
}

/// The person who acts, where it is one.
pub(crate) fn me(actor: &Actor) -> Option<PersonId> {
    match actor.who {
        Who::Person(person) => Some(person),
        Who::System | Who::Operator => None,
    }
}

impl TicketFilter {
    /// The states that are looked through.
    pub(crate) fn wanted_states(&self) -> &[State] {
        if self.states.is_empty() { &State::SHOWN } else { &self.states }
    }

    /// Whether the ticket itself is one that is asked for; requester and company are the list's to know.
    pub(crate) fn admits(&self, actor: &Actor, ticket: &StoredTicket) -> bool {
        let record = &ticket.record;
        let is_any_state = self.states.is_empty() && self.attention == Some(true);
        let is_mine = |asked: Option<bool>, people: &std::collections::BTreeSet<PersonId>| {
            asked.is_none_or(|asked| asked == me(actor).is_some_and(|me| people.contains(&me)))
        };
        record.merged_into.is_none()
            && self.snoozed.unwrap_or_default() == record.snoozed_until.is_some()
            && (is_any_state || self.wanted_states().contains(&record.state))
            && (self.teams.is_empty() || self.teams.contains(&record.team))
            && (self.assignees.is_empty()
                || self.assignees.iter().any(|one| one.of(actor) == Some(record.assignee)))
            && (self.tags.is_empty() || self.tags.iter().any(|tag| record.tags.contains(tag)))
            && (self.priorities.is_empty() || self.priorities.contains(&record.priority))
            && self.attention.is_none_or(|attention| attention == record.attention)
            && self.channel.is_none_or(|channel| channel == record.channel)
            && is_mine(self.watching, &record.watchers)
            && is_mine(self.sent, &record.writers)
    }
}
