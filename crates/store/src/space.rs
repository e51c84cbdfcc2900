//! A space: all rows, events and blobs of one organisation, or the operator's own.
//!
//! *Invariant:* nothing reached through a space lies outside it.

use tokio::sync::watch;

use crate::batch::Batch;
use crate::blob::{BlobReader, BlobRef};
use crate::commit::CommitError;
use crate::engine::Unavailable;
use crate::events::{self, Event};
use crate::organisation::Owner;
use crate::snapshot::Snapshot;
use crate::store::Store;

/// A handle that cannot reach outside its organisation. Cheap to make and to clone.
#[derive(Clone, Debug)]
pub struct Space {
    store: Store,
    owner: Owner,
}

impl Space {
    pub(crate) fn new(store: Store, owner: Owner) -> Self {
        Self { store, owner }
    }

    pub(crate) fn owner(&self) -> Owner {
        self.owner
    }

    /// The newest durable state.
    pub fn snapshot(&self) -> Result<Snapshot, Unavailable> {
        Ok(Snapshot::new(self.owner, self.store.view()?))
    }

    /// A batch that rests on nothing read.
    pub fn batch(&self) -> Batch {
        Batch::new(self)
    }

    /// At most `limit` entries of the log after the sequence number `after`, in order. A number is never seen
    /// before the ones below it.
    pub fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>, Unavailable> {
        events::read(&self.snapshot()?, after, limit)
    }

    /// The sequence number of the newest entry; 0 when there was none yet.
    pub fn events_head(&self) -> Result<u64, Unavailable> {
        events::head(&self.snapshot()?)
    }

    /// The sequence number of the oldest entry still kept, or the one that the next entry will get. A cursor more
    /// than one below it has missed something and must read everything anew.
    pub fn events_floor(&self) -> Result<u64, Unavailable> {
        events::floor(&self.snapshot()?)
    }

    /// Deletes the entries below `before`, at most [`events::TRIM_ROWS_MAX`] of them; says how many it deleted.
    pub async fn trim_events(&self, before: u64) -> Result<usize, CommitError> {
        let (batch, rows) = events::trim(self, before)?;
        if rows > 0 {
            self.store.commit(vec![batch]).await?;
        }
        Ok(rows)
    }

    /// The head of the log, told anew after each commit that adds to it.
    pub fn watch(&self) -> Result<watch::Receiver<u64>, Unavailable> {
        self.store.watch_owner(self.owner, || self.events_head())
    }

    /// Opens a blob for reading from its first byte.
    pub fn open_blob(&self, blob: &BlobRef) -> Result<BlobReader<'static>, Unavailable> {
        self.store.blobs().reader(self.owner, blob, || self.store.view())
    }
}
