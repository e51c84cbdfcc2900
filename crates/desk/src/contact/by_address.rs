//! Contacts by the alphabet of their addresses.

use guichet_accounts::Actor;
use guichet_mail::MailAddress;
use guichet_store::{Direction, Key, Snapshot};

use super::addresses::owners_in;
use super::stored::stored;
use super::{StoredContact, is_listed, resolve};
use crate::keys;
use crate::page::Page;
use crate::{Desk, Error};

/// The kind of the rows by address, and what ends the text in them.
const ADDRESSES: u8 = b'A';
const TEXT_END_BYTES: usize = 2;

/// A place in the list of contacts by address: one of those that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressPlace {
    /// The address, normalised.
    pub address: String,
    /// The number of the contact.
    pub contact: u64,
}

impl Desk {
    /// A page of the contacts that the actor knows with an address that begins like this, by the alphabet of addresses.
    pub fn contacts_by_address(
        &self,
        actor: &Actor,
        beginning: &str,
        cursor: Option<&AddressPlace>,
        limit: usize,
    ) -> Result<Page<StoredContact, AddressPlace>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let beginning = beginning.to_lowercase();
        let places = places(&snapshot, &beginning, cursor)?;
        Page::read(places.map(|place| Ok((place?, ()))), limit, |place, ()| {
            let Some((number, contact)) = resolve(&snapshot, place.contact)? else { return Ok(None) };
            // Who is found by several addresses is shown at the first of them.
            let found = contact.addresses().map(MailAddress::normalised);
            let first = found.filter(|one| one.starts_with(&beginning)).min();
            if first.as_ref() != Some(&place.address) || !is_listed(&snapshot, actor, number, &contact)? {
                return Ok(None);
            }
            stored(&snapshot, number, contact).map(Some)
        })
    }
}

/// The places after this one with an address that begins like this.
fn places<'a>(
    snapshot: &'a Snapshot,
    beginning: &str,
    after: Option<&AddressPlace>,
) -> Result<impl Iterator<Item = Result<AddressPlace, Error>> + use<'a>, Error> {
    let mut rest = Vec::new();
    if let Some(AddressPlace { address, contact }) = after
        && let Some(value) = snapshot.peek(&keys::contact_of(address))?
    {
        let owners = owners_in(&value)?.into_iter().skip_while(|owner| owner != contact).skip(1);
        rest = owners.map(|contact| Ok(AddressPlace { address: address.clone(), contact })).collect();
    }
    let prefix = Key::new(ADDRESSES).bytes(beginning.as_bytes());
    let after = after.map(|place| keys::contact_of(&place.address));
    let rows = snapshot.scan(&prefix, Direction::Forward, after.as_ref().map(Key::as_bytes))?;
    Ok(rest.into_iter().chain(rows.flat_map(|row| match row.map_err(Error::from).and_then(places_in) {
        Ok(places) => places.into_iter().map(Ok).collect::<Vec<_>>(),
        Err(error) => vec![Err(error)],
    })))
}

/// The contacts in one row by address.
fn places_in((key, value): (Vec<u8>, Vec<u8>)) -> Result<Vec<AddressPlace>, Error> {
    let address = address_in(&key)?;
    let owners = owners_in(&value)?.into_iter();
    Ok(owners.map(|contact| AddressPlace { address: address.clone(), contact }).collect())
}

/// The address in the key of a row by address.
fn address_in(key: &[u8]) -> Result<String, Error> {
    let text = key.get(1..key.len().saturating_sub(TEXT_END_BYTES)).ok_or(Error::Damaged("key"))?;
    String::from_utf8(text.to_vec()).map_err(|_| Error::Damaged("key"))
}
