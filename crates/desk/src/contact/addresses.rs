//! Whose an address is.
//!
//! One contact has the mail that comes from an address. Teams that don't know that contact may have another with the same
//! address: who adds somebody, or writes to them, learns nothing of what other teams know of them (promise 7). So the row
//! of an address names every contact that has it, the one that has its mail first.
//!
//! *Must hold*: a row is read as a check of the batch that writes it, so none loses what another wrote meanwhile.

use guichet_accounts::Actor;
use guichet_mail::MailAddress;
use guichet_store::{Batch, Key, Snapshot, Template};

use super::Contact;
use super::read::is_known;
use super::stored::resolve_checked;
use crate::keys::{self, Number};
use crate::{Error, numbers};

/// Contacts that are found by one address: far more than there are teams that don't know of each other. One more is found
/// by its number alone.
const OWNERS_MAX: usize = 100;

/// The row of one address.
#[derive(Clone)]
pub(crate) struct AddressRow {
    key: Key,
    owners: Vec<Number>,
}

impl AddressRow {
    /// The row as it is, as a check of the batch.
    pub(super) fn read(snapshot: &mut Snapshot, address: &MailAddress) -> Result<Self, Error> {
        let key = keys::contact_of(&address.normalised());
        let owners = snapshot.read(&key)?.map_or(Ok(Vec::new()), |bytes| owners_in(&bytes))?;
        Ok(Self { key, owners: owners.into_iter().map(Number::Known).collect() })
    }

    /// The rows of several addresses.
    pub(super) fn read_each<'a>(
        snapshot: &mut Snapshot,
        addresses: impl IntoIterator<Item = &'a MailAddress>,
    ) -> Result<Vec<Self>, Error> {
        addresses.into_iter().map(|address| Self::read(snapshot, address)).collect()
    }

    /// The contact that has the mail from this address.
    pub(super) fn first(&self, snapshot: &mut Snapshot) -> Result<Option<(u64, Contact)>, Error> {
        match self.owners.first() {
            Some(Number::Known(number)) => resolve_checked(snapshot, *number),
            _ => Ok(None),
        }
    }

    /// The first contact with this address that the actor knows.
    pub(super) fn known_to(
        &self,
        snapshot: &mut Snapshot,
        actor: &Actor,
    ) -> Result<Option<(u64, Contact)>, Error> {
        for owner in &self.owners {
            let Number::Known(number) = owner else { continue };
            if let Some((number, contact)) = resolve_checked(snapshot, *number)?
                && is_known(snapshot, actor, number, &contact)?
            {
                return Ok(Some((number, contact)));
            }
        }
        Ok(None)
    }

    /// Makes the address one of this contact's too.
    pub(super) fn add(&mut self, contact: Number) {
        if !self.owners.contains(&contact) && self.owners.len() < OWNERS_MAX {
            self.owners.push(contact);
        }
    }

    /// Takes it away from a contact; the next one has its mail.
    pub(super) fn remove(&mut self, contact: u64) {
        self.owners.retain(|owner| *owner != Number::Known(contact));
    }

    /// Gives it from one contact to another, which is in the place of whichever of the two came first.
    pub(super) fn hand_over(&mut self, from: u64, to: Number) {
        let is_either = |owner: &Number| *owner == Number::Known(from) || *owner == to;
        match self.owners.iter().position(is_either) {
            Some(place) => {
                self.owners.retain(|owner| !is_either(owner));
                self.owners.insert(place, to);
            }
            None => self.add(to),
        }
    }

    pub(super) fn write(&self, batch: &mut Batch) {
        if self.owners.is_empty() {
            batch.delete(self.key.clone());
        } else {
            let value = self.owners.iter().fold(Template::new(), |value, owner| owner.write(value));
            batch.put(self.key.clone(), value);
        }
    }
}

/// The contacts in a row, the one first that has the mail.
pub(super) fn owners_in(mut bytes: &[u8]) -> Result<Vec<u64>, Error> {
    let mut owners = Vec::with_capacity(1);
    while !bytes.is_empty() {
        let ([owner], rest) = numbers::<1>(bytes)?;
        owners.push(owner);
        bytes = rest;
    }
    Ok(owners)
}
