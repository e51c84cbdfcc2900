//! A delivery as it stands in the store, and the rows that move with it.

use guichet_store::{Batch, OrganisationId, Snapshot, record};

use crate::delivery::{Delivery, DeliveryId};
use crate::keys::{self, Number};
use crate::queue::due::DueRows;
use crate::{Error, numbers};
use guichet_store::Template;

/// A delivery with the numbers that stand around its record.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDelivery {
    /// Its number.
    pub id: DeliveryId,
    /// The ticket of its message; 0 of system mail.
    pub ticket: u64,
    /// Its message; 0 of system mail.
    pub message: u64,
    /// The rest.
    pub record: Delivery,
}

impl StoredDelivery {
    /// Reads one.
    pub(crate) fn peek(snapshot: &Snapshot, id: DeliveryId) -> Result<Option<Self>, Error> {
        snapshot.peek(&keys::delivery(id))?.map(|bytes| Self::of(id, &bytes)).transpose()
    }

    /// Reads one as a check of the batch.
    pub(crate) fn read(snapshot: &mut Snapshot, id: DeliveryId) -> Result<Option<Self>, Error> {
        snapshot.read(&keys::delivery(id))?.map(|bytes| Self::of(id, &bytes)).transpose()
    }

    pub(crate) fn of(id: DeliveryId, bytes: &[u8]) -> Result<Self, Error> {
        let ([ticket, message], rest) = numbers::<2>(bytes)?;
        let record = record::decode(rest).map_err(|_| Error::Damaged("delivery"))?;
        Ok(Self { id, ticket, message, record })
    }
}

/// Writes a delivery anew, with its place in the lists and in the due-table.
pub(crate) fn move_to(
    batch: &mut Batch,
    due: &mut DueRows,
    organisation: OrganisationId,
    before: &StoredDelivery,
    after: &Delivery,
) {
    let was = &before.record;
    if was.state != after.state {
        batch.delete(keys::deliveries_in(was.state).number(before.id.0));
        batch.put(keys::deliveries_in(after.state).number(before.id.0), Vec::new());
    }
    let place = |delivery: &Delivery| delivery.state.is_waiting().then_some(delivery.due);
    if place(was) != place(after) {
        if was.state.is_waiting() {
            due.leave(organisation, before.id, was);
        }
        if after.state.is_waiting() {
            due.enter(organisation, before.id, after);
        }
    }
    let (ticket, message) = (Number::Known(before.ticket), Number::Known(before.message));
    put_delivery(batch, ticket, message, before.id, after);
}

pub(super) fn put_delivery(
    batch: &mut Batch,
    ticket: Number,
    message: Number,
    id: DeliveryId,
    delivery: &Delivery,
) {
    let value = message.write(ticket.write(Template::new()));
    batch.put(keys::delivery(id), value.raw(&record::encode(delivery)));
}
