//! Companies: whom contacts belong to, by the domains of their addresses or because somebody said so.
//!
//! A company is what people of the organisation wrote down about it and holds nothing of anybody's mail; so all of them
//! see it. Whose contacts and tickets they see there is limited as everywhere (promise 7).

mod change;
mod free_mail;
mod members;
mod merge;
mod read;

pub use change::{CompanyChange, NewCompany};
pub use read::StoredCompany;

pub(crate) use free_mail::is_free_mail;
pub(crate) use members::{Belonging, belonging};
pub(crate) use read::{linked, resolve};

use std::collections::BTreeSet;

use jiff::Timestamp;
use minicbor::{Decode, Encode};

/// The number of a company, unique within its organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct CompanyId(#[n(0)] pub u64);

/// What is stored of a company, but for the number in its key.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Company {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// Domains whose addresses are its people's, lower case, A-labels; no two companies have one.
    #[n(1)]
    pub domains: BTreeSet<String>,
    /// What people should know of it.
    #[n(2)]
    pub note: String,
    /// When it was made.
    #[cbor(n(3), with = "crate::time")]
    pub created: Timestamp,
    /// The numbers of the companies that were merged into it.
    #[n(4)]
    pub absorbed: Vec<u64>,
    /// The company that this one was merged into.
    #[n(5)]
    pub merged_into: Option<u64>,
}
