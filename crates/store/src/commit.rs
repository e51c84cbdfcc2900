//! What a commit answers.

use crate::engine::{Failure, Unavailable};
use crate::template::Slot;

/// A batch was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub(crate) numbers: Vec<u64>,
    pub(crate) version: u64,
}

impl Receipt {
    /// The number that a slot of this batch became. 0 for a slot of another batch.
    pub fn number(&self, slot: Slot) -> u64 {
        self.numbers.get(slot.0 as usize).copied().unwrap_or_default()
    }

    /// The commit's version: rises with each group of commits, the same for all of one group.
    pub fn version(&self) -> u64 {
        self.version
    }
}

/// Nothing of the batches is visible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Something that was read has changed since: take a new snapshot, decide again, commit again.
    #[error("what was read has changed since")]
    Conflict,
    /// No room on the disk. Temporary: it goes on by itself when there is room.
    #[error("no room is left on the disk")]
    Full,
    /// The disk failed or the store was closed. Temporary. The batches may turn out to have been committed after
    /// all (the disk said no after it had written), so what is sent again must be recognised.
    #[error("the store can't be written: {0}")]
    Unavailable(String),
}

impl CommitError {
    /// Whether the same batches may be committed later with success. A conflict needs new ones.
    pub fn is_temporary(&self) -> bool {
        !matches!(self, Self::Conflict)
    }

    pub(crate) fn closed() -> Self {
        Self::Unavailable("it is closed".into())
    }

    /// The writer left before it answered: closed, or by a panic.
    pub(crate) fn unanswered() -> Self {
        Self::Unavailable("it was closed or failed while this was under way".into())
    }
}

impl From<Failure> for CommitError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Full => Self::Full,
            Failure::NotWhole(what) => Self::Unavailable(what.into()),
            Failure::Unavailable(cause) => Self::Unavailable(cause.0.to_string()),
        }
    }
}

impl From<Unavailable> for CommitError {
    fn from(cause: Unavailable) -> Self {
        Failure::from(cause).into()
    }
}
