//! Sweeping: rows that nothing needs any more, and the room of blobs that nothing names.
//!
//! Everything here goes in bounded steps, and may end anywhere: what is left is found again.

use guichet_store::{CommitError, Direction, Key, OrganisationId};
use jiff::Timestamp;
use tokio::task::spawn_blocking;

use crate::automatic::Answered;
use crate::queue::{Due, DueCursor};
use crate::{Desk, Error, StoredDelivery, keys};

/// How many rows one step looks at.
const ROWS_AT_ONCE: usize = 1_000;

impl Desk {
    /// One step of getting the room of deleted mail back; answers whether there is more to do.
    pub async fn sweep_blobs(&self) -> Result<bool, Error> {
        let store = self.store.clone();
        let swept = spawn_blocking(move || store.sweep()).await;
        Ok(swept.map_err(|error| Error::Unavailable(error.to_string()))??)
    }

    /// Forgets the addresses that last got an automatic answer before this time, from the place `after` on; answers where
    /// to go on, none after the last.
    pub async fn forget_answered(
        &self,
        organisation: OrganisationId,
        before: Timestamp,
        after: Option<Vec<u8>>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let mut snapshot = self.store.of(organisation).snapshot()?;
        let rows = snapshot.scan(&Key::new(keys::ANSWERED), Direction::Forward, after.as_deref())?;
        let (mut old, mut last, mut read) = (Vec::new(), None, 0);
        for row in rows.take(ROWS_AT_ONCE) {
            let (key, value) = row?;
            if Answered::is_before(&value, before) {
                old.push(keys::of_bytes(&key).ok_or(Error::Damaged("key"))?);
            }
            (last, read) = (Some(key), read + 1);
        }
        // Who was answered again meanwhile stays.
        for key in &old {
            snapshot.read(key)?;
        }
        let mut batch = snapshot.batch();
        for key in old {
            batch.delete(key);
        }
        match self.store.commit(vec![batch]).await {
            Ok(_) => Ok(last.filter(|_| read == ROWS_AT_ONCE)),
            Err(CommitError::Conflict) => Ok(after.or(Some(Vec::new()))),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes rows of the due-table whose delivery does not wait for that time, beyond the place `after`; answers where
    /// to go on, none after the last. There are none unless a disk lost some, or a row was put there by hand.
    pub async fn forget_orphans(&self, after: Option<DueCursor>) -> Result<Option<DueCursor>, Error> {
        let due = self.due(after, Timestamp::MAX, ROWS_AT_ONCE)?;
        for row in &due {
            self.forget_if_orphan(row).await?;
        }
        Ok(due.last().map(|row| row.cursor))
    }

    async fn forget_if_orphan(&self, row: &Due) -> Result<(), Error> {
        let mut snapshot = self.store.of(row.organisation).snapshot()?;
        let delivery = StoredDelivery::read(&mut snapshot, row.delivery)?;
        if delivery.is_some_and(|one| one.record.state.is_waiting() && one.record.due == row.at) {
            return Ok(());
        }
        let mut table = self.store.operator().batch();
        table.delete(keys::due(row.at, row.organisation, row.delivery));
        tracing::warn!(delivery = %row.delivery, "a row of the due-table leads to nothing and is removed");
        match self.store.commit(vec![snapshot.batch(), table]).await {
            // It waits again: the row is its own.
            Ok(_) | Err(CommitError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
