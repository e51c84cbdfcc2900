//! A contact that people make.

use std::collections::BTreeSet;

use guichet_accounts::{Actor, Sight, TeamId};
use guichet_mail::MailAddress;
use guichet_store::{CommitError, Snapshot};
use jiff::Timestamp;

use super::addresses::AddressRow;
use super::change::{check_addresses, check_company, check_name, check_note};
use super::{Belongs, Contact, StoredContact, add_contact};
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
    /// Makes a contact. Where only other teams know somebody with such an address, it is another contact: the actor learns
    /// nothing of theirs, which keeps the mail that comes from the address.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence, as for an address of a contact that the actor knows.
    pub async fn create_contact(
        &self,
        actor: &Actor,
        new: &NewContact,
        now: Timestamp,
    ) -> Result<StoredContact, Error> {
        check_team(actor)?;
        check_name(new.name.as_deref())?;
        check_note(&new.note)?;
        self.check_foreign(actor, &new.addresses)?;
        let (first, further) = check_addresses(&new.addresses)?;
        let contact = Contact {
            further,
            belongs: new.belongs,
            note: new.note.clone(),
            name: new.name.clone(),
            named_by: new.name.is_some().then_some(actor.who),
            teams: teams_of(actor),
            ..Contact::heard_of(first, now)
        };
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            check_company(&mut snapshot, new.belongs)?;
            let rows = strangers(&mut snapshot, actor, &contact)?;
            let mut batch = snapshot.batch();
            let number = add_contact(&mut batch, &contact, rows);
            match self.store.commit(vec![batch]).await {
                Ok(receipts) => {
                    let number = receipts.first().map_or(0, |receipt| number.of(receipt));
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

/// Who is in no team would not know the contact themselves.
fn check_team(actor: &Actor) -> Result<(), Error> {
    if actor.sight == Sight::Teams(Vec::new()) {
        let rule = "you are in no team, so you would not see the contact: ask an admin to put you into one";
        return Err(Error::Invalid(rule.to_owned()));
    }
    Ok(())
}

/// The rows of a newcomer's addresses; an error where one is a contact's whom the actor knows.
fn strangers(snapshot: &mut Snapshot, actor: &Actor, new: &Contact) -> Result<Vec<AddressRow>, Error> {
    let rows = AddressRow::read_each(snapshot, new.addresses())?;
    for (row, address) in rows.iter().zip(new.addresses()) {
        if let Some((number, _)) = row.known_to(snapshot, actor)? {
            let rule = format!("{address} is an address of contact {number} already: change that one");
            return Err(Error::Invalid(rule));
        }
    }
    Ok(rows)
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
