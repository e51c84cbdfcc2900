//! A delivery: one outbound mail to one recipient, with its state and every attempt.
//!
//! Its number is made before the commit, out of the time and chance, because its row in the due-table stands in
//! another space than the delivery itself. Numbers grow with time, so rows of one hour stand side by side.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE32_NOPAD, DecodeError};
use guichet_mail::{DomainName, MailAddress};
use guichet_store::BlobRef;
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::SystemMailKind;

/// How many low bits of a number are chance; the rest are milliseconds since 1970.
const CHANCE_BITS: u32 = 22;

/// The number of a delivery, unique on this server. Shown as 13 characters of lower-case base32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct DeliveryId(#[n(0)] pub u64);

impl DeliveryId {
    /// A new number out of the time and eight random octets.
    pub fn new(now: Timestamp, random: [u8; 8]) -> Self {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        let chance = u64::from_be_bytes(random) & ((1 << CHANCE_BITS) - 1);
        Self(millis << CHANCE_BITS | chance)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0.to_be_bytes()).to_ascii_lowercase())
    }
}

/// A text that is no number of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no delivery; it has 13 letters and digits")]
pub struct BadDeliveryId(String);

impl FromStr for DeliveryId {
    type Err = BadDeliveryId;

    fn from_str(text: &str) -> Result<Self, BadDeliveryId> {
        let bad = || BadDeliveryId(text.to_owned());
        let octets = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes());
        let octets = octets.map_err(|_: DecodeError| bad())?;
        octets.as_slice().try_into().map(|octets| Self(u64::from_be_bytes(octets))).map_err(|_| bad())
    }
}

/// What is stored of a delivery, but for the ticket's and the message's number in front of it (both 0 of system
/// mail) and the number in its key.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Delivery {
    /// To whom.
    #[n(0)]
    pub recipient: MailAddress,
    /// Where the recipient stands in the mail.
    #[n(1)]
    pub field: RecipientField,
    /// Where it stands.
    #[n(2)]
    pub state: DeliveryState,
    /// When it was made.
    #[cbor(n(3), with = "crate::time")]
    pub created: Timestamp,
    /// When the next attempt is due, in the states that have one.
    #[cbor(n(4), with = "crate::time")]
    pub due: Timestamp,
    /// When it is given up.
    #[cbor(n(5), with = "crate::time")]
    pub expires: Timestamp,
    /// How often it was attempted.
    #[n(6)]
    pub attempts: u32,
    /// The latest attempt, without its signature: that stands with the attempt itself.
    #[n(7)]
    pub last: Option<Attempt>,
    /// The mail as it was composed, without signatures.
    #[n(8)]
    pub raw: BlobRef,
    /// The domain in `From`, which signs.
    #[n(9)]
    pub from_domain: DomainName,
    /// The envelope sender.
    #[n(10)]
    pub reverse_path: ReversePath,
    /// An address in the mail or its envelope needs SMTPUTF8.
    #[cbor(n(11), default)]
    pub smtputf8: bool,
    /// The delay was told.
    #[cbor(n(12), default)]
    pub delay_told: bool,
    /// Why it stands where it does, where no attempt says so: a sentence for people.
    #[n(13)]
    pub note: Option<String>,
    /// The delivery that was made in its place, to another address.
    #[n(14)]
    pub replaced_by: Option<DeliveryId>,
    /// What it is, of a mail that the server started itself.
    #[n(15)]
    pub system: Option<SystemMailKind>,
}

impl Delivery {
    /// Whether the mail is stored sealed, since it holds a link that lets in whoever has it.
    pub(crate) fn is_sealed(&self) -> bool {
        self.system.is_some_and(SystemMailKind::holds_secret)
    }
}

/// Where a recipient stands in the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum RecipientField {
    /// In `To`.
    #[n(0)]
    To,
    /// In `Cc`.
    #[n(1)]
    Cc,
    /// Nowhere: only in the envelope.
    #[n(2)]
    Bcc,
}

