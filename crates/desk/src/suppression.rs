//! The suppression list: addresses of an organisation to which nothing is sent.
//!
//! Every delivery is made past it (see [`crate::queue`]), and passes it again when its time has come. An entry that came
//! from a bounce is seen by whoever sees that delivery; one that was put in by hand, by those who see everything.

use guichet_accounts::{Actor, By, Deed, Sight, Who};
use guichet_mail::MailAddress;
use guichet_store::{Batch, CommitError, Direction, Key, Snapshot, record};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::deliveries::is_seen;
use crate::page::Page;
use crate::{DeliveryId, Desk, Error, keys};

/// How long a reason may be.
const REASON_CHARS_MAX: usize = 500;

/// How often a change is tried again when others were quicker.
const ATTEMPTS_MAX: usize = 16;

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
        let found = found.map(|bytes| decode(&bytes)).transpose()?;
        Ok(found.filter(|entry| entry.counts(now)))
    }

    pub(crate) fn put(&self, batch: &mut Batch) {
        batch.put(keys::suppression(&self.address.normalised()), record::encode(self));
    }

    /// Itself, unless the address is on the list for at least as long already: a bounce does not shorten what somebody
    /// put there by hand. Read as a check of the batch.
    pub(crate) fn unless_there(self, snapshot: &mut Snapshot) -> Result<Option<Self>, Error> {
        let there = Self::read(snapshot, &self.address, self.created)?;
        let lasts = |entry: &Self| entry.expires.unwrap_or(Timestamp::MAX);
        Ok(if there.is_some_and(|there| lasts(&there) >= lasts(&self)) { None } else { Some(self) })
    }

    /// Whether it holds at this time.
    pub fn counts(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }

    /// Why a delivery was not sent, for people.
    pub(crate) fn sentence(&self) -> String {
        format!("not sent, because {} is on the suppression list: {}", self.address, self.told())
    }

    /// The reason for whoever writes to the address. What a server said is for those who see the delivery that bounced.
    pub(crate) fn told(&self) -> &str {
        if self.delivery.is_some() { "a mail to it bounced" } else { &self.reason }
    }

    fn is_seen(&self, snapshot: &Snapshot, actor: &Actor) -> Result<bool, Error> {
        match self.delivery {
            _ if actor.sight == Sight::All => Ok(true),
            Some(delivery) => is_seen(snapshot, actor, delivery),
            None => Ok(false),
        }
    }
}

/// An address to be put on the list by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSuppression {
    /// The address.
    pub address: MailAddress,
    /// Why: 1 to 500 characters.
    pub reason: String,
    /// Until when; for ever where there is nothing.
    pub expires: Option<Timestamp>,
}

impl Desk {
    /// A page of the suppressed addresses that the actor sees and that count now, by their alphabet, beyond the address
    /// `after`.
    pub fn suppressions(
        &self,
        actor: &Actor,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Page<Suppression, String>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let after = after.map(keys::suppression);
        let list = Key::new(keys::SUPPRESSIONS);
        let rows = snapshot.scan(&list, Direction::Forward, after.as_ref().map(Key::as_bytes))?;
        let rows = rows.map(|row| {
            let entry = decode(&row?.1)?;
            Ok((entry.address.normalised(), entry))
        });
        Page::read(rows, limit, |_, entry| {
            Ok((entry.counts(now) && entry.is_seen(&snapshot, actor)?).then_some(entry))
        })
    }

    /// Puts an address on the list by hand, in place of an entry that may be there. Only who sees all of the
    /// organisation may, since it holds for every team.
    pub async fn suppress(&self, actor: &Actor, new: NewSuppression, by: &By) -> Result<Suppression, Error> {
        if actor.sight != Sight::All {
            let why = "the suppression list holds for every team, so only an admin adds to it";
            return Err(Error::Invalid(why.to_owned()));
        }
        check(&new, by.at)?;
        let NewSuppression { address, reason, expires } = new;
        let entry = Suppression { address, reason, who: actor.who, created: by.at, expires, delivery: None };
        let mut batch = self.store.of(actor.organisation).batch();
        entry.put(&mut batch);
        let subject = format!("{} on the list", entry.address);
        self.accounts.audit_row(&mut batch, by, Deed::SuppressionChanged, subject);
        self.store.commit(vec![batch]).await?;
        Ok(entry)
    }

    /// Takes an address off the list.
    pub async fn unsuppress(&self, actor: &Actor, address: &MailAddress, by: &By) -> Result<(), Error> {
        let row = keys::suppression(&address.normalised());
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let entry = snapshot.read(&row)?.map(|bytes| decode(&bytes)).transpose()?;
            let entry = entry.ok_or(Error::NotFound("suppressed address"))?;
            if !entry.is_seen(&snapshot, actor)? {
                return Err(Error::NotFound("suppressed address"));
            }
            let mut batch = snapshot.batch();
            batch.delete(row.clone());
            let subject = format!("{} off the list", entry.address);
            self.accounts.audit_row(&mut batch, by, Deed::SuppressionChanged, subject);
            match self.store.commit(vec![batch]).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too much happens to this address at once".to_owned()))
    }
}

fn check(new: &NewSuppression, now: Timestamp) -> Result<(), Error> {
    let reason = &new.reason;
    let fits = (1..=REASON_CHARS_MAX).contains(&reason.chars().count());
    if !fits || reason.chars().any(char::is_control) || reason.trim() != reason {
        return Err(Error::Invalid(format!(
            "a reason has 1 to {REASON_CHARS_MAX} characters, no control characters, no space at its ends"
        )));
    }
    if new.expires.is_some_and(|expires| expires <= now) {
        return Err(Error::Invalid("the entry would have expired already".to_owned()));
    }
    Ok(())
}

fn decode(bytes: &[u8]) -> Result<Suppression, Error> {
    record::decode(bytes).map_err(|_| Error::Damaged("suppression"))
}
