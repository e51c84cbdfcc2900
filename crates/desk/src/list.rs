//! Lists of tickets: by what they are found and in which order.
//!
//! A list by activity is a merge of facet scans (a team is one scan for each state), so a page costs as many rows as it
//! shows. What no facet covers is filtered row by row; see [`crate::page`].

mod own;

pub(crate) use own::Own;

use std::collections::BTreeSet;

use guichet_accounts::{Actor, PersonId, Sight, TeamId};
use guichet_store::{Direction, Key, Snapshot};
use minicbor::{Decode, Encode};

use crate::companies::{self, Belonging};
use crate::contact;
use crate::facet::Facet;
use crate::filter::{Assignee, TicketFilter, me};
use crate::keys::{self, Number};
use crate::marks;
use crate::merged::{Holds, Merged, Row, merged};
use crate::page::Page;
use crate::stored::{self, StoredTicket, last_number};
use crate::{Desk, Error};

/// By what a list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum SortKey {
    /// When something last happened.
    #[n(0)]
    #[default]
    Updated,
    /// When the ticket began, which is the order of numbers.
    #[n(1)]
    Created,
}

/// In which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Order {
    /// The newest first.
    #[n(0)]
    #[default]
    Descending,
    /// The oldest first.
    #[n(1)]
    Ascending,
}

impl Order {
    pub(crate) fn direction(self) -> Direction {
        match self {
            Order::Descending => Direction::Backward,
            Order::Ascending => Direction::Forward,
        }
    }

    /// Places in this order are numbers that grow; and back again.
    pub(crate) fn rank(self, place: u64) -> u64 {
        match self {
            Order::Descending => !place,
            Order::Ascending => place,
        }
    }
}

/// A question for a page of tickets.
#[derive(Debug, Clone, Default)]
pub struct TicketQuery {
    /// Which.
    pub filter: TicketFilter,
    /// By what they are ordered.
    pub sort: SortKey,
    /// In which direction.
    pub order: Order,
    /// From where: the cursor of the page before.
    pub cursor: Option<u64>,
    /// How many, at most 200.
    pub limit: usize,
}

impl Desk {
    /// A page of the tickets that the actor sees.
    pub fn tickets(&self, actor: &Actor, query: &TicketQuery) -> Result<Page<StoredTicket>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let asked = Asked::of(&snapshot, actor, &query.filter)?;
        let rows: Box<dyn Iterator<Item = Row>> = match (Own::of(&query.filter), query.sort) {
            (Some(own), _) => Box::new(own.rows(&snapshot, actor, query)?),
            (None, SortKey::Updated) => Box::new(asked.rows(query.order, query.cursor)?),
            (None, SortKey::Created) => by_number(&snapshot, query)?,
        };
        Page::read(rows, query.limit, |_, number| {
            let ticket = stored::ticket(&snapshot, number)?.ok_or(Error::Damaged("ticket"))?;
            Ok(asked.shows(&ticket)?.then_some(ticket))
        })
    }
}

/// What somebody asks for, with what had to be read to know what it means.
pub(crate) struct Asked<'a> {
    snapshot: &'a Snapshot,
    actor: &'a Actor,
    filter: &'a TicketFilter,
    /// Every number of the requester asked for.
    requesters: Option<Vec<u64>>,
    /// What is of the company asked for.
    company: Option<Belonging>,
}

impl<'a> Asked<'a> {
    pub(crate) fn of(
        snapshot: &'a Snapshot,
        actor: &'a Actor,
        filter: &'a TicketFilter,
    ) -> Result<Self, Error> {
        let requesters = match filter.requester {
            None => None,
            Some(id) => Some(match contact::resolve(snapshot, id.0)? {
                Some((number, contact)) => contact::numbers_of(number, &contact),
                None => vec![id.0],
            }),
        };
        let company = match filter.company {
            None => None,
            Some(id) => Some(match companies::resolve(snapshot, id)? {
                Some((id, company)) => companies::belonging(snapshot, id, &company)?,
                None => Belonging::default(),
            }),
        };
        Ok(Self { snapshot, actor, filter, requesters, company })
    }

    /// The places that may hold what is asked for, beyond the cursor.
    pub(crate) fn rows(&self, order: Order, cursor: Option<u64>) -> Result<Merged, Error> {
        let prefixes = self.facets().into_iter().map(|facet| facet.prefix());
        merged(self.snapshot, prefixes, Holds::Number, order, cursor)
    }

    /// How many contacts the company asked for has.
    pub(crate) fn contacts_of_company(&self) -> usize {
        self.company.as_ref().map_or(0, |company| company.contacts.len())
    }

