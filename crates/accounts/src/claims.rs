//! Claims: an organisation asks for a name below the base domain, with an address there; the operator decides.
//!
//! Several may ask for one name. They are noted in one row of the name, which every claim and every decision reads and
//! writes, so that of two decisions at once one has it and the other begins again and finds it gone.
//!
//! *Must hold*: a name is granted to one organisation at most; with it, in the same commit, go the domain and its
//! channel, and every other claim of the name is declined with the reason. A reserved name is refused at once, one that
//! looks like another waits with a warning that the operator alone reads.
//!
//! *Security*: an organisation learns nothing of who else asks for a name.

mod alike;
mod decide;
mod record;
mod watch;

pub use record::{Claim, ClaimState, NewClaim};

use guichet_mail::{DomainName, MailAddress};
use guichet_store::{Direction, Key, OrganisationId, Snapshot};
use jiff::Timestamp;

use crate::audit::Deed;
use crate::channels::check_local_part;
use crate::organisations::check_name;
use crate::stored::{self, change};
use crate::throttle::Door;
use crate::{Accounts, ClaimId, Error, keys, reserved};

/// Claims of one organisation that wait for the operator at one time: a person reads each.
const PENDING_MAX: usize = 5;
/// Claims of one organisation that are kept, decided ones too.
const KEPT_MAX: usize = 100;
/// Organisations that ask for one name at one time; the operator decides between them in one commit.
const CLAIMANTS_MAX: usize = 20;

/// What a claim asks for, checked.
struct Wanted {
    label: String,
    domain: DomainName,
    address: MailAddress,
    name: String,
}

