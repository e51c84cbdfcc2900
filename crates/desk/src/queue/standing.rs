//! A delivery as it stands in the store, with the numbers around it.

use guichet_store::{Batch, Snapshot, Template, record};

use crate::delivery::{Delivery, DeliveryId};
use crate::keys::{self, Number};
use crate::{Error, numbers};

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

pub(super) fn put_delivery(
    batch: &mut Batch,
    (ticket, message): (Number, Number),
    id: DeliveryId,
    delivery: &Delivery,
) {
    let value = message.write(ticket.write(Template::new()));
    batch.put(keys::delivery(id), value.raw(&record::encode(delivery)));
}
