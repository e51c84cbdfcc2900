//! A contact: somebody who writes.

use guichet_accounts::{Actor, Sight};
use guichet_mail::{Address, MailAddress};
use guichet_store::{Batch, Counter, Direction, Key, Snapshot, Template, record};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::facet::Facet;
use crate::keys::{self, Number};
use crate::message::Content;
use crate::page::Page;
use crate::read::{numbered_page, seen_ticket};
use crate::{Desk, Error, numbers};

/// How many tickets of a contact are looked at, the newest first, to tell whether an agent knows them.
const TICKETS_READ_MAX: usize = 50;

/// The number of a contact, unique within its organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct ContactId(#[n(0)] pub u64);

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

/// Who sent a mail, or whom one goes to, as a contact that exists or will.
pub(crate) struct Sender<'a> {
    from: Option<(&'a Address, &'a MailAddress)>,
    known: Option<u64>,
}

impl<'a> Sender<'a> {
    /// Looks the sender up, as a check of the batch, so that two mails of one new sender never make two contacts.
    pub(crate) fn of(snapshot: &mut Snapshot, content: &'a Content) -> Result<Self, Error> {
        Self::first_of(snapshot, &content.from)
    }

    /// Looks up the first of these that is a valid address, likewise.
    pub(crate) fn first_of(snapshot: &mut Snapshot, addresses: &'a [Address]) -> Result<Self, Error> {
        let from = addresses.iter().find_map(|from| Some((from, from.address.as_ref()?)));
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

impl Desk {
    /// A page of the contacts that the actor knows, oldest first.
    pub fn contacts(
        &self,
        actor: &Actor,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<(ContactId, Contact)>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        numbered_page(&snapshot, &Key::new(keys::CONTACTS), cursor, limit, |number, value| {
            if !is_known(&snapshot, actor, number)? {
                return Ok(None);
            }
            let contact = record::decode(value).map_err(|_| Error::Damaged("contact"))?;
            Ok(Some((ContactId(number), contact)))
        })
    }

    /// One contact that the actor knows.
    pub fn contact(&self, actor: &Actor, id: ContactId) -> Result<Contact, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let stored = snapshot.peek(&keys::contact(id.0))?;
        match stored {
            Some(bytes) if is_known(&snapshot, actor, id.0)? => {
                record::decode(&bytes).map_err(|_| Error::Damaged("contact"))
            }
            _ => Err(Error::NotFound("contact")),
        }
    }
}

/// An admin knows every contact, an agent those whose tickets they see (promise 7).
fn is_known(snapshot: &Snapshot, actor: &Actor, contact: u64) -> Result<bool, Error> {
    if actor.sight == Sight::All {
        return Ok(true);
    }
    let tickets = Facet::Requester(Number::Known(contact)).prefix();
    for row in snapshot.scan(&tickets, Direction::Backward, None)?.take(TICKETS_READ_MAX) {
        let ([number], _) = numbers::<1>(&row?.1)?;
        if seen_ticket(snapshot, actor, number).is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}
