//! People of an organisation: added, listed, changed, let in and kept out.

mod change;
pub(crate) mod names;

use guichet_mail::MailAddress;
use guichet_store::{Batch, OrganisationId};

use crate::organisations::check_name;
use crate::records::{Person, PersonStatus, Role};
use crate::stored::{self, change};
use crate::{Accounts, By, Deed, Error, PersonId, TeamId, Who, keys};

pub use change::PersonChange;

/// A person to be added.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Their name.
    pub name: String,
    /// Where they read mail.
    pub address: MailAddress,
    /// What they may do.
    pub role: Role,
    /// The teams that they belong to.
    pub teams: Vec<TeamId>,
}

/// A person to be written.
pub(crate) struct Entry {
    pub(crate) person: Person,
    pub(crate) operator: Batch,
    pub(crate) space: Batch,
}

impl Accounts {
    /// Adds a person to an organisation who needs no invitation: they have no password yet, and may have tokens.
    pub async fn add_person(&self, organisation: OrganisationId, wanted: NewPerson) -> Result<Person, Error> {
        change(&self.store, || {
            let mut entry = self.new_person(organisation, &wanted, PersonStatus::Active)?;
            self.record(&mut entry.space, Deed::PersonAdded, &entry.person.address);
            Ok((vec![entry.operator, entry.space], entry.person))
        })
        .await
    }

    /// A person and their log-in name, to be written.
    pub(crate) fn new_person(
        &self,
        organisation: OrganisationId,
        wanted: &NewPerson,
        status: PersonStatus,
    ) -> Result<Entry, Error> {
        let name = check_name(&wanted.name)?;
        self.organisation(organisation)?;
        self.check_role(organisation, wanted.role)?;
        let mut snapshot = self.store.of(organisation).snapshot()?;
        let mut operator = self.store.operator().snapshot()?;
        let named = stored::read_teams(&mut snapshot, &wanted.teams)?;
        names::check_free(&mut operator, &wanted.address, organisation)?;
        let number = stored::next_number(&mut snapshot)?;
        stored::check_room(&snapshot, "people", keys::PEOPLE)?;
        let person = Person {
            id: PersonId(number),
            name,
            address: wanted.address.clone(),
            role: wanted.role,
            teams: wanted.teams.clone(),
            status,
            created: self.by.map(|by| by.at),
            epoch: None,
        };
        let mut operator = operator.batch();
        names::put(&mut operator, &person.address, organisation, person.id);
        let mut space = snapshot.batch();
        stored::put_number(&mut space, number);
        stored::put_rows(&mut space, named);
        space.put(keys::person(person.id), stored::encode(&person));
        Ok(Entry { person, operator, space })
    }

    /// The server's operators are people of its own organisation, and made by operators.
    pub(crate) fn check_role(&self, organisation: OrganisationId, role: Role) -> Result<(), Error> {
        if role == Role::Operator && !self.is_house(organisation)? {
            let text = "operators are people of the operator's own organisation; take `admin` or `agent`";
            return Err(Error::Invalid(text.to_owned()));
        }
        self.check_above(role)
    }

    /// Whoever is no operator changes nothing of one: an admin of the house would soon be one otherwise.
    pub(crate) fn check_above(&self, role: Role) -> Result<(), Error> {
        let (Role::Operator, Some(By { who: Who::Person(id), organisation: Some(organisation), .. })) =
            (role, self.by)
        else {
            return Ok(());
        };
        match self.person(organisation, id)?.role {
            Role::Operator => Ok(()),
            Role::Admin | Role::Agent => {
                Err(Error::Invalid("only an operator makes or changes an operator; ask one".to_owned()))
            }
        }
    }

    /// The people of an organisation, oldest first.
    pub fn people(&self, organisation: OrganisationId) -> Result<Vec<Person>, Error> {
        stored::list(&self.store.of(organisation).snapshot()?, "person", keys::PEOPLE)
    }

    /// One person of an organisation.
    pub fn person(&self, organisation: OrganisationId, id: PersonId) -> Result<Person, Error> {
        let snapshot = self.store.of(organisation).snapshot()?;
        stored::get(&snapshot, "person", &keys::person(id))?.ok_or_else(|| Error::not_found("person", &id))
    }
}
