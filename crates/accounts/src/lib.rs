//! Organisations, domains, channels, teams, people and API tokens; and whose address an address is.
//!
//! The only writer of what it keeps. Changes here are rare and made by people, so each reads what it depends on,
//! commits, and starts again when somebody else was quicker.
//!
//! Must hold: a secret is stored as its digest alone; whatever belongs to one organisation lives in that
//! organisation's space; the operator's space holds only what finds the organisation (address, domain, slug, token).

mod actor;
mod channels;
mod domains;
mod error;
mod ids;
mod keys;
mod organisations;
mod people;
mod records;
mod routing;
mod scope;
mod stored;
#[cfg(test)]
mod tests;
mod tokens;

pub use actor::{Actor, Sight, Who};
pub use channels::NewChannel;
pub use domains::DomainChange;
pub use error::Error;
pub use ids::{ChannelId, PersonId, TeamId, TokenId};
pub use people::NewPerson;
pub use records::{Channel, Domain, Organisation, Person, Role, Team, Token, UnknownPolicy, VerdictPolicy};
pub use routing::Route;
pub use scope::{Scope, Scopes, UnknownScope};
pub use tokens::{NewToken, Secret};

use guichet_store::Store;

/// Everything this crate answers, over one store. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
}

impl Accounts {
    /// Over this store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}
