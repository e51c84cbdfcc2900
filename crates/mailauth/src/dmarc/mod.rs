//! DMARC: does the domain that people see in From stand behind this mail?
//!
//! [`walk`] finds policy and organisation, [`record`] reads policies, this file compares them with what SPF and
//! DKIM found.
//!
//! *Standards*: RFC 9989, which replaces RFC 7489: a walk up the tree in place of a list of public suffixes,
//! `t` in place of `pct`, `np` for names that do not exist.
//!
//! *Security*: a From with several domains never passes; it gets the strictest failure among them, so that no
//! second address can hide the first.

mod record;
mod walk;

use guichet_mail::verdict::{AuthResult, DkimVerdict, DmarcAlignment, DmarcPolicy, DmarcVerdict, SpfVerdict};
use guichet_sys::dns::{DnsError, Resolver};

use crate::{domain::is_within, from::FromDomains, published::DmarcPublished};
use record::{Alignment, Record};
use walk::Walk;

/// What SPF of the envelope sender and DKIM found.
#[derive(Clone, Copy)]
pub(crate) struct Identifiers<'a> {
    pub(crate) spf: &'a SpfVerdict,
    pub(crate) dkim: &'a [DkimVerdict],
}

/// Reads a record for its owner; `None` if it is none of DMARC's.
pub(crate) fn published(text: &[u8]) -> Option<DmarcPublished> {
    let Record { policy, subdomain_policy, dkim_alignment, .. } = Record::parse(text)?;
    Some(DmarcPublished { policy, subdomain_policy, is_dkim_strict: dkim_alignment == Alignment::Strict })
}

/// Checks the domain, or domains, of From.
pub(crate) async fn verify(
    resolver: &Resolver,
    from: &FromDomains,
    identifiers: Identifiers<'_>,
) -> DmarcVerdict {
    match from {
        FromDomains::None => verdict(AuthResult::None, None, "From names no domain"),
        FromDomains::Unreadable => verdict(AuthResult::PermError, None, "From can't be read"),
        FromDomains::One(domain) => verify_domain(resolver, domain, identifiers).await,
        FromDomains::Several(domains) => {
            let mut worst = verdict(AuthResult::PermError, None, "From names several domains");
            for domain in domains {
                let one = verify_domain(resolver, domain, identifiers).await;
                if one.result == AuthResult::Fail && severity(one.policy) > severity(worst.policy) {
                    worst = one;
                }
            }
            worst
        }
    }
}

fn verdict(result: AuthResult, domain: Option<&str>, reason: &str) -> DmarcVerdict {
    let (domain, reason) = (domain.map(str::to_owned), Some(reason.to_owned()));
    DmarcVerdict { result, domain, reason, ..DmarcVerdict::default() }
}

fn severity(policy: Option<DmarcPolicy>) -> u8 {
    match policy {
        None => 0,
        Some(DmarcPolicy::None) => 1,
        Some(DmarcPolicy::Quarantine) => 2,
        Some(DmarcPolicy::Reject) => 3,
    }
}

async fn verify_domain(resolver: &Resolver, domain: &str, identifiers: Identifiers<'_>) -> DmarcVerdict {
    match assess(resolver, domain, identifiers).await {
        Ok(verdict) => verdict,
        Err(error) => verdict(AuthResult::TempError, Some(domain), &error.to_string()),
    }
}

async fn assess(
    resolver: &Resolver,
    domain: &str,
    identifiers: Identifiers<'_>,
) -> Result<DmarcVerdict, DnsError> {
    let walk = Walk::from(resolver, domain).await?;
    let Some((owner, record)) = walk.policy() else {
        return Ok(without_policy(domain, identifiers));
    };
    let Some(policy) = applying_policy(resolver, domain, owner, &record).await? else {
        return Ok(without_policy(domain, identifiers));
    };
    let author = Author { resolver, domain, organisation: walk.organisation() };
    let spf = author.spf_alignment(identifiers.spf, record.spf_alignment).await?;
    let dkim = author.dkim_alignment(identifiers.dkim, record.dkim_alignment).await?;
    let (result, reason) = match (spf, dkim) {
        (Aligned::Passed, _) | (_, Aligned::Passed) => (AuthResult::Pass, None),
        // Section 5.3.6: what could not be checked might have passed.
        (Aligned::Unknown, _) | (_, Aligned::Unknown) => {
            (AuthResult::TempError, Some("a check could not be made"))
        }
        _ => (AuthResult::Fail, Some("neither SPF nor DKIM passed for the domain in From")),
    };
    Ok(DmarcVerdict {
        result,
        domain: Some(domain.to_owned()),
        policy: Some(policy),
        aligned_by: aligned_by(spf, dkim),
        reason: reason.map(str::to_owned),
    })
}

