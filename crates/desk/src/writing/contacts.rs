//! Contacts in the place of addresses: a writing that names them goes to where they read mail.

use guichet_accounts::Actor;
use guichet_mail::compose::Mailbox;

use super::check::invalid;
use super::{Target, Writing};
use crate::{Desk, Error};

/// How many contacts one mail names: no more than it has recipients.
const CONTACTS_MAX: usize = 100;

impl Desk {
    /// The same with the addresses of its contacts, each of whom the actor knows, in `to`.
    pub(super) fn with_contacts(&self, actor: &Actor, mut writing: Writing) -> Result<Writing, Error> {
        if writing.contacts.len() > CONTACTS_MAX {
            return invalid(format!("a mail goes to at most {CONTACTS_MAX} contacts"));
        }
        if let Some(company) = writing.company {
            if !matches!(writing.target, Target::New { .. }) {
                return invalid("a ticket is linked to a company when it begins; later change the ticket");
            }
            // Under the number that stays.
            writing.company = Some(self.company(actor, company)?.id);
        }
        let mut named = Vec::with_capacity(writing.contacts.len());
        for id in &writing.contacts {
            let contact = self.contact(actor, *id)?.record;
            named.push(Mailbox { name: contact.name, address: contact.address });
        }
        if !named.is_empty() {
            writing.to.get_or_insert_default().extend(named);
        }
        Ok(writing)
    }
}
