//! All mail of a contact: their tickets and the messages in these, as far as the actor sees them.

use std::collections::BTreeSet;

use guichet_accounts::Actor;
use guichet_store::Snapshot;

use super::read::known;
use super::{numbers_of, resolve};
use crate::facet::Facet;
use crate::keys::{self, Number};
use crate::list::{Order, TicketQuery};
use crate::merged::{Holds, merged};
use crate::page::Page;
use crate::read::seen_ticket;
use crate::stored::{self, StoredMessage, StoredTicket};
use crate::{ContactId, Desk, Error, TicketFilter};

/// How many tickets a list of messages is put together from, those that something happened to last.
const TICKETS_MERGED_MAX: usize = 1_000;

impl Desk {
    /// A page of the tickets of a contact that the actor knows, in all states, what was touched last first; as far as
    /// the actor sees them.
    pub fn contact_tickets(
        &self,
        actor: &Actor,
        id: ContactId,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredTicket>, Error> {
        let contact = self.contact(actor, id)?.id;
        let filter = TicketFilter {
            requester: Some(contact),
            states: crate::State::ALL.to_vec(),
            ..TicketFilter::default()
        };
        self.tickets(actor, &TicketQuery { filter, cursor, limit, ..TicketQuery::default() })
    }

    /// A page of the messages in the tickets of a contact that the actor knows, the newest first, as far as the actor
    /// sees the tickets. Of more than 1,000 tickets only the newest count.
    pub fn contact_messages(
        &self,
        actor: &Actor,
        id: ContactId,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredMessage>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let (number, contact) = known(&snapshot, actor, resolve(&snapshot, id.0)?)?;
        let requesters = numbers_of(number, &contact).into_iter().map(Number::Known).map(Facet::Requester);
        messages_in(&snapshot, actor, (requesters, |_: &StoredTicket| Ok(true)), cursor, limit)
    }
}

/// A page of the messages of all tickets in these lists that are meant, the newest first.
pub(crate) fn messages_in(
    snapshot: &Snapshot,
    actor: &Actor,
    (lists, is_meant): (impl Iterator<Item = Facet>, impl Fn(&StoredTicket) -> Result<bool, Error>),
    cursor: Option<u64>,
    limit: usize,
) -> Result<Page<StoredMessage>, Error> {
    let prefixes = lists.map(|list| list.prefix());
    let mut tickets = BTreeSet::new();
    for row in merged(snapshot, prefixes, Holds::Number, Order::Descending, None)?.take(TICKETS_MERGED_MAX) {
        let (_, number) = row?;
        if let Ok(ticket) = seen_ticket(snapshot, actor, number)
            && is_meant(&ticket)?
        {
            tickets.insert(number);
        }
    }
    let messages = tickets.into_iter().map(keys::ticket_messages);
    let rows = merged(snapshot, messages, Holds::Nothing, Order::Descending, cursor)?;
    Page::read(rows, limit, |_, number| {
        Ok(Some(stored::message(snapshot, number)?.ok_or(Error::Damaged("message"))?))
    })
}
