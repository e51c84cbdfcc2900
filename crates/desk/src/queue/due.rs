//! The due-table: one row for each delivery that waits, in the order in which they are due.
//!
//! The rows of all organisations stand in the operator's space, so that one scan finds what is next whoever it
//! belongs to. A row has the recipient's domain as its value, so that what is due can be sorted by destination without
//! reading a delivery.

use guichet_mail::DomainName;
use guichet_store::{Batch, CommitError, Direction, Key, OrganisationId, Receipt, record};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::delivery::{Delivery, DeliveryId};
use crate::{Desk, Error, keys};

/// How many rows a reading of the due-table returns at most.
const DUE_READ_MAX: usize = 10_000;

/// A delivery that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its place in the due-table.
    pub cursor: DueCursor,
    /// Since when.
    pub at: Timestamp,
    /// Whose.
    pub organisation: OrganisationId,
    /// Which.
    pub delivery: DeliveryId,
    /// Where it goes.
    pub domain: DomainName,
}

/// A place in the due-table; later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DueCursor {
    micros: u64,
    organisation: OrganisationId,
    delivery: DeliveryId,
}

impl DueCursor {
    /// The place before all that is due at this time.
    pub fn at(at: Timestamp) -> Option<Self> {
        let micros = u64::try_from(at.as_microsecond()).ok()?;
        Some(Self { micros, organisation: OrganisationId::new(1)?, delivery: DeliveryId(0) })
    }

    fn key(self) -> Key {
        let Self { micros, organisation, delivery } = self;
        Key::new(keys::DUE).number(micros).number(organisation.get().into()).number(delivery.0)
    }

    fn of(key: &[u8]) -> Option<Self> {
        let (micros, rest) = key.strip_prefix(&[keys::DUE])?.split_first_chunk()?;
        let (organisation, rest) = rest.split_first_chunk()?;
        Some(Self {
            micros: u64::from_be_bytes(*micros),
            organisation: OrganisationId::try_from(u64::from_be_bytes(*organisation)).ok()?,
            delivery: DeliveryId(u64::from_be_bytes(*rest.first_chunk()?)),
        })
    }
}

/// What a commit changes in the due-table. Made by [`Desk::due_rows`], written by [`Desk::commit_queued`].
#[derive(Debug)]
pub(crate) struct DueRows {
    batch: Batch,
    is_empty: bool,
    /// Something becomes due that was not, or at another time.
    has_entries: bool,
    /// A timer is set.
    has_timers: bool,
}

impl DueRows {
    pub(crate) fn enter(&mut self, organisation: OrganisationId, id: DeliveryId, delivery: &Delivery) {
        (self.is_empty, self.has_entries) = (false, true);
        let domain = record::encode(delivery.recipient.domain());
        self.batch.put(keys::due(delivery.due, organisation, id), domain);
    }

    pub(super) fn leave(&mut self, organisation: OrganisationId, id: DeliveryId, delivery: &Delivery) {
        self.is_empty = false;
        self.batch.delete(keys::due(delivery.due, organisation, id));
    }
}

impl DueRows {
    /// Adds a row of the timers, which stand in the same space.
    pub(crate) fn put_timer(&mut self, timer: Key) {
        (self.is_empty, self.has_timers) = (false, true);
        self.batch.put(timer, Vec::new());
    }

    pub(crate) fn delete_timer(&mut self, timer: Key) {
        self.is_empty = false;
        self.batch.delete(timer);
    }
}

impl Desk {
    /// An empty change of the due-table.
    pub(crate) fn due_rows(&self) -> DueRows {
        let batch = self.store.operator().batch();
        DueRows { batch, is_empty: true, has_entries: false, has_timers: false }
    }

    /// Commits what is written in an organisation together with its rows in the due-table, and tells whoever waits
    /// for the queue. The one receipt is the organisation's.
    pub(crate) async fn commit_queued(&self, batch: Batch, due: DueRows) -> Result<Receipt, CommitError> {
        only(self.commit_all_queued(vec![batch], due).await?)
    }

    /// The same of several organisations; a receipt for each, in order.
    pub(crate) async fn commit_all_queued(
        &self,
        mut batches: Vec<Batch>,
        due: DueRows,
    ) -> Result<Vec<Receipt>, CommitError> {
        if due.is_empty {
            return self.store.commit(batches).await;
        }
        let organisations = batches.len();
        batches.push(due.batch);
        let mut receipts = self.store.commit(batches).await?;
        receipts.truncate(organisations);
        if due.has_entries {
            self.queue.changed();
        }
        if due.has_timers {
            self.queue.timers_changed();
        }
        Ok(receipts)
    }

    /// Deliveries that are due at `until` or before, the longest due first, at most `limit` (and 10,000), beyond the
    /// place `after`. A row that can't be read is passed over, and the log says so: nobody else's mail waits for it.
    pub fn due(&self, after: Option<DueCursor>, until: Timestamp, limit: usize) -> Result<Vec<Due>, Error> {
        let snapshot = self.store.operator().snapshot()?;
        let table = Key::new(keys::DUE);
        let after = after.map(DueCursor::key);
        let rows = snapshot.scan(&table, Direction::Forward, after.as_ref().map(Key::as_bytes))?;
        let mut found = Vec::new();
        for row in rows.take(DUE_READ_MAX) {
            if found.len() == limit {
                break;
            }
            let (key, value) = row?;
            match due_of(&key, &value) {
                Ok(due) if due.at > until => break,
                Ok(due) => found.push(due),
                Err(error) => tracing::error!(row = ?key, %error, "its delivery is not sent"),
            }
        }
        Ok(found)
    }

    /// When the first delivery beyond the place `after` is due; none where nothing waits there.
    pub fn next_due(&self, after: Option<DueCursor>) -> Result<Option<Timestamp>, Error> {
        let first = self.due(after, Timestamp::MAX, 1)?;
        Ok(first.first().map(|due| due.at))
    }

    /// Tells of every commit that adds rows to the due-table, as a number that changes.
    pub fn queue_changes(&self) -> watch::Receiver<u64> {
        self.queue.changes.subscribe()
    }
}

fn due_of(key: &[u8], value: &[u8]) -> Result<Due, Error> {
    let damaged = || Error::Damaged("row of the due-table");
    let cursor = DueCursor::of(key).ok_or_else(damaged)?;
    let at = i64::try_from(cursor.micros).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
    Ok(Due {
        cursor,
        at: at.ok_or_else(damaged)?,
        organisation: cursor.organisation,
        delivery: cursor.delivery,
        domain: record::decode(value).map_err(|_| damaged())?,
    })
}

fn only(receipts: Vec<Receipt>) -> Result<Receipt, CommitError> {
    let first = receipts.into_iter().next();
    first.ok_or_else(|| CommitError::Unavailable("it answered nothing".to_owned()))
}
