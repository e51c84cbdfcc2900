//! What follows from a look, whoever wanted it: a proof that was seen, keys that were seen, a record that broke or was
//! mended.
//!
//! *Must hold*: each consequence can happen twice and come to the same, since a crash may stand between it and the row
//! that remembers the look; the row is written last. What the operator publishes is the operator's to mend, so only the
//! operator's own organisation is alarmed about it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use guichet_accounts::{By, Claim, ClaimState, DkimScope, DkimState, Domain, Error, Who};
use guichet_desk::{Alert, NoticeKind, plain};
use guichet_mail::DomainName;
use guichet_store::{CommitError, OrganisationId, record};
use jiff::Timestamp;

use crate::check::{Look, State};
use crate::domains::{Cause, Domains, Report};
use crate::keys;
use crate::record::{Expected, Publisher, Purpose};
use crate::watched::Watched;

/// How often a row is written anew when it changed meanwhile.
const ATTEMPTS_MAX: usize = 8;

impl Domains {
    pub(crate) async fn draw_consequences(
        &self,
        organisation: OrganisationId,
        domain: &Domain,
        report: &mut Report,
        cause: Cause,
    ) -> Result<(), Error> {
        let now = report.checked_at;
        self.prove(organisation, domain, &mut report.records, now).await?;
        let looks = &report.records;
        self.change_keys(organisation, domain, looks, now).await?;
        let before = self.watched(organisation, &domain.name)?.unwrap_or_default();
        let after = before.after(looks, now, cause == Cause::Person);
        self.tell(organisation, domain, looks, (&before, &after), now).await?;
        self.announce(organisation, domain, looks, now).await?;
        self.remember(organisation, &domain.name, after).await
    }

