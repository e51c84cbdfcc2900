//! What people write: `POST /tickets/{number}/messages`, `POST /tickets`, and who may join a ticket.
//!
//! *Standards*: RFC 9110 13.1.1 (`If-Match`), draft-ietf-httpapi-idempotency-key-header-07 (`Idempotency-Key`).
//!
//! *Must hold*: what is answered with `201` is on disk; the same request with the same key makes nothing again, whatever
//! happened to the ticket since.

mod begin;
mod draft;
mod participants;
mod reply;
mod written;

pub(crate) use draft::{kind, kind_word, kinds, seconds, upload};
pub(crate) use written::{Written, of_body, sent};

pub(crate) use begin::{__path_begin, begin};
pub(crate) use participants::{__path_agree, agree};
pub(crate) use reply::{__path_reply, reply};
