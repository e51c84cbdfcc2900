//! Lists of tickets: by what they are found and in which order.
//!
//! A list by activity is a merge of facet scans (a team is one scan for each state), so a page costs as many rows as it
//! shows. What no facet covers is filtered row by row; see [`crate::page`].

use std::collections::BTreeSet;

use guichet_accounts::{Actor, PersonId, Sight, TeamId};
use guichet_store::{Direction, Key, Snapshot};
use minicbor::{Decode, Encode};

use crate::facet::Facet;
use crate::filter::{TicketFilter, me};
use crate::keys::{self, Number};
use crate::page::Page;
use crate::stored::{self, StoredTicket, last_number};
use crate::{Desk, Error, numbers};

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
    fn direction(self) -> Direction {
        match self {
            Order::Descending => Direction::Backward,
            Order::Ascending => Direction::Forward,
        }
    }

    /// Whether a place comes before another in this order.
    fn precedes(self, one: u64, other: u64) -> bool {
        match self {
            Order::Descending => one > other,
            Order::Ascending => one < other,
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
        let rows = match query.sort {
            SortKey::Updated => merged(&snapshot, &facets(actor, &query.filter), query)?,
            SortKey::Created => by_number(&snapshot, query)?,
        };
        Page::read(rows, query.limit, |_, number| {
            let ticket = stored::ticket(&snapshot, number)?.ok_or(Error::Damaged("ticket"))?;
            let is_asked = query.filter.requester.is_none_or(|contact| contact.0 == ticket.requester);
            let is_shown =
                is_asked && actor.sight.sees(ticket.record.team) && query.filter.admits(actor, &ticket);
            Ok(is_shown.then_some(ticket))
        })
    }
}

/// A place in a list and the ticket that stands there.
type Row = Result<(u64, u64), Error>;

/// The lists whose union holds everything that is asked for, the smallest that are likely.
fn facets(actor: &Actor, filter: &TicketFilter) -> Vec<Facet> {
    if filter.watching == Some(true) {
        return me(actor).map(Facet::Watcher).into_iter().collect();
    }
    if let Some(contact) = filter.requester {
        return vec![Facet::Requester(Number::Known(contact.0))];
    }
    if filter.sent == Some(true) {
        return me(actor).map(Facet::Writer).into_iter().collect();
    }
    if !filter.tags.is_empty() {
        return filter.tags.iter().cloned().map(Facet::Tag).collect();
    }
    let teams = teams(actor, filter);
    if filter.attention == Some(true) {
        return match teams {
            Some(teams) => teams.into_iter().map(Facet::TeamAttention).collect(),
            None => vec![Facet::Attention],
        };
    }
    let assignees: BTreeSet<Option<PersonId>> =
        filter.assignees.iter().filter_map(|assignee| assignee.of(actor)).collect();
    let is_assigned = !filter.assignees.is_empty();
    let of_state = |state| match &teams {
        _ if is_assigned => assignees.iter().map(|assignee| Facet::Assignee(*assignee, state)).collect(),
        Some(teams) => teams.iter().map(|team| Facet::Team(*team, state)).collect(),
        None => vec![Facet::State(state)],
    };
    let states: BTreeSet<_> = filter.wanted_states().iter().copied().collect();
    states.into_iter().flat_map(of_state).collect()
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

/// Several lists as one, in the order asked for.
fn merged<'s>(
    snapshot: &'s Snapshot,
    facets: &[Facet],
    query: &TicketQuery,
) -> Result<Box<dyn Iterator<Item = Row> + 's>, Error> {
    let mut lists = Vec::with_capacity(facets.len());
    for facet in facets {
        let prefix = facet.prefix();
        let after = query.cursor.map(|cursor| prefix.clone().number(cursor));
        let scan = snapshot.scan(&prefix, query.order.direction(), after.as_ref().map(Key::as_bytes))?;
        let rows = scan.map(|row| {
            let (key, value) = row?;
            Ok((last_number(&key)?, numbers::<1>(&value)?.0[0]))
        });
        lists.push(rows.peekable());
    }
    let order = query.order;
    Ok(Box::new(std::iter::from_fn(move || {
        let mut first: Option<(usize, u64)> = None;
        for (index, list) in lists.iter_mut().enumerate() {
            match list.peek() {
                Some(Ok((place, _))) if first.is_none_or(|(_, best)| order.precedes(*place, best)) => {
                    first = Some((index, *place));
                }
                Some(Err(_)) => return list.next(),
                Some(Ok(_)) | None => {}
            }
        }
        lists.get_mut(first?.0)?.next()
    })))
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
