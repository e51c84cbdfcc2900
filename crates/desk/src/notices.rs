//! Notices: what the admins of an organisation have to know, pinned until somebody dismisses it or it settles itself.
//!
//! What is the same matter ([`NoticeKind`]) is one notice, however often it is put: a new text takes the place of the old
//! one, and opens a notice again that was dismissed. So nothing that repeats itself floods the list.
//!
//! *Must hold*: only those who see everything of the organisation see a notice; at most [`NOTICES_KEPT_MAX`] are kept.

use guichet_accounts::{Actor, ChannelId, Who};
use guichet_mail::{DomainName, MailAddress};
use guichet_store::OrganisationId;
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::page::Page;
use crate::{Desk, Error};

/// How many notices of an organisation are kept; beyond, the oldest that is closed goes, else the oldest.
pub const NOTICES_KEPT_MAX: u64 = 500;

/// The number of a notice, unique within its organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeId(pub u64);

/// What a notice is about. Two with equal [`NoticeKind::topic`]s are the same matter.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum NoticeKind {
    /// A provider asks to confirm that an address may forward here.
    #[n(0)]
    ForwardingConfirmation(#[n(0)] ForwardingConfirmation),
    /// A record of a domain that was fine is so no more.
    #[n(1)]
    DomainBroken {
        /// Which.
        #[n(0)]
        domain: DomainName,
    },
    /// A forward was verified, or works no more.
    #[n(2)]
    Forward {
        /// To which channel.
        #[n(0)]
        channel: ChannelId,
        /// From which address.
        #[n(1)]
        address: MailAddress,
    },
    /// A mail of the server's own to this address bounced.
    #[n(3)]
    AddressBounces {
        /// Which.
        #[n(0)]
        address: MailAddress,
    },
    /// What became of a claim of a domain.
    #[n(4)]
    Claim {
        /// Which domain.
        #[n(0)]
        domain: DomainName,
    },
    /// Anything else; its subject says what.
    #[n(5)]
    Alert,
}

/// What a provider's confirmation of forwarding says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ForwardingConfirmation {
    /// Who asks.
    #[n(0)]
    pub provider: String,
    /// To which channel it shall be forwarded.
    #[n(1)]
    pub channel: ChannelId,
    /// From which address, where the mail says so.
    #[n(2)]
    pub address: Option<MailAddress>,
    /// The code to type in there. Absent unless the provider's domain stands behind the mail.
    #[n(3)]
    pub code: Option<String>,
    /// The page to open instead, likewise.
    #[n(4)]
    pub link: Option<String>,
    /// The provider's domain stands behind the mail.
    #[n(5)]
    pub is_proven: bool,
}

/// A notice that is about to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// What it is about.
    pub kind: NoticeKind,
    /// One line for people.
    pub subject: String,
    /// What happened and what to do.
    pub text: String,
}

/// What is stored of a notice, but for the ticket's number in front of it and the number in its key.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Notice {
    /// What it is about.
    #[n(0)]
    pub kind: NoticeKind,
    /// One line for people.
    #[n(1)]
    pub subject: String,
    /// What happened and what to do.
    #[n(2)]
    pub text: String,
    /// When it was first put.
    #[cbor(n(3), with = "crate::time")]
    pub created: Timestamp,
    /// When it last said something new.
    #[cbor(n(4), with = "crate::time")]
    pub updated: Timestamp,
    /// When its matter was settled by itself.
    #[cbor(n(5), with = "crate::time::optional", has_nil)]
    pub settled: Option<Timestamp>,
    /// When somebody dismissed it.
    #[cbor(n(6), with = "crate::time::optional", has_nil)]
    pub dismissed: Option<Timestamp>,
    /// Who dismissed it.
    #[n(7)]
    pub dismissed_by: Option<Who>,
    /// When the admins last had a mail about it.
    #[cbor(n(8), with = "crate::time::optional", has_nil)]
    pub mailed: Option<Timestamp>,
}

/// A notice with the numbers around it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredNotice {
    /// Its number.
    pub id: NoticeId,
    /// The ticket that shows the mail it is about, where there is one.
    pub ticket: Option<u64>,
    /// The rest.
    pub record: Notice,
}

impl Desk {
    /// Puts a notice, or renews the one about the same matter. What says nothing new changes nothing.
    pub async fn put_notice(
        &self,
        organisation: OrganisationId,
        new: NewNotice,
        now: Timestamp,
    ) -> Result<NoticeId, Error> {
        todo!("{organisation:?} {new:?} {now:?}")
    }

    /// Settles the notice about this matter, if there is one.
    pub async fn settle_notice(
        &self,
        organisation: OrganisationId,
        kind: &NoticeKind,
        now: Timestamp,
    ) -> Result<(), Error> {
        todo!("{organisation:?} {kind:?} {now:?}")
    }

    /// A page of notices, the newest first; only those that are open unless `all`.
    pub fn notices(
        &self,
        actor: &Actor,
        all: bool,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredNotice>, Error> {
        todo!("{actor:?} {all} {cursor:?} {limit}")
    }

    /// Takes a notice off the board.
    pub async fn dismiss_notice(
        &self,
        actor: &Actor,
        id: NoticeId,
        now: Timestamp,
    ) -> Result<StoredNotice, Error> {
        todo!("{actor:?} {id:?} {now:?}")
    }
}
