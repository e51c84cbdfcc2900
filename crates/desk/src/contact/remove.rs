//! A contact without tickets is deleted.
//!
//! A mail of theirs may come meanwhile. So the contact first loses its addresses and stands as being deleted, which
//! makes a newcomer of every later mail and a conflict of one that was planned before; only then is it looked whether
//! any ticket names it, and what was taken is given back where one does.

use guichet_accounts::{Actor, By, Deed};
use guichet_store::{Batch, CommitError, Direction, Snapshot, record};

use super::add::{ATTEMPTS_MAX, busy};
use super::addresses::AddressRow;
use super::change::check_version;
use super::read::known;
use super::stored::{at_checked, numbers_of, resolve_checked};
use super::{Belongs, Contact, domains};
use crate::facet::Facet;
use crate::keys::{self, Number};
use crate::{ContactId, Desk, Error};

/// What stands in `merged_into` of a contact that is being deleted: no contact has this number.
const NOBODY: u64 = 0;

impl Desk {
    /// Deletes a contact that the actor knows and no ticket names.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there are tickets: merge it into another contact instead.
    pub async fn delete_contact(
        &self,
        actor: &Actor,
        id: ContactId,
        expected: Option<u64>,
        by: &By,
    ) -> Result<(), Error> {
        let going = self.step(actor, |snapshot| {
            let found = resolve_checked(snapshot, id.0)?;
            let (number, contact) = known(snapshot, actor, found)?;
            check_version(snapshot, number, expected)?;
            check_without_tickets(snapshot, number, &contact)?;
            let mut rows = AddressRow::read_each(snapshot, contact.addresses())?;
            for row in &mut rows {
                row.remove(number);
            }
            Ok((Step::Go(rows), number, contact))
        });
        let (number, contact) = going.await?;
        let ending = self.step(actor, |snapshot| {
            let Some(left) = at_checked(snapshot, number)? else {
                return Ok((Step::None, number, contact.clone()));
            };
            if left.merged_into != Some(NOBODY) {
                return Ok((Step::None, number, contact.clone()));
            }
            if check_without_tickets(snapshot, number, &contact).is_ok() {
                return Ok((Step::End(Box::new(*by)), number, contact.clone()));
            }
            let mut rows = AddressRow::read_each(snapshot, contact.addresses())?;
            for row in &mut rows {
                row.add(Number::Known(number));
            }
            Ok((Step::Back(rows), number, contact.clone()))
        });
        let (number, contact) = ending.await?;
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        check_without_tickets(&snapshot, number, &contact)
    }

    async fn step(
        &self,
        actor: &Actor,
        plan: impl Fn(&mut Snapshot) -> Result<(Step, u64, Contact), Error>,
    ) -> Result<(u64, Contact), Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let (step, number, contact) = plan(&mut snapshot)?;
            let mut batch = snapshot.batch();
            step.write(self, &mut batch, number, &contact);
            match self.store.commit(vec![batch]).await {
                Ok(_) => return Ok((number, contact)),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy())
    }
}

/// What is done next.
enum Step {
    None,
    /// It loses its addresses.
    Go(Vec<AddressRow>),
    /// Nothing is left of it.
    End(Box<By>),
    /// It has its addresses again, beside whoever got one of them meanwhile.
    Back(Vec<AddressRow>),
}

impl Step {
    fn write(&self, desk: &Desk, batch: &mut Batch, number: u64, contact: &Contact) {
        match self {
            Step::None => {}
            Step::Go(rows) => {
                for row in rows {
                    row.write(batch);
                }
                contact.addresses().for_each(|address| domains::leave(batch, number, address));
                let going = Contact { merged_into: Some(NOBODY), ..contact.clone() };
                batch.put(keys::contact(number), record::encode(&going));
            }
            Step::End(by) => {
                if let Some(Belongs::To(company)) = contact.belongs {
                    batch.delete(keys::company_contacts(company.0).number(number));
                }
                for number in numbers_of(number, contact) {
                    batch.delete(keys::contact(number));
                }
                desk.accounts.audit_row(batch, by, Deed::ContactDeleted, format!("contact {number}"));
            }
            Step::Back(rows) => {
                for row in rows {
                    row.write(batch);
                }
                let known = Number::Known(number);
                contact.addresses().for_each(|address| domains::enter(batch, known, address));
                batch.put(keys::contact(number), record::encode(contact));
            }
        }
    }
}

fn check_without_tickets(snapshot: &Snapshot, number: u64, contact: &Contact) -> Result<(), Error> {
    for number in numbers_of(number, contact) {
        let tickets = Facet::Requester(Number::Known(number)).prefix();
        if snapshot.scan(&tickets, Direction::Backward, None)?.next().transpose()?.is_some() {
            let rule = "the contact has tickets, so it can't be deleted; merge it into another";
            return Err(Error::Invalid(rule.to_owned()));
        }
    }
    Ok(())
}
