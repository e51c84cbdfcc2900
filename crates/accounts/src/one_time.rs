//! Secrets that are used once, sent by mail: for an invitation, a new password, another address.
//!
//! *Security*: 32 random bytes, kept as a digest; one of each purpose for a person, the one before ends; gone in the
//! commit that uses it, so that two who use it at once are one too many.

use guichet_mail::MailAddress;
use guichet_store::{Batch, OrganisationId, Snapshot};
use guichet_sys::Random;
use jiff::{SignedDuration, Timestamp};
use minicbor::{Decode, Encode};

use crate::records::Person;
use crate::{Accounts, Error, PersonId, Secret, keys, stored};

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum Purpose {
    /// To accept an invitation.
    #[n(0)]
    Invitation,
    /// To set a new password.
    #[n(1)]
    PasswordReset,
    /// To confirm another address.
    #[n(2)]
    Address,
}

impl Purpose {
    const ALL: [Purpose; 3] = [Purpose::Invitation, Purpose::PasswordReset, Purpose::Address];

    /// How long a secret is good for.
    fn lifetime(self) -> SignedDuration {
        SignedDuration::from_hours(match self {
            // Over a weekend.
            Purpose::Invitation => 72,
            Purpose::PasswordReset => 1,
            Purpose::Address => 24,
        })
    }
}

/// What is kept of a secret.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct OneTime {
    #[n(0)]
    pub(crate) purpose: Purpose,
    #[n(1)]
    pub(crate) organisation: OrganisationId,
    #[n(2)]
    pub(crate) person: PersonId,
    #[cbor(n(3), with = "guichet_store::time")]
    pub(crate) expires: Timestamp,
    /// The address that is confirmed.
    #[n(4)]
    pub(crate) address: Option<MailAddress>,
}

/// A secret just made, to be sent to its person.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) secret: Secret,
    pub(crate) expires: Timestamp,
}

impl Issued {
    /// A secret that nobody has seen, good from now on.
    pub(crate) fn new(purpose: Purpose, now: Timestamp, random: &dyn Random) -> Self {
        let expires = now.saturating_add(purpose.lifetime()).unwrap_or(now);
        Self { secret: Secret::random(random), expires }
    }
}

impl Accounts {
    /// Writes what a secret opens, and ends the one before it. `space` is the person's organisation's. Writes the
    /// person too, as they were read for this: who keeps them out at the same moment, or makes another secret, is in
    /// conflict.
    pub(crate) fn put_one_time(
        &self,
        operator: &mut Batch,
        space: &mut Batch,
        person: &Person,
        issued: &Issued,
        kept: OneTime,
    ) -> Result<(), Error> {
        space.put(keys::person(person.id), stored::encode(person));
        self.end_one_time(operator, space, kept.organisation, kept.person, kept.purpose)?;
        let digest = issued.secret.digest();
        space.put(keys::one_time_of(kept.person, kept.purpose as u8), digest.to_vec());
        operator.put(keys::one_time(&digest), stored::encode(&OneTime { expires: issued.expires, ..kept }));
        Ok(())
    }

    /// What a secret opens now; `None` where it was used, ended, too old, or never was.
    pub(crate) fn one_time(
        &self,
        secret: &Secret,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Option<OneTime>, Error> {
        let operator = self.store.operator().snapshot()?;
        let kept: Option<OneTime> =
            stored::get(&operator, "one-time secret", &keys::one_time(&secret.digest()))?;
        Ok(kept.filter(|kept| kept.purpose == purpose && now < kept.expires))
    }

    /// Ends all secrets of a person.
    pub(crate) fn forget_one_time(
        &self,
        operator: &mut Batch,
        space: &mut Batch,
        organisation: OrganisationId,
        person: PersonId,
    ) -> Result<(), Error> {
        Purpose::ALL
            .into_iter()
            .try_for_each(|purpose| self.end_one_time(operator, space, organisation, person, purpose))
    }

    fn end_one_time(
        &self,
        operator: &mut Batch,
        space: &mut Batch,
        organisation: OrganisationId,
        person: PersonId,
        purpose: Purpose,
    ) -> Result<(), Error> {
        let row = keys::one_time_of(person, purpose as u8);
        if let Some(digest) = self.store.of(organisation).snapshot()?.peek(&row)? {
            operator.delete(keys::one_time(&stored::as_digest(&digest)?));
            space.delete(row);
        }
        Ok(())
    }
}

/// Uses a secret up: a commit with the batch of this snapshot finds it still there, or conflicts.
pub(crate) fn use_one_time(operator: &mut Snapshot, secret: &Secret) -> Result<bool, Error> {
    Ok(operator.read(&keys::one_time(&secret.digest()))?.is_some())
}

/// The text of a refusal: the same for a secret that was used, that is too old, and that never was.
pub(crate) fn no_such_secret() -> Error {
    Error::Invalid(
        "this link is not good any more: it was used, another was sent after it, or it is too old; ask for a new one"
            .to_owned(),
    )
}
