//! Lists of tickets: by what they are found and in which order.
//!
//! A list by activity is a merge of facet scans (a team is one scan for each state), so a page costs as many rows as it
//! shows. What no facet covers is filtered row by row; see [`crate::page`].

use std::collections::BTreeSet;

use guichet_accounts::{Actor, PersonId, Sight, TeamId};
use guichet_store::{Direction, Key, Snapshot};

use crate::facet::Facet;
use crate::keys::{self, Number};
use crate::page::Page;
use crate::stored::{self, StoredTicket, last_number};
use crate::ticket::State;
use crate::{ContactId, Desk, Error, numbers};

/// Which tickets. Every field that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// In this state; without it all but spam and trash.
    pub state: Option<State>,
    /// Of this team, or of none.
    pub team: Option<Option<TeamId>>,
    /// Of this assignee, or of nobody.
    pub assignee: Option<Option<PersonId>>,
    /// Of this requester.
    pub requester: Option<ContactId>,
    /// With this tag.
    pub tag: Option<String>,
    /// Whether somebody should look. Those that should are of any state where none is asked for: mail that came to spam
    /// or trash is seen here.
    pub attention: Option<bool>,
}

/// By what a list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortKey {
    /// When something last happened.
    #[default]
    Updated,
    /// When the ticket began, which is the order of numbers.
    Created,
}

/// In which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The newest first.
    #[default]
    Descending,
    /// The oldest first.
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
            let is_shown = actor.sight.sees(ticket.record.team) && matches(&query.filter, &ticket);
            Ok(is_shown.then_some(ticket))
        })
    }
}

/// A place in a list and the ticket that stands there.
type Row = Result<(u64, u64), Error>;

/// The lists whose union holds everything that is asked for, the smallest that are likely.
fn facets(actor: &Actor, filter: &TicketFilter) -> Vec<Facet> {
    if let Some(contact) = filter.requester {
        return vec![Facet::Requester(Number::Known(contact.0))];
    }
    if let Some(tag) = &filter.tag {
        return vec![Facet::Tag(tag.clone())];
    }
    let teams: Option<BTreeSet<Option<TeamId>>> = match (&filter.team, &actor.sight) {
        (Some(team), _) => Some([*team].into()),
        (None, Sight::Teams(teams)) => Some(teams.iter().copied().map(Some).collect()),
        (None, Sight::All) => None,
    };
    let teams =
        teams.map(|teams| teams.into_iter().filter(|team| actor.sight.sees(*team)).collect::<Vec<_>>());
    if filter.attention == Some(true) {
        return match teams {
            Some(teams) => teams.into_iter().map(Facet::TeamAttention).collect(),
            None => vec![Facet::Attention],
        };
    }
    let states = filter.state.map_or(State::SHOWN.to_vec(), |state| vec![state]);
    let of_state = |state: State| match (filter.assignee, &teams) {
        (Some(assignee), _) => vec![Facet::Assignee(assignee, state)],
        (None, Some(teams)) => teams.iter().map(|team| Facet::Team(*team, state)).collect(),
        (None, None) => vec![Facet::State(state)],
    };
    states.into_iter().flat_map(of_state).collect()
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

fn matches(filter: &TicketFilter, ticket: &StoredTicket) -> bool {
    let record = &ticket.record;
    let is_shown = filter.attention == Some(true) || State::SHOWN.contains(&record.state);
    filter.state.map_or(is_shown, |state| state == record.state)
        && filter.team.is_none_or(|team| team == record.team)
        && filter.assignee.is_none_or(|assignee| assignee == record.assignee)
        && filter.requester.is_none_or(|contact| contact.0 == ticket.requester)
        && filter.tag.as_ref().is_none_or(|tag| record.tags.contains(tag))
        && filter.attention.is_none_or(|attention| attention == record.attention)
}
