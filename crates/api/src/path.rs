//! What stands in an address: a number, a delivery, or a name at its end.
//!
//! Neither can be wrong: what is no number, or can't be read, is the name of something that does not exist.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use guichet_desk::{DeliveryId, ViewId};

use crate::failure::Failure;

/// The first parameter of the path as a number.
pub(crate) struct Number(Option<u64>);

impl Number {
    /// The number of a ticket, a message, ...
    pub(crate) fn of(&self, what: &str) -> Result<u64, Failure> {
        self.0.ok_or_else(|| Failure::not_found(what))
    }
}

/// The first parameter of the path as the number of a delivery.
pub(crate) struct Delivery(Option<DeliveryId>);

impl Delivery {
    /// The number of the delivery.
    pub(crate) fn id(&self) -> Result<DeliveryId, Failure> {
        self.0.ok_or_else(|| Failure::not_found("delivery"))
    }
}

/// The first parameter of the path as the name of a view.
pub(crate) struct ViewName(Option<ViewId>);

impl ViewName {
    /// The view.
    pub(crate) fn id(&self) -> Result<ViewId, Failure> {
        self.0.ok_or_else(|| Failure::not_found("view"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ViewName {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Ok(Self(first(parts, state).await))
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

/// The first parameter of the path, if it can be read as what it stands for.
async fn first<T: FromStr, S: Send + Sync>(parts: &mut Parts, state: &S) -> Option<T> {
    let parameters = RawPathParams::from_request_parts(parts, state).await.ok()?;
    parameters.iter().next().and_then(|(_, text)| text.parse().ok())
}

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Ok(Self(first(parts, state).await))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Delivery {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Ok(Self(first(parts, state).await))
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
