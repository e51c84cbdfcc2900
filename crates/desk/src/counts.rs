//! Counts: how many tickets a list has, for those who may see them.
//!
//! What a filter asks of the fields that [`crate::cells`] counts by is answered exactly, by a sum. What a person starred,
//! or has drafts in, is a short list of its own. Anything else (unread, a requester, several tags at once) is counted by looking at the
//! newest tickets, up to a bound; a count that ends there says that it is only a least.
//!
//! *Security*: a count tells no more than the list: the actor's sight decides on each cell and each ticket (promise 7).

mod anew;

use std::collections::hash_map::{Entry, HashMap};

use guichet_accounts::Actor;
use guichet_store::Snapshot;

use crate::cells::{self, Cell, Group};
use crate::filter::{TicketFilter, me};
use crate::list::{Asked, Own};
use crate::stored::{self, StoredTicket};
use crate::views::ViewId;
use crate::{Desk, Error, Order};

/// How many tickets of one list are looked at where no cell tells: what it takes to say "more than a few".
const ROWS_READ_MAX: usize = 200;
/// How many are looked at for all lists of one call, and contacts of companies, so that many such lists cost no more than
/// a few.
const ROWS_READ_ALL_MAX: usize = 1_000;

/// How many tickets a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// So many, or at least so many.
    pub tickets: u64,
    /// Whether it is the number itself; if not, there may be more.
    pub is_exact: bool,
}

impl Desk {
    /// How many tickets that the actor sees each of these filters shows, in their order, all as of one moment.
    pub fn counts(&self, actor: &Actor, filters: &[TicketFilter]) -> Result<Vec<Count>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let is_counted = snapshot.peek(&cells::mark())?.is_some();
        let mut counting = Counting {
            snapshot: &snapshot,
            actor,
            is_counted,
            cells: HashMap::new(),
            own: HashMap::new(),
            rows_left: ROWS_READ_ALL_MAX,
        };
        filters.iter().map(|filter| counting.count(filter)).collect()
    }

    /// How many tickets each view of the actor's has.
    pub fn view_counts(&self, actor: &Actor) -> Result<Vec<(ViewId, Count)>, Error> {
        let views = self.visible_views(actor)?;
        let (ids, filters): (Vec<_>, Vec<_>) = views.into_iter().map(|view| (view.id, view.filter)).unzip();
        Ok(ids.into_iter().zip(self.counts(actor, &filters)?).collect())
    }
}

/// The cells of a group, and whether they are all.
type Cells = (Vec<(Cell, u64)>, bool);

/// The counts of one call: what several of them need is read once.
struct Counting<'s> {
    snapshot: &'s Snapshot,
    actor: &'s Actor,
    /// Whether the cells are true.
    is_counted: bool,
    cells: HashMap<Group, Cells>,
    own: HashMap<Own, Vec<StoredTicket>>,
    rows_left: usize,
}

impl<'s> Counting<'s> {
    fn count(&mut self, filter: &TicketFilter) -> Result<Count, Error> {
        match (group_of(filter, self.actor), Own::of(filter)) {
            (Some(group), _) if self.is_counted => self.sum(group, filter),
            (_, own) if self.rows_left == 0 && (own.is_none() || filter.company.is_some()) => {
                Ok(Count { tickets: 0, is_exact: false })
            }
            (_, Some(own)) => self.among(own, filter),
            (_, None) => self.look(filter),
        }
    }

    /// What a filter asks for. To find what a company has is to look at each of its contacts.
    fn ask<'a>(&mut self, filter: &'a TicketFilter) -> Result<Asked<'a>, Error>
    where
        's: 'a,
    {
        let asked = Asked::of(self.snapshot, self.actor, filter)?;
        self.rows_left = self.rows_left.saturating_sub(asked.contacts_of_company());
        Ok(asked)
    }

    /// The sum of the cells that the filter asks for.
    fn sum(&mut self, group: Group, filter: &TicketFilter) -> Result<Count, Error> {
        let (cells, is_exact) = match self.cells.entry(group) {
            Entry::Occupied(read) => read.into_mut(),
            Entry::Vacant(free) => {
                let read = cells::read(self.snapshot, free.key())?;
                free.insert(read)
            }
        };
        let asked = cells
            .iter()
            .filter(|(cell, _)| self.actor.sight.sees(cell.team) && admits(filter, self.actor, cell));
        Ok(Count { tickets: asked.map(|(_, tickets)| tickets).sum(), is_exact: *is_exact })
    }

    /// How many of some tickets of the person's own are asked for; each is read once for all lists.
    fn among(&mut self, own: Own, filter: &TicketFilter) -> Result<Count, Error> {
        let asked = self.ask(filter)?;
        let tickets = match self.own.entry(own) {
            Entry::Occupied(read) => read.into_mut(),
            Entry::Vacant(free) => free.insert(own.tickets(self.snapshot, self.actor)?),
        };
        let mut count = 0;
        for ticket in tickets.iter() {
            count += u64::from(asked.shows(ticket)?);
        }
        Ok(Count { tickets: count, is_exact: true })
    }

    /// Looks at the newest tickets that may be meant.
    fn look(&mut self, filter: &TicketFilter) -> Result<Count, Error> {
        let rows_read_max = ROWS_READ_MAX.min(self.rows_left);
        let asked = self.ask(filter)?;
        let mut rows = asked.rows(Order::Descending, None)?;
        let mut tickets = 0;
        for _ in 0..rows_read_max {
            let Some(row) = rows.next() else {
                return Ok(Count { tickets, is_exact: true });
            };
            self.rows_left = self.rows_left.saturating_sub(1);
            let ticket = stored::ticket(self.snapshot, row?.1)?.ok_or(Error::Damaged("ticket"))?;
            tickets += u64::from(asked.shows(&ticket)?);
        }
        Ok(Count { tickets, is_exact: rows.next().is_none() })
    }
}

/// The group whose cells answer for a filter; none where it asks for what they do not tell.
fn group_of(filter: &TicketFilter, actor: &Actor) -> Option<Group> {
    let TicketFilter { requester, company, starred, unread, drafted, tags, watching, sent, .. } = filter;
    if requester.is_some() || company.is_some() || starred.is_some() || unread.is_some() || drafted.is_some()
    {
        return None;
    }
    match (tags.as_slice(), watching, sent) {
        ([], None, None) => Some(Group::All),
        ([tag], None, None) => Some(Group::Tag(tag.clone())),
        ([], Some(true), None) => me(actor).map(Group::Watcher),
        ([], None, Some(true)) => me(actor).map(Group::Writer),
        _ => None,
    }
}

/// Whether the tickets of a cell are asked for: of a ticket [`TicketFilter::admits`] says the same.
fn admits(filter: &TicketFilter, actor: &Actor, cell: &Cell) -> bool {
    let is_any_state = filter.states.is_empty() && filter.attention == Some(true);
    (is_any_state || filter.wanted_states().contains(&cell.state))
        && (filter.teams.is_empty() || filter.teams.contains(&cell.team))
        && (filter.assignees.is_empty()
            || filter.assignees.iter().any(|one| one.of(actor) == Some(cell.assignee)))
        && (filter.priorities.is_empty() || filter.priorities.contains(&cell.priority))
        && filter.attention.is_none_or(|attention| attention == cell.attention)
        && filter.channel.is_none_or(|channel| channel == cell.channel)
        && filter.snoozed.unwrap_or_default() == cell.is_snoozed
}
