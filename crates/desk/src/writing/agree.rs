//! Agreeing: an agent lets somebody take part in a ticket.
//!
//! Somebody who answered by a genuine reply address without taking part has their mail in the ticket, marked. From now
//! on they take part like those who were written to; what was marked stays marked, as it was when it came.

use guichet_accounts::Actor;
use guichet_mail::MailAddress;
use jiff::Timestamp;

use super::check::invalid;
use crate::participants::PARTICIPANTS_MAX;
use crate::stored::StoredTicket;
use crate::{Desk, Error};

impl Desk {
    /// Lets somebody take part in a ticket: their authenticated answers join it from now on.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a ticket that the actor does not see; [`Error::Invalid`] for an address of our own, or
    /// where too many take part.
    pub async fn agree(
        &self,
        actor: &Actor,
        ticket: u64,
        address: &MailAddress,
        now: Timestamp,
    ) -> Result<StoredTicket, Error> {
        let is_ours = self.accounts.is_ours(actor.organisation, address)?;
        let normalised = address.normalised();
        self.edit_ticket(actor, ticket, None, now, |ticket| {
            if is_ours {
                return invalid(format!(
                    "{address} is one of our own addresses, which take part in every ticket"
                ));
            }
            if ticket.participants.len() >= PARTICIPANTS_MAX && !ticket.participants.contains(&normalised) {
                return invalid(format!("at most {PARTICIPANTS_MAX} people take part in a ticket"));
            }
            ticket.participants.insert(normalised.clone());
            Ok(())
        })
        .await
    }
}
