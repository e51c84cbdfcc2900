//! Every key that this crate writes.
//!
//! | space | kind | then | value |
//! |---|---|---|---|
//! | operator | `O` | organisation | [`Organisation`](crate::Organisation) |
//! | operator | `S` | slug | organisation, 4 bytes |
//! | operator | `D` | domain | organisation, 4 bytes |
//! | operator | `A` | address | organisation, 4 bytes, channel, 8 bytes |
//! | operator | `K` | digest of the secret | [`Token`](crate::Token) |
//! | operator | `P` | - | whose channel reads bare `postmaster`: as `A` |
//! | operator | `M` | - | the key of the tokens in mails, 32 bytes, sealed |
//! | both | `n` | - | the last number given, 8 bytes |
//! | both | `s` | domain, selector | [`DKIM key`](crate::dkim); the base domain's are the operator's |
//! | organisation | `d` | domain | [`Domain`](crate::Domain) |
//! | organisation | `h` | channel | [`Channel`](crate::Channel) |
//! | organisation | `p` | person | [`Person`](crate::Person) |
//! | organisation | `g` | team | [`Team`](crate::Team) |
//! | organisation | `k` | token | digest of the secret |
//!
//! The desk's kinds are listed in its own `keys.rs`; the two lists share one space and have no letter in common.
//! `w` (both spaces) belongs to the watch over domains, `crates/domains/src/keys.rs`.

use guichet_mail::DomainName;
use guichet_store::{Key, OrganisationId};

use crate::{ChannelId, PersonId, TeamId, TokenId};

pub(crate) const DOMAINS: u8 = b'd';
pub(crate) const CHANNELS: u8 = b'h';
pub(crate) const PEOPLE: u8 = b'p';
pub(crate) const TEAMS: u8 = b'g';
pub(crate) const TOKENS: u8 = b'k';
pub(crate) const ORGANISATIONS: u8 = b'O';

pub(crate) fn organisation(id: OrganisationId) -> Key {
    Key::new(ORGANISATIONS).number(u64::from(id.get()))
}

pub(crate) fn slug(slug: &str) -> Key {
    Key::new(b'S').text(slug)
}

pub(crate) fn domain_owner(domain: &DomainName) -> Key {
    Key::new(b'D').text(domain.as_str())
}

/// `address` is in the form that [`crate::routing`] compares: local part and domain in lower case.
pub(crate) fn address_owner(address: &str) -> Key {
    Key::new(b'A').text(address)
}

pub(crate) fn secret(digest: &[u8; 32]) -> Key {
    Key::new(b'K').bytes(digest)
}

pub(crate) fn last_number() -> Key {
    Key::new(b'n')
}

pub(crate) fn postmaster() -> Key {
    Key::new(b'P')
}

pub(crate) fn token_key() -> Key {
    Key::new(b'M')
}

/// All DKIM keys of a domain.
pub(crate) fn dkim_keys(domain: &DomainName) -> Key {
    Key::new(b's').text(domain.as_str())
}

pub(crate) fn dkim_key(domain: &DomainName, selector: &str) -> Key {
    dkim_keys(domain).text(selector)
}

/// Where a row stands in the whole store: the context in which its secret is sealed. `None` is the operator's space.
pub(crate) fn place(owner: Option<OrganisationId>, key: &Key) -> Vec<u8> {
    let owner = owner.map_or(0, OrganisationId::get);
    [&owner.to_be_bytes()[..], key.as_bytes()].concat()
}

pub(crate) fn domain(domain: &DomainName) -> Key {
    Key::new(DOMAINS).text(domain.as_str())
}

pub(crate) fn channel(id: ChannelId) -> Key {
    Key::new(CHANNELS).number(id.0)
}

pub(crate) fn person(id: PersonId) -> Key {
    Key::new(PEOPLE).number(id.0)
}

pub(crate) fn team(id: TeamId) -> Key {
    Key::new(TEAMS).number(id.0)
}

pub(crate) fn token(id: TokenId) -> Key {
    Key::new(TOKENS).number(id.0)
}
