//! The number in an address.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use crate::failure::Failure;

/// The first parameter of the path, read as a number. Anything else names nothing, so it is no fault of the request but
/// the name of something that does not exist.
pub(crate) struct Number(Option<u64>);

impl Number {
    /// The number of a ticket, a message, ...
    pub(crate) fn of(&self, what: &str) -> Result<u64, Failure> {
        self.0.ok_or_else(|| Failure::not_found(what))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        let first = parameters.ok().and_then(|all| all.iter().next().and_then(|(_, text)| text.parse().ok()));
        Ok(Self(first))
    }
}
