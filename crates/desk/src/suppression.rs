//! The suppression list: addresses of an organisation to which nothing is sent.

use guichet_accounts::Who;
use guichet_mail::MailAddress;
use guichet_store::{Snapshot, record};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::{DeliveryId, Error, keys};

/// What is stored of a suppressed address.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Suppression {
    /// The address.
    #[n(0)]
    pub address: MailAddress,
    /// Why, in words for people.
    #[n(1)]
    pub reason: String,
    /// Who put it there; the system after a bounce.
    #[n(2)]
    pub who: Who,
    /// Since when.
    #[cbor(n(3), with = "crate::time")]
    pub created: Timestamp,
    /// Until when; for ever where there is nothing.
    #[cbor(n(4), with = "crate::time::optional", has_nil)]
    pub expires: Option<Timestamp>,
    /// The delivery that bounced.
    #[n(5)]
    pub delivery: Option<DeliveryId>,
}

impl Suppression {
    /// Reads what suppresses an address, as a check of the batch. One that has expired does not count.
    pub(crate) fn read(
        snapshot: &mut Snapshot,
        address: &MailAddress,
        now: Timestamp,
    ) -> Result<Option<Self>, Error> {
        let found = snapshot.read(&keys::suppression(&address.normalised()))?;
        let found: Option<Self> = found.map(|bytes| decode(&bytes)).transpose()?;
        Ok(found.filter(|entry| entry.counts(now)))
    }

    /// Whether it holds at this time.
    pub fn counts(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }

    /// Why a delivery was not sent, for people.
    pub(crate) fn sentence(&self) -> String {
        format!("not sent, because {} is on the suppression list: {}", self.address, self.reason)
    }
}

fn decode(bytes: &[u8]) -> Result<Suppression, Error> {
    record::decode(bytes).map_err(|_| Error::Damaged("suppression"))
}