    async fn prove(
        &self,
        organisation: OrganisationId,
        domain: &Domain,
        looks: &mut [(Expected, Look)],
        now: Timestamp,
    ) -> Result<(), Error> {
        let is_seen = |(expected, look): &&mut (Expected, Look)| {
            expected.purpose == Purpose::Proof && look.state == State::Ok
        };
        let Some((_, proof)) = looks.iter_mut().find(is_seen).filter(|_| !domain.is_verified()) else {
            return Ok(());
        };
        let accounts = self.accounts().on_behalf(by_ourselves(now));
        match accounts.prove_domain(organisation, &domain.name, now).await {
            Ok(_) => tracing::info!(domain = %domain.name, %organisation, "the domain is proven"),
            // Another organisation was first.
            Err(error @ (Error::Taken { .. } | Error::Invalid(_))) => {
                tracing::info!(domain = %domain.name, %organisation, %error, "the domain is proven in vain");
                proof.state = State::Different;
                proof.advice =
                    format!("The proof is seen, but {error}. If it should be yours, ask the operator.");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Moves the keys of the domain on: pending ones that are seen sign, old ones end, and what is gone is forgotten.
    async fn change_keys(
        &self,
        organisation: OrganisationId,
        domain: &Domain,
        looks: &[(Expected, Look)],
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some((scope, owner)) = self.scope(organisation, domain)? else { return Ok(()) };
        let accounts = self.accounts().on_behalf(by_ourselves(now));
        let keys = looks.iter().filter_map(|(expected, look)| {
            expected
                .signer
                .as_ref()
                .filter(|signer| signer.domain == owner.as_str())
                .map(|signer| (signer, look))
        });
        let keys: Vec<_> = keys.collect();
        let has = |state| keys.iter().any(|(signer, _)| signer.state == state);
        let are_seen = keys
            .iter()
            .filter(|(signer, _)| signer.state == DkimState::Pending)
            .all(|(_, look)| look.state == State::Ok);
        if has(DkimState::Pending) && are_seen {
            accounts.promote_dkim(&scope, now).await?;
            tracing::info!(domain = %owner, "the new DKIM keys are published and sign from now on");
        }
        if has(DkimState::Retiring) {
            accounts.retire_dkim(&scope, now).await?;
        }
        let is_gone = |look: &Look| look.state == State::Ok && look.found.is_empty();
        for (signer, _) in
            keys.iter().filter(|(signer, look)| signer.state == DkimState::Retired && is_gone(look))
        {
            accounts.forget_dkim(&scope, &signer.selector).await?;
        }
        Ok(())
    }

    /// Whose keys a look at this domain moves on: its own; those of the base domain only for the operator's own
    /// organisation, so that one does it.
    fn scope(
        &self,
        organisation: OrganisationId,
        domain: &Domain,
    ) -> Result<Option<(DkimScope, DomainName)>, Error> {
        let base = self.accounts().base_domain();
        if !domain.name.is_within(base) {
            let name = domain.name.clone();
            return Ok(Some((DkimScope::Domain(organisation, name.clone()), name)));
        }
        Ok(self.accounts().is_house(organisation)?.then(|| (DkimScope::Base, base.clone())))
    }

    async fn tell(
        &self,
        organisation: OrganisationId,
        domain: &Domain,
        looks: &[(Expected, Look)],
        (before, after): (&Watched, &Watched),
        now: Timestamp,
    ) -> Result<(), Error> {
        let is_house = self.accounts().is_house(organisation)?;
        let concerns =
            |(expected, _): &&(Expected, Look)| is_house || expected.publisher == Publisher::Organisation;
        let broken = looks.iter().filter(concerns).filter(|(expected, _)| after.is_broken(expected));
        let broken: Vec<_> = broken.collect();
        let newly = broken.iter().filter(|(expected, _)| !before.is_broken(expected)).count();
        let desk = &self.0.backends.desk;
        let told = if newly > 0 {
            metrics::counter!("guichet_domain_records_broken_total").increment(newly as u64);
            desk.alert_admins(organisation, alert(&domain.name, &broken), now).await.map(drop)
        } else if before.has_broken() && !after.has_broken() {
            tracing::info!(domain = %domain.name, %organisation, "the records are mended");
            desk.settle_notice(organisation, &broken_notice(&domain.name), now).await.map(drop)
        } else {
            Ok(())
        };
        told.map_err(of_desk)
    }

    /// Tells the admins that a name that they claimed works now.
    async fn announce(
        &self,
        organisation: OrganisationId,
        domain: &Domain,
        looks: &[(Expected, Look)],
        now: Timestamp,
    ) -> Result<(), Error> {
        if !domain.name.is_within(self.accounts().base_domain()) || !is_live(looks) {
            return Ok(());
        }
        let accounts = self.accounts();
        let waits = |claim: &Claim| {
            claim.state == ClaimState::Approved
                && claim.announced.is_none()
                && *claim.address.domain() == domain.name
        };
        for claim in accounts.claims(organisation)?.into_iter().filter(waits) {
            self.0
                .backends
                .desk
                .alert_admins(organisation, live(&claim, &domain.name), now)
                .await
                .map_err(of_desk)?;
            accounts.on_behalf(by_ourselves(now)).claim_announced(organisation, claim.id, now).await?;
            tracing::info!(domain = %domain.name, %organisation, "the claimed name is live");
        }
        Ok(())
    }

    async fn remember(
        &self,
        organisation: OrganisationId,
        name: &DomainName,
        after: Watched,
    ) -> Result<(), Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut space = self.store().of(organisation).snapshot()?;
            let key = keys::watched(name);
            let stored = space.read(&key)?;
            let former =
                stored.and_then(|bytes| record::decode::<Watched>(&bytes).ok()).and_then(|row| row.next);
            let mut table = self.store().operator().batch();
            if let Some(at) = former {
                table.delete(keys::due(at, organisation, name));
            }
            if let Some(at) = after.next {
                table.put(keys::due(at, organisation, name), Vec::new());
            }
            let mut batch = space.batch();
            batch.put(key, record::encode(&after));
            match self.store().commit(vec![batch, table]).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too many looks at one domain at once".to_owned()))
    }
}

/// Whether mail comes in and goes out; keys that do not sign yet or no more are no matter.
fn is_live(looks: &[(Expected, Look)]) -> bool {
    let matters = |expected: &Expected| {
        expected.need.is_required()
            && expected.signer.as_ref().is_none_or(|signer| signer.state == DkimState::Signing)
    };
    looks.iter().all(|(expected, look)| !matters(expected) || look.state == State::Ok)
}

fn live(claim: &Claim, domain: &DomainName) -> Alert {
    let (shown, address) = (shown(domain), plain(&claim.address.to_string()));
    Alert {
        kind: NoticeKind::Claim { domain: domain.clone() },
        subject: format!("{shown} is live"),
        text: format!(
            "The records of {} are seen in the DNS. Mail to {address} becomes a ticket from now on.\n",
            plain(&shown)
        ),
    }
}

/// A domain as people know it, with its A-labels beside where the records have those.
pub(crate) fn shown(domain: &DomainName) -> String {
    let unicode = domain.to_unicode();
    if unicode == domain.as_str() { unicode } else { format!("{unicode} ({domain})") }
}

fn by_ourselves(at: Timestamp) -> By {
    By { organisation: None, who: Who::System, from: None, at }
}

pub(crate) fn broken_notice(domain: &DomainName) -> NoticeKind {
    NoticeKind::DomainBroken { domain: domain.clone() }
}

/// Of all that is broken, for the notice holds one text; the subject names it, since a mail of one subject is sent once a
/// day.
fn alert(domain: &DomainName, broken: &[&(Expected, Look)]) -> Alert {
    let word = |expected: &Expected| expected.purpose.as_str().to_uppercase().replace('_', "-");
    let purposes: BTreeSet<String> = broken.iter().map(|(expected, _)| word(expected)).collect();
    let purposes = purposes.into_iter().collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "Records of {} in the DNS were fine and are so no more. Until they are mended, mail may be lost or refused.\n",
        plain(&shown(domain))
    );
    for (expected, look) in broken {
        let _ =
            writeln!(text, "\n- {} of {}: {}", word(expected), plain(&expected.name), plain(&look.advice));
    }
    Alert {
        kind: broken_notice(domain),
        subject: format!("Records of {} are broken: {purposes}", shown(domain)),
        text,
    }
}

pub(crate) fn of_desk(error: guichet_desk::Error) -> Error {
    match error {
        guichet_desk::Error::Full => Error::Full,
        other => Error::Unavailable(other.to_string()),
    }
}
