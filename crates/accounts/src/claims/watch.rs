//! Which decisions the admins have not heard of yet.

use guichet_store::OrganisationId;
use jiff::Timestamp;

use super::{Claim, ClaimState};
use crate::stored::{self, change};
use crate::{Accounts, ClaimId, Error, keys};

impl Accounts {
    /// The claims that are decided and of which the admins were not told: of a declined one they are told at once, of an
    /// approved one when its domain works.
    pub fn claims_to_announce(&self) -> Result<Vec<Claim>, Error> {
        let mut claims = self.every_claim()?;
        claims.retain(|claim| claim.state != ClaimState::Pending && claim.announced.is_none());
        Ok(claims)
    }

    /// Notes that the admins were told. Whether this was the first to do so: two who tell at once are told apart.
    pub async fn claim_announced(
        &self,
        organisation: OrganisationId,
        id: ClaimId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        change(&self.store, || {
            let mut space = self.store.of(organisation).snapshot()?;
            let bytes = space.read(&keys::claim(id))?.ok_or_else(|| Error::not_found("claim", &id))?;
            let mut claim: Claim = stored::decode("claim", &bytes)?;
            if claim.announced.is_some() {
                return Ok((Vec::new(), false));
            }
            claim.announced = Some(now);
            let mut batch = space.batch();
            batch.put(keys::claim(id), stored::encode(&claim));
            Ok((vec![batch], true))
        })
        .await
    }
}
