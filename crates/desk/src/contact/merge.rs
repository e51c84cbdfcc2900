//! Two contacts become one: all addresses and tickets of the one are the other's from now on.
//!
//! Tickets are not rewritten. The number that goes leads to the one that stays, which remembers it, and lists look
//! under all of them. So a merger costs the same however much somebody has written.

use guichet_accounts::{Actor, By, Deed};
use guichet_store::{Batch, CommitError, Snapshot, Template, record};

use super::add::{ATTEMPTS_MAX, busy};
use super::addresses::AddressRow;
use super::change::{ADDRESSES_MAX, NOTE_CHARS_MAX, check_version};
use super::read::known;
use super::stored::{at_checked, numbers_of, resolve_checked};
use super::{Belongs, Contact, StoredContact, domains};
use crate::keys::{self, Number};
use crate::{ContactId, Desk, Error};

/// How many numbers one contact answers to besides its own: each is a list that is looked through for its tickets.
const ABSORBED_MAX: usize = 100;

/// What a merger writes.
struct Merger {
    into: (u64, Contact),
    from: (u64, Contact),
    /// What stands under the numbers that went before with the one that goes.
    before: Vec<(u64, Contact)>,
    /// The rows of the addresses of the one that goes.
    addresses: Vec<AddressRow>,
}

impl Desk {
    /// Merges a contact into another; the actor knows both. `expected` is the version of the one that goes, as the
    /// actor read it.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence, where they are one already or would be too much.
    pub async fn merge_contacts(
        &self,
        actor: &Actor,
        (from, into): (ContactId, ContactId),
        expected: Option<u64>,
        by: &By,
    ) -> Result<StoredContact, Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let merger = plan(&mut snapshot, actor, (from, into), expected)?;
            let mut batch = snapshot.batch();
            let (stays, goes) = (merger.into.0, merger.from.0);
            merger.write(&mut batch);
            let subject = format!("contact {goes} into {stays}");
            self.accounts.audit_row(&mut batch, by, Deed::ContactsMerged, subject);
            match self.store.commit(vec![batch]).await {
                Ok(_) => return self.contact(actor, ContactId(stays)),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy())
    }
}

fn plan(
    snapshot: &mut Snapshot,
    actor: &Actor,
    (from, into): (ContactId, ContactId),
    expected: Option<u64>,
) -> Result<Merger, Error> {
    let found = resolve_checked(snapshot, from.0)?;
    let from = known(snapshot, actor, found)?;
    check_version(snapshot, from.0, expected)?;
    let found = resolve_checked(snapshot, into.0)?;
    let into = match known(snapshot, actor, found) {
        Err(Error::NotFound(_)) => return Err(Error::Invalid(format!("there is no contact {}", into.0))),
        known => known?,
    };
    if from.0 == into.0 {
        return Err(Error::Invalid("the two are one contact already".to_owned()));
    }
    let mut before = Vec::with_capacity(from.1.absorbed.len());
    for number in &from.1.absorbed {
        before.extend(at_checked(snapshot, *number)?.map(|contact| (*number, contact)));
    }
    let one = united(&into.1, &from)?;
    let mut addresses = AddressRow::read_each(snapshot, from.1.addresses())?;
    for row in &mut addresses {
        row.hand_over(from.0, Number::Known(into.0));
    }
    Ok(Merger { into: (into.0, one), from, before, addresses })
}

/// What the contact that stays becomes.
fn united(into: &Contact, (number, from): &(u64, Contact)) -> Result<Contact, Error> {
    let mut one = into.clone();
    one.further.extend(from.addresses().filter(|address| !into.has(address)).cloned());
    one.absorbed.extend(numbers_of(*number, from));
    one.teams.extend(&from.teams);
    one.belongs = one.belongs.or(from.belongs);
    one.created = one.created.min(from.created);
    if one.name.is_none() {
        (one.name, one.named_by) = (from.name.clone(), from.named_by);
    }
    let notes = [one.note.as_str(), from.note.as_str()];
    one.note = notes.into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join("\n");
    if one.addresses().count() > ADDRESSES_MAX || one.absorbed.len() > ABSORBED_MAX {
        return Err(Error::Invalid(format!(
            "the contact would have more than {ADDRESSES_MAX} addresses, or be more than {ABSORBED_MAX} in one"
        )));
    }
    if one.note.chars().count() > NOTE_CHARS_MAX {
        return Err(Error::Invalid(format!(
            "the two notes together have more than {NOTE_CHARS_MAX} characters: shorten one first"
        )));
    }
    Ok(one)
}

impl Merger {
    fn write(&self, batch: &mut Batch) {
        let (stays, one) = &self.into;
        let (goes, from) = &self.from;
        for row in &self.addresses {
            row.write(batch);
        }
        for address in from.addresses() {
            domains::leave(batch, *goes, address);
            domains::enter(batch, Number::Known(*stays), address);
        }
        if let Some(Belongs::To(company)) = from.belongs {
            batch.delete(keys::company_contacts(company.0).number(*goes));
        }
        if let Some(Belongs::To(company)) = one.belongs {
            batch.put(keys::company_contacts(company.0).number(*stays), Template::new());
        }
        for (number, contact) in self.before.iter().chain([&self.from]) {
            let left = Contact { absorbed: Vec::new(), merged_into: Some(*stays), ..contact.clone() };
            batch.put(keys::contact(*number), record::encode(&left));
        }
        batch.put(keys::contact(*stays), record::encode(one));
    }
}