/// Without a policy only the very domain counts.
fn without_policy(domain: &str, identifiers: Identifiers<'_>) -> DmarcVerdict {
    let own = |result: AuthResult, other: Option<&str>| {
        if result.is_pass() && other == Some(domain) { Aligned::Passed } else { Aligned::No }
    };
    let spf = own(identifiers.spf.result, identifiers.spf.domain.as_deref());
    let mut signatures = identifiers.dkim.iter().map(|dkim| own(dkim.result, dkim.domain.as_deref()));
    let dkim = signatures.find(|aligned| *aligned == Aligned::Passed).unwrap_or(Aligned::No);
    DmarcVerdict {
        aligned_by: aligned_by(spf, dkim),
        ..verdict(AuthResult::None, Some(domain), "the domain publishes no DMARC policy")
    }
}

fn aligned_by(spf: Aligned, dkim: Aligned) -> Option<DmarcAlignment> {
    match (spf, dkim) {
        (Aligned::Passed, Aligned::Passed) => Some(DmarcAlignment::SpfAndDkim),
        (Aligned::Passed, _) => Some(DmarcAlignment::Spf),
        (_, Aligned::Passed) => Some(DmarcAlignment::Dkim),
        _ => None,
    }
}

/// Section 4.7: `p` for the domain itself, `sp` beneath it, `np` where nothing is, milder by one in a test.
async fn applying_policy(
    resolver: &Resolver,
    domain: &str,
    owner: &str,
    record: &Record,
) -> Result<Option<DmarcPolicy>, DnsError> {
    let Some(policy) = record.policy else { return Ok(None) };
    let policy = if owner == domain {
        policy
    } else {
        let existing = record.subdomain_policy.unwrap_or(policy);
        match record.nonexistent_policy {
            Some(nonexistent) if nonexistent != existing && !exists(resolver, domain).await? => nonexistent,
            _ => existing,
        }
    };
    Ok(Some(match policy {
        DmarcPolicy::Reject if record.is_test => DmarcPolicy::Quarantine,
        DmarcPolicy::Quarantine if record.is_test => DmarcPolicy::None,
        policy => policy,
    }))
}

/// RFC 8020: only NXDOMAIN means that there is nothing.
async fn exists(resolver: &Resolver, domain: &str) -> Result<bool, DnsError> {
    match resolver.ipv4(domain).await {
        Err(error @ DnsError::TryAgain(_)) => Err(error),
        Err(DnsError::NoSuchName) => Ok(false),
        _ => Ok(true),
    }
}

/// How a kind of check did for the domain in From.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aligned {
    Passed,
    /// It could not be made, and might have been aligned.
    Unknown,
    No,
}

/// The domain in From and its organisation.
struct Author<'a> {
    resolver: &'a Resolver,
    domain: &'a str,
    organisation: &'a str,
}

impl Author<'_> {
    async fn spf_alignment(&self, spf: &SpfVerdict, mode: Alignment) -> Result<Aligned, DnsError> {
        self.alignment(spf.result, spf.domain.as_deref(), mode).await
    }

    async fn dkim_alignment(&self, dkim: &[DkimVerdict], mode: Alignment) -> Result<Aligned, DnsError> {
        let mut best = Aligned::No;
        for signature in dkim {
            match self.alignment(signature.result, signature.domain.as_deref(), mode).await? {
                Aligned::Passed => return Ok(Aligned::Passed),
                Aligned::Unknown => best = Aligned::Unknown,
                Aligned::No => {}
            }
        }
        Ok(best)
    }

    async fn alignment(
        &self,
        result: AuthResult,
        identifier: Option<&str>,
        mode: Alignment,
    ) -> Result<Aligned, DnsError> {
        let outcome = match result {
            AuthResult::Pass => Aligned::Passed,
            AuthResult::TempError => Aligned::Unknown,
            _ => return Ok(Aligned::No),
        };
        match identifier {
            Some(identifier) if self.is_aligned(identifier, mode).await? => Ok(outcome),
            // What had no time to be looked at might have been anybody's.
            None if outcome == Aligned::Unknown => Ok(outcome),
            _ => Ok(Aligned::No),
        }
    }

    /// Section 4.4; a walk is made only where it can matter.
    async fn is_aligned(&self, identifier: &str, mode: Alignment) -> Result<bool, DnsError> {
        if identifier == self.domain {
            return Ok(true);
        }
        if mode == Alignment::Strict || !is_within(identifier, self.organisation) {
            return Ok(false);
        }
        Ok(Walk::from(self.resolver, identifier).await?.organisation() == self.organisation)
    }
}

#[cfg(test)]
mod tests;
