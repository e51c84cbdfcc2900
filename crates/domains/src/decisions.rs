//! The mail that tells the admins why a claim was declined. (That an approved one works is told by the watch, when it is
//! seen.)
//!
//! *Must hold*: it can be asked for at any time and by several: a decision is noted as announced after it was told, so
//! that a crash between the two tells twice rather than never; an alert of the same matter is mailed once a day.

use guichet_accounts::{Claim, ClaimState, Error};
use guichet_desk::{Alert, Desk, NoticeKind, plain};
use jiff::Timestamp;

use crate::consequences::{of_desk, shown};

/// Tells the admins of every claim that was declined and of which they have not heard.
pub async fn tell_declined(desk: &Desk, now: Timestamp) -> Result<(), Error> {
    let accounts = desk.accounts();
    let declined = accounts.claims_to_announce()?;
    for claim in declined.into_iter().filter(|claim| claim.state == ClaimState::Declined) {
        desk.alert_admins(claim.organisation, alert(&claim), now).await.map_err(of_desk)?;
        accounts.claim_announced(claim.organisation, claim.id, now).await?;
    }
    Ok(())
}

fn alert(claim: &Claim) -> Alert {
    let domain = claim.address.domain();
    let reason = claim.reason.as_deref().unwrap_or_default();
    Alert {
        kind: NoticeKind::Claim { domain: domain.clone() },
        subject: format!("{} was declined", shown(domain)),
        text: format!(
            "The operator of this server declined the name {}. The reason:\n\n{}\n\nAnother name can be claimed at any \
             time.\n",
            plain(&shown(domain)),
            plain(reason)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_internationalised_name_is_shown_as_people_know_it() {
        let shown = |name: &str| shown(&guichet_mail::DomainName::parse(name).unwrap());
        assert_eq!(shown("acmé.example"), "acmé.example (xn--acm-dma.example)");
        assert_eq!(shown("acme.example"), "acme.example");
    }
}
