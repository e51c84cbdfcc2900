//! Who sent a mail, or whom one goes to, as a contact that exists or will.

use guichet_accounts::Actor;
use guichet_mail::{Address, MailAddress};
use guichet_store::{Batch, Snapshot, record};
use jiff::Timestamp;

use super::addresses::AddressRow;
use super::stored::resolve_checked;
use super::{Contact, ContactId, add_contact, numbers_of, read};
use crate::Error;
use crate::keys::{self, Number};
use crate::message::Content;

/// Somebody; nobody where a mail has no valid sender.
pub(crate) struct Sender<'a> {
    named: Option<Named<'a>>,
    known: Option<(u64, Contact)>,
}

/// What a mail, or who writes one, says of somebody.
struct Named<'a> {
    name: Option<&'a str>,
    address: &'a MailAddress,
    row: AddressRow,
}

impl<'a> Sender<'a> {
    /// Looks the sender up, as a check of the batch, so that two mails of one new sender never make two contacts.
    pub(crate) fn of(snapshot: &mut Snapshot, content: &'a Content) -> Result<Self, Error> {
        Self::first_of(snapshot, &content.from)
    }

    /// Looks up the first of these that is a valid address, likewise.
    pub(crate) fn first_of(snapshot: &mut Snapshot, addresses: &'a [Address]) -> Result<Self, Error> {
        let named = Named::first_of(snapshot, addresses)?;
        let known = named.as_ref().map_or(Ok(None), |named| named.row.first(snapshot))?;
        Ok(Sender { named, known })
    }

    /// Looks up whom the actor names by the first of these that is a valid address: somebody whom they know, else
    /// somebody new, whoever else has that address.
    pub(crate) fn named_by(
        snapshot: &mut Snapshot,
        actor: &Actor,
        addresses: &'a [Address],
    ) -> Result<Self, Error> {
        let named = Named::first_of(snapshot, addresses)?;
        let known = named.as_ref().map_or(Ok(None), |named| named.row.known_to(snapshot, actor))?;
        Ok(Sender { named, known })
    }

    /// The contact of this number, whom the actor knows.
    pub(crate) fn numbered(snapshot: &mut Snapshot, actor: &Actor, id: ContactId) -> Result<Self, Error> {
        let found = resolve_checked(snapshot, id.0)?;
        Ok(Sender { named: None, known: Some(read::known(snapshot, actor, found)?) })
    }

    /// Where mail to them goes.
    pub(crate) fn address(&self) -> Option<&MailAddress> {
        let named = self.named.as_ref().map(|named| named.address);
        named.or(self.known.as_ref().map(|(_, contact)| &contact.address))
    }

    /// Every number of the contact, where they are known already.
    pub(crate) fn known(&self) -> Vec<u64> {
        self.known.as_ref().map(|(number, contact)| numbers_of(*number, contact)).unwrap_or_default()
    }

    /// Whether what they begin is unwanted; `author` is who is proven to have written it.
    pub(crate) fn is_unwanted(&self, author: Option<&MailAddress>) -> bool {
        let known = self.known.as_ref().map(|(_, contact)| contact);
        known.is_some_and(|contact| contact.spam && author.is_some_and(|author| contact.has(author)))
    }

    /// The contact's number, 0 where the mail has no valid sender; a contact that is new is added, one without a name
    /// gets that of the mail.
    pub(crate) fn enter(&self, batch: &mut Batch, received: Timestamp) -> Number {
        let name = self.named.as_ref().and_then(|named| named.name).map(str::to_owned);
        match (&self.known, &self.named) {
            (Some((number, contact)), _) => {
                if contact.name.is_none() && name.is_some() {
                    let named = Contact { name, ..contact.clone() };
                    batch.put(keys::contact(*number), record::encode(&named));
                }
                Number::Known(*number)
            }
            (None, Some(Named { address, row, .. })) => {
                let contact = Contact { name, ..Contact::heard_of((*address).clone(), received) };
                add_contact(batch, &contact, vec![row.clone()])
            }
            (None, None) => Number::Known(0),
        }
    }
}

impl<'a> Named<'a> {
    fn first_of(snapshot: &mut Snapshot, addresses: &'a [Address]) -> Result<Option<Self>, Error> {
        let valid = addresses.iter().find_map(|one| Some((one.name.as_deref(), one.address.as_ref()?)));
        let Some((name, address)) = valid else { return Ok(None) };
        Ok(Some(Named { name, address, row: AddressRow::read(snapshot, address)? }))
    }
}
