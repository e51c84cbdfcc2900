//! What people change of a contact.

use guichet_accounts::Actor;
use guichet_mail::MailAddress;
use guichet_store::{Batch, CommitError, Receipt, Snapshot, Template, record};

use super::add::{ATTEMPTS_MAX, busy};
use super::addresses::AddressRow;
use super::read::known;
use super::stored::resolve_checked;
use super::{Belongs, Contact, StoredContact, domains};
use crate::companies;
use crate::keys::{self, Number};
use crate::{ContactId, Desk, Error};

/// How many addresses one person writes from.
pub(super) const ADDRESSES_MAX: usize = 50;
/// The longest name, in characters: what is taken of one in a mail.
const NAME_CHARS_MAX: usize = 200;
/// The longest note, in characters: a page.
pub(super) const NOTE_CHARS_MAX: usize = 4_000;

/// A change; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactChange {
    /// The name; `Some(None)` takes it away, so that the next mail gives one.
    pub name: Option<Option<String>>,
    /// All addresses that it shall have, the one that mail goes to first.
    pub addresses: Option<Vec<MailAddress>>,
    /// Whom it belongs to; `Some(None)`: as the domains tell.
    pub belongs: Option<Option<Belongs>>,
    /// The note.
    pub note: Option<String>,
    /// Whether what they begin is unwanted.
    pub spam: Option<bool>,
}

impl Desk {
    /// Changes a contact that the actor knows. With `expected`, the version that the actor read, it fails with
    /// [`Error::Changed`] if it was changed since.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence, as for an address of another contact that the actor knows.
    pub async fn change_contact(
        &self,
        actor: &Actor,
        id: ContactId,
        change: &ContactChange,
        expected: Option<u64>,
    ) -> Result<StoredContact, Error> {
        let name = change.name.as_ref().and_then(Option::as_deref);
        check_name(name)?;
        check_note(change.note.as_deref().unwrap_or_default())?;
        if let Some(addresses) = &change.addresses {
            self.check_foreign(actor, addresses)?;
            check_addresses(addresses)?;
        }
        let (_, number) = self
            .edit_contacts(actor, |snapshot, actor| {
                let found = resolve_checked(snapshot, id.0)?;
                let (number, before) = known(snapshot, actor, found)?;
                check_version(snapshot, number, expected)?;
                check_company(snapshot, change.belongs.flatten())?;
                let after = changed(snapshot, actor, number, (&before, change))?;
                Ok((Rows::read(snapshot, number, (before, after))?, number))
            })
            .await?;
        self.contact(actor, ContactId(number))
    }

    /// Commits what `plan` makes of contacts, anew whenever somebody else was quicker.
    pub(super) async fn edit_contacts<T>(
        &self,
        actor: &Actor,
        plan: impl Fn(&mut Snapshot, &Actor) -> Result<(Rows, T), Error>,
    ) -> Result<(Receipt, T), Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let (rows, planned) = plan(&mut snapshot, actor)?;
            let mut batch = snapshot.batch();
            rows.write(&mut batch);
            match self.store.commit(vec![batch]).await {
                Ok(receipts) => {
                    let receipt = receipts.into_iter().next();
                    return Ok((receipt.ok_or_else(busy)?, planned));
                }
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy())
    }
}

/// One contact before and after a change.
pub(super) struct Rows {
    number: u64,
    before: Contact,
    after: Contact,
    /// Those of the addresses that go or come.
    addresses: Vec<AddressRow>,
}

impl Rows {
    /// Reads the rows that change, as checks.
    pub(super) fn read(
        snapshot: &mut Snapshot,
        number: u64,
        (before, after): (Contact, Contact),
    ) -> Result<Self, Error> {
        let gone = before.addresses().filter(|address| !after.has(address));
        let mut addresses = AddressRow::read_each(snapshot, gone)?;
        for row in &mut addresses {
            row.remove(number);
        }
        let come = after.addresses().filter(|address| !before.has(address));
        for mut row in AddressRow::read_each(snapshot, come)? {
            row.add(Number::Known(number));
            addresses.push(row);
        }
        Ok(Self { number, before, after, addresses })
    }

