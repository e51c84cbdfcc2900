//! Companies: whom contacts belong to.

use minicbor::{Decode, Encode};

/// The number of a company, unique within its organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct CompanyId(#[n(0)] pub u64);
