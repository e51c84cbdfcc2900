//! Trouble of our own while a mail is brought out: always passing, told in the log, and to people without its cause.

use guichet_mailauth::sign::SignError;
use guichet_store::CommitError;
use tokio::task::JoinError;

/// Why a mail can't be brought out just now, through no fault of the recipient's server.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Trouble(String);

impl From<guichet_desk::Error> for Trouble {
    fn from(error: guichet_desk::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<guichet_accounts::Error> for Trouble {
    fn from(error: guichet_accounts::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<SignError> for Trouble {
    fn from(error: SignError) -> Self {
        Self(error.to_string())
    }
}

impl From<CommitError> for Trouble {
    fn from(error: CommitError) -> Self {
        Self(error.to_string())
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self(format!("a stored mail can't be read: {error}"))
    }
}

/// An address that SMTP can't write.
impl From<guichet_smtp::AddressError> for Trouble {
    fn from(error: guichet_smtp::AddressError) -> Self {
        Self(error.to_string())
    }
}

impl From<JoinError> for Trouble {
    fn from(error: JoinError) -> Self {
        Self(error.to_string())
    }
}
