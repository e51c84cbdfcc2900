//! An address leaves its contact and is somebody else's: their former self, where it came by a merger, else somebody new.

use std::collections::BTreeSet;

use guichet_accounts::{Actor, TeamId};
use guichet_mail::MailAddress;
use guichet_store::{Batch, CommitError, Snapshot, record};
use jiff::Timestamp;

use super::add::{ATTEMPTS_MAX, busy, teams_of};
use super::addresses::AddressRow;
use super::change::{Rows, check_version};
use super::read::known;
use super::stored::{at_checked, resolve_checked};
use super::{Contact, StoredContact, add_contact, domains};
use crate::keys::{self, Number};
use crate::{ContactId, Desk, Error};

impl Desk {
    /// Splits an address off a contact that the actor knows. Who was merged with that address is there again, with the
    /// tickets of before; what came since stays where it is.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence, as for the only address of a contact.
    pub async fn split_contact(
        &self,
        actor: &Actor,
        id: ContactId,
        address: &MailAddress,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<StoredContact, Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let found = resolve_checked(&mut snapshot, id.0)?;
            let (number, before) = known(&snapshot, actor, found)?;
            check_version(&snapshot, number, expected)?;
            let mut after = without(&before, address)?;
            let former = former(&mut snapshot, &mut after, address)?;
            let mut row = AddressRow::read(&mut snapshot, address)?;
            let rows = Rows::read(&mut snapshot, number, (before.clone(), after))?;
            let mut batch = snapshot.batch();
            rows.write(&mut batch);
            // Who splits an address off knows whose it is from now on.
            let teams = before.teams.union(&teams_of(actor)).copied().collect();
            let split = become_somebody(&mut batch, (teams, address), former, now);
            row.hand_over(number, split);
            row.write(&mut batch);
            match self.store.commit(vec![batch]).await {
                Ok(receipts) => {
                    let number = receipts.first().map_or(0, |receipt| split.of(receipt));
                    return self.contact(actor, ContactId(number));
                }
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy())
    }
}

fn without(contact: &Contact, address: &MailAddress) -> Result<Contact, Error> {
    if !contact.has(address) {
        return Err(Error::Invalid(format!("{address} is no address of this contact")));
    }
    let gone = address.normalised();
    let mut left = contact.addresses().filter(|one| one.normalised() != gone).cloned();
    let Some(first) = left.next() else {
        return Err(Error::Invalid(format!("{address} is the contact's only address")));
    };
    Ok(Contact { address: first, further: left.collect(), ..contact.clone() })
}

/// Who had this address before a merger: taken out of those that the contact absorbed.
fn former(
    snapshot: &mut Snapshot,
    after: &mut Contact,
    address: &MailAddress,
) -> Result<Option<(u64, Contact)>, Error> {
    for number in after.absorbed.clone() {
        let found = at_checked(snapshot, number)?.filter(|contact| contact.has(address));
        if let Some(contact) = found {
            after.absorbed.retain(|one| *one != number);
            return Ok(Some((number, contact)));
        }
    }
    Ok(None)
}

/// Writes who has the address from now on, but for the address's row.
fn become_somebody(
    batch: &mut Batch,
    (teams, address): (BTreeSet<TeamId>, &MailAddress),
    former: Option<(u64, Contact)>,
    now: Timestamp,
) -> Number {
    let alone = |contact: Contact| Contact {
        address: address.clone(),
        further: Vec::new(),
        belongs: None,
        teams: teams.clone(),
        absorbed: Vec::new(),
        merged_into: None,
        ..contact
    };
    match former {
        Some((number, contact)) => {
            domains::enter(batch, Number::Known(number), address);
            batch.put(keys::contact(number), record::encode(&alone(contact)));
            Number::Known(number)
        }
        None => add_contact(batch, &alone(Contact::heard_of(address.clone(), now)), Vec::new()),
    }
}
