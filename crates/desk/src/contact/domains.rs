//! Contacts by the domains of their addresses: how a company finds its people.
//!
//! Domains that no company can have, since anybody gets an address there, have no rows. The contacts of before there
//! were companies get theirs when the first domain is given to a company.

use guichet_mail::MailAddress;
use guichet_store::{Batch, CommitError, Direction, Key, OrganisationId, Template};

use super::stored::decoded;
use crate::companies::is_free_mail;
use crate::keys::{self, Number};
use crate::stored::last_number;
use crate::{Desk, Error};

/// How many contacts get their rows in one commit.
const CONTACTS_PER_COMMIT: usize = 500;

/// Puts a contact among those of an address's domain.
pub(super) fn enter(batch: &mut Batch, contact: Number, address: &MailAddress) {
    if !is_free_mail(address.domain()) {
        let domain = keys::domain_contacts(address.domain().as_str());
        batch.put(contact.write(Template::from(domain)), Vec::new());
    }
}

/// Takes it out again.
pub(super) fn leave(batch: &mut Batch, contact: u64, address: &MailAddress) {
    batch.delete(keys::domain_contacts(address.domain().as_str()).number(contact));
}

impl Desk {
    /// Sees to it that every contact stands among those of its domains. Whatever is written meanwhile sees to itself,
    /// and who reads the rows looks at the contact, so one too many does no harm.
    pub(crate) async fn ensure_domains_of_contacts(&self, organisation: OrganisationId) -> Result<(), Error> {
        let mut after: Option<u64> = None;
        loop {
            let snapshot = self.store.of(organisation).snapshot()?;
            if snapshot.peek(&keys::contacts_have_domains())?.is_some() {
                return Ok(());
            }
            let cursor = after.map(keys::contact);
            let contacts = Key::new(keys::CONTACTS);
            let rows = snapshot.scan(&contacts, Direction::Forward, cursor.as_ref().map(Key::as_bytes))?;
            let mut batch = self.store.of(organisation).batch();
            let mut read = 0;
            for row in rows.take(CONTACTS_PER_COMMIT) {
                let (key, value) = row?;
                let (number, contact) = (last_number(&key)?, decoded(&value)?);
                for address in contact.addresses().filter(|_| contact.merged_into.is_none()) {
                    enter(&mut batch, Number::Known(number), address);
                }
                (after, read) = (Some(number), read + 1);
            }
            if read < CONTACTS_PER_COMMIT {
                batch.put(keys::contacts_have_domains(), Vec::new());
            }
            match self.store.commit(vec![batch]).await {
                Ok(_) | Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
