//! The help desk: the only writer of tickets, messages and contacts.
//!
//! Mail comes in through one door, [`Desk::receive`]; people look and act through calls that take an
//! [`Actor`](guichet_accounts::Actor), and what they may see is decided here.

mod arrival;
mod change;
mod contact;
mod copies;
mod delivery;
mod disposition;
mod error;
mod event;
mod facet;
mod identity;
mod keys;
mod list;
mod message;
mod participants;
mod quarantine;
mod read;
mod receive;
mod retention;
mod rows;
mod stored;
#[cfg(test)]
mod tests;
mod threading;
mod ticket;
mod time;

pub use arrival::{Arrival, Reading, Recipient};
pub use change::TicketChange;
pub use contact::{Contact, ContactId};
pub use delivery::{Attempt, Delivery, DeliveryId, DeliveryState, Fate, RecipientField, Retry, ReversePath};
pub use disposition::Disposition;
pub use error::Error;
pub use event::{EVENTS_READ_MAX, Event, EventKind, Log, LoggedEvent};
pub use list::{Order, Page, SortKey, TicketFilter, TicketQuery};
pub use message::{Content, Envelope, Message, MessageKind, Notification, NotifiedRecipient, Written};
pub use read::{PartContent, Texts, TicketDetail};
pub use receive::{Kept, Outcome, Received};
pub use stored::{StoredMessage, StoredTicket};
pub use ticket::{Priority, State, Ticket};

use guichet_accounts::Accounts;
use guichet_store::{Store, record};

/// The desk over one store. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    store: Store,
    accounts: Accounts,
}

impl Desk {
    /// Over this store.
    pub fn new(store: Store, accounts: Accounts) -> Self {
        Self { store, accounts }
    }

    /// The accounts that it works with.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }
}

/// The numbers in front of a value, and what follows them.
fn numbers<const N: usize>(bytes: &[u8]) -> Result<([u64; N], &[u8]), Error> {
    record::split_numbers(bytes).ok_or(Error::Damaged("record"))
}
