//! A second factor begins, ends, and gets new recovery codes.
//!
//! *Must hold*: the password is asked for again each time, so that a browser left open gives nobody a lasting way in;
//! a secret counts once a code of it was typed, so that nobody shuts themselves out.

use data_encoding::BASE32_NOPAD;
use guichet_store::OrganisationId;
use guichet_sys::Random;
use jiff::Timestamp;

use super::totp::{SECRET_BYTES, step_of};
use super::{Credentials, Totp};
use crate::records::Person;
use crate::stored::change;
use crate::throttle::Door;
use crate::{Accounts, Deed, Error, LogInError, PersonId};

/// A secret to be put into an authenticator app; shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSetup {
    /// The secret in base32, to be typed.
    pub secret: String,
    /// The same as `otpauth://…`, to be shown as a QR code.
    pub uri: String,
}

impl std::fmt::Debug for TotpSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSetup")
    }
}

/// Codes for the day on which the telephone is lost; shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCodes(pub Vec<String>);

impl std::fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCodes")
    }
}

impl Accounts {
    /// Whether a person needs a second factor, and how many recovery codes are left.
    pub fn totp(&self, organisation: OrganisationId, id: PersonId) -> Result<Option<usize>, Error> {
        let credentials = self.credentials(organisation, id)?;
        Ok(credentials.totp.map(|_| credentials.recovery.len()))
    }

    /// Makes a secret for an authenticator app; it counts once [`Accounts::confirm_totp`] saw a code of it.
    pub async fn begin_totp(
        &self,
        organisation: OrganisationId,
        id: PersonId,
        password: &str,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<TotpSetup, LogInError> {
        self.prove_again(organisation, id, password, now, random).await?;
        let mut secret = [0; SECRET_BYTES];
        random.fill(&mut secret);
        let issuer = self.organisation(organisation)?.name;
        let begun = self.change_credentials(organisation, id, None, |_, credentials| {
            if credentials.totp.is_some() {
                return Err(Error::Invalid("a second factor is at work; remove it first".to_owned()));
            }
            credentials.pending_totp = Some(secret.to_vec().into());
            Ok(())
        });
        let ((), person) = begun.await?;
        let text = BASE32_NOPAD.encode(&secret);
        let (issuer, account) = (encoded(&issuer), encoded(&person.address.to_string()));
        let uri = format!("otpauth://totp/{issuer}:{account}?secret={text}&issuer={issuer}");
        Ok(TotpSetup { secret: text, uri })
    }

    /// Begins to ask for codes, once one was typed.
    pub async fn confirm_totp(
        &self,
        organisation: OrganisationId,
        id: PersonId,
        code: &str,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<RecoveryCodes, LogInError> {
        let doors = [Door::inside(organisation, id)];
        self.admit(&doors, now)?;
        let code: String = code.chars().filter(char::is_ascii_digit).collect();
        let confirmed =
            self.change_credentials(organisation, id, Some(Deed::TotpEnabled), |_, credentials| {
                let secret = credentials.pending_totp.take();
                let secret =
                    secret.ok_or_else(|| Error::Invalid("begin a second factor first".to_owned()))?;
                let last_step = step_of(&secret, &code, now).ok_or_else(|| {
                    Error::Invalid(
                        "this is not the code of now; is the clock of your telephone right?".to_owned(),
                    )
                })?;
                credentials.totp = Some(Totp { secret, last_step });
                Ok(credentials.renew_recovery_codes(random))
            });
        let (codes, _) = confirmed.await?;
        self.give_back(&doors);
        Ok(RecoveryCodes(codes))
    }

    /// Asks for no more codes.
    pub async fn remove_totp(
        &self,
        organisation: OrganisationId,
        id: PersonId,
        password: &str,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), LogInError> {
        self.prove_again(organisation, id, password, now, random).await?;
        let removed = self.change_credentials(organisation, id, Some(Deed::TotpRemoved), |_, credentials| {
            credentials.remove_totp();
            Ok(())
        });
        removed.await?;
        Ok(())
    }

    /// New recovery codes; those before are worth nothing any more.
    pub async fn renew_recovery_codes(
        &self,
        organisation: OrganisationId,
        id: PersonId,
        password: &str,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<RecoveryCodes, LogInError> {
        self.prove_again(organisation, id, password, now, random).await?;
        let renewed =
            self.change_credentials(organisation, id, Some(Deed::RecoveryCodesRenewed), |_, credentials| {
                if credentials.totp.is_none() {
                    return Err(Error::Invalid("there is no second factor to recover from".to_owned()));
                }
                Ok(credentials.renew_recovery_codes(random))
            });
        Ok(RecoveryCodes(renewed.await?.0))
    }

    /// Changes what a person proves themselves by, and notes it.
    pub(crate) async fn change_credentials<T>(
        &self,
        organisation: OrganisationId,
        id: PersonId,
        deed: Option<Deed>,
        mut wanted: impl FnMut(&Person, &mut Credentials) -> Result<T, Error>,
    ) -> Result<(T, Person), Error> {
        change(&self.store, || {
            let mut access = self.access(organisation, id)?;
            let made = wanted(&access.person, &mut access.credentials)?;
            let mut batch = access.snapshot.batch();
            self.put_access(&mut batch, organisation, &access.person, &access.credentials);
            if let Some(deed) = deed {
                self.record(&mut batch, deed, &access.person.address);
            }
            Ok((vec![batch], (made, access.person)))
        })
        .await
    }
}

impl Credentials {
    pub(crate) fn remove_totp(&mut self) {
        self.totp = None;
        self.pending_totp = None;
        self.recovery.clear();
    }
}

/// A text inside a URI (RFC 3986 2.1).
fn encoded(text: &str) -> String {
    let one = |octet: u8| match octet {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(octet).to_string(),
        _ => format!("%{octet:02X}"),
    };
    text.bytes().map(one).collect()
}
