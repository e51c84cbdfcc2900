//! What was found out about the sender, as JSON.
//!
//! *Standards*: the words are those of RFC 8601 2.7.

use guichet_mail::{
    ArcVerdict, AuthResult, DkimVerdict, DmarcAlignment, DmarcPolicy, DmarcVerdict, IprevVerdict, SpfVerdict,
    Verdicts,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use crate::openapi::words;

const RESULTS: [AuthResult; 8] = [
    AuthResult::None,
    AuthResult::Neutral,
    AuthResult::Pass,
    AuthResult::Fail,
    AuthResult::SoftFail,
    AuthResult::Policy,
    AuthResult::TempError,
    AuthResult::PermError,
];

fn results() -> Object {
    words("What the check found, in the words of RFC 8601.", RESULTS.map(AuthResult::as_str))
}

/// What SPF, DKIM, DMARC, ARC and reverse DNS said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SenderVerdicts {
    /// SPF of the name that the client gave in `HELO` or `EHLO`.
    spf_helo: Spf,
    /// SPF of the envelope sender.
    spf_mail_from: Spf,
    /// One for each signature.
    dkim: Vec<Dkim>,
    /// DMARC of the domain in `From`.
    dmarc: Dmarc,
    /// The ARC chain.
    arc: Arc,
    /// Whether the name of the client's address leads back to it.
    iprev: Iprev,
}

/// SPF, RFC 7208.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Spf {
    #[schema(schema_with = results)]
    result: &'static str,
    /// The domain whose record was read.
    #[schema(required, example = "customer.example")]
    domain: Option<String>,
    /// A sentence for a person.
    #[schema(required, example = "192.0.2.7 may send for customer.example")]
    reason: Option<String>,
}

/// A DKIM signature, RFC 6376.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dkim {
    #[schema(schema_with = results)]
    result: &'static str,
    /// The signing domain.
    #[schema(required, example = "customer.example")]
    domain: Option<String>,
    /// Which of its keys.
    #[schema(required, example = "s2026")]
    selector: Option<String>,
    /// How it is signed.
    #[schema(required, example = "rsa-sha256")]
    algorithm: Option<String>,
    /// A sentence for a person.
    #[schema(required, example = "the body was changed after it was signed")]
    reason: Option<String>,
}

/// DMARC, RFC 7489.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dmarc {
    #[schema(schema_with = results)]
    result: &'static str,
    /// The domain in `From`.
    #[schema(required, example = "customer.example")]
    domain: Option<String>,
    /// What that domain asks for mail that fails: `none`, `quarantine`, `reject`.
    #[schema(required, example = "reject")]
    policy: Option<&'static str>,
    /// Which passing check stands for that domain: `spf`, `dkim`, `spf_and_dkim`.
    #[schema(required, example = "dkim")]
    aligned_by: Option<&'static str>,
    /// A sentence for a person.
    #[schema(required, example = "no passing check stands for customer.example")]
    reason: Option<String>,
}

/// An ARC chain, RFC 8617.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Arc {
    #[schema(schema_with = results)]
    result: &'static str,
    /// How many sets it has.
    #[schema(example = 1)]
    chain_length: u8,
    /// The domain of the newest seal.
    #[schema(required, example = "forwarder.example")]
    sealer: Option<String>,
    /// A sentence for a person.
    #[schema(required, example = "seal 1 is broken")]
    reason: Option<String>,
}

/// Reverse DNS, RFC 8601 3.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Iprev {
    #[schema(schema_with = results)]
    result: &'static str,
    /// The client's address.
    #[schema(required, example = "192.0.2.7")]
    address: Option<String>,
    /// The name that leads to it and back.
    #[schema(required, example = "mx.customer.example")]
    host: Option<String>,
    /// A sentence for a person.
    #[schema(required, example = "192.0.2.7 has no name")]
    reason: Option<String>,
}

impl From<&Verdicts> for SenderVerdicts {
    fn from(verdicts: &Verdicts) -> Self {
        Self {
            spf_helo: (&verdicts.spf_helo).into(),
            spf_mail_from: (&verdicts.spf_mail_from).into(),
            dkim: verdicts.dkim.iter().map(Dkim::from).collect(),
            dmarc: (&verdicts.dmarc).into(),
            arc: (&verdicts.arc).into(),
            iprev: (&verdicts.iprev).into(),
        }
    }
}

impl From<&SpfVerdict> for Spf {
    fn from(spf: &SpfVerdict) -> Self {
        Self { result: spf.result.as_str(), domain: spf.domain.clone(), reason: spf.reason.clone() }
    }
}

impl From<&DkimVerdict> for Dkim {
    fn from(dkim: &DkimVerdict) -> Self {
        Self {
            result: dkim.result.as_str(),
            domain: dkim.domain.clone(),
            selector: dkim.selector.clone(),
            algorithm: dkim.algorithm.clone(),
            reason: dkim.reason.clone(),
        }
    }
}

impl From<&DmarcVerdict> for Dmarc {
    fn from(dmarc: &DmarcVerdict) -> Self {
        let aligned_by = dmarc.aligned_by.map(|by| match by {
            DmarcAlignment::Spf => "spf",
            DmarcAlignment::Dkim => "dkim",
            DmarcAlignment::SpfAndDkim => "spf_and_dkim",
        });
        Self {
            result: dmarc.result.as_str(),
            domain: dmarc.domain.clone(),
            policy: dmarc.policy.map(DmarcPolicy::as_str),
            aligned_by,
            reason: dmarc.reason.clone(),
        }
    }
}

impl From<&ArcVerdict> for Arc {
    fn from(arc: &ArcVerdict) -> Self {
        Self {
            result: arc.result.as_str(),
            chain_length: arc.chain_length,
            sealer: arc.sealer.clone(),
            reason: arc.reason.clone(),
        }
    }
}

impl From<&IprevVerdict> for Iprev {
    fn from(iprev: &IprevVerdict) -> Self {
        Self {
            result: iprev.result.as_str(),
            address: iprev.address.map(|address| address.to_string()),
            host: iprev.host.clone(),
            reason: iprev.reason.clone(),
        }
    }
}
