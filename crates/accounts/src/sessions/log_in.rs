//! Logging in: an address, a password, perhaps a code; a session comes out, or a refusal that tells nothing.
//!
//! *Security*: an unknown address costs the same hash and the same commit as a known one; every refusal has the same
//! text. The tries are taken before the hash and given back to who logs in. What was checked is checked again in the
//! commit: a password changed meanwhile, or a code used meanwhile, refuses.

use std::net::IpAddr;

use guichet_mail::MailAddress;
use guichet_store::OrganisationId;
use guichet_sys::Random;
use jiff::Timestamp;

use super::enter::Proven;
use crate::credentials::{Credentials, PasswordHash};
use crate::throttle::Door;
use crate::{Accounts, By, Deed, Error, PersonId, Secret, Who};

/// Characters of a password that are looked at; more is no password.
const PASSWORD_CHARS_MAX: usize = 1_000;

/// What somebody logs in with.
#[derive(Clone, Copy)]
pub struct LogIn<'a> {
    /// Their address, as they typed it.
    pub address: &'a str,
    /// The short name of their organisation; needed where the address is somebody's in several.
    pub organisation: Option<&'a str>,
    /// Their password.
    pub password: &'a str,
    /// Their second factor, once they were asked for it: a code of the clock or a recovery code.
    pub code: Option<&'a str>,
    /// What the browser kept from the last time.
    pub device: Option<&'a Secret>,
    /// From which address of the network.
    pub from: IpAddr,
    /// What the browser says of itself.
    pub agent: &'a str,
}

/// Who is in.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The secret of the session: the cookie.
    pub session: Secret,
    /// What the browser keeps, so that nobody can shut it out.
    pub device: Secret,
    /// Who.
    pub person: PersonId,
    /// Of which organisation.
    pub organisation: OrganisationId,
}

/// Why somebody is not in.
#[derive(Debug, thiserror::Error)]
pub enum LogInError {
    /// Nobody of this address, another password, another code, somebody who may not enter, or several organisations:
    /// nobody is told which.
    #[error(
        "address, password or code are not right; if you belong to several organisations, name the one that you mean"
    )]
    Refused,
    /// The password is right, and the organisation is suspended.
    #[error(
        "the password is right, but your organisation is suspended: write to {operator}, who runs this server"
    )]
    Suspended {
        /// Where the operator is written to.
        operator: MailAddress,
    },
    /// The password is right, and a second factor is needed.
    #[error("a code is needed: the one that your telephone shows now, or a recovery code")]
    CodeRequired,
    /// Too many tries.
    #[error("there were too many tries; try again in {retry_secs} seconds")]
    Throttled {
        /// Seconds after which another makes sense.
        retry_secs: u32,
    },
    /// Too many at once.
    #[error("too many log in just now; try again in a moment")]
    Busy,
    /// The store, or a request that makes no sense.
    #[error(transparent)]
    Accounts(#[from] Error),
}

impl From<guichet_store::Unavailable> for LogInError {
    fn from(error: guichet_store::Unavailable) -> Self {
        LogInError::Accounts(error.into())
    }
}

/// Somebody's account: of which organisation, and whose.
type Account = (OrganisationId, PersonId);

/// A try that was let in: whose password is compared, and which tries were taken for it.
struct Attempt {
    who: Option<Account>,
    known: Credentials,
    doors: Vec<Door>,
    is_known_device: bool,
}

impl Accounts {
    /// Logs somebody in.
    pub async fn log_in(
        &self,
        wanted: LogIn<'_>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<LoggedIn, LogInError> {
        let attempt = self.attempt(&wanted)?;
        self.admit(&attempt.doors, now)?;
        let hash = attempt.known.password.clone();
        let fits = match self.compare(hash, wanted.password, attempt.is_known_device, random).await {
            Ok(fits) => fits,
            Err(error) => {
                self.give_back(&attempt.doors);
                return Err(error);
            }
        };
        let (Some((organisation, id)), Some(renewed)) = (attempt.who, fits) else {
            self.note_refusal(attempt.who, &wanted, now).await?;
            return Err(LogInError::Refused);
        };
        // Whoever knows the password guesses nothing, but perhaps the code.
        self.give_back(&attempt.doors);
        if self.is_suspended(organisation)? {
            self.note_refusal(attempt.who, &wanted, now).await?;
            return Err(LogInError::Suspended { operator: self.operator_address()? });
        }
        let mut proven = Proven { organisation, id, compared: &attempt.known, renewed, code: None };
        if attempt.known.totp.is_none() {
            return self.enter(&proven, &wanted, now, random).await;
        }
        proven.code = Some(wanted.code.ok_or(LogInError::CodeRequired)?);
        let doors = [Door::code(organisation, id, attempt.is_known_device)];
        self.admit(&doors, now)?;
        let entered = self.enter(&proven, &wanted, now, random).await;
        match &entered {
            Err(LogInError::Refused) => self.note_refusal(attempt.who, &wanted, now).await?,
            _ => self.give_back(&doors),
        }
        entered
    }

