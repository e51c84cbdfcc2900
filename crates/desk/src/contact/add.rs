//! A contact that people make.

use std::collections::BTreeSet;

use guichet_accounts::{Actor, Sight, TeamId};
use guichet_mail::MailAddress;
use guichet_store::{Batch, CommitError, Snapshot, record};
use jiff::Timestamp;

use super::change::{check_addresses, check_company, check_count, check_name, check_note};
use super::read::is_known;
use super::stored::owner_checked;
use super::{Belongs, Contact, StoredContact, add_contact, domains};
use crate::keys::{self, Number};
use crate::{ContactId, Desk, Error};

/// How often it is tried again when somebody else was quicker.
pub(super) const ATTEMPTS_MAX: usize = 16;

/// A contact to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewContact {
    /// What they are called.
    pub name: Option<String>,
    /// Their addresses, the one that mail goes to first; at least one.
    pub addresses: Vec<MailAddress>,
    /// Whom they belong to; without it their domain tells.
    pub belongs: Option<Belongs>,
    /// What people should know of them.
    pub note: String,
}

impl Desk {
    /// Makes a contact. Where an agent names somebody whom only other teams know, they know them from now on as they
    /// would by writing to them.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence, as for an address that is a known contact's.
    pub async fn create_contact(
        &self,
        actor: &Actor,
        new: &NewContact,
        now: Timestamp,
    ) -> Result<StoredContact, Error> {
        check_name(new.name.as_deref())?;
        check_note(&new.note)?;
        self.check_foreign(actor, &new.addresses)?;
        let (first, further) = check_addresses(&new.addresses)?;
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            check_company(&mut snapshot, new.belongs)?;
            let owner = sole_owner(&mut snapshot, actor, &new.addresses)?;
            let mut batch = snapshot.batch();
            let number = if let Some((number, contact)) = owner {
                adopt(&mut batch, number, contact, actor, &new.addresses)?;
                Number::Known(number)
            } else {
                let contact = Contact {
                    further: further.clone(),
                    belongs: new.belongs,
                    note: new.note.clone(),
                    name: new.name.clone(),
                    named_by: new.name.is_some().then_some(actor.who),
                    teams: teams_of(actor),
                    ..Contact::heard_of(first.clone(), now)
                };
                add_contact(&mut batch, &contact)
            };
            match self.store.commit(vec![batch]).await {
                Ok(receipts) => {
                    let number = match number {
                        Number::Known(number) => number,
                        Number::Assigned(slot) => receipts.first().map_or(0, |receipt| receipt.number(slot)),
                    };
                    return self.contact(actor, ContactId(number));
                }
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy())
    }

    /// An address of our own is nobody's who writes to us.
    pub(super) fn check_foreign(&self, actor: &Actor, addresses: &[MailAddress]) -> Result<(), Error> {
        for address in addresses {
            if self.accounts.is_ours(actor.organisation, address)? {
                return Err(Error::Invalid(format!("{address} is one of our own addresses, no contact's")));
            }
        }
        Ok(())
    }
}

/// The one contact whose some of these addresses are, where only other teams know it.
fn sole_owner(
    snapshot: &mut Snapshot,
    actor: &Actor,
    addresses: &[MailAddress],
) -> Result<Option<(u64, Contact)>, Error> {
    let mut owner: Option<(u64, Contact)> = None;
    for address in addresses {
        let Some((number, contact)) = owner_checked(snapshot, address)? else { continue };
        if is_known(snapshot, actor, number, &contact)? {
            let rule = format!("{address} is an address of contact {number} already: change that one");
            return Err(Error::Invalid(rule));
        }
        if owner.as_ref().is_some_and(|(other, _)| *other != number) {
            return Err(Error::Invalid(format!("{address} can't stand beside the others: give it alone")));
        }
        owner = Some((number, contact));
    }
    Ok(owner)
}

/// Lets the actor's teams know a contact, and adds what addresses it does not have.
fn adopt(
    batch: &mut Batch,
    number: u64,
    mut contact: Contact,
    actor: &Actor,
    addresses: &[MailAddress],
) -> Result<(), Error> {
    contact.teams.extend(teams_of(actor));
    for address in addresses {
        if !contact.has(address) {
            take(batch, number, address);
            contact.further.push(address.clone());
        }
    }
    check_count(contact.addresses().count())?;
    batch.put(keys::contact(number), record::encode(&contact));
    Ok(())
}

/// Makes an address that is nobody's a contact's.
pub(super) fn take(batch: &mut Batch, number: u64, address: &MailAddress) {
    batch.put(keys::contact_of(&address.normalised()), number.to_be_bytes().to_vec());
    domains::enter(batch, Number::Known(number), address);
}

pub(super) fn teams_of(actor: &Actor) -> BTreeSet<TeamId> {
    match &actor.sight {
        Sight::All => BTreeSet::new(),
        Sight::Teams(teams) => teams.iter().copied().collect(),
    }
}

pub(super) fn busy() -> Error {
    Error::Unavailable("too much happens to this contact at once".to_owned())
}
