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

    fn full() -> Self {
        let problem = Problem::new(Kind::InsufficientStorage, "there is no room on the server's disk");
        Self(problem.retry_after_secs(DISK_RETRY_SECS))
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
            // Nobody else has to do with it.
            Error::Changed("draft") => {
                let detail = "your draft is not the version that you read any more: read it again";
                Self(Problem::new(Kind::PreconditionFailed, detail))
            }
            Error::Changed(_) => Self(Problem::new(Kind::PreconditionFailed, error.to_string())),
            Error::Invalid(why) => Self(Problem::new(Kind::UnprocessableContent, why)),
            Error::Full => Self::full(),
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
            Error::Full => Self::full(),
            Error::Unavailable(cause) => Self::unavailable(&cause),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

#[cfg(test)]
mod tests {
    use guichet_store::CommitError;

    use super::*;

    #[test]
    fn a_full_disk_is_507_wherever_it_was_met() {
        let at_the_desk = guichet_desk::Error::from(CommitError::Full);
        let in_accounts = || guichet_accounts::Error::from(CommitError::Full);
        let below_the_desk = guichet_desk::Error::from(in_accounts());
        for failure in [Failure::from(at_the_desk), in_accounts().into(), below_the_desk.into()] {
            let response = failure.into_response();
            assert_eq!(response.status(), 507);
            assert_eq!(response.headers()["retry-after"], "60");
        }
    }
}
