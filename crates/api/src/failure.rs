//! What goes wrong below becomes a problem; the only place where that is decided.
//!
//! *Security*: text of the store and the disk is logged here once, and not told to the caller.

use std::fmt::Display;

use axum::response::{IntoResponse, Response};
use guichet_web::{Kind, Problem};

/// When to try again after the store did not answer, in seconds.
const STORE_RETRY_SECS: u32 = 5;
/// When to try again after the disk was full, in seconds.
const DISK_RETRY_SECS: u32 = 60;

/// Why a request was not done, as it is answered.
#[derive(Debug)]
pub(crate) struct Failure(Problem);

impl Failure {
    /// A fault of ours; the cause is logged.
    pub(crate) fn internal(cause: &dyn Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self(Problem::new(Kind::Internal, "the request met a fault of the server, which was logged"))
    }

    /// No such thing; the same for what the caller may not see.
    pub(crate) fn not_found(what: &str) -> Self {
        Self(Problem::new(Kind::NotFound, format!("there is no such {what}")))
    }

    fn unavailable(cause: &str) -> Self {
        tracing::warn!(cause, "the store does not answer a request");
        Self(Problem::new(Kind::Unavailable, "the store does not answer").retry_after_secs(STORE_RETRY_SECS))
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<guichet_desk::Error> for Failure {
    fn from(error: guichet_desk::Error) -> Self {
        use guichet_desk::Error;
        match error {
            Error::NotFound(what) => Self::not_found(what),
            Error::Changed(_) => Self(Problem::new(Kind::PreconditionFailed, error.to_string())),
            Error::Invalid(why) => Self(Problem::new(Kind::UnprocessableContent, why)),
            Error::Full => Self(
                Problem::new(Kind::InsufficientStorage, "there is no room on the server's disk")
                    .retry_after_secs(DISK_RETRY_SECS),
            ),
            Error::Damaged(_) => Self::internal(&error),
            Error::Unavailable(cause) => Self::unavailable(&cause),
        }
    }
}

impl From<guichet_accounts::Error> for Failure {
    fn from(error: guichet_accounts::Error) -> Self {
        use guichet_accounts::Error;
        match error {
            Error::NotFound { what, .. } => Self::not_found(what),
            Error::Taken { .. } | Error::Invalid(_) => {
                Self(Problem::new(Kind::UnprocessableContent, error.to_string()))
            }
            Error::Closed => Self(Problem::new(Kind::Forbidden, error.to_string())),
            Error::Damaged(_) | Error::Sealed(_) => Self::internal(&error),
            Error::Unavailable(cause) => Self::unavailable(&cause),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}
