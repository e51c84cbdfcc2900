//! Somebody inside is asked for their password again: to change it, or to change what stands beside it.

use guichet_store::OrganisationId;
use guichet_sys::Random;
use jiff::Timestamp;

use super::{LogIn, LogInError, LoggedIn};
use crate::credentials::{Credentials, PasswordHash, SALT_BYTES, check_password};
use crate::records::{Person, PersonStatus};
use crate::stored::change;
use crate::throttle::Door;
use crate::{Accounts, Deed, Error, PersonId, Secret};

impl Accounts {
    /// Changes a password by who knows the old one (`wanted.password`), from the browser that asks. All sessions end;
    /// a new one begins. Who made the request is `wanted.address` in nothing but the audit log.
    pub async fn change_password(
        &self,
        (organisation, id): (OrganisationId, PersonId),
        wanted: LogIn<'_>,
        new: &str,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<LoggedIn, LogInError> {
        let compared = self.prove_again(organisation, id, wanted.password, now, random).await?;
        let hash = self.new_hash(organisation, &self.person(organisation, id)?, new, random).await?;
        let (session, device) = (Secret::random(random), Secret::random(random));
        let changed = change(&self.store, || {
            let mut access = self.access(organisation, id)?;
            let may_enter = access.person.status == PersonStatus::Active;
            if !may_enter || access.credentials.password != compared.password {
                return Ok((Vec::new(), false));
            }
            access.credentials.password = Some(hash.clone());
            // Whoever knew the old password may hold a browser that is known.
            access.credentials.devices.clear();
            access.credentials.remember(device.digest(), now);
            access.person.end_sessions();
            let address = access.person.address.clone();
            let (mut space, mut operator) = self.new_session(access, &session, &wanted, now)?;
            self.forget_one_time(&mut operator, &mut space, organisation, id)?;
            self.record(&mut space, Deed::PasswordChanged, &address);
            Ok((vec![operator, space], true))
        });
        if changed.await? {
            Ok(LoggedIn { session, device, person: id, organisation })
        } else {
            Err(LogInError::Refused)
        }
    }

    /// The hash of a password that keeps the rules.
    pub(crate) async fn new_hash(
        &self,
        organisation: OrganisationId,
        person: &Person,
        password: &str,
        random: &dyn Random,
    ) -> Result<PasswordHash, LogInError> {
        let house = self.organisation(organisation)?;
        let address = person.address.to_string();
        let words = [&address, person.address.local(), &person.name, &house.name, &house.slug];
        self.hash_of(password, &words, random).await
    }

    /// The hash of a password that somebody chose, who is known by these words.
    pub(crate) async fn hash_of(
        &self,
        password: &str,
        words: &[&str],
        random: &dyn Random,
    ) -> Result<PasswordHash, LogInError> {
        check_password(password, words)?;
        let mut salt = [0; SALT_BYTES];
        random.fill(&mut salt);
        let password = password.to_owned();
        let hashed = self.server.places.run(true, move || PasswordHash::of(&password, salt));
        hashed.await?.map_err(|_| LogInError::Busy)
    }

    /// Asks somebody who is logged in for their password again, before what would let a thief of their session stay:
    /// another address, a token.
    pub async fn prove_password(
        &self,
        (organisation, id): (OrganisationId, PersonId),
        password: &str,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), LogInError> {
        self.prove_again(organisation, id, password, now, random).await.map(drop)
    }

    /// Whether somebody who is logged in knows their password too; their credentials as they were compared.
    pub(crate) async fn prove_again(
        &self,
        organisation: OrganisationId,
        id: PersonId,
        password: &str,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Credentials, LogInError> {
        let doors = [Door::inside(organisation, id)];
        self.admit(&doors, now)?;
        let credentials = self.credentials(organisation, id)?;
        match self.compare(credentials.password.clone(), password, true, random).await {
            Ok(Some(_)) => {
                self.give_back(&doors);
                Ok(credentials)
            }
            Ok(None) => {
                self.note_wrong(organisation, &self.person(organisation, id)?).await?;
                Err(LogInError::Accounts(Error::Invalid("this is not your password".to_owned())))
            }
            Err(error) => {
                self.give_back(&doors);
                Err(error)
            }
        }
    }

    /// Notes that somebody inside does not know the password: perhaps a thief of their session.
    async fn note_wrong(&self, organisation: OrganisationId, person: &Person) -> Result<(), Error> {
        let mut batch = self.store.of(organisation).batch();
        self.record(&mut batch, Deed::SessionRefused, &person.address);
        self.store.commit(vec![batch]).await?;
        Ok(())
    }
}
