//! What becomes of a claim: approved, declined, withdrawn.

use guichet_store::{Batch, OrganisationId, Snapshot};
use jiff::Timestamp;

use super::{Claim, ClaimState, Claimant, read_claimants};
use crate::audit::Deed;
use crate::channels::{put_channel, take_address};
use crate::records::{Channel, Domain};
use crate::stored::{self, change};
use crate::{Accounts, ChannelId, ClaimId, Error, keys};

/// The reason why the others do not get a name that one has got.
const GIVEN: &str = "The name went to another organisation.";
/// A reason is a few sentences.
const REASON_CHARS_MAX: usize = 1_000;

impl Accounts {
    /// Grants a name: the domain, the channel, and the end of every other claim of it, in one commit. Answers the claim
    /// and those that were declined by this.
    pub async fn approve_claim(
        &self,
        organisation: OrganisationId,
        id: ClaimId,
        now: Timestamp,
    ) -> Result<(Claim, Vec<Claim>), Error> {
        let label = self.claim(organisation, id)?.label;
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let claimants = read_claimants(&mut operator, &label)?;
            let mut space = self.store.of(organisation).snapshot()?;
            let mut claim = read_pending(&mut space, id)?;
            let domain = claim.address.domain().clone();
            let owner = keys::domain_owner(&domain);
            if operator.read(&owner)?.is_some() {
                return Err(Error::taken("domain", &domain));
            }
            let address_row = take_address(&mut operator, &claim.address)?;
            let number = stored::next_number(&mut space)?;
            stored::check_room(&space, "channels", keys::CHANNELS)?;
            let channel = Channel::named(ChannelId(number), claim.address.clone(), claim.name.clone());
            claim.state = ClaimState::Approved;
            (claim.decided, claim.channel) = (Some(now), Some(channel.id));
            let (others, mut batches) = self.decline_others(&claimants, &claim, now)?;
            let mut names = operator.batch();
            names.put(keys::claimants(&label), stored::encode(&claimants));
            names.put(owner, organisation.get().to_be_bytes().to_vec());
            names.put(address_row, stored::owner_bytes(organisation, channel.id));
            self.record(&mut names, Deed::ClaimApproved, &domain);
            let settings = Domain { role_channel: Some(channel.id), ..Domain::named(domain) };
            let mut own = space.batch();
            stored::put_number(&mut own, number);
            own.put(keys::domain(&settings.name), stored::encode(&settings));
            own.put(keys::claim(id), stored::encode(&claim));
            put_channel(&mut own, &channel);
            self.record(&mut own, Deed::ClaimApproved, &settings.name);
            batches.extend([names, own]);
            Ok((batches, (claim, others)))
        })
        .await
    }

    /// Declines a claim; its admins read the reason.
    pub async fn decline_claim(
        &self,
        organisation: OrganisationId,
        id: ClaimId,
        reason: &str,
        now: Timestamp,
    ) -> Result<Claim, Error> {
        let reason = check_reason(reason)?;
        change(&self.store, || {
            let mut space = self.store.of(organisation).snapshot()?;
            let claim = declined(read_pending(&mut space, id)?, &reason, now);
            let mut own = space.batch();
            own.put(keys::claim(id), stored::encode(&claim));
            self.record(&mut own, Deed::ClaimDeclined, claim.address.domain());
            let mut server = Batch::new(&self.store.operator());
            self.record(&mut server, Deed::ClaimDeclined, claim.address.domain());
            Ok((vec![own, server], claim))
        })
        .await
    }

    /// Takes a claim back while it is pending, or off the list when it was declined or its domain is given up.
    pub async fn withdraw_claim(&self, organisation: OrganisationId, id: ClaimId) -> Result<(), Error> {
        let label = self.claim(organisation, id)?.label;
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let mut claimants = read_claimants(&mut operator, &label)?;
            let mut space = self.store.of(organisation).snapshot()?;
            let claim = read_claim(&mut space, id)?;
            let owner = operator.read(&keys::domain_owner(claim.address.domain()))?;
            let is_theirs = owner == Some(organisation.get().to_be_bytes().to_vec());
            if claim.state == ClaimState::Approved && is_theirs {
                return Err(Error::Invalid(format!(
                    "the operator approved it: remove the domain `{}` instead",
                    claim.address.domain()
                )));
            }
            claimants.retain(|claimant| *claimant != (organisation, id));
            let mut names = operator.batch();
            if claimants.is_empty() {
                names.delete(keys::claimants(&label));
            } else {
                names.put(keys::claimants(&label), stored::encode(&claimants));
            }
            let mut own = space.batch();
            own.delete(keys::claim(id));
            self.record(&mut own, Deed::ClaimWithdrawn, claim.address.domain());
            Ok((vec![names, own], ()))
        })
        .await
    }

    /// The other claims of a name that is granted: declined, each in its own organisation's batch. Two of one
    /// organisation can't be pending at once.
    fn decline_others(
        &self,
        claimants: &[Claimant],
        granted: &Claim,
        now: Timestamp,
    ) -> Result<(Vec<Claim>, Vec<Batch>), Error> {
        let (mut others, mut batches) = (Vec::new(), Vec::new());
        for (organisation, id) in claimants {
            let mut space = self.store.of(*organisation).snapshot()?;
            let Some(bytes) = space.read(&keys::claim(*id))? else { continue };
            let claim: Claim = stored::decode("claim", &bytes)?;
            if claim.state != ClaimState::Pending
                || (*organisation, *id) == (granted.organisation, granted.id)
            {
                continue;
            }
            let claim = declined(claim, GIVEN, now);
            let mut batch = space.batch();
            batch.put(keys::claim(*id), stored::encode(&claim));
            self.record(&mut batch, Deed::ClaimDeclined, claim.address.domain());
            batches.push(batch);
            others.push(claim);
        }
        Ok((others, batches))
    }
}

fn read_claim(space: &mut Snapshot, id: ClaimId) -> Result<Claim, Error> {
    let bytes = space.read(&keys::claim(id))?.ok_or_else(|| Error::not_found("claim", &id))?;
    stored::decode("claim", &bytes)
}

fn read_pending(space: &mut Snapshot, id: ClaimId) -> Result<Claim, Error> {
    let claim = read_claim(space, id)?;
    if claim.state == ClaimState::Pending {
        return Ok(claim);
    }
    Err(Error::Invalid(format!("the claim of `{}` is {} already", claim.label, claim.state.as_str())))
}

fn declined(claim: Claim, reason: &str, now: Timestamp) -> Claim {
    Claim { state: ClaimState::Declined, decided: Some(now), reason: Some(reason.to_owned()), ..claim }
}

fn check_reason(reason: &str) -> Result<String, Error> {
    let reason = reason.trim();
    let is_text = |c: char| !c.is_control() || c == '\n';
    if (1..=REASON_CHARS_MAX).contains(&reason.chars().count()) && reason.chars().all(is_text) {
        return Ok(reason.to_owned());
    }
    Err(Error::Invalid(format!(
        "a reason has 1 to {REASON_CHARS_MAX} characters and no control characters but line breaks"
    )))
}
