//! SPF, DKIM, DMARC, ARC and reverse DNS: verdicts on a mail that comes in; and signatures for one that goes out.
//!
//! [`Verifier::verify`] takes what a session knows about a mail and gives
//! [`Verdicts`](guichet_mail::verdict::Verdicts): every check ends with one of RFC 8601's words, and trouble
//! of DNS or too little time ends as *temperror*, never as an error of ours. [`sign`] makes DKIM signatures with the same
//! canonical forms.
//!
//! # What must hold
//! - Nothing but the [`Resolver`](guichet_sys::dns::Resolver) reaches the outside; the present is an argument.
//! - Every loop over what strangers wrote has a limit in [`Limits`] or a constant with an RFC beside it.
//! - A mail is never copied: hashes are taken over slices of it.
//!
//! # Standards
//! RFC 7208 (SPF), RFC 6376 with 8301 and 8463 (DKIM), RFC 9989 (DMARC, which replaces 7489), RFC 8617 (ARC),
//! RFC 8601 section 3 (iprev). How far each goes stands in `docs/rfcs.md`.

mod arc;
mod dkim;
mod dmarc;
mod domain;
mod from;
mod iprev;
mod message;
mod published;
pub mod sign;
#[cfg(test)]
mod signing;
mod spf;
mod verifier;

pub use published::{DkimPublished, DmarcPublished, SpfAppraisal, appraise_spf, is_spf};
pub use verifier::{Examination, Limits, Verifier};