    /// Whether the actor is shown this ticket.
    pub(crate) fn shows(&self, ticket: &StoredTicket) -> Result<bool, Error> {
        let is_theirs = self.requesters.as_ref().is_none_or(|numbers| numbers.contains(&ticket.requester));
        let of_company = |of: &Belonging| of.has(self.snapshot, ticket);
        Ok(is_theirs
            && self.company.as_ref().map_or(Ok(true), of_company)?
            && self.actor.sight.sees(ticket.record.team)
            && self.filter.admits(self.actor, ticket)
            && marks::agrees(self.snapshot, self.actor, self.filter, ticket.number)?)
    }

    /// The lists whose union holds everything that is asked for, the smallest that are likely.
    fn facets(&self) -> Vec<Facet> {
        let (actor, filter) = (self.actor, self.filter);
        if filter.watching == Some(true) {
            return me(actor).map(Facet::Watcher).into_iter().collect();
        }
        if let Some(numbers) = &self.requesters {
            return numbers.iter().copied().map(Number::Known).map(Facet::Requester).collect();
        }
        if let Some(company) = &self.company {
            return company.lists();
        }
        if filter.sent == Some(true) {
            return me(actor).map(Facet::Writer).into_iter().collect();
        }
        if !filter.tags.is_empty() {
            let tags: BTreeSet<&String> = filter.tags.iter().collect();
            return tags.into_iter().cloned().map(Facet::Tag).collect();
        }
        by_state(actor, filter)
    }
}

/// The lists by team, assignee, attention and state.
fn by_state(actor: &Actor, filter: &TicketFilter) -> Vec<Facet> {
    let teams = teams(actor, filter);
    if filter.attention == Some(true) {
        return match teams {
            Some(teams) => teams.into_iter().map(Facet::TeamAttention).collect(),
            None => vec![Facet::Attention],
        };
    }
    let assignees = assignees(actor, filter);
    if filter.snoozed == Some(true) {
        return match (assignees, teams) {
            (Some(assignees), _) => assignees.into_iter().map(Facet::AssigneeSnoozed).collect(),
            (None, Some(teams)) => teams.into_iter().map(Facet::TeamSnoozed).collect(),
            (None, None) => vec![Facet::Snoozed],
        };
    }
    let of_state = |state| match (&assignees, &teams) {
        (Some(assignees), _) => assignees.iter().map(|one| Facet::Assignee(*one, state)).collect(),
        (None, Some(teams)) => teams.iter().map(|team| Facet::Team(*team, state)).collect::<Vec<_>>(),
        (None, None) => vec![Facet::State(state)],
    };
    let states: BTreeSet<_> = filter.wanted_states().iter().copied().collect();
    states.into_iter().flat_map(of_state).collect()
}

/// The assignees whose lists are looked through; none where it is those of teams or states. The list of an assignee, or of
/// nobody, has the tickets of every team: to one who does not see them all it would be long for what it shows, and its
/// cursors would tell of them (promise 7). One's own is one's own.
fn assignees(actor: &Actor, filter: &TicketFilter) -> Option<BTreeSet<Option<PersonId>>> {
    let is_seen = |one: &Assignee| actor.sight == Sight::All || one.of(actor) == me(actor).map(Some);
    if filter.assignees.is_empty() || !filter.assignees.iter().all(is_seen) {
        return None;
    }
    Some(filter.assignees.iter().filter_map(|assignee| assignee.of(actor)).collect())
}

/// The teams that are looked through: those asked for and seen; none where it is every ticket.
fn teams(actor: &Actor, filter: &TicketFilter) -> Option<BTreeSet<Option<TeamId>>> {
    match &actor.sight {
        _ if !filter.teams.is_empty() => {
            Some(filter.teams.iter().copied().filter(|team| actor.sight.sees(*team)).collect())
        }
        Sight::Teams(teams) => Some(teams.iter().copied().map(Some).collect()),
        Sight::All => None,
    }
}

fn by_number<'s>(
    snapshot: &'s Snapshot,
    query: &TicketQuery,
) -> Result<Box<dyn Iterator<Item = Row> + 's>, Error> {
    let after = query.cursor.map(keys::ticket);
    let prefix = Key::new(keys::TICKETS);
    let scan = snapshot.scan(&prefix, query.order.direction(), after.as_ref().map(Key::as_bytes))?;
    Ok(Box::new(scan.map(|row| {
        let number = last_number(&row?.0)?;
        Ok((number, number))
    })))
}
