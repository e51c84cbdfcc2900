//! Forwards: addresses elsewhere whose mail is to come to a channel, and whether it does.
//!
//! A probe goes to the address with a token of its own. When it comes back through the channel, the forward is verified,
//! and its verdicts say what the way does to SPF, DKIM, DMARC and ARC. The probe itself becomes no ticket.
//!
//! *Must hold*: whether a probe came too late is judged by the clock when somebody looks; nothing waits for it.
//!
//! *Security*: who holds the token has got the mail at that address; that is all it proves. Probes are capped as all
//! mail of the server's own, and hold no word of anybody.

mod act;
mod report;
mod returned;

pub use report::ForwardReport;
pub(crate) use returned::{ForwardVerified, ProbeReturn};

use std::fmt;
use std::str::FromStr;

use guichet_accounts::ChannelId;
use guichet_mail::{DomainName, MailAddress, Verdicts};
use guichet_store::{Snapshot, record};
use jiff::{SignedDuration, Timestamp};
use minicbor::{Decode, Encode};

use crate::queue::StoredDelivery;
use crate::{DeliveryId, DeliveryState, Error};

/// How many forwards an organisation has.
pub const FORWARDS_MAX: usize = 200;

/// How long a probe may be on its way.
const TIMEOUT: SignedDuration = SignedDuration::from_hours(1);

/// The number of a forward, unique on this server and growing with time. Shown as 13 characters of lower-case base32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ForwardId(pub u64);

impl fmt::Display for ForwardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DeliveryId(self.0).fmt(f)
    }
}

/// A text that is no number of a forward.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no forward; it has 13 letters and digits")]
pub struct BadForwardId(String);

impl FromStr for ForwardId {
    type Err = BadForwardId;

    fn from_str(text: &str) -> Result<Self, BadForwardId> {
        let number: Result<DeliveryId, _> = text.parse();
        number.map(|DeliveryId(number)| Self(number)).map_err(|_| BadForwardId(text.to_owned()))
    }
}

/// What is stored of a forward, but for the number in its key.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Forward {
    /// To which channel.
    #[n(0)]
    pub channel: ChannelId,
    /// From which address.
    #[n(1)]
    pub address: MailAddress,
    /// When it was entered.
    #[cbor(n(2), with = "crate::time")]
    pub created: Timestamp,
    /// The latest probe.
    #[n(3)]
    pub probe: ProbeSent,
    /// The latest probe that came back, perhaps an earlier one.
    #[n(4)]
    pub returned: Option<Returned>,
}

/// A probe that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ProbeSent {
    /// The delivery that it is.
    #[n(0)]
    pub delivery: DeliveryId,
    /// When it was written.
    #[cbor(n(1), with = "crate::time")]
    pub at: Timestamp,
}

/// A probe that came back.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Returned {
    /// The delivery that it was.
    #[n(0)]
    pub delivery: DeliveryId,
    /// When.
    #[cbor(n(1), with = "crate::time")]
    pub at: Timestamp,
    /// Through which channels.
    #[n(2)]
    pub channels: Vec<ChannelId>,
    /// What was found out about its sender after the way.
    #[n(3)]
    pub verdicts: Verdicts,
    /// The domain in its `From`, as it left.
    #[n(4)]
    pub from_domain: DomainName,
    /// It was known by its subject alone: the forwarder wrote it anew.
    #[n(5)]
    pub was_rewritten: bool,
}

/// How a forward stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardState {
    /// A probe is on its way.
    Waiting,
    /// The latest probe came back through the channel.
    Verified,
    /// It did not; in words, why and what to do.
    Failed(String),
}

impl ForwardState {
    /// The word for people and for the API.
    pub fn as_str(&self) -> &'static str {
        match self {
            ForwardState::Waiting => "waiting",
            ForwardState::Verified => "verified",
            ForwardState::Failed(_) => "failed",
        }
    }
}

/// A forward with what stands around it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredForward {
    /// Its number.
    pub id: ForwardId,
    /// How it stands now.
    pub state: ForwardState,
    /// The rest.
    pub record: Forward,
}

impl StoredForward {
    fn of(snapshot: &Snapshot, id: ForwardId, record: Forward, now: Timestamp) -> Result<Self, Error> {
        let state = record.state(snapshot, now)?;
        Ok(Self { id, state, record })
    }
}

impl Forward {
    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        record::decode(bytes).map_err(|_| Error::Damaged("forward"))
    }

    fn state(&self, snapshot: &Snapshot, now: Timestamp) -> Result<ForwardState, Error> {
        if let Some(returned) = self.returned.as_ref().filter(|one| one.delivery == self.probe.delivery) {
            return Ok(if returned.channels.contains(&self.channel) {
                ForwardState::Verified
            } else {
                ForwardState::Failed(
                    "the probe came back, but through another channel: let the address forward to this one"
                        .to_owned(),
                )
            });
        }
        let delivery = StoredDelivery::peek(snapshot, self.probe.delivery)?;
        if let Some(why) = delivery.as_ref().and_then(unsent) {
            return Ok(ForwardState::Failed(why));
        }
        if self.probe.at.saturating_add(TIMEOUT).is_ok_and(|end| end > now) {
            return Ok(ForwardState::Waiting);
        }
        Ok(ForwardState::Failed(late(delivery.as_ref())))
    }
}

/// Why a probe has not come back within its time, though it still may.
fn late(delivery: Option<&StoredDelivery>) -> String {
    match delivery.filter(|delivery| delivery.record.state.is_waiting()) {
        Some(waiting) => {
            let words = words(waiting);
            format!("the probe has not been taken yet: {words}; it is tried again, and may still come back")
        }
        None => "the probe did not come back within an hour: see that forwarding is on and confirmed there, look into \
                 the spam folder of the address, then probe again"
            .to_owned(),
    }
}

/// Why a probe will not come back, if its delivery says so.
fn unsent(delivery: &StoredDelivery) -> Option<String> {
    let words = words(delivery);
    match delivery.record.state {
        DeliveryState::Bounced => Some(format!("the probe could not be delivered: {words}")),
        DeliveryState::Suppressed => Some(format!("the probe was not sent: {words}")),
        DeliveryState::Cancelled => Some("the probe was cancelled: probe again".to_owned()),
        DeliveryState::Captured => Some("this server only captures mail, so the probe never left".to_owned()),
        DeliveryState::Held | DeliveryState::Due | DeliveryState::Deferred | DeliveryState::Delivered => None,
    }
}

/// What is known of how a delivery stands.
fn words(delivery: &StoredDelivery) -> &str {
    let record = &delivery.record;
    let said = record.note.as_deref().or_else(|| record.last.as_ref().map(|last| last.text.as_str()));
    said.unwrap_or("nobody said why")
}
