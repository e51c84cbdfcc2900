//! What stands in an address: a number, or a name at its end.
//!
//! Neither can be wrong: what is no number, or can't be read, is the name of something that does not exist.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use crate::failure::Failure;

/// The first parameter of the path as a number.
pub(crate) struct Number(Option<u64>);

impl Number {
    /// The number of a ticket, a message, ...
    pub(crate) fn of(&self, what: &str) -> Result<u64, Failure> {
        self.0.ok_or_else(|| Failure::not_found(what))
    }
}

/// The last parameter of the path as text.
pub(crate) struct Name(Option<String>);

impl Name {
    /// The name of a domain, a part, ...
    pub(crate) fn of(&self, what: &str) -> Result<&str, Failure> {
        self.0.as_deref().ok_or_else(|| Failure::not_found(what))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        let first = |all: RawPathParams| all.iter().next().and_then(|(_, text)| text.parse().ok());
        Ok(Self(parameters.ok().and_then(first)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        let last = |all: RawPathParams| all.iter().last().map(|(_, text)| text.to_owned());
        Ok(Self(parameters.ok().and_then(last)))
    }
}
