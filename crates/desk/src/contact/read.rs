//! Reading contacts: all, one, and which of them an actor knows.

use guichet_accounts::{Actor, Sight};
use guichet_store::{Direction, Key, Snapshot};

use super::stored::{decoded, resolve_checked, stored};
use super::{Contact, ContactId, StoredContact, numbers_of, resolve};
use crate::facet::Facet;
use crate::keys::{self, Number};
use crate::page::Page;
use crate::read::{numbered_page, seen_ticket};
use crate::{Desk, Error, numbers};

/// How many tickets of a contact are looked at, the newest first, to tell whether an agent knows them.
const TICKETS_READ_MAX: usize = 2_000;
/// The same for each contact of a list.
const TICKETS_LISTED_MAX: usize = 50;

/// Which contacts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactSearch {
    /// With a name of which a word begins with this, in whatever case. Not indexed: each page looks through 2,000 contacts.
    pub name: Option<String>,
}

impl ContactSearch {
    fn admits(&self, contact: &Contact) -> bool {
        let Some(wanted) = &self.name else { return true };
        let wanted = wanted.to_lowercase();
        let name = contact.name.as_deref().unwrap_or_default().to_lowercase();
        let words = name
            .char_indices()
            .filter(|(at, _)| name.get(..*at).is_some_and(|before| !before.ends_with(char::is_alphanumeric)));
        words.filter_map(|(at, _)| name.get(at..)).any(|rest| rest.starts_with(&wanted))
    }
}

impl Desk {
    /// A page of the contacts that the actor knows, oldest first.
    pub fn contacts(
        &self,
        actor: &Actor,
        search: &ContactSearch,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredContact>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        numbered_page(&snapshot, &Key::new(keys::CONTACTS), cursor, limit, |number, value| {
            let contact = decoded(value)?;
            let is_shown = contact.merged_into.is_none()
                && search.admits(&contact)
                && is_listed(&snapshot, actor, number, &contact)?;
            if is_shown { stored(&snapshot, number, contact).map(Some) } else { Ok(None) }
        })
    }

    /// One contact that the actor knows, by whichever of its numbers.
    pub fn contact(&self, actor: &Actor, id: ContactId) -> Result<StoredContact, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let (number, contact) = known(&snapshot, actor, resolve(&snapshot, id.0)?)?;
        stored(&snapshot, number, contact)
    }
}

/// What was read of a contact, if the actor knows it.
pub(super) fn known(
    snapshot: &Snapshot,
    actor: &Actor,
    found: Option<(u64, Contact)>,
) -> Result<(u64, Contact), Error> {
    match found {
        Some((number, contact)) if is_known(snapshot, actor, number, &contact)? => Ok((number, contact)),
        _ => Err(Error::NotFound("contact")),
    }
}

/// An admin knows every contact, an agent those whose tickets they see and those that their teams made (promise 7).
pub(crate) fn is_known(
    snapshot: &Snapshot,
    actor: &Actor,
    number: u64,
    contact: &Contact,
) -> Result<bool, Error> {
    is_known_by(snapshot, actor, (number, contact), TICKETS_READ_MAX)
}

/// The same for a list of contacts, which asks of many: one whose tickets of late are all other teams' is left out.
pub(crate) fn is_listed(
    snapshot: &Snapshot,
    actor: &Actor,
    number: u64,
    contact: &Contact,
) -> Result<bool, Error> {
    is_known_by(snapshot, actor, (number, contact), TICKETS_LISTED_MAX)
}

fn is_known_by(
    snapshot: &Snapshot,
    actor: &Actor,
    (number, contact): (u64, &Contact),
    tickets_max: usize,
) -> Result<bool, Error> {
    if actor.sight == Sight::All || contact.teams.iter().any(|team| actor.sight.sees(Some(*team))) {
        return Ok(true);
    }
    for number in numbers_of(number, contact) {
        let tickets = Facet::Requester(Number::Known(number)).prefix();
        for row in snapshot.scan(&tickets, Direction::Backward, None)?.take(tickets_max) {
            let ([ticket], _) = numbers::<1>(&row?.1)?;
            if seen_ticket(snapshot, actor, ticket).is_ok() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The number under which a ticket names a contact that the actor knows, as a check of the batch; 0 is nobody.
pub(crate) fn requester(
    snapshot: &mut Snapshot,
    actor: &Actor,
    wanted: Option<ContactId>,
) -> Result<u64, Error> {
    let Some(id) = wanted else { return Ok(0) };
    let found = resolve_checked(snapshot, id.0)?;
    match known(snapshot, actor, found) {
        Err(Error::NotFound(_)) => Err(Error::Invalid(format!("there is no contact {}", id.0))),
        known => known.map(|(number, _)| number),
    }
}
