//! Contacts in the place of addresses, and the company of a new ticket. A writing that names contacts goes to where they
//! read mail, beside whom it is to anyway.

use guichet_accounts::Actor;
use guichet_mail::compose::Mailbox;

use super::check::invalid;
use super::{Target, Writing};
use crate::{CompanyId, Desk, Error};

/// How many contacts one mail names: no more than it has recipients.
const CONTACTS_MAX: usize = 100;

impl Desk {
    /// The addresses of the contacts that a writing names, each of whom the actor knows.
    pub(super) fn named_contacts(&self, actor: &Actor, writing: &Writing) -> Result<Vec<Mailbox>, Error> {
        if writing.contacts.len() > CONTACTS_MAX {
            return invalid(format!("a mail goes to at most {CONTACTS_MAX} contacts"));
        }
        let contacts = writing.contacts.iter().map(|id| {
            let contact = self.contact(actor, *id)?.record;
            Ok(Mailbox { name: contact.name, address: contact.address })
        });
        contacts.collect()
    }

    /// The company that a new ticket is linked to, under the number that stays.
    pub(super) fn named_company(&self, actor: &Actor, writing: &Writing) -> Result<Option<CompanyId>, Error> {
        let Some(company) = writing.company else { return Ok(None) };
        if !matches!(writing.target, Target::New { .. }) {
            return invalid("a ticket is linked to a company when it begins; later change the ticket");
        }
        Ok(Some(self.company(actor, company)?.id))
    }
}