impl Accounts {
    /// Asks for a name below the base domain. `protected` are the names that the operator's settings protect.
    pub async fn claim_name(
        &self,
        organisation: OrganisationId,
        new: &NewClaim,
        protected: &[String],
        now: Timestamp,
    ) -> Result<Claim, Error> {
        let wanted = self.check_claim(new)?;
        self.organisation(organisation)?;
        // What is refused anyway costs no look at all names, and takes nothing from what the organisation may ask.
        self.claimants_beside(&mut self.store.operator().snapshot()?, organisation, &wanted)?;
        self.admit_claim(organisation, now)?;
        let likenesses = self.likenesses_of(organisation, &wanted.label, protected).await?;
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let mut claimants = self.claimants_beside(&mut operator, organisation, &wanted)?;
            let mut space = self.store.of(organisation).snapshot()?;
            let number = stored::next_number(&mut space)?;
            let claim = Claim {
                id: ClaimId(number),
                organisation,
                label: wanted.label.clone(),
                address: wanted.address.clone(),
                name: wanted.name.clone(),
                state: ClaimState::Pending,
                likenesses: likenesses.clone(),
                made: now,
                decided: None,
                reason: None,
                channel: None,
                announced: None,
            };
            claimants.push((organisation, claim.id));
            let mut names = operator.batch();
            names.put(keys::claimants(&claim.label), stored::encode(&claimants));
            let mut own = space.batch();
            stored::put_number(&mut own, number);
            own.put(keys::claim(claim.id), stored::encode(&claim));
            self.record(&mut own, Deed::DomainClaimed, &wanted.domain);
            Ok((vec![names, own], claim))
        })
        .await
    }

    /// The claims of an organisation, oldest first.
    pub fn claims(&self, organisation: OrganisationId) -> Result<Vec<Claim>, Error> {
        stored::list(&self.store.of(organisation).snapshot()?, "claim", keys::CLAIMS)
    }

    /// One claim of an organisation.
    pub fn claim(&self, organisation: OrganisationId, id: ClaimId) -> Result<Claim, Error> {
        let snapshot = self.store.of(organisation).snapshot()?;
        stored::get(&snapshot, "claim", &keys::claim(id))?.ok_or_else(|| Error::not_found("claim", &id))
    }

    /// Every claim on this server, by the name that is asked for and then by who asked first: for the operator.
    pub fn every_claim(&self) -> Result<Vec<Claim>, Error> {
        let operator = self.store.operator().snapshot()?;
        let mut claims = Vec::new();
        for row in operator.scan(&Key::new(keys::CLAIMS), Direction::Forward, None)?.take(stored::LISTED_MAX)
        {
            let claimants: Vec<Claimant> = stored::decode("claim", &row?.1)?;
            for (organisation, id) in claimants {
                claims.extend(self.claim_if_any(organisation, id)?);
            }
        }
        Ok(claims)
    }

    fn claim_if_any(&self, organisation: OrganisationId, id: ClaimId) -> Result<Option<Claim>, Error> {
        stored::get(&self.store.of(organisation).snapshot()?, "claim", &keys::claim(id))
    }

    fn check_claim(&self, new: &NewClaim) -> Result<Wanted, Error> {
        let name = check_name(&new.name)?;
        let label = new.label.trim();
        let no_label = || {
            Error::Invalid(format!(
                "`{label}` can't be a name: take letters, digits and inner hyphens, 63 at most, without a dot"
            ))
        };
        let is_label = !label.contains(['.', '_', '\u{3002}', '\u{ff0e}', '\u{ff61}']);
        let domain = DomainName::parse(&format!("{label}.{}", self.base_domain())).ok().filter(|_| is_label);
        let domain = domain.ok_or_else(no_label)?;
        let below = domain.as_str().strip_suffix(self.base_domain().as_str());
        let label = below.and_then(|label| label.strip_suffix('.')).ok_or_else(no_label)?.to_owned();
        if label.contains('.') {
            return Err(no_label());
        }
        reserved::check(&label)?;
        let local = new.local_part.trim();
        let address = crate::founding::address(local, &domain)?;
        check_local_part(&address)?;
        Ok(Wanted { label, domain, address, name })
    }

    /// Who else asks for a name, if the organisation may ask for it too.
    fn claimants_beside(
        &self,
        operator: &mut Snapshot,
        organisation: OrganisationId,
        wanted: &Wanted,
    ) -> Result<Vec<Claimant>, Error> {
        if operator.read(&keys::domain_owner(&wanted.domain))?.is_some() {
            return Err(Error::taken("name", &wanted.label));
        }
        let claimants = read_claimants(operator, &wanted.label)?;
        self.check_room(organisation, &wanted.label, &claimants)?;
        Ok(claimants)
    }

    fn admit_claim(&self, organisation: OrganisationId, now: Timestamp) -> Result<(), Error> {
        self.server.throttle().admit(&[Door::claim(organisation)], now).map_err(|secs| {
            let minutes = secs.div_ceil(60);
            Error::Invalid(format!(
                "the organisation asked for too many names in a short time: ask again in {minutes} minutes"
            ))
        })
    }

    fn check_room(
        &self,
        organisation: OrganisationId,
        label: &str,
        claimants: &[Claimant],
    ) -> Result<(), Error> {
        let own = self.claims(organisation)?;
        let pending = || own.iter().filter(|claim| claim.state == ClaimState::Pending);
        if pending().any(|claim| claim.label == label) {
            return Err(Error::taken("claim", label));
        }
        if pending().count() >= PENDING_MAX {
            return Err(Error::Invalid(format!(
                "{PENDING_MAX} claims wait for the operator already; withdraw one, or wait for the answers"
            )));
        }
        if own.len() >= KEPT_MAX {
            let text = "no more claims are kept; remove declined ones, or ask the operator".to_owned();
            return Err(Error::Invalid(text));
        }
        let mut asking = 0;
        for (organisation, id) in claimants {
            let claim = self.claim_if_any(*organisation, *id)?;
            asking += usize::from(claim.is_some_and(|claim| claim.state == ClaimState::Pending));
        }
        if asking >= CLAIMANTS_MAX {
            let text = format!("too many ask for `{label}` already; take another name, or ask the operator");
            return Err(Error::Invalid(text));
        }
        Ok(())
    }
}

/// Who asks for a name: whose claim, which.
pub(crate) type Claimant = (OrganisationId, ClaimId);

fn read_claimants(operator: &mut Snapshot, label: &str) -> Result<Vec<Claimant>, Error> {
    let found = operator.read(&keys::claimants(label))?;
    found.map_or(Ok(Vec::new()), |bytes| stored::decode("claim", &bytes))
}
