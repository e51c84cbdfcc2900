//! One person's mark of one ticket: up to which message they have read, and what they have not.

use std::collections::BTreeSet;

use guichet_accounts::PersonId;
use guichet_store::{Direction, Snapshot, record};
use minicbor::{Decode, Encode};

use crate::stored::last_number;
use crate::{Error, keys, numbers};

/// How many messages of one ticket are remembered as unread before the last that was read; the oldest count as read
/// beyond that.
const UNREAD_MAX: usize = 500;

/// What is stored of a mark, but for the numbers in front of it: the event that changed it last, and the latest message
/// of the person's own, which is known only once it is committed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct MarkRecord {
    /// They starred the ticket.
    #[n(0)]
    pub(crate) starred: bool,
    /// The newest message that they have read.
    #[n(1)]
    pub(crate) read_to: u64,
    /// Those before it that they have not.
    #[n(2)]
    pub(crate) unread: BTreeSet<u64>,
}

/// What one person has marked of one ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark {
    pub(super) activity: u64,
    /// Read although it may be newer than all that is; 0 for none.
    pub(super) own: u64,
    pub(super) record: MarkRecord,
}

impl Mark {
    /// The stored mark; an empty one where nothing is stored.
    pub(crate) fn of(stored: Option<&[u8]>) -> Result<Self, Error> {
        let Some(stored) = stored else { return Ok(Self::default()) };
        let ([activity, own], rest) = numbers::<2>(stored)?;
        let record = record::decode(rest).map_err(|_| Error::Damaged("mark"))?;
        Ok(Self { activity, own, record })
    }

    /// Reads a mark as a check of the batch.
    pub(super) fn read(snapshot: &mut Snapshot, ticket: u64, person: PersonId) -> Result<Self, Error> {
        Self::of(snapshot.read(&keys::mark(ticket, person))?.as_deref())
    }

    /// Whether the ticket is starred.
    pub fn is_starred(&self) -> bool {
        self.record.starred
    }

    /// Whether a message of the ticket was read.
    pub fn has_read(&self, message: u64) -> bool {
        let before = message <= self.record.read_to && !self.record.unread.contains(&message);
        before || message == self.own
    }

    pub(super) fn record(&self) -> &MarkRecord {
        &self.record
    }

    pub(super) fn read_to(&self) -> u64 {
        self.record.read_to
    }

    pub(super) fn has_exceptions(&self) -> bool {
        !self.record.unread.is_empty()
    }

    /// One message is read; those of the ticket that were not stay so.
    pub(super) fn read_one(&mut self, snapshot: &Snapshot, ticket: u64, message: u64) -> Result<(), Error> {
        self.settle(snapshot, ticket)?;
        self.extend(snapshot, ticket, message)?;
        self.record.unread.remove(&message);
        Ok(())
    }

    /// One message is not read any more.
    pub(super) fn unread_one(&mut self, snapshot: &Snapshot, ticket: u64, message: u64) -> Result<(), Error> {
        self.settle(snapshot, ticket)?;
        if message <= self.record.read_to {
            self.record.unread.insert(message);
            self.trim();
        }
        Ok(())
    }

    /// Everything up to this message is read.
    pub(super) fn read_all_to(
        &mut self,
        snapshot: &Snapshot,
        ticket: u64,
        message: u64,
    ) -> Result<(), Error> {
        self.settle(snapshot, ticket)?;
        self.record.unread.retain(|unread| *unread > message);
        self.record.read_to = self.record.read_to.max(message);
        Ok(())
    }

    /// Puts the latest message of their own among the others.
    pub(super) fn settle(&mut self, snapshot: &Snapshot, ticket: u64) -> Result<(), Error> {
        match std::mem::take(&mut self.own) {
            0 => Ok(()),
            own => self.extend(snapshot, ticket, own),
        }
    }

    /// Moves the end of what is read to this message; what is passed over stays unread.
    pub(super) fn extend(&mut self, snapshot: &Snapshot, ticket: u64, message: u64) -> Result<(), Error> {
        let read_to = self.record.read_to;
        if message <= read_to {
            return Ok(());
        }
        let messages = keys::ticket_messages(ticket);
        let end = messages.clone().number(message);
        for row in snapshot.scan(&messages, Direction::Backward, Some(end.as_bytes()))?.take(UNREAD_MAX) {
            let passed = last_number(&row?.0)?;
            if passed <= read_to {
                break;
            }
            self.record.unread.insert(passed);
        }
        self.record.read_to = message;
        self.trim();
        Ok(())
    }

    /// Forgets the oldest exceptions where there are too many.
    pub(super) fn trim(&mut self) {
        while self.record.unread.len() > UNREAD_MAX {
            self.record.unread.pop_first();
        }
    }
}
