//! Organisations, domains, channels, teams, people and API tokens; and whose address an address is.
//!
//! The only writer of what it keeps. Changes here are rare and made by people, so each reads what it depends on,
//! commits, and starts again when somebody else was quicker.
//!
//! Must hold: a secret that others present is stored as its digest alone, one that we use ourselves sealed; whatever belongs to one organisation lives in that
//! organisation's space; the operator's space holds only what finds the organisation (address, domain, slug, token).

mod actor;
mod audit;
mod by;
mod channels;
mod dkim;
mod domains;
mod error;
mod founding;
mod house;
mod ids;
mod keys;
mod organisations;
mod people;
mod proof;
mod records;
mod roles;
mod reserved;
mod routing;
mod scope;
mod sending;
mod stored;
#[cfg(test)]
mod tests;
mod token_key;
mod tokens;
mod vault;

pub use actor::{Actor, Sight, Who};
pub use audit::{AuditEntry, AuditPage, Deed};
pub use by::By;
pub use channels::{ChannelChange, NewChannel};
pub use dkim::{DkimAlgorithm, DkimKey, DkimRecord, DkimScope, DkimState, NewDkimKey, RETIRING_DAYS};
pub use domains::DomainChange;
pub use error::Error;
pub use founding::{HomeLabel, NewOrganisation};
pub use ids::{ChannelId, ClaimId, PersonId, TeamId, TokenId};
pub use people::NewPerson;
pub use proof::{Proof, ProofCode};
pub use records::{
    AutoReply, Channel, Domain, Organisation, Person, Role, Team, Token, UnknownPolicy, VerdictPolicy,
};
pub use routing::Route;
pub use scope::{Scope, Scopes, UnknownScope};
pub use sending::Sending;
pub use token_key::is_sealed;
pub use tokens::{NewToken, Secret};
pub use vault::{CanNotOpen, SecretBytes, Vault};

use std::sync::{Arc, OnceLock};

use guichet_mail::DomainName;
use guichet_store::Store;

/// Everything this crate answers, over one store. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    server: Arc<Server>,
    /// Who causes the changes made through this handle.
    by: Option<By>,
}

/// What holds for the whole server.
struct Server {
    vault: Vault,
    base_domain: DomainName,
    /// Opened once: every mail asks for it.
    token_key: OnceLock<[u8; 32]>,
}

impl Accounts {
    /// Over this store, with its secrets sealed by `vault`; organisations have their first domain below `base_domain`.
    pub fn new(store: Store, vault: Vault, base_domain: DomainName) -> Self {
        Self { store, server: Arc::new(Server { vault, base_domain, token_key: OnceLock::new() }), by: None }
    }

    /// The domain below which each organisation has its first domain.
    pub fn base_domain(&self) -> &DomainName {
        &self.server.base_domain
    }

    fn vault(&self) -> &Vault {
        &self.server.vault
    }
}
