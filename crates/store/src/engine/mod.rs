//! What an engine is: an ordered map with snapshots that takes whole changes, each all or nothing.
//!
//! All that a batch means (checks, slots, events, versions) is settled above, in [`crate::evaluate`], once for every
//! engine. An engine is two traits: views for readers, and `apply` for the one writer.

mod backend;
mod memory;
mod redb;

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::Arc;

pub(crate) use self::memory::MemoryEngine;
pub(crate) use self::redb::RedbEngine;

use crate::blob::NamedBlob;

/// The store can't be read or written just now; it mends itself when its files can be reached again.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the store can't be reached: {0}")]
pub struct Unavailable(pub(crate) Arc<str>);

impl Unavailable {
    pub(crate) fn new(cause: impl std::fmt::Display) -> Self {
        Self(cause.to_string().into())
    }
}

/// Why a change was not applied. Either way nothing of it is visible.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("no room is left on the disk")]
    Full,
    /// Files are missing, or are not of one moment: what they say must not be gone on from.
    #[error("{0}")]
    NotWhole(&'static str),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Unavailable(Unavailable::new(error)),
        }
    }
}

/// A key and its stored value.
pub(crate) type Row = (Vec<u8>, Vec<u8>);

/// Rows of a scan, lazily.
pub(crate) type Rows = Box<dyn Iterator<Item = Result<Row, Unavailable>> + Send>;

/// Which keys a scan passes, and which way.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    pub(crate) from: Bound<Vec<u8>>,
    pub(crate) to: Bound<Vec<u8>>,
    pub(crate) direction: Direction,
}

/// Which way a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the least key up.
    Forward,
    /// From the greatest key down.
    Backward,
}

/// All rows as they were at one commit.
pub(crate) trait View: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Unavailable>;
    fn scan(&self, range: Range) -> Result<Rows, Unavailable>;
}

/// The readers' side of an engine.
pub(crate) trait Views: Send + Sync {
    /// The newest durable state.
    fn view(&self) -> Result<Arc<dyn View>, Unavailable>;
}

/// What a group of batches came to: rows as they shall be, and the blobs that they name.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// The commit version, one more than that of the change before.
    pub(crate) version: u64,
    /// In key order; `None` deletes.
    pub(crate) rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    pub(crate) blobs: Vec<NamedBlob>,
}

impl Change {
    /// Whether nothing changes: all conflicted, or only asked whether what they read still holds.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.blobs.is_empty()
    }
}

/// The writer's side of an engine.
pub(crate) trait Engine: Send {
    /// For readers, for as long as the engine lives and after.
    fn views(&self) -> Arc<dyn Views>;
    /// The version of the last change applied. Mends the engine first, where that is needed: then the change that
    /// failed may turn out to have been applied.
    fn ready(&mut self) -> Result<u64, Failure>;
    /// Applies the change: when this returns, it is durable, and every later view shows it. After a failure or a
    /// panic comes [`Engine::ready`].
    fn apply(&mut self, change: &Change) -> Result<(), Failure>;
    /// Leaves things so that the next start has nothing to repeat.
    fn close(&mut self) -> Result<(), Failure>;
}