impl RecipientField {
    /// The word for people and for the API.
    pub fn as_str(self) -> &'static str {
        match self {
            RecipientField::To => "to",
            RecipientField::Cc => "cc",
            RecipientField::Bcc => "bcc",
        }
    }
}

/// The envelope sender of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ReversePath {
    /// The bounce address of this delivery at this domain.
    #[n(0)]
    BounceAddress(#[n(0)] DomainName),
    /// `<>`: nobody answers it. Of notifications.
    #[n(1)]
    Null,
}

/// Where a delivery stands. That it is being sent just now is known in memory only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum DeliveryState {
    /// It waits for its time: undo, or sending later.
    #[n(0)]
    Held,
    /// It goes out next.
    #[n(1)]
    Due,
    /// An attempt failed for now; another follows.
    #[n(2)]
    Deferred,
    /// The remote server took it.
    #[n(3)]
    Delivered,
    /// It failed for good.
    #[n(4)]
    Bounced,
    /// It was not sent, because the address is on the suppression list.
    #[n(5)]
    Suppressed,
    /// Somebody took it back.
    #[n(6)]
    Cancelled,
    /// It was composed and signed but not sent, since the server only captures.
    #[n(7)]
    Captured,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [DeliveryState; 8] = [
        DeliveryState::Held,
        DeliveryState::Due,
        DeliveryState::Deferred,
        DeliveryState::Delivered,
        DeliveryState::Bounced,
        DeliveryState::Suppressed,
        DeliveryState::Cancelled,
        DeliveryState::Captured,
    ];

    /// The word for people and for the API.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Held => "held",
            DeliveryState::Due => "due",
            DeliveryState::Deferred => "deferred",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Bounced => "bounced",
            DeliveryState::Suppressed => "suppressed",
            DeliveryState::Cancelled => "cancelled",
            DeliveryState::Captured => "captured",
        }
    }

    /// Whether an attempt is still to come.
    pub fn is_waiting(self) -> bool {
        matches!(self, DeliveryState::Held | DeliveryState::Due | DeliveryState::Deferred)
    }
}

/// One attempt, as it is stored for ever.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Attempt {
    /// When it began.
    #[cbor(n(0), with = "crate::time")]
    pub started: Timestamp,
    /// When its outcome was known.
    #[cbor(n(1), with = "crate::time")]
    pub ended: Timestamp,
    /// The remote server's name, as DNS or the settings gave it.
    #[n(2)]
    pub host: Option<String>,
    /// Its address and port.
    #[n(3)]
    pub address: Option<String>,
    /// Protocol version and cipher; absent when it went in the clear.
    #[n(4)]
    pub tls: Option<String>,
    /// What came of it.
    #[n(5)]
    pub fate: Fate,
    /// Which step gave the outcome: `connect`, `greeting`, `mail`, `rcpt`, `data`, `content`, `dns`, ...
    #[n(6)]
    pub stage: String,
    /// The remote's reply code.
    #[n(7)]
    pub code: Option<u16>,
    /// The enhanced status code, RFC 3463: the remote's, or our own.
    #[n(8)]
    pub status: Option<String>,
    /// The remote's words, or ours where there was no reply.
    #[n(9)]
    pub text: String,
    /// The signature fields that stood before the mail; lines end in CRLF.
    #[n(10)]
    pub signature: Option<String>,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Fate {
    /// The remote server took it.
    #[n(0)]
    Delivered,
    /// Not now.
    #[n(1)]
    Deferred(#[n(0)] Retry),
    /// Never.
    #[n(2)]
    Refused,
    /// Nothing was sent: the server only captures.
    #[n(3)]
    Captured,
}

/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Retry {
    /// As the schedule has it.
    #[n(0)]
    AsScheduled,
    /// Soon: greylisting, which wants to see us again within minutes.
    #[n(1)]
    Soon,
    /// In an hour or more: a quota that has to pass.
    #[n(2)]
    Late,
}
