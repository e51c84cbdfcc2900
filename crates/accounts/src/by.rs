//! On whose behalf a change is made: what the audit log says of it.

use std::net::IpAddr;

use guichet_store::OrganisationId;
use jiff::Timestamp;

use crate::{Accounts, Who};

/// Who causes a change, from where and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    /// Whose person it is; none where it is the operator at the command line, or Guichet itself.
    pub organisation: Option<OrganisationId>,
    /// Who.
    pub who: Who,
    /// From which address of the network, where they came by one.
    pub from: Option<IpAddr>,
    /// When.
    pub at: Timestamp,
}

impl Accounts {
    /// The same accounts, with all changes made through them on this behalf.
    #[must_use]
    pub fn on_behalf(&self, by: By) -> Accounts {
        Accounts { by: Some(by), ..self.clone() }
    }
}
