//! Why a mail can't be taken just now, and what its sender hears of it.
//!
//! *Security*: the sender hears a standard sentence; the cause is for the log alone.

use guichet_smtp::{Reply, replies};
use guichet_store::{CommitError, Unavailable};
use tokio::task::JoinError;

/// Always passing: the sender comes again (promise 1).
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// The disk is as full as mail may make it.
    #[error("there is no room on the disk")]
    Full,
    /// `bytes_in_flight_max` is reached.
    #[error("too many bytes of mail are on their way in")]
    TooMuchInFlight,
    /// `parse_wait_secs_max` is over.
    #[error("there was no memory to parse the mail for too long")]
    TooMuchToParse,
    /// Anything else.
    #[error("{0}")]
    Ours(String),
}

impl Trouble {
    /// What the sender hears.
    pub(crate) fn reply(&self) -> Reply {
        match self {
            Self::Full | Self::TooMuchInFlight | Self::TooMuchToParse => replies::no_room(),
            Self::Ours(_) => replies::local_trouble(),
        }
    }

    /// One word for the metrics.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Full => "disk_full",
            Self::TooMuchInFlight => "bytes_in_flight",
            Self::TooMuchToParse => "parse_bytes",
            Self::Ours(_) => "trouble",
        }
    }
}

impl From<CommitError> for Trouble {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Full => Self::Full,
            CommitError::Conflict | CommitError::Unavailable(_) => Self::Ours(error.to_string()),
        }
    }
}

impl From<Unavailable> for Trouble {
    fn from(error: Unavailable) -> Self {
        Self::Ours(error.to_string())
    }
}

impl From<guichet_accounts::Error> for Trouble {
    fn from(error: guichet_accounts::Error) -> Self {
        Self::Ours(error.to_string())
    }
}

impl From<guichet_desk::Error> for Trouble {
    fn from(error: guichet_desk::Error) -> Self {
        match error {
            guichet_desk::Error::Full => Self::Full,
            other => Self::Ours(other.to_string()),
        }
    }
}

/// Work that panicked, or was dropped as the runtime ends.
impl From<JoinError> for Trouble {
    fn from(error: JoinError) -> Self {
        Self::Ours(error.to_string())
    }
}
