//! What the checks of a sender found, as it is kept with a message.
//!
//! Pure values: `guichet-mailauth` fills them in, `guichet-desk` stores them and decides by them, the API shows them.
//! They are stored for ever, so fields are numbered and numbers are never used again.
//!
//! *Standards*: RFC 8601 (result words), RFC 7208 (SPF), RFC 6376 (DKIM), RFC 7489 (DMARC), RFC 8617 (ARC).
//!
//! *Security*: domains, selectors and reasons were written by strangers; whoever prints them escapes them.

use std::net::IpAddr;

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::address::MailAddress;

/// The outcome of one check, in the words of RFC 8601, section 2.7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode, Serialize)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum AuthResult {
    /// Nothing to check: no record, no signature, no address.
    #[default]
    #[n(0)]
    None,
    /// The sender says explicitly that nothing can be said.
    #[n(1)]
    Neutral,
    /// The check passed.
    #[n(2)]
    Pass,
    /// The check failed.
    #[n(3)]
    Fail,
    /// The sender believes that it is a forgery, but would not swear to it (SPF `~all`).
    #[n(4)]
    SoftFail,
    /// Passed technically, refused by a rule of ours (a key too short, say).
    #[n(5)]
    Policy,
    /// A passing trouble, mostly of DNS.
    #[n(6)]
    TempError,
    /// A lasting defect of the sender's records or signature.
    #[n(7)]
    PermError,
}

impl AuthResult {
    /// The word of RFC 8601.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Policy => "policy",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }

    /// Whether the check passed.
    pub fn is_pass(self) -> bool {
        self == Self::Pass
    }
}

/// Everything that was found out about the sender of one message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, Serialize)]
pub struct Verdicts {
    /// SPF of the name given in `HELO` or `EHLO`.
    #[n(0)]
    pub spf_helo: SpfVerdict,
    /// SPF of the envelope sender.
    #[n(1)]
    pub spf_mail_from: SpfVerdict,
    /// One per DKIM signature, in the order of the header.
    #[n(2)]
    pub dkim: Vec<DkimVerdict>,
    /// DMARC of the domain in `From`.
    #[n(3)]
    pub dmarc: DmarcVerdict,
    /// The ARC chain.
    #[n(4)]
    pub arc: ArcVerdict,
    /// Whether the name of the client's address leads back to it.
    #[n(5)]
    pub iprev: IprevVerdict,
}

/// SPF, RFC 7208.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, Serialize)]
pub struct SpfVerdict {
    /// What the check found.
    #[n(0)]
    pub result: AuthResult,
    /// The domain whose record was read; absent when there was none to ask.
    #[n(1)]
    pub domain: Option<String>,
    /// A sentence for a person.
    #[n(2)]
    pub reason: Option<String>,
}

/// One DKIM signature, RFC 6376.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, Serialize)]
pub struct DkimVerdict {
    /// What the check found.
    #[n(0)]
    pub result: AuthResult,
    /// The signing domain, `d=`.
    #[n(1)]
    pub domain: Option<String>,
    /// The selector, `s=`.
    #[n(2)]
    pub selector: Option<String>,
    /// The algorithm, `a=`.
    #[n(3)]
    pub algorithm: Option<String>,
    /// The first characters of the signature, which tell one from another (`header.b`, RFC 6008).
    #[n(4)]
    pub signature: Option<String>,
    /// A sentence for a person.
    #[n(5)]
    pub reason: Option<String>,
}

/// DMARC, RFC 7489.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, Serialize)]
pub struct DmarcVerdict {
    /// What the check found; [`AuthResult::None`] where the domain publishes no policy.
    #[n(0)]
    pub result: AuthResult,
    /// The domain in `From` that was checked.
    #[n(1)]
    pub domain: Option<String>,
    /// The policy that applies to that domain, as published.
    #[n(2)]
    pub policy: Option<DmarcPolicy>,
    /// Which passing check is aligned with the domain in `From`: in the published mode; where no policy is published, with exactly that domain.
    #[n(3)]
    pub aligned_by: Option<DmarcAlignment>,
    /// A sentence for a person.
    #[n(4)]
    pub reason: Option<String>,
}

/// What a domain asks receivers to do with mail that fails DMARC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum DmarcPolicy {
    /// Nothing: it only wants reports.
    #[n(0)]
    None,
    /// Treat it as suspicious.
    #[n(1)]
    Quarantine,
    /// Refuse it.
    #[n(2)]
    Reject,
}

impl DmarcPolicy {
    /// The word of RFC 7489, section 6.3.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// Which checks passed for a domain aligned with the one in `From`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum DmarcAlignment {
    /// SPF of the envelope sender alone.
    #[n(0)]
    Spf,
    /// A DKIM signature alone.
    #[n(1)]
    Dkim,
    /// Both.
    #[n(2)]
    SpfAndDkim,
}

/// The ARC chain, RFC 8617.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, Serialize)]
pub struct ArcVerdict {
    /// What the check of the whole chain found.
    #[n(0)]
    pub result: AuthResult,
    /// How many sets the chain has (at most 50, RFC 8617, section 5.1.1).
    #[n(1)]
    pub chain_length: u8,
    /// The domain of the newest seal.
    #[n(2)]
    pub sealer: Option<String>,
    /// A sentence for a person.
    #[n(3)]
    pub reason: Option<String>,
}

/// Reverse DNS of the client, RFC 8601, section 3.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, Serialize)]
pub struct IprevVerdict {
    /// What the check found.
    #[n(0)]
    pub result: AuthResult,
    /// The client's address.
    #[n(1)]
    pub address: Option<IpAddr>,
    /// The name that leads to the address and back; absent unless the check passed.
    #[n(2)]
    pub host: Option<String>,
    /// A sentence for a person.
    #[n(3)]
    pub reason: Option<String>,
}

impl Verdicts {
    /// Whether the domain of `from` stands behind this message: a check passed that is aligned with exactly that domain.
    ///
    /// DMARC need not be published for it; where it is, it must not have failed.
    pub fn is_authenticated(&self, from: &MailAddress) -> bool {
        let same_domain = self
            .dmarc
            .domain
            .as_deref()
            .is_some_and(|domain| domain.eq_ignore_ascii_case(from.domain().as_str()));
        let allowed = matches!(self.dmarc.result, AuthResult::Pass | AuthResult::None);
        same_domain && allowed && self.dmarc.aligned_by.is_some()
    }

    /// Whether the domain in `From` asks for failing mail to be refused, and this mail failed.
    pub fn is_rejected_by_sender(&self) -> bool {
        self.dmarc.result == AuthResult::Fail && self.dmarc.policy == Some(DmarcPolicy::Reject)
    }
}
