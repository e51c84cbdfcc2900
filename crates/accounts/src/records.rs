//! What is stored of organisations, domains, channels, people and tokens: versioned CBOR, fields by number.
//!
//! A field once released keeps its number and its meaning for ever; new ones are optional and take the next number.

use guichet_mail::{DomainName, MailAddress};
use guichet_store::OrganisationId;
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::proof::Proof;
use crate::{ChannelId, PersonId, Scopes, TeamId, TokenId};

/// A tenant. Nothing of one is ever visible to another.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Organisation {
    /// Its number; part of every key.
    #[n(0)]
    pub id: OrganisationId,
    /// Its short name, unique on this server: lower-case letters, digits, hyphens; also its subdomain.
    #[n(1)]
    pub slug: String,
    /// Its name as people write it.
    #[n(2)]
    pub name: String,
    /// What a failed verdict does to a mail.
    #[n(3)]
    pub policy: VerdictPolicy,
    /// Domains whose ARC seals explain a broken DMARC: forwarders that it trusts.
    #[n(4)]
    pub trusted_sealers: Vec<DomainName>,
    /// Since when it is suspended: its mail waits with its senders, nobody of it logs in, nothing of it is deleted.
    #[cbor(n(5), with = "guichet_store::time::optional", has_nil)]
    pub suspended: Option<Timestamp>,
    /// When it was made, where that was noted.
    #[cbor(n(6), with = "guichet_store::time::optional", has_nil)]
    pub created: Option<Timestamp>,
}

/// What an organisation does with mail that DMARC says is forged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum VerdictPolicy {
    /// Take it and show the verdict.
    #[n(0)]
    #[default]
    Tag,
    /// Keep it aside until somebody releases it.
    #[n(1)]
    Quarantine,
    /// Refuse it at SMTP time where the sender's domain asks for that, else keep it aside.
    #[n(2)]
    Reject,
}

impl VerdictPolicy {
    /// The word for people and for the API.
    pub fn as_str(self) -> &'static str {
        match self {
            VerdictPolicy::Tag => "tag",
            VerdictPolicy::Quarantine => "quarantine",
            VerdictPolicy::Reject => "reject",
        }
    }
}

/// A word that is no policy.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no policy; the policies are tag, quarantine, reject")]
pub struct UnknownPolicy(String);

impl std::str::FromStr for VerdictPolicy {
    type Err = UnknownPolicy;

    fn from_str(word: &str) -> Result<Self, UnknownPolicy> {
        [VerdictPolicy::Tag, VerdictPolicy::Quarantine, VerdictPolicy::Reject]
            .into_iter()
            .find(|policy| policy.as_str() == word)
            .ok_or_else(|| UnknownPolicy(word.to_owned()))
    }
}

/// A mail domain of an organisation, for mail that comes in, goes out, or both.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Domain {
    /// The domain, lower case, A-labels.
    #[n(0)]
    pub name: DomainName,
    /// Where mail to an address that nobody has goes; without it such mail is refused.
    #[n(1)]
    pub catch_all: Option<ChannelId>,
    /// Who reads `postmaster@` and `abuse@` (RFC 5321 4.5.1, RFC 2142); without it the organisation's first channel.
    #[n(2)]
    pub role_channel: Option<ChannelId>,
    /// Another domain of the organisation, no alias itself, whose addresses all hold here too.
    #[n(3)]
    pub alias_of: Option<DomainName>,
    /// Whether its MX is ours, if somebody said so.
    #[n(4)]
    pub(crate) receives: Option<bool>,
    /// Whether mail goes out from it, if somebody said so; see [`Accounts::sends`](crate::Accounts::sends).
    #[n(5)]
    pub(crate) sends: Option<bool>,
    /// How its organisation proves that it is theirs; none where the operator vouches for it, or it is the base
    /// domain's.
    #[n(6)]
    pub proof: Option<Proof>,
}

impl Domain {
    /// A domain of which nothing was said yet.
    pub(crate) fn named(name: DomainName) -> Self {
        Self {
            name,
            catch_all: None,
            role_channel: None,
            alias_of: None,
            receives: None,
            sends: None,
            proof: None,
        }
    }

    /// Whether its MX is ours: as it was set, else yes.
    pub fn receives(&self) -> bool {
        self.receives.unwrap_or(true)
    }

    /// Whether it belongs to its organisation for certain. One that does not owns nothing: no mail comes to it, none
    /// leaves from it, and it keeps nobody else from it.
    pub fn is_verified(&self) -> bool {
        self.proof.as_ref().is_none_or(|proof| proof.proven.is_some())
    }
}

/// One address through which mail comes in.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Channel {
    /// Its number.
    #[n(0)]
    pub id: ChannelId,
    /// Its main address.
    #[n(1)]
    pub address: MailAddress,
    /// Its name as customers would see it.
    #[n(2)]
    pub name: String,
    /// Which team's tickets its mail becomes.
    #[n(3)]
    pub team: Option<TeamId>,
    /// Further addresses that lead here.
    #[n(4)]
    pub aliases: Vec<MailAddress>,
    /// What a new ticket's sender is told at once.
    #[n(5)]
    pub auto_reply: Option<AutoReply>,
    /// Whether mail comes in and goes out, if somebody said so.
    #[n(6)]
    pub(crate) active: Option<bool>,
}

