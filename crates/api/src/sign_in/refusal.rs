//! Why somebody is not let in becomes a problem.

use axum::http::header::WWW_AUTHENTICATE;
use guichet_accounts::LogInError;
use guichet_web::{Kind, Problem, bearer};

use crate::failure::Failure;

/// When to try again where too many log in at once, in seconds.
const BUSY_RETRY_SECS: u32 = 2;

impl From<LogInError> for Failure {
    fn from(error: LogInError) -> Self {
        let asked_anew = |kind| {
            let problem = Problem::new(kind, error.to_string());
            problem.with_header(WWW_AUTHENTICATE, bearer::challenge()).into()
        };
        match error {
            LogInError::Refused => asked_anew(Kind::Unauthenticated),
            LogInError::Suspended { .. } => Problem::new(Kind::Forbidden, error.to_string()).into(),
            LogInError::CodeRequired => asked_anew(Kind::CodeRequired),
            LogInError::Throttled { retry_secs } => {
                Problem::new(Kind::TooManyRequests, error.to_string()).retry_after_secs(retry_secs).into()
            }
            LogInError::Busy => {
                Problem::new(Kind::Unavailable, error.to_string()).retry_after_secs(BUSY_RETRY_SECS).into()
            }
            LogInError::Accounts(error) => error.into(),
        }
    }
}
