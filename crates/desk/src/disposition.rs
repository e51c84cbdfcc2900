//! What an organisation's policy makes of the verdicts on a mail.
//!
//! *Standards*: RFC 7489 6.6.2 (a policy is advice of the sender's domain, the receiver decides), RFC 8617 7.2
//! (a trusted sealer's chain explains a DMARC failure on the way).

use guichet_accounts::{Organisation, VerdictPolicy};
use guichet_mail::{AuthResult, DmarcPolicy, Verdicts};

/// What becomes of a mail before anybody looks at what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition {
    /// It becomes a ticket.
    Accept,
    /// It is kept aside; the text says why.
    Quarantine(String),
    /// It is refused; the text says why, for a person who reads the bounce.
    Reject(String),
}

/// Decides for one organisation. Only a DMARC failure makes a mail suspect: SPF alone breaks at every forwarder.
pub(crate) fn decide(organisation: &Organisation, verdicts: &Verdicts) -> Disposition {
    if verdicts.dmarc.result != AuthResult::Fail || is_explained(organisation, verdicts) {
        return Disposition::Accept;
    }
    let domain = verdicts.dmarc.domain.as_deref().unwrap_or("the sender's domain");
    let why = format!("DMARC failed: {domain} does not stand behind this mail");
    let asks = verdicts.dmarc.policy.unwrap_or(DmarcPolicy::None);
    match (organisation.policy, asks) {
        (VerdictPolicy::Tag, _) => Disposition::Accept,
        (VerdictPolicy::Reject, DmarcPolicy::Reject) => {
            Disposition::Reject(format!("{why} and asks for such mail to be refused"))
        }
        (VerdictPolicy::Quarantine | VerdictPolicy::Reject, _) => Disposition::Quarantine(why),
    }
}

fn is_explained(organisation: &Organisation, verdicts: &Verdicts) -> bool {
    let sealer = verdicts.arc.sealer.as_deref();
    verdicts.arc.result == AuthResult::Pass
        && organisation
            .trusted_sealers
            .iter()
            .any(|trusted| sealer.is_some_and(|sealer| sealer.eq_ignore_ascii_case(trusted.as_str())))
}
