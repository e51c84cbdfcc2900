//! Reading contacts as they are stored, under whichever of their numbers.

use guichet_store::{Snapshot, record};

use super::{Belongs, Contact};
use crate::companies;
use crate::{CompanyId, ContactId, Error, keys, numbers};

/// A contact with what stands beside its record.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredContact {
    /// Its number.
    pub id: ContactId,
    /// Changes with every change of it.
    pub version: u64,
    /// The company that it belongs to, by hand or by a domain.
    pub company: Option<CompanyId>,
    /// The rest.
    pub record: Contact,
}

/// The contact that this number names: itself, or the one that it was merged into.
pub(crate) fn resolve(snapshot: &Snapshot, number: u64) -> Result<Option<(u64, Contact)>, Error> {
    follow(number, |number| at(snapshot, number))
}

/// The same as a check of the batch.
pub(crate) fn resolve_checked(snapshot: &mut Snapshot, number: u64) -> Result<Option<(u64, Contact)>, Error> {
    follow(number, |number| at_checked(snapshot, number))
}

/// A merger leads every number to the one that stays, so one step is enough.
fn follow(
    number: u64,
    mut read: impl FnMut(u64) -> Result<Option<Contact>, Error>,
) -> Result<Option<(u64, Contact)>, Error> {
    let Some(contact) = read(number)? else { return Ok(None) };
    let Some(into) = contact.merged_into else { return Ok(Some((number, contact))) };
    Ok(read(into)?.filter(|contact| contact.merged_into.is_none()).map(|contact| (into, contact)))
}

/// The record under this very number.
pub(super) fn at_checked(snapshot: &mut Snapshot, number: u64) -> Result<Option<Contact>, Error> {
    snapshot.read(&keys::contact(number))?.map(|bytes| decoded(&bytes)).transpose()
}

fn at(snapshot: &Snapshot, number: u64) -> Result<Option<Contact>, Error> {
    snapshot.peek(&keys::contact(number))?.map(|bytes| decoded(&bytes)).transpose()
}

pub(super) fn decoded(bytes: &[u8]) -> Result<Contact, Error> {
    record::decode(bytes).map_err(|_| Error::Damaged("contact"))
}

/// Every number under which tickets may name a contact.
pub(crate) fn numbers_of(number: u64, contact: &Contact) -> Vec<u64> {
    std::iter::once(number).chain(contact.absorbed.iter().copied()).collect()
}

/// Puts together what is shown of a contact.
pub(crate) fn stored(snapshot: &Snapshot, number: u64, record: Contact) -> Result<StoredContact, Error> {
    let version = snapshot.peek_version(&keys::contact(number))?.map_or(0, |(version, _)| version);
    let company = company_of(snapshot, &record)?;
    Ok(StoredContact { id: ContactId(number), version, company, record })
}

/// The company that a contact belongs to. One that was deleted is none: then the domains tell.
pub(crate) fn company_of(snapshot: &Snapshot, contact: &Contact) -> Result<Option<CompanyId>, Error> {
    match contact.belongs {
        Some(Belongs::ToNone) => return Ok(None),
        Some(Belongs::To(company)) => {
            if let Some((id, _)) = companies::resolve(snapshot, company)? {
                return Ok(Some(id));
            }
        }
        None => {}
    }
    for address in contact.addresses() {
        let owner = snapshot.peek(&keys::company_domain(address.domain().as_str()))?;
        if let Some(bytes) = owner {
            let ([company], _) = numbers::<1>(&bytes)?;
            return Ok(Some(CompanyId(company)));
        }
    }
    Ok(None)
}
