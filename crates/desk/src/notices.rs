//! Notices: what the admins of an organisation have to know, pinned until somebody dismisses it or it settles itself.
//!
//! What is the same matter ([`NoticeKind`]) is one notice, however often it is put: a new text takes the place of the old
//! one, and opens a notice again that was dismissed; the same text leaves it so, unless it is a question that was asked
//! once more. So nothing that repeats itself floods the list.
//!
//! *Must hold*: only those who see everything of the organisation see a notice; at most [`NOTICES_KEPT_MAX`] are kept.

mod board;
mod put;

pub(crate) use put::{NoticePut, open_of, settle};

use std::fmt;
use std::str::FromStr;

use guichet_accounts::{ChannelId, Who};
use guichet_mail::{DomainName, MailAddress};
use guichet_store::record;
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::keys::Number;
use crate::{DeliveryId, Error, numbers};

/// How many notices of an organisation are kept; beyond, the oldest that is closed goes, else the oldest.
pub const NOTICES_KEPT_MAX: usize = 500;

/// How long a subject is kept, in characters.
const SUBJECT_CHARS_MAX: usize = 200;

/// How long a text is kept, in characters.
const TEXT_CHARS_MAX: usize = 4_000;

/// The number of a notice, unique on this server and growing with time. Shown as 13 characters of lower-case base32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeId(pub u64);

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DeliveryId(self.0).fmt(f)
    }
}

/// A text that is no number of a notice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no notice; it has 13 letters and digits")]
pub struct BadNoticeId(String);

impl FromStr for NoticeId {
    type Err = BadNoticeId;

    fn from_str(text: &str) -> Result<Self, BadNoticeId> {
        let number: Result<DeliveryId, _> = text.parse();
        number.map(|DeliveryId(number)| Self(number)).map_err(|_| BadNoticeId(text.to_owned()))
    }
}

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

impl NoticeKind {
    /// The word for people and for the API.
    pub fn as_str(&self) -> &'static str {
        match self {
            NoticeKind::ForwardingConfirmation(_) => "forwarding_confirmation",
            NoticeKind::DomainBroken { .. } => "domain_broken",
            NoticeKind::Forward { .. } => "forward",
            NoticeKind::AddressBounces { .. } => "address_bounces",
            NoticeKind::Claim { .. } => "claim",
            NoticeKind::Alert => "alert",
        }
    }

    /// Whether it is news each time, though it says the same: a provider asks because somebody has asked it again.
    fn is_asked_anew(&self) -> bool {
        matches!(self, NoticeKind::ForwardingConfirmation(said) if said.is_proven)
    }

    /// What makes two notices the same matter. Of an alert its subject does.
    fn topic(&self, subject: &str) -> [u8; 16] {
        let about = match self {
            // What nobody proves is one matter for each channel, so that nobody floods the board.
            NoticeKind::ForwardingConfirmation(said) if !said.is_proven => said.channel.0.to_string(),
            NoticeKind::ForwardingConfirmation(said) => {
                let address = said.address.as_ref().map(MailAddress::normalised).unwrap_or_default();
                format!("{} {} {address}", said.channel.0, said.provider)
            }
            NoticeKind::DomainBroken { domain } | NoticeKind::Claim { domain } => domain.to_string(),
            NoticeKind::Forward { channel, address } => format!("{} {}", channel.0, address.normalised()),
            NoticeKind::AddressBounces { address } => address.normalised(),
            NoticeKind::Alert => subject.to_owned(),
        };
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.as_str().as_bytes()).update(&[0]).update(about.as_bytes());
        let mut digest = [0; 16];
        hasher.finalize_xof().fill(&mut digest);
        digest
    }
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

impl NewNotice {
    /// The same within its bounds.
    fn cut(self) -> Self {
        let cut = |text: String, chars_max| text.chars().take(chars_max).collect();
        Self {
            kind: self.kind,
            subject: cut(self.subject, SUBJECT_CHARS_MAX),
            text: cut(self.text, TEXT_CHARS_MAX),
        }
    }
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

impl Notice {
    /// Whether it is still on the board.
    pub fn is_open(&self) -> bool {
        self.settled.is_none() && self.dismissed.is_none()
    }
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

impl StoredNotice {
    fn of(id: NoticeId, bytes: &[u8]) -> Result<Self, Error> {
        let ([ticket], rest) = numbers::<1>(bytes)?;
        let record = record::decode(rest).map_err(|_| Error::Damaged("notice"))?;
        Ok(Self { id, ticket: (ticket != 0).then_some(ticket), record })
    }

    fn ticket_number(&self) -> Number {
        Number::Known(self.ticket.unwrap_or(0))
    }
}
