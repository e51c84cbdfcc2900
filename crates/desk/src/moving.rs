//! Messages on their way from one ticket to another: with their deliveries, in one commit.
//!
//! *Must hold*: what a message or a delivery says never changes, only whose it is. So their records are not decoded, and
//! every token, reference and report that leads to a message leads to where it is now.
//!
//! A message is safe by its ticket, which every writer of a message writes too; a delivery changes without its ticket, so
//! each is a check of the commit. A new delivery of an old message is made only by changing another of them.

use std::collections::BTreeSet;

use guichet_store::{Batch, Direction, Snapshot, Template};

use crate::keys::{self, Number};
use crate::stored::last_number;
use crate::{DeliveryId, Error, numbers};

/// How many octets one commit rewrites: a few times what the store gathers into one anyway, so that others hardly wait.
const MOVED_BYTES_MAX: usize = 16 << 20;

/// What a row takes beside its record.
const ROW_BYTES: usize = 64;

/// A message that moves, as it is stored but for its ticket.
pub(crate) struct Moving {
    pub(crate) message: u64,
    pub(crate) record: Vec<u8>,
    deliveries: Vec<(DeliveryId, Vec<u8>)>,
}

/// Reads messages of a ticket that shall move, oldest first.
///
/// # Errors
/// [`Error::Invalid`] where one is none of the ticket's, or where they are too much for one commit.
pub(crate) fn read(
    snapshot: &mut Snapshot,
    ticket: u64,
    messages: &BTreeSet<u64>,
) -> Result<Vec<Moving>, Error> {
    let (mut moving, mut bytes) = (Vec::with_capacity(messages.len()), 0);
    for message in messages.iter().copied() {
        let stored = snapshot.peek(&keys::message(message))?;
        let of = stored.as_deref().map(numbers::<1>).transpose()?;
        let Some((_, record)) = of.filter(|([of], _)| *of == ticket) else {
            return Err(Error::Invalid(format!("message {message} is none of this ticket's")));
        };
        let one = Moving { message, record: record.to_vec(), deliveries: deliveries(snapshot, message)? };
        bytes += one.bytes();
        if bytes > MOVED_BYTES_MAX {
            return Err(Error::Invalid(
                "these are more messages than can be moved at once: move some of them first, by a split"
                    .to_owned(),
            ));
        }
        moving.push(one);
    }
    Ok(moving)
}

fn deliveries(snapshot: &mut Snapshot, message: u64) -> Result<Vec<(DeliveryId, Vec<u8>)>, Error> {
    let rows = snapshot.scan(&keys::message_deliveries(message), Direction::Forward, None)?;
    let ids = rows.map(|row| last_number(&row?.0).map(DeliveryId)).collect::<Result<Vec<_>, Error>>()?;
    let mut deliveries = Vec::with_capacity(ids.len());
    for id in ids {
        let stored = snapshot.read(&keys::delivery(id))?.ok_or(Error::Damaged("delivery"))?;
        let (_, record) = numbers::<2>(&stored)?;
        deliveries.push((id, record.to_vec()));
    }
    Ok(deliveries)
}

impl Moving {
    fn bytes(&self) -> usize {
        let deliveries = self.deliveries.iter().map(|(_, record)| record.len() + ROW_BYTES);
        self.record.len() + 3 * ROW_BYTES + deliveries.sum::<usize>()
    }

    /// Writes it into its new ticket.
    pub(crate) fn write(&self, batch: &mut Batch, from: u64, into: Number) {
        let message = Number::Known(self.message);
        let owned = into.write(Template::new()).raw(&self.record);
        batch.put(keys::row(keys::MESSAGES, &[message]), owned);
        batch.delete(keys::ticket_messages(from).number(self.message));
        batch.put(keys::ticket_message_row(into, message), Vec::new());
        for (id, record) in &self.deliveries {
            let owned = message.write(into.write(Template::new())).raw(record);
            batch.put(keys::delivery(*id), owned);
        }
    }
}
