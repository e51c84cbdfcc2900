//! Reading what the desk has stored.

use guichet_store::{Snapshot, record};

use crate::keys;
use crate::message::Message;
use crate::ticket::Ticket;
use crate::{Error, numbers};

/// A ticket with the numbers that stand around its record.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTicket {
    /// Its number in its organisation.
    pub number: u64,
    /// The event that last touched it: its version, and its place in lists.
    pub activity: u64,
    /// The contact who asked, 0 where the mail had no valid sender.
    pub requester: u64,
    /// The rest.
    pub record: Ticket,
}

impl StoredTicket {
    /// # Errors
    /// [`Error::Invalid`] where its messages went to another ticket: it stays as it is.
    pub(crate) fn check_unmerged(&self) -> Result<(), Error> {
        if self.record.merged_into.is_none() {
            return Ok(());
        }
        let rule = "this ticket was merged into another and stays closed: change that one (its merged_into)";
        Err(Error::Invalid(rule.to_owned()))
    }
}

/// A message with the numbers that stand around its record.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredMessage {
    /// Its number in its organisation.
    pub number: u64,
    /// Its ticket; 0 while it is in quarantine.
    pub ticket: u64,
    /// The rest.
    pub record: Message,
}

pub(crate) fn ticket(snapshot: &Snapshot, number: u64) -> Result<Option<StoredTicket>, Error> {
    snapshot.peek(&keys::ticket(number))?.map(|bytes| ticket_of(number, &bytes)).transpose()
}

/// Reads a ticket as a check of the batch.
pub(crate) fn ticket_checked(snapshot: &mut Snapshot, number: u64) -> Result<Option<StoredTicket>, Error> {
    snapshot.read(&keys::ticket(number))?.map(|bytes| ticket_of(number, &bytes)).transpose()
}

pub(crate) fn ticket_of(number: u64, bytes: &[u8]) -> Result<StoredTicket, Error> {
    let ([activity, requester], record) = numbers::<2>(bytes)?;
    let record = record::decode(record).map_err(|_| Error::Damaged("ticket"))?;
    Ok(StoredTicket { number, activity, requester, record })
}

pub(crate) fn message(snapshot: &Snapshot, number: u64) -> Result<Option<StoredMessage>, Error> {
    let found = snapshot.peek(&keys::message(number))?;
    found.map(|bytes| message_of(number, &bytes)).transpose()
}

pub(crate) fn message_of(number: u64, bytes: &[u8]) -> Result<StoredMessage, Error> {
    let ([ticket], record) = numbers::<1>(bytes)?;
    let record = record::decode(record).map_err(|_| Error::Damaged("message"))?;
    Ok(StoredMessage { number, ticket, record })
}

/// Whether a message is in a ticket: in none while it is in quarantine, nor when its ticket was deleted for good.
pub(crate) fn is_in_ticket(snapshot: &Snapshot, message: &StoredMessage) -> Result<bool, Error> {
    Ok(message.ticket != 0 && snapshot.peek(&keys::ticket(message.ticket))?.is_some())
}

/// The last number in a key whose rows are found by scanning.
pub(crate) fn last_number(key: &[u8]) -> Result<u64, Error> {
    let number = key.last_chunk().ok_or(Error::Damaged("key"))?;
    Ok(u64::from_be_bytes(*number))
}