impl Channel {
    /// A channel of which nothing else was said yet.
    pub(crate) fn named(id: ChannelId, address: MailAddress, name: String) -> Self {
        Self { id, address, name, team: None, aliases: Vec::new(), auto_reply: None, active: None }
    }

    /// Whether mail comes in and goes out: as it was set, else yes. Its address stays taken either way.
    pub fn is_active(&self) -> bool {
        self.active.unwrap_or(true)
    }
}

/// An automatic answer to mail that opens a ticket (RFC 3834).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AutoReply {
    /// Its subject; without one, `We have received your message`. Never that of the mail, which is a stranger's.
    #[n(0)]
    pub subject: Option<String>,
    /// Its text, plain.
    #[n(1)]
    pub text: String,
}

/// A group of agents with its own tickets.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Team {
    /// Its number.
    #[n(0)]
    pub id: TeamId,
    /// Its name.
    #[n(1)]
    pub name: String,
}

/// Somebody who works in an organisation.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Person {
    /// Their number.
    #[n(0)]
    pub id: PersonId,
    /// Their name.
    #[n(1)]
    pub name: String,
    /// Where they read mail.
    #[n(2)]
    pub address: MailAddress,
    /// What they may do.
    #[n(3)]
    pub role: Role,
    /// The teams that they belong to.
    #[n(4)]
    pub teams: Vec<TeamId>,
    /// Whether they may enter.
    #[n(5)]
    pub status: PersonStatus,
    /// When they were added or invited, where that was noted.
    #[cbor(n(6), with = "guichet_store::time::optional")]
    pub created: Option<Timestamp>,
    /// Raised when all their sessions end: one of another number opens nothing.
    #[n(7)]
    pub(crate) epoch: Option<u64>,
}

impl Person {
    /// Whether nobody gave them a name: they are called by an address until they choose one.
    pub fn is_nameless(&self) -> bool {
        MailAddress::parse(&self.name).is_ok()
    }

    /// Ends all sessions of this person, with the commit that writes them.
    pub(crate) fn end_sessions(&mut self) {
        self.epoch = Some(self.epoch.unwrap_or(0) + 1);
    }
}

/// Whether a person may enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PersonStatus {
    /// They may.
    #[default]
    Active,
    /// They were asked to come and did not answer yet.
    Invited,
    /// They may not any more; what they did stays theirs.
    Disabled,
}

impl PersonStatus {
    const ALL: [PersonStatus; 3] = [PersonStatus::Active, PersonStatus::Invited, PersonStatus::Disabled];

    /// The word for people and for the API.
    pub fn as_str(self) -> &'static str {
        match self {
            PersonStatus::Active => "active",
            PersonStatus::Invited => "invited",
            PersonStatus::Disabled => "disabled",
        }
    }
}

// Written by hand, since a person of before has no such field, and is active.
impl<C> Encode<C> for PersonStatus {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.u8(*self as u8)?.ok()
    }

    fn is_nil(&self) -> bool {
        *self == PersonStatus::Active
    }
}

impl<'b, C> Decode<'b, C> for PersonStatus {
    fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        if decoder.datatype()? == minicbor::data::Type::Null {
            decoder.skip()?;
            return Ok(PersonStatus::Active);
        }
        let number = decoder.u8()?;
        let known = PersonStatus::ALL.into_iter().find(|status| *status as u8 == number);
        known.ok_or_else(|| minicbor::decode::Error::message("no status of a person"))
    }

    fn nil() -> Option<Self> {
        Some(PersonStatus::Active)
    }
}

impl Role {
    /// The word for people and for the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Agent => "agent",
            Role::Operator => "operator",
        }
    }
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// Everything of their organisation.
    #[n(0)]
    Admin,
    /// The tickets of their teams.
    #[n(1)]
    Agent,
    /// The whole server, but no organisation's mail. Only in the operator's own organisation.
    #[n(2)]
    Operator,
}

/// An API token as it is kept: never the secret, only what it opens.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Token {
    /// Its number, for lists and for taking it back.
    #[n(0)]
    pub id: TokenId,
    /// The organisation that it opens.
    #[n(1)]
    pub organisation: OrganisationId,
    /// In whose name.
    #[n(2)]
    pub person: PersonId,
    /// What it is for, in its maker's words.
    #[n(3)]
    pub name: String,
    /// What it allows, as far as its person may.
    #[n(4)]
    pub scopes: Scopes,
    /// When it was made, where that was noted.
    #[cbor(n(5), with = "guichet_store::time::optional")]
    pub created: Option<Timestamp>,
    /// From when on it opens nothing; never, where none is given.
    #[cbor(n(6), with = "guichet_store::time::optional")]
    pub expires: Option<Timestamp>,
}
