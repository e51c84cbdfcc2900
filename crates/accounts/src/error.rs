//! What can go wrong with accounts, by what the caller can do about it.

use guichet_store::{CommitError, Unavailable};

use crate::CanNotOpen;

/// Why a change or a question about accounts failed. Each text is a sentence for the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing of that name exists.
    #[error("there is no {what} `{name}`")]
    NotFound {
        /// `organisation`, `domain`, …
        what: &'static str,
        /// As the caller wrote it.
        name: String,
    },
    /// The name is taken, perhaps by another organisation.
    #[error("{what} `{name}` is taken")]
    Taken {
        /// `organisation`, `domain`, `address`.
        what: &'static str,
        /// As the caller wrote it.
        name: String,
    },
    /// The request makes no sense; the text says why and what would.
    #[error("{0}")]
    Invalid(String),
    /// Nobody can sign up now.
    #[error("nobody can sign up here: ask the operator of this server for an organisation")]
    Closed,
    /// What is stored can't be read: a defect or a damaged disk.
    #[error("a stored {0} can't be read")]
    Damaged(&'static str),
    /// The master key does not fit what is stored.
    #[error(transparent)]
    Sealed(#[from] CanNotOpen),
    /// No room on the disk; later there may be.
    #[error("there is no room on the disk")]
    Full,
    /// The store does not answer now; later it may.
    #[error("the store does not answer: {0}")]
    Unavailable(String),
}

impl Error {
    pub(crate) fn not_found(what: &'static str, name: &(impl ToString + ?Sized)) -> Self {
        Error::NotFound { what, name: name.to_string() }
    }

    pub(crate) fn taken(what: &'static str, name: &(impl ToString + ?Sized)) -> Self {
        Error::Taken { what, name: name.to_string() }
    }
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
