//! What a person proves themselves by: password, second factor, recovery codes, known browsers. One sealed record
//! beside each person.
//!
//! *Security*: the whole record is sealed, so that the data directory without the master key yields not even a hash to
//! guess at. It never leaves this crate.

mod hash;
mod places;
mod recovery;
mod rules;
mod totp;
mod totp_setup;

use guichet_store::{Batch, OrganisationId, Snapshot};
use jiff::Timestamp;
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

pub(crate) use hash::{PasswordHash, SALT_BYTES};
pub(crate) use places::Places;
pub(crate) use rules::check_password;
pub(crate) use totp::Factor;
#[cfg(test)]
pub(crate) use totp::code_at;
pub use totp_setup::{RecoveryCodes, TotpSetup};

use crate::records::Person;
use crate::sealed::SealedKind;
use crate::{Accounts, Error, PersonId, keys, stored};

/// Browsers remembered for one person; the one longest unused makes room.
const DEVICES_MAX: usize = 20;

/// The record.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub(crate) struct Credentials {
    #[n(0)]
    pub(crate) password: Option<PasswordHash>,
    #[n(1)]
    pub(crate) totp: Option<Totp>,
    /// A secret that was shown and not yet confirmed by a code.
    #[n(2)]
    pub(crate) pending_totp: Option<ByteVec>,
    /// Digests of the recovery codes that are left.
    #[n(3)]
    pub(crate) recovery: Vec<ByteArray<32>>,
    /// Browsers that this person has logged in with, the latest used last.
    #[n(4)]
    pub(crate) devices: Vec<Device>,
}

/// A second factor at work.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct Totp {
    #[n(0)]
    pub(crate) secret: ByteVec,
    /// The last step of time whose code was used: neither it nor one before is taken again.
    #[n(1)]
    pub(crate) last_step: u64,
}

/// A browser that holds a device cookie.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct Device {
    #[n(0)]
    pub(crate) digest: ByteArray<32>,
    #[cbor(n(1), with = "guichet_store::time")]
    pub(crate) used: Timestamp,
}

impl Credentials {
    /// Whether this person logged in from the browser that holds this secret.
    pub(crate) fn knows(&self, device: &[u8; 32]) -> bool {
        self.devices.iter().any(|known| *known.digest == *device)
    }

    /// Remembers a browser, and forgets the one longest unused where there are too many.
    pub(crate) fn remember(&mut self, device: [u8; 32], now: Timestamp) {
        self.devices.retain(|known| *known.digest != device);
        if self.devices.len() >= DEVICES_MAX {
            self.devices.remove(0);
        }
        self.devices.push(Device { digest: device.into(), used: now });
    }
}

/// A person and what they prove themselves by, read for a change: whoever changes either meanwhile is a conflict.
pub(crate) struct Access {
    pub(crate) person: Person,
    pub(crate) credentials: Credentials,
    pub(crate) organisation: OrganisationId,
    pub(crate) snapshot: Snapshot,
}

impl Accounts {
    /// Reads them for a change.
    pub(crate) fn access(&self, organisation: OrganisationId, id: PersonId) -> Result<Access, Error> {
        let mut snapshot = self.store.of(organisation).snapshot()?;
        let bytes = snapshot.read(&keys::person(id))?.ok_or_else(|| Error::not_found("person", &id))?;
        let person = stored::decode("person", &bytes)?;
        let sealed = snapshot.read(&keys::credentials(id))?;
        let credentials = self.opened_credentials(organisation, id, sealed)?;
        Ok(Access { person, credentials, organisation, snapshot })
    }

    /// What a person proves themselves by; empty where they have nothing yet.
    pub(crate) fn credentials(
        &self,
        organisation: OrganisationId,
        id: PersonId,
    ) -> Result<Credentials, Error> {
        let sealed = self.store.of(organisation).snapshot()?.peek(&keys::credentials(id))?;
        self.opened_credentials(organisation, id, sealed)
    }

    fn opened_credentials(
        &self,
        organisation: OrganisationId,
        id: PersonId,
        sealed: Option<Vec<u8>>,
    ) -> Result<Credentials, Error> {
        let Some(sealed) = sealed else { return Ok(Credentials::default()) };
        let opened = self.open(Some(organisation), &keys::credentials(id), &sealed)?;
        stored::decode("person's credentials", opened.as_slice())
    }

    /// Writes both back.
    pub(crate) fn put_access(
        &self,
        batch: &mut Batch,
        organisation: OrganisationId,
        person: &Person,
        credentials: &Credentials,
    ) {
        batch.put(keys::person(person.id), stored::encode(person));
        let key = keys::credentials(person.id);
        let sealed =
            self.seal(SealedKind::Credentials, Some(organisation), &key, &stored::encode(credentials));
        batch.put(key, sealed);
    }
}
