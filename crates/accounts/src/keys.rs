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
//! | operator | `l` | address, organisation | person, 8 bytes: who logs in with this address |
//! | operator | `e` | digest of the secret | [`Session`](crate::sessions) |
//! | operator | `o` | digest of the secret | [one-time secret](crate::one_time) |
//! | operator | `i` | - | that everybody who was here before log-in names were kept has got one |
//! | operator | `b` | - | the [house](crate::Accounts::house): organisation, 4 bytes |
//! | operator | `f` | label | [who claims it](crate::claims) |
//! | operator | `r` | digest of the secret | [sign-up](crate::sign_up) |
//! | operator | `a` | digest of the address, or none | [sign-ups counted](crate::sign_up) |
//! | operator | `u` | - | there while [sign-up](crate::sign_up) is open |
//! | both | `j` | time, digest of the row | [audit log](crate::audit); in the operator's space what concerns the whole server |
//! | both | `n` | - | the last number given, 8 bytes |
//! | both | `s` | domain, selector | [`DKIM key`](crate::dkim); the base domain's are the operator's |
//! | organisation | `d` | domain | [`Domain`](crate::Domain) |
//! | organisation | `h` | channel | [`Channel`](crate::Channel) |
//! | organisation | `f` | claim | [`Claim`](crate::Claim) |
//! | organisation | `p` | person | [`Person`](crate::Person) |
//! | organisation | `g` | team | [`Team`](crate::Team) |
//! | organisation | `k` | token | digest of the secret |
//! | organisation | `u` | token | when it was last used, microseconds, 8 bytes |
//! | organisation | `c` | person | [credentials](crate::credentials), sealed |
//! | organisation | `e` | person, session | digest of the secret |
//! | organisation | `o` | person, purpose | digest of the one-time secret |
//! | organisation | `m` | - | written by whoever takes away an admin: two at once never take the last two |
//!
//! The desk's kinds are listed in its own `keys.rs`; the two lists share one space and have no letter in common.
//! `w` (both spaces) belongs to the watch over domains, `crates/domains/src/keys.rs`.

use guichet_mail::{DomainName, MailAddress};
use guichet_store::{Key, OrganisationId};

use crate::{ChannelId, ClaimId, PersonId, TeamId, TokenId};

pub(crate) const DOMAINS: u8 = b'd';
pub(crate) const CHANNELS: u8 = b'h';
pub(crate) const PEOPLE: u8 = b'p';
pub(crate) const TEAMS: u8 = b'g';
pub(crate) const TOKENS: u8 = b'k';
pub(crate) const DOMAIN_OWNERS: u8 = b'D';
pub(crate) const CLAIMS: u8 = b'f';
pub(crate) const SIGN_UPS: u8 = b'r';
pub(crate) const SIGN_UPS_COUNTED: u8 = b'a';
pub(crate) const ORGANISATIONS: u8 = b'O';
pub(crate) const DKIM_KEYS: u8 = b's';
pub(crate) const TOKEN_KEY: u8 = b'M';
pub(crate) const SESSIONS: u8 = b'e';
pub(crate) const ONE_TIME: u8 = b'o';
pub(crate) const CREDENTIALS: u8 = b'c';
pub(crate) const AUDIT: u8 = b'j';

pub(crate) fn organisation(id: OrganisationId) -> Key {
    Key::new(ORGANISATIONS).number(u64::from(id.get()))
}

pub(crate) fn slug(slug: &str) -> Key {
    Key::new(b'S').text(slug)
}

pub(crate) fn domain_owner(domain: &DomainName) -> Key {
    Key::new(DOMAIN_OWNERS).text(domain.as_str())
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
    Key::new(TOKEN_KEY)
}

pub(crate) fn house() -> Key {
    Key::new(b'b')
}

pub(crate) fn claimants(label: &str) -> Key {
    Key::new(CLAIMS).text(label)
}

pub(crate) fn claim(id: ClaimId) -> Key {
    Key::new(CLAIMS).number(id.0)
}

pub(crate) fn sign_up(digest: &[u8; 32]) -> Key {
    Key::new(SIGN_UPS).bytes(digest)
}

/// How many signed up of late: all together, or with one address.
pub(crate) fn sign_ups_counted(address: Option<&[u8; 32]>) -> Key {
    address.map_or(Key::new(SIGN_UPS_COUNTED), |digest| Key::new(SIGN_UPS_COUNTED).bytes(digest))
}

pub(crate) fn sign_up_is_open() -> Key {
    Key::new(b'u')
}

/// All DKIM keys of a domain.
pub(crate) fn dkim_keys(domain: &DomainName) -> Key {
    Key::new(DKIM_KEYS).text(domain.as_str())
}

pub(crate) fn dkim_key(domain: &DomainName, selector: &str) -> Key {
    dkim_keys(domain).text(selector)
}

/// The text of a key that has one after its kind and nothing else.
pub(crate) fn text_of(key: &[u8]) -> Option<&str> {
    let text = key.get(1..)?.strip_suffix(&[0, 0])?;
    std::str::from_utf8(text).ok()
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

/// The log-in names of an address, one for each organisation where somebody has it.
pub(crate) fn log_in_names(address: &MailAddress) -> Key {
    Key::new(b'l').text(&address.normalised())
}

pub(crate) fn log_in_name(address: &MailAddress, organisation: OrganisationId) -> Key {
    log_in_names(address).number(u64::from(organisation.get()))
}

pub(crate) fn log_in_names_mark() -> Key {
    Key::new(b'i')
}

pub(crate) fn session(digest: &[u8; 32]) -> Key {
    Key::new(SESSIONS).bytes(digest)
}

pub(crate) fn sessions_of(person: PersonId) -> Key {
    Key::new(SESSIONS).number(person.0)
}

pub(crate) fn one_time(digest: &[u8; 32]) -> Key {
    Key::new(ONE_TIME).bytes(digest)
}

pub(crate) fn one_time_of(person: PersonId, purpose: u8) -> Key {
    Key::new(ONE_TIME).number(person.0).byte(purpose)
}

pub(crate) fn token_use(id: TokenId) -> Key {
    Key::new(b'u').number(id.0)
}

pub(crate) fn credentials(person: PersonId) -> Key {
    Key::new(CREDENTIALS).number(person.0)
}

pub(crate) fn admins_guard() -> Key {
    Key::new(b'm')
}

/// The audit log up to this instant, in microseconds since 1970.
pub(crate) fn audit_at(micros: u64) -> Key {
    Key::new(AUDIT).number(micros)
}
