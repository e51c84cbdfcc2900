//! The harness of the whole-program journeys: the finished binary, started as a person would start it, and the real
//! programs that it talks to.
//!
//! It knows the program from outside alone: its command line, SMTP, HTTP. So a journey can't pass by knowing
//! something that a user doesn't, and this crate depends on no other of the house. The bench uses the same harness.
//!
//! What must hold: each wait has an end with a name ([`wait`]); nothing sleeps for a guessed time; all that was
//! started ends with the test; what is left out for want of a peer says so ([`peer`]).
#![allow(
    clippy::disallowed_methods,
    reason = "the outside of the ports: real processes, environment and time"
)]

pub mod api;
pub mod authority;
pub mod browser;
pub mod certificate;
pub mod dkim;
pub mod dns;
pub mod events;
mod http;
pub mod installation;
pub mod mailbox;
pub mod output;
pub mod peer;
pub mod postfix;
pub mod postgrey;
pub mod private_internet;
pub mod process;
pub mod python;
pub mod random;
pub mod remote;
pub mod schemathesis;
pub mod smtp;
pub mod totp;
pub mod wait;
