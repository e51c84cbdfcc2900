//! All checks of one mail, side by side, within one time limit.
//!
//! *Must hold*: whatever a check waits for, the verdicts are there when the time is over; what is unfinished
//! then is *temperror*.

use std::{future::Future, net::IpAddr, sync::Arc, time::Duration};

use guichet_mail::verdict::{
    ArcVerdict, AuthResult, DkimVerdict, DmarcVerdict, IprevVerdict, SpfVerdict, Verdicts,
};
use guichet_sys::dns::Resolver;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use crate::{
    arc, dkim,
    dmarc::{self, Identifiers},
    from::FromDomains,
    iprev,
    message::Message,
    spf::Spf,
};

/// The bounds of one examination.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest time that all checks of one mail may take, in seconds; what is unfinished then is *temperror*.
    pub verify_secs_max: u64,
    /// Most DKIM signatures verified per mail; if there are more, one last verdict says so (*policy*).
    pub dkim_signatures_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { verify_secs_max: 10, dkim_signatures_max: 8 }
    }
}

/// What is known of a mail when it is all there.
#[derive(Clone, Copy, Debug)]
pub struct Examination<'a> {
    /// The address that the client connected from.
    pub client_ip: IpAddr,
    /// What it called itself in `HELO` or `EHLO`.
    pub helo: &'a str,
    /// The envelope sender, without angle brackets; `None` is the null sender `<>`.
    pub mail_from: Option<&'a str>,
    /// The mail as it came after `DATA`, dots already unstuffed, lines ended by CRLF.
    pub raw: &'a [u8],
    /// The time of arrival.
    pub now: Timestamp,
}

/// Verifies mail. One for the whole server, shared by `Arc`.
pub struct Verifier {
    resolver: Arc<Resolver>,
    limits: Limits,
    authserv_id: Box<str>,
}

impl Verifier {
    /// A verifier that calls itself `authserv_id` (RFC 8601 section 2.5) where an SPF explanation asks for it.
    #[must_use]
    pub fn new(resolver: Arc<Resolver>, limits: Limits, authserv_id: &str) -> Self {
        Self { resolver, limits, authserv_id: authserv_id.into() }
    }

    /// Makes all checks. Never fails: trouble is part of the verdicts. Hashes the body where a signature asks
    /// for it (some 70 ms of processor for 30 MB), which the caller bounds by its memory permits.
    pub async fn verify(&self, examination: Examination<'_>) -> Verdicts {
        let deadline = Instant::now() + Duration::from_secs(self.limits.verify_secs_max);
        let message = Message::new(examination.raw);
        let resolver = &*self.resolver;
        let signatures_max = self.limits.dkim_signatures_max;
        let spf = self.spf(&examination);
        let ((spf_helo, spf_mail_from), dkim, arc, iprev) = tokio::join!(
            within(deadline, spf_identities(spf, examination.mail_from), || {
                (late_spf(examination.helo), late_spf(examination.mail_from.unwrap_or(examination.helo)))
            }),
            within(deadline, dkim::verify(&message, resolver, examination.now, signatures_max), || {
                late_dkim(&message)
            }),
            within(deadline, arc::verify(&message, resolver), late_arc),
            within(deadline, iprev::check(resolver, examination.client_ip), || late_iprev(
                examination.client_ip
            )),
        );
        let from = FromDomains::read(&message.header);
        let identifiers = Identifiers { spf: &spf_mail_from, dkim: &dkim };
        let dmarc = within(deadline, dmarc::verify(resolver, &from, identifiers), || late_dmarc(&from)).await;
        Verdicts { spf_helo, spf_mail_from, dkim, dmarc, arc, iprev }
    }

    fn spf<'a>(&'a self, examination: &Examination<'a>) -> Spf<'a> {
        Spf {
            resolver: &self.resolver,
            client_ip: examination.client_ip,
            helo: examination.helo,
            receiver: &self.authserv_id,
            now: examination.now,
        }
    }
}

/// RFC 7208 section 2.4: for the null sender, the name in HELO is checked in its place.
async fn spf_identities(spf: Spf<'_>, mail_from: Option<&str>) -> (SpfVerdict, SpfVerdict) {
    let Some(mail_from) = mail_from else {
        let helo = spf.helo().await;
        return (helo.clone(), helo);
    };
    tokio::join!(spf.helo(), spf.mail_from(mail_from))
}

async fn within<T>(deadline: Instant, check: impl Future<Output = T>, late: impl FnOnce() -> T) -> T {
    timeout_at(deadline, check).await.unwrap_or_else(|_| late())
}

const TOO_LATE: &str = "there was no time left for this check";

fn late_spf(identity: &str) -> SpfVerdict {
    let domain = identity.rsplit_once('@').map_or(identity, |(_, domain)| domain);
    let domain = crate::domain::normalise(domain).map(Into::into);
    SpfVerdict { result: AuthResult::TempError, domain, reason: Some(TOO_LATE.into()) }
}

/// One verdict for all signatures, if there are any.
fn late_dkim(message: &Message<'_>) -> Vec<DkimVerdict> {
    let late = DkimVerdict {
        result: AuthResult::TempError,
        reason: Some(TOO_LATE.into()),
        ..DkimVerdict::default()
    };
    if message.has("DKIM-Signature") { vec![late] } else { Vec::new() }
}

fn late_arc() -> ArcVerdict {
    ArcVerdict { result: AuthResult::TempError, reason: Some(TOO_LATE.into()), ..ArcVerdict::default() }
}

fn late_iprev(client_ip: IpAddr) -> IprevVerdict {
    let address = Some(client_ip.to_canonical());
    IprevVerdict { result: AuthResult::TempError, address, reason: Some(TOO_LATE.into()), host: None }
}

fn late_dmarc(from: &FromDomains) -> DmarcVerdict {
    let domain = match from {
        FromDomains::One(domain) => Some(domain.clone()),
        _ => None,
    };
    DmarcVerdict {
        result: AuthResult::TempError,
        domain,
        reason: Some(TOO_LATE.into()),
        ..DmarcVerdict::default()
    }
}

#[cfg(test)]
mod tests;
