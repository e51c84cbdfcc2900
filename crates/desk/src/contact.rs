//! A contact: somebody who writes.

use guichet_store::{Batch, Counter, Key, Snapshot, Template};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::keys::{self, Number};
use crate::message::Content;
use crate::{Error, numbers};
use guichet_mail::{Address, MailAddress};
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

/// Who sent a mail, as a contact that exists or will.
pub(crate) struct Sender<'a> {
    from: Option<(&'a Address, &'a MailAddress)>,
    known: Option<u64>,
}

impl<'a> Sender<'a> {
    /// Looks the sender up, as a check of the batch, so that two mails of one new sender never make two contacts.
    pub(crate) fn of(snapshot: &mut Snapshot, content: &'a Content) -> Result<Self, Error> {
        let from = content.from.iter().find_map(|from| Some((from, from.address.as_ref()?)));
        let known = match from {
            Some((_, address)) => snapshot.read(&keys::contact_of(&address.normalised()))?,
            None => None,
        };
        let known = known.map(|bytes| numbers::<1>(&bytes).map(|([id], _)| id)).transpose()?;
        Ok(Sender { from, known })
    }

    /// The contact's number, where they are known already.
    pub(crate) fn known(&self) -> Option<u64> {
        self.known
    }

    /// The contact's number, 0 where the mail has no valid sender; a contact that is new is added.
    pub(crate) fn enter(&self, batch: &mut Batch, received: Timestamp) -> Number {
        match (self.from, self.known) {
            (None, _) => Number::Known(0),
            (Some(_), Some(contact)) => Number::Known(contact),
            (Some((from, address)), None) => add(batch, address, from.name.clone(), received),
        }
    }
}

fn add(batch: &mut Batch, address: &MailAddress, name: Option<String>, received: Timestamp) -> Number {
    let slot = batch.next(Counter::Contact);
    let contact = Contact { address: address.clone(), name, created: received };
    batch.put(keys::contact_of(&address.normalised()), Template::new().slot(slot));
    batch.put(Template::from(Key::new(keys::CONTACTS)).slot(slot), record::encode(&contact));
    Number::Assigned(slot)
}
