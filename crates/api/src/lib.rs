//! JSON over HTTP: the API under `/api/v1`, its OpenAPI document, the event stream, and what an operator watches.
//!
//! It decides nothing: who somebody is says `accounts`, what they may see and change says `desk`. Here a request becomes
//! a question to one of the two, and the answer becomes JSON.
//!
//! *Must hold*: what an actor may not see answers exactly as what does not exist; no content of mail is ever served as
//! something that a browser runs; every answer that is not a success is a problem of RFC 9457.

mod wiring;

pub use wiring::{Limits, Wiring};

/// The whole HTTP surface: `/api/v1`, `/healthz`, `/readyz`, `/metrics`.
pub fn router(_wiring: Wiring) -> axum::Router {
    axum::Router::new()
}

/// The OpenAPI document as it is served and kept in the repository: indented, the same for the same code.
pub fn openapi_json() -> String {
    String::new()
}
