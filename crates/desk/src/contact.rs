//! A contact: somebody who writes.

use guichet_store::{Batch, Counter, Key, Snapshot, Template};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::keys::{self, Number};
use crate::{Error, numbers};
use guichet_mail::MailAddress;
use guichet_store::record;

/// The number of a contact, unique within its organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactId(pub u64);

/// What is stored of a contact, but for the number in its key.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Contact {
    /// Where they write from.
    #[n(0)]
    pub address: MailAddress,
    /// What they call themselves.
    #[n(1)]
    pub name: Option<String>,
    /// When they were first heard of.
    #[cbor(n(2), with = "crate::time")]
    pub created: Timestamp,
}

/// Finds the contact of this address or adds one to the batch that `later` builds. The look-up is a check of the
/// batch, so two mails of one new sender never make two contacts.
pub(crate) fn find(snapshot: &mut Snapshot, address: &MailAddress) -> Result<Option<u64>, Error> {
    let found = snapshot.read(&keys::contact_of(&address.normalised()))?;
    found
        .map(|bytes| numbers::<1>(&bytes).map(|([id], _)| id))
        .transpose()
}

/// Adds a contact that [`find`] did not find.
pub(crate) fn add(
    batch: &mut Batch,
    address: &MailAddress,
    name: Option<String>,
    received: Timestamp,
) -> Number {
    let slot = batch.next(Counter::Contact);
    let contact = Contact {
        address: address.clone(),
        name,
        created: received,
    };
    batch.put(
        keys::contact_of(&address.normalised()),
        Template::new().slot(slot),
    );
    batch.put(
        Template::from(Key::new(keys::CONTACTS)).slot(slot),
        record::encode(&contact),
    );
    Number::Assigned(slot)
}
