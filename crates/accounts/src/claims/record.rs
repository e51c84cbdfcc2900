//! What is stored of a claim.

use guichet_mail::MailAddress;
use guichet_store::OrganisationId;
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::look_alike::Likeness;
use crate::{ChannelId, ClaimId};

/// A name below the base domain that is asked for.
#[derive(Debug, Clone)]
pub struct NewClaim {
    /// The label before the base domain, as people write it.
    pub label: String,
    /// What stands before the `@` of its channel.
    pub local_part: String,
    /// The name of its channel: whom customers see as the sender.
    pub name: String,
}

/// A claim, as it stands.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Claim {
    /// Its number, among its organisation's.
    #[n(0)]
    pub id: ClaimId,
    /// Whose it is.
    #[n(1)]
    pub organisation: OrganisationId,
    /// The label, an A-label.
    #[n(2)]
    pub label: String,
    /// The address of its channel; the domain is what is asked for.
    #[n(3)]
    pub address: MailAddress,
    /// The name of its channel.
    #[n(4)]
    pub name: String,
    /// What became of it.
    #[n(5)]
    pub state: ClaimState,
    /// What it can be taken for, as it was when it was made. For the operator alone: it names others.
    #[n(6)]
    pub likenesses: Vec<Likeness>,
    /// When it was made.
    #[cbor(n(7), with = "guichet_store::time")]
    pub made: Timestamp,
    /// When the operator decided.
    #[cbor(n(8), with = "guichet_store::time::optional", has_nil)]
    pub decided: Option<Timestamp>,
    /// Why it was declined.
    #[n(9)]
    pub reason: Option<String>,
    /// The channel that came with its approval.
    #[n(10)]
    pub channel: Option<ChannelId>,
    /// When the admins were told: of a declined one at once, of an approved one when it works.
    #[cbor(n(11), with = "guichet_store::time::optional", has_nil)]
    pub announced: Option<Timestamp>,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ClaimState {
    /// It waits for the operator.
    #[n(0)]
    Pending,
    /// The name is the organisation's.
    #[n(1)]
    Approved,
    /// It is not, and the reason says why.
    #[n(2)]
    Declined,
}

impl ClaimState {
    /// Every state, in the order of their numbers.
    pub const ALL: [ClaimState; 3] = [ClaimState::Pending, ClaimState::Approved, ClaimState::Declined];

    /// The word for people and for the API.
    pub fn as_str(self) -> &'static str {
        match self {
            ClaimState::Pending => "pending",
            ClaimState::Approved => "approved",
            ClaimState::Declined => "declined",
        }
    }
}

impl Claim {
    /// Whether the operator should look twice: it can be taken for another name.
    pub fn is_held(&self) -> bool {
        !self.likenesses.is_empty()
    }
}
