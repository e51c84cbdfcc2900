//! Trash and spam: states that a ticket comes back from to where it was.
//!
//! Mail that comes meanwhile is appended and stays there with it, and somebody is asked to look (see
//! [`crate::manner`]); a ticket that was done and got mail comes back open. Spam that is thrown away comes back from the
//! trash as what it was before it was spam.

use guichet_accounts::Actor;
use jiff::Timestamp;

use crate::stored::StoredTicket;
use crate::ticket::{State, Ticket};
use crate::{Desk, Error};

impl Desk {
    /// Takes a ticket out of the trash. One that is not there stays as it is.
    pub async fn restore_ticket(
        &self,
        actor: &Actor,
        number: u64,
        now: Timestamp,
    ) -> Result<StoredTicket, Error> {
        self.take_back(actor, number, State::Trash, now).await
    }

    /// Says that a ticket is no spam. One that is not marked so stays as it is.
    pub async fn not_spam(&self, actor: &Actor, number: u64, now: Timestamp) -> Result<StoredTicket, Error> {
        self.take_back(actor, number, State::Spam, now).await
    }

    async fn take_back(
        &self,
        actor: &Actor,
        number: u64,
        from: State,
        now: Timestamp,
    ) -> Result<StoredTicket, Error> {
        self.edit_ticket(actor, number, None, now, |ticket| {
            if ticket.state == from {
                // Records from before states were remembered say nothing.
                ticket.enter(ticket.state_before.unwrap_or(State::Open));
            }
            Ok(())
        })
        .await
    }
}

impl State {
    /// Whether ordinary lists leave it out.
    pub(crate) fn is_put_away(self) -> bool {
        matches!(self, State::Spam | State::Trash)
    }
}

impl Ticket {
    /// Puts it into a state. Spam and trash remember where it was; another state ends a snooze.
    pub(crate) fn enter(&mut self, state: State) {
        if state == self.state {
            return;
        }
        self.state_before = match (self.state.is_put_away(), state.is_put_away()) {
            (false, true) => Some(self.state),
            (true, true) => self.state_before,
            (_, false) => None,
        };
        self.state = state;
        self.snoozed_until = None;
    }

    /// A further mail of the customer came, or one of ours failed: what is finished opens again, here or where it comes
    /// back to.
    pub(crate) fn reopen(&mut self) {
        self.state = self.state.after_mail();
        self.state_before = self.state_before.map(State::after_mail);
        self.snoozed_until = None;
    }
}
