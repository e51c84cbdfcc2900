//! DMARC: is there a policy, and what does it ask for?
//!
//! *Standards*: RFC 9989 4.7 (the record), 4.10 (a policy of a domain above holds below).

use guichet_mail::DomainName;
use guichet_mail::verdict::DmarcPolicy;
use guichet_mailauth::DmarcPublished;
use guichet_sys::dns::{Finding, RecordType};

use super::{Check, Judged, texts};
use crate::record::Expected;

/// Domains above that are asked for a policy (RFC 9989 4.10 asks for eight in all).
const STEPS_MAX: usize = 7;

/// Where a record stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At the domain itself.
    Here,
    /// At one above, so that its `sp` holds.
    Above,
}

/// `None` where no record is DMARC's.
pub(super) fn judge(check: &Check<'_>, expected: &Expected, all: &[&[u8]], place: Place) -> Option<Judged> {
    let mut records = all.iter().filter(|text| texts::has_version(text, "v=DMARC1"));
    let first = records.next()?;
    if records.next().is_some() {
        return Some(Judged::different(
            "Your DNS has more than one DMARC record; servers then ignore all of them. Keep one.".to_owned(),
        ));
    }
    let record = DmarcPublished::parse(first);
    let is_strict = record.is_some_and(|record| record.is_dkim_strict);
    if is_strict && DomainName::parse(domain(expected)).is_ok_and(|domain| domain.is_within(check.base)) {
        return Some(Judged::different(format!(
            "The DMARC record asks for signatures of the very domain (adkim=s), but mail of names below {0} is signed by \
             {0}, so it is taken for forged. Set adkim=r, or leave it out.",
            check.base
        )));
    }
    let policy = record.and_then(|record| match place {
        Place::Here => record.policy,
        Place::Above => record.subdomain_policy.or(record.policy),
    });
    Some(match policy {
        None => Judged::different(
            "The DMARC record asks for nothing that servers know. Set p=none, p=quarantine or p=reject."
                .to_owned(),
        ),
        Some(policy) => Judged::noted(meaning(policy).to_owned()),
    })
}

/// The domain that a record is of.
fn domain(expected: &Expected) -> &str {
    expected.name.strip_prefix("_dmarc.").unwrap_or(&expected.name)
}

fn meaning(policy: DmarcPolicy) -> &'static str {
    match policy {
        DmarcPolicy::None => {
            "The policy is p=none: forged mail is only watched. When all your mail passes, raise it to quarantine, then \
             to reject."
        }
        DmarcPolicy::Quarantine => "The policy is p=quarantine: forged mail goes to the spam folder.",
        DmarcPolicy::Reject => "The policy is p=reject: forged mail is refused.",
    }
}

/// The domain itself has none; one above may speak for it.
pub(super) async fn judge_absence(check: &Check<'_>, expected: &Expected) -> Judged {
    let mut above = domain(expected).split_once('.').map(|(_, parent)| parent);
    for _ in 0..STEPS_MAX {
        let Some(parent) = above.filter(|parent| parent.contains('.')) else { break };
        if let Finding::Records(records) =
            check.inquiry.ask(&format!("_dmarc.{parent}"), RecordType::Txt).await
            && let Some(mut judged) = judge(check, expected, &texts::of(&records), Place::Above)
        {
            judged.advice = format!("The record of _dmarc.{parent} holds here too. {}", judged.advice);
            return judged;
        }
        above = parent.split_once('.').map(|(_, parent)| parent);
    }
    Judged::missing(expected)
}
