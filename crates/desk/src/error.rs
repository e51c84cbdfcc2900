//! What can go wrong at the desk, by what the caller can do about it.

use guichet_store::{CommitError, Unavailable};

/// Why the desk refused or failed. Each text is a sentence for the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing of that name exists, or the actor may not see it: the two look alike from outside.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Somebody changed it in between: read again, decide again.
    #[error("somebody else changed this {0} in the meantime")]
    Changed(&'static str),
    /// The request makes no sense; the text says why and what would.
    #[error("{0}")]
    Invalid(String),
    /// No room on the disk; later there may be.
    #[error("there is no room on the disk")]
    Full,
    /// What is stored can't be read: a defect or a damaged disk.
    #[error("a stored {0} can't be read")]
    Damaged(&'static str),
    /// The store does not answer now; later it may.
    #[error("the store does not answer: {0}")]
    Unavailable(String),
}

impl From<Unavailable> for Error {
    fn from(error: Unavailable) -> Self {
        Error::Unavailable(error.to_string())
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Full => Error::Full,
            other => Error::Unavailable(other.to_string()),
        }
    }
}

impl From<guichet_accounts::Error> for Error {
    fn from(error: guichet_accounts::Error) -> Self {
        use guichet_accounts::Error as Accounts;
        match error {
            Accounts::NotFound { what, .. } => Error::NotFound(what),
            Accounts::Damaged(what) => Error::Damaged(what),
            Accounts::Full => Error::Full,
            other => Error::Unavailable(other.to_string()),
        }
    }
}