    /// Whom this address may be, and whose tries are taken.
    fn attempt(&self, wanted: &LogIn<'_>) -> Result<Attempt, Error> {
        let address = MailAddress::parse(wanted.address.trim()).ok();
        let found = match &address {
            Some(address) => self.one_named(address, wanted.organisation)?,
            None => None,
        };
        let (who, known) = found.map_or_else(Default::default, |(who, known)| (Some(who), known));
        let device = wanted.device.map(Secret::digest).filter(|device| known.knows(device));
        let doors = if let Some(device) = device {
            vec![Door::device(device)]
        } else {
            let password = Door::password(self.vault().memory_hash(wanted.password.as_bytes()));
            let account = address.map_or_else(|| wanted.address.to_owned(), |address| address.normalised());
            vec![Door::source(wanted.from), Door::account(&account), password]
        };
        Ok(Attempt { who, known, doors, is_known_device: device.is_some() })
    }

    /// The one person of this address who may enter, with what they prove it by. Who has no password yet does not
    /// count: anybody may be invited to another organisation unasked, and is not shut out of their own by it.
    fn one_named(
        &self,
        address: &MailAddress,
        organisation: Option<&str>,
    ) -> Result<Option<(Account, Credentials)>, Error> {
        let organisation = match organisation.map(|slug| self.organisation_named(slug)) {
            Some(Ok(organisation)) => Some(organisation.id),
            Some(Err(Error::NotFound { .. })) => return Ok(None),
            Some(Err(error)) => return Err(error),
            None => None,
        };
        let (mut found, mut suspended) = (Vec::new(), Vec::new());
        for (organisation, id) in self.named(address, organisation)? {
            let known = self.credentials(organisation, id)?;
            if known.password.is_some() && self.enabled_person(organisation, id)?.is_some() {
                let list = if self.is_suspended(organisation)? { &mut suspended } else { &mut found };
                list.push(((organisation, id), known));
            }
        }
        // Who can enter nowhere else is told why, once the password is right.
        if found.is_empty() {
            found = suspended;
        }
        let is_one = found.len() == 1;
        Ok(found.pop().filter(|_| is_one))
    }

    /// Whether this is the password of that hash; if so, the hash to keep from now on, where another is due.
    pub(super) async fn compare(
        &self,
        hash: Option<PasswordHash>,
        password: &str,
        is_known: bool,
        random: &dyn Random,
    ) -> Result<Option<Option<PasswordHash>>, LogInError> {
        let fits_at_all = password.chars().nth(PASSWORD_CHARS_MAX).is_none();
        let password = if fits_at_all { password.to_owned() } else { String::new() };
        let mut salt = [0; crate::credentials::SALT_BYTES];
        random.fill(&mut salt);
        let hash = hash.unwrap_or_else(PasswordHash::of_nobody);
        let compared = self.server.places.run(is_known, move || {
            let fits = hash.is_of(&password);
            fits.then(|| hash.is_outdated().then(|| PasswordHash::of(&password, salt)))
        });
        compared.await?.map_err(|_| LogInError::Busy)
    }

    pub(crate) fn admit(&self, doors: &[Door], now: Timestamp) -> Result<(), LogInError> {
        self.server.throttle().admit(doors, now).map_err(|retry_secs| LogInError::Throttled { retry_secs })
    }

    pub(crate) fn give_back(&self, doors: &[Door]) {
        self.server.throttle().give_back(doors);
    }

    /// Notes a refusal, at the same cost whether there is such a person or not: with the organisation, else with the
    /// server. So many in a while: a stranger does not fill the disk.
    async fn note_refusal(
        &self,
        who: Option<(OrganisationId, PersonId)>,
        wanted: &LogIn<'_>,
        now: Timestamp,
    ) -> Result<(), Error> {
        if self.admit(&[Door::noted()], now).is_err() {
            return Ok(());
        }
        let space =
            who.map_or_else(|| self.store.operator(), |(organisation, _)| self.store.of(organisation));
        let by = By { organisation: None, who: Who::System, from: Some(wanted.from), at: now };
        // Some type their password where the address belongs: what is no address is not kept.
        let address = MailAddress::parse(wanted.address.trim());
        let subject = address.map_or_else(|_| "no address".to_owned(), |address| address.to_string());
        let mut batch = space.batch();
        self.audit_row(&mut batch, &by, Deed::SessionRefused, subject);
        self.store.commit(vec![batch]).await?;
        Ok(())
    }
}
