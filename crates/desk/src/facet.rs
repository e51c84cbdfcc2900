//! Facets: the rows by which lists of tickets are found, newest activity last.
//!
//! A ticket has one row for each of its facets, under (facet, value, activity); activity is the sequence number of
//! the event that last touched it. So a page of any list is one short scan, and a change rewrites a few rows at the
//! end of their ranges.

use guichet_accounts::{PersonId, TeamId};
use guichet_store::{Batch, Key, Template};

use crate::CompanyId;
use crate::cells;
use crate::keys::Number;
use crate::ticket::{State, Ticket};

const KIND: u8 = b'V';

/// One list that a ticket stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Facet {
    State(State),
    /// Of a team (or of none) in one state.
    Team(Option<TeamId>, State),
    /// Of an assignee (or of nobody) in one state.
    Assignee(Option<PersonId>, State),
    Requester(Number),
    Tag(String),
    /// Those that somebody should look at.
    Attention,
    /// Of them, those of a team (or of none).
    TeamAttention(Option<TeamId>),
    /// Those that are snoozed, which stand in no list of a state.
    Snoozed,
    /// Of them, those of a team (or of none).
    TeamSnoozed(Option<TeamId>),
    /// Of them, those of an assignee (or of nobody).
    AssigneeSnoozed(Option<PersonId>),
    /// Those that a person watches.
    Watcher(PersonId),
    /// Those in which a person wrote a mail.
    Writer(PersonId),
    /// Those that were linked to a company by hand.
    Company(CompanyId),
}

impl Facet {
    /// Everything before the activity in the keys of this list.
    fn template(&self) -> Template {
        match self {
            Facet::Requester(contact) => contact.write(Template::from(Key::new(KIND).byte(b'r'))),
            known => Template::from(known.prefix()),
        }
    }

    /// The prefix to scan. Only for lists whose numbers are known, which those of a reader are.
    pub(crate) fn prefix(&self) -> Key {
        let key = Key::new(KIND);
        match self {
            Facet::State(state) => key.byte(b's').byte(*state as u8),
            Facet::Team(team, state) => {
                key.byte(b't').number(team.map_or(0, |team| team.0)).byte(*state as u8)
            }
            Facet::Assignee(person, state) => {
                key.byte(b'a').number(person.map_or(0, |person| person.0)).byte(*state as u8)
            }
            Facet::Requester(Number::Known(contact)) => key.byte(b'r').number(*contact),
            Facet::Requester(Number::Assigned(_)) => key.byte(b'r'),
            Facet::Tag(tag) => key.byte(b'g').text(tag),
            Facet::Attention => key.byte(b'n'),
            Facet::TeamAttention(team) => key.byte(b'm').number(team.map_or(0, |team| team.0)),
            Facet::Snoozed => key.byte(b'z'),
            Facet::TeamSnoozed(team) => key.byte(b'y').number(team.map_or(0, |team| team.0)),
            Facet::AssigneeSnoozed(person) => key.byte(b'x').number(person.map_or(0, |person| person.0)),
            Facet::Watcher(person) => key.byte(b'w').number(person.0),
            Facet::Writer(person) => key.byte(b'o').number(person.0),
            Facet::Company(company) => key.byte(b'c').number(company.0),
        }
    }
}

/// Every list that this ticket stands in.
fn facets(ticket: &Ticket, requester: Number) -> Vec<Facet> {
    let mut facets = Vec::new();
    if requester != Number::Known(0) {
        facets.push(Facet::Requester(requester));
    }
    if ticket.merged_into.is_some() {
        // It is only known as one that its requester once asked.
        return facets;
    }
    let (team, assignee, state) = (ticket.team, ticket.assignee, ticket.state);
    facets.extend(if ticket.snoozed_until.is_some() {
        [Facet::Snoozed, Facet::TeamSnoozed(team), Facet::AssigneeSnoozed(assignee)]
    } else {
        [Facet::State(state), Facet::Team(team, state), Facet::Assignee(assignee, state)]
    });
    if ticket.attention {
        facets.extend([Facet::Attention, Facet::TeamAttention(ticket.team)]);
    }
    facets.extend(ticket.tags.iter().cloned().map(Facet::Tag));
    facets.extend(ticket.watchers.iter().copied().map(Facet::Watcher));
    facets.extend(ticket.writers.iter().copied().map(Facet::Writer));
    facets.extend(ticket.company.map(Facet::Company));
    facets
}

/// Puts a ticket into its lists.
pub(crate) fn enter(batch: &mut Batch, number: Number, ticket: &Ticket, requester: Number, activity: Number) {
    cells::enter(batch, ticket);
    for facet in facets(ticket, requester) {
        batch.put(activity.write(facet.template()), number.write(Template::new()));
    }
}

/// Takes a ticket out of the lists in which `ticket` as it was stored stands.
pub(crate) fn leave(batch: &mut Batch, ticket: &Ticket, requester: u64, activity: u64) {
    cells::leave(batch, ticket);
    for facet in facets(ticket, Number::Known(requester)) {
        batch.delete(facet.prefix().number(activity));
    }
}
