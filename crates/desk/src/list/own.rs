//! Lists of one's own: what a person has starred, and where they have begun to write. They are short and read whole,
//! wherever their tickets stand among all others.

use guichet_accounts::Actor;
use guichet_store::Snapshot;

use super::{SortKey, TicketQuery};
use crate::filter::{TicketFilter, me};
use crate::merged::Row;
use crate::stored::{self, StoredTicket};
use crate::{Error, drafts, marks};

/// Tickets that have a row of the person's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Own {
    Starred,
    Drafted,
}

impl Own {
    /// The list that holds everything that is asked for, if one does.
    pub(crate) fn of(filter: &TicketFilter) -> Option<Self> {
        match filter {
            TicketFilter { starred: Some(true), .. } => Some(Own::Starred),
            TicketFilter { drafted: Some(true), .. } => Some(Own::Drafted),
            _ => None,
        }
    }

    /// All of it; nothing where the actor is no person.
    pub(crate) fn tickets(self, snapshot: &Snapshot, actor: &Actor) -> Result<Vec<StoredTicket>, Error> {
        let Some(person) = me(actor) else { return Ok(Vec::new()) };
        let numbers = match self {
            Own::Starred => marks::starred(snapshot, person)?,
            Own::Drafted => drafts::tickets_of(snapshot, person)?,
        };
        let mut tickets = Vec::with_capacity(numbers.len());
        for number in numbers {
            tickets.extend(stored::ticket(snapshot, number)?);
        }
        Ok(tickets)
    }

    /// The same as rows of a list, beyond its cursor.
    pub(crate) fn rows(
        self,
        snapshot: &Snapshot,
        actor: &Actor,
        query: &TicketQuery,
    ) -> Result<impl Iterator<Item = Row> + use<>, Error> {
        let place = |ticket: StoredTicket| match query.sort {
            SortKey::Created => (ticket.number, ticket.number),
            SortKey::Updated => (ticket.activity, ticket.number),
        };
        let rank = |place: u64| query.order.rank(place);
        let mut rows: Vec<(u64, u64)> = self.tickets(snapshot, actor)?.into_iter().map(place).collect();
        rows.retain(|(place, _)| query.cursor.is_none_or(|cursor| rank(*place) > rank(cursor)));
        rows.sort_unstable_by_key(|(place, _)| rank(*place));
        Ok(rows.into_iter().map(Ok))
    }
}
