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
mod claims;
mod credentials;
mod dkim;
mod domains;
mod error;
mod founding;
mod house;
mod ids;
mod invitations;
mod keys;
mod letters;
mod look_alike;
mod one_time;
mod organisations;
mod people;
mod proof;
mod records;
mod reserved;
mod resets;
mod roles;
mod routing;
mod scope;
mod sealed;
mod sending;
mod sessions;
mod sign_up;
mod stored;
mod teams;
#[cfg(test)]
mod tests;
mod throttle;
mod token_key;
mod tokens;

pub use actor::{Actor, Sight, Who};
pub use audit::{AuditEntry, AuditPage, Deed};
pub use by::By;
pub use channels::{ChannelChange, NewChannel};
pub use claims::{Claim, ClaimState, NewClaim};
pub use credentials::{RecoveryCodes, TotpSetup};
pub use dkim::{DkimAlgorithm, DkimKey, DkimRecord, DkimScope, DkimState, NewDkimKey, RETIRING_DAYS};
pub use domains::DomainChange;
pub use error::Error;
pub use founding::{HomeLabel, NewOrganisation};
pub use ids::{ChannelId, ClaimId, PersonId, SessionId, TeamId, TokenId};
pub use invitations::{Invitation, Invited, Redeemed};
pub use letters::Letter;
pub use look_alike::{Likeness, LikenessTo};
pub use people::{NewPerson, PersonChange};
pub use proof::{Proof, ProofCode};
pub use records::{
    AutoReply, Channel, Domain, Organisation, Person, PersonStatus, Role, Team, Token, UnknownPolicy,
    VerdictPolicy,
};
pub use resets::{AddressRequest, PasswordReset};
pub use routing::Route;
pub use scope::{Scope, Scopes, UnknownScope};
pub use sealed::{CanNotOpen, SecretBytes, Vault};
pub use sending::Sending;
pub use sessions::{LogIn, LogInError, LoggedIn, Session, SignedIn};
pub use sign_up::{NewSignUp, SignUpError, SignUpRequest, SignedUp};
pub use token_key::is_sealed;
pub use tokens::{NewToken, Secret};

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use guichet_mail::DomainName;
use guichet_store::Store;

use credentials::Places;
use throttle::Throttle;

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
    throttle: Mutex<Throttle>,
    places: Places,
}

impl Server {
    /// What a panic left there is still only numbers.
    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Accounts {
    /// Over this store, with its secrets sealed by `vault`; organisations have their first domain below `base_domain`.
    pub fn new(store: Store, vault: Vault, base_domain: DomainName) -> Self {
        let server = Server {
            vault,
            base_domain,
            token_key: OnceLock::new(),
            throttle: Mutex::default(),
            places: Places::default(),
        };
        Self { store, server: Arc::new(server), by: None }
    }

    /// The domain below which each organisation has its first domain.
    pub fn base_domain(&self) -> &DomainName {
        &self.server.base_domain
    }

    fn vault(&self) -> &Vault {
        &self.server.vault
    }
}
