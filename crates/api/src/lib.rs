//! JSON over HTTP: the API under `/api/v1`, its `OpenAPI` document, the event stream, and what an operator watches.
//!
//! It decides nothing: who somebody is says `accounts`, what they may see and change says `desk`. Here a request becomes
//! a question to one of the two, and the answer becomes JSON.
//!
//! *Must hold*: what an actor may not see answers exactly as what does not exist; no content of mail is ever served as
//! something that a browser runs; every answer that is not a success is a problem of RFC 9457.

mod account;
mod audit;
mod caller;
mod claims;
mod companies;
mod contacts;
mod counts;
mod deliveries;
mod drafts;
mod events;
mod failure;
mod forwards;
mod health;
mod invitations;
mod mailbox;
mod marks;
mod messages;
mod mta_sts;
mod notices;
mod openapi;
mod operator;
mod pages;
mod path;
mod people;
mod places;
mod post;
mod quarantine;
mod records;
mod requester;
mod routes;
mod server_check;
mod settings;
mod sign_in;
mod sign_up;
mod state;
mod suppressions;
#[cfg(test)]
mod tests;
mod tickets;
mod tokens;
mod uploads;
mod views;
mod watchers;
mod wiring;
mod writing;

pub use openapi::openapi_json;
pub use routes::router;
pub use wiring::{Limits, Wiring};