    /// The record, and the rows by which it is found.
    pub(super) fn write(&self, batch: &mut Batch) {
        let Self { number, before, after, addresses } = self;
        for row in addresses {
            row.write(batch);
        }
        for gone in before.addresses().filter(|address| !after.has(address)) {
            domains::leave(batch, *number, gone);
        }
        for address in after.addresses() {
            domains::enter(batch, Number::Known(*number), address);
        }
        if before.belongs != after.belongs {
            if let Some(Belongs::To(company)) = before.belongs {
                batch.delete(keys::company_contacts(company.0).number(*number));
            }
            if let Some(Belongs::To(company)) = after.belongs {
                batch.put(keys::company_contacts(company.0).number(*number), Template::new());
            }
        }
        batch.put(keys::contact(*number), record::encode(after));
    }
}

fn changed(
    snapshot: &mut Snapshot,
    actor: &Actor,
    number: u64,
    (before, change): (&Contact, &ContactChange),
) -> Result<Contact, Error> {
    let mut after = before.clone();
    if let Some(name) = &change.name {
        after.named_by = name.is_some().then_some(actor.who);
        after.name.clone_from(name);
    }
    if let Some(addresses) = &change.addresses {
        for address in addresses.iter().filter(|address| !before.has(address)) {
            let owner = AddressRow::read(snapshot, address)?.known_to(snapshot, actor)?;
            if owner.is_some_and(|(owner, _)| owner != number) {
                let rule = format!("{address} can't be added, it is another contact's: merge the two");
                return Err(Error::Invalid(rule));
            }
        }
        (after.address, after.further) = check_addresses(addresses)?;
    }
    after.belongs = change.belongs.unwrap_or(after.belongs);
    after.spam = change.spam.unwrap_or(after.spam);
    if let Some(note) = &change.note {
        after.note.clone_from(note);
    }
    Ok(after)
}

/// That the contact is still what the actor read.
pub(super) fn check_version(snapshot: &Snapshot, number: u64, expected: Option<u64>) -> Result<(), Error> {
    let Some(expected) = expected else { return Ok(()) };
    let version = stored_version(snapshot, number)?;
    if version == Some(expected) { Ok(()) } else { Err(Error::Changed("contact")) }
}

fn stored_version(snapshot: &Snapshot, number: u64) -> Result<Option<u64>, Error> {
    Ok(snapshot.peek_version(&keys::contact(number))?.map(|(version, _)| version))
}

/// That the company is there.
pub(super) fn check_company(snapshot: &mut Snapshot, belongs: Option<Belongs>) -> Result<(), Error> {
    if let Some(Belongs::To(company)) = belongs
        && companies::resolve(snapshot, company)?.is_none()
    {
        return Err(Error::Invalid(format!("there is no company {}", company.0)));
    }
    Ok(())
}

/// The first address and the others, each once.
pub(super) fn check_addresses(addresses: &[MailAddress]) -> Result<(MailAddress, Vec<MailAddress>), Error> {
    let mut each: Vec<MailAddress> = Vec::with_capacity(addresses.len().min(ADDRESSES_MAX));
    for address in addresses {
        if !each.iter().any(|one| one.normalised() == address.normalised()) {
            each.push(address.clone());
        }
    }
    check_count(each.len())?;
    let mut each = each.into_iter();
    let first = each.next().ok_or_else(|| Error::Invalid("a contact needs an address".to_owned()))?;
    Ok((first, each.collect()))
}

pub(super) fn check_count(addresses: usize) -> Result<(), Error> {
    if addresses > ADDRESSES_MAX {
        return Err(Error::Invalid(format!("a contact has at most {ADDRESSES_MAX} addresses")));
    }
    Ok(())
}

pub(super) fn check_name(name: Option<&str>) -> Result<(), Error> {
    let Some(name) = name else { return Ok(()) };
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    if fits && !name.chars().any(char::is_control) && name.trim() == name {
        return Ok(());
    }
    let rule =
        format!("a name has 1 to {NAME_CHARS_MAX} characters, no control characters, no space at its ends");
    Err(Error::Invalid(rule))
}

pub(super) fn check_note(note: &str) -> Result<(), Error> {
    let is_text = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\t');
    if note.chars().count() <= NOTE_CHARS_MAX && note.chars().all(is_text) {
        return Ok(());
    }
    let rule = format!(
        "a note has at most {NOTE_CHARS_MAX} characters, and of control characters only ends of lines and tabs"
    );
    Err(Error::Invalid(rule))
}
