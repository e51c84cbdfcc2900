//! Mail that a colleague passed on: an agent who forwards a customer's mail in is not the customer (case 40), so answers go
//! to whom the ticket is from by now, and what the colleague wrote above is not for them.

use guichet_mail::compose::Mailbox;
use guichet_store::{Direction, OrganisationId, Snapshot};

use super::matter::Matter;
use crate::stored::{StoredMessage, StoredTicket, last_number};
use crate::{Contact, Desk, Error, contact, keys};

impl Desk {
    /// Whose mail the answered one passes on: the requester of a ticket that a colleague began, where that is somebody
    /// else.
    pub(super) fn behind(
        &self,
        organisation: OrganisationId,
        answered: &StoredMessage,
        matter: &Matter,
    ) -> Result<Option<Mailbox>, Error> {
        let author = answered.record.content.sole_author().filter(|_| answered.record.written.is_none());
        let (Some(ticket), Some(author)) = (&matter.ticket, author) else { return Ok(None) };
        let snapshot = self.store.of(organisation).snapshot()?;
        let Some((_, requester)) = contact::resolve(&snapshot, ticket.requester)? else { return Ok(None) };
        if requester.has(author) || !begins(&snapshot, ticket, answered)? {
            return Ok(None);
        }
        let is_colleague = self.accounts.people(organisation)?.iter().any(|one| one.address.is_same(author));
        let Contact { name, address, .. } = requester;
        Ok(is_colleague.then_some(Mailbox { name, address }))
    }
}

/// Whether a ticket begins with this message.
pub(super) fn begins(
    snapshot: &Snapshot,
    ticket: &StoredTicket,
    message: &StoredMessage,
) -> Result<bool, Error> {
    let first = snapshot.scan(&keys::ticket_messages(ticket.number), Direction::Forward, None)?.next();
    Ok(first.transpose()?.map(|(key, _)| last_number(&key)).transpose()? == Some(message.number))
}
