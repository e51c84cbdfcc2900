//! DKIM: who signed this mail, and is it still as it was then?
//!
//! [`tags`] reads tag lists, [`signature`] a signature field, [`key`] a key record; [`body`] and [`fields`] put
//! a mail into canonical form; [`verify`] brings them together. ARC uses all of it.
//!
//! *Standards*: RFC 6376, RFC 8301 (algorithms and key sizes), RFC 8463 (Ed25519).
//!
//! *Security*: everything here was written by strangers. Signatures, names they list and tags are counted; the
//! body is hashed once per canonical form, however many signatures there are; no hash is taken for one that is
//! refused anyway.

pub(crate) mod body;
pub(crate) mod fields;
pub(crate) mod key;
pub(crate) mod signature;
pub(crate) mod tags;
mod verify;

pub(crate) use verify::{Refusal, check_signed_fields, verify};

#[cfg(test)]
mod tests;
