//! People and teams of an organisation.

use guichet_mail::MailAddress;
use guichet_store::OrganisationId;

use crate::organisations::check_name;
use crate::records::{Person, Role, Team};
use crate::stored::{self, change};
use crate::{Accounts, Error, PersonId, TeamId, keys};

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

impl Accounts {
    /// Adds a person to an organisation.
    pub async fn add_person(&self, organisation: OrganisationId, wanted: NewPerson) -> Result<Person, Error> {
        let name = check_name(&wanted.name)?;
        self.organisation(organisation)?;
        for team in &wanted.teams {
            self.team(organisation, *team)?;
        }
        change(&self.store, || {
            let mut snapshot = self.store.of(organisation).snapshot()?;
            let number = stored::next_number(&mut snapshot)?;
            let person = Person {
                id: PersonId(number),
                name: name.clone(),
                address: wanted.address.clone(),
                role: wanted.role,
                teams: wanted.teams.clone(),
            };
            let mut batch = snapshot.batch();
            stored::put_number(&mut batch, number);
            batch.put(keys::person(person.id), stored::encode(&person));
            Ok((vec![batch], person))
        })
        .await
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

    /// Makes a team.
    pub async fn create_team(&self, organisation: OrganisationId, name: &str) -> Result<Team, Error> {
        let name = check_name(name)?;
        self.organisation(organisation)?;
        change(&self.store, || {
            let mut snapshot = self.store.of(organisation).snapshot()?;
            let number = stored::next_number(&mut snapshot)?;
            let team = Team { id: TeamId(number), name: name.clone() };
            let mut batch = snapshot.batch();
            stored::put_number(&mut batch, number);
            batch.put(keys::team(team.id), stored::encode(&team));
            Ok((vec![batch], team))
        })
        .await
    }

    /// The teams of an organisation, oldest first.
    pub fn teams(&self, organisation: OrganisationId) -> Result<Vec<Team>, Error> {
        stored::list(&self.store.of(organisation).snapshot()?, "team", keys::TEAMS)
    }

    /// One team of an organisation.
    pub fn team(&self, organisation: OrganisationId, id: TeamId) -> Result<Team, Error> {
        let snapshot = self.store.of(organisation).snapshot()?;
        stored::get(&snapshot, "team", &keys::team(id))?.ok_or_else(|| Error::not_found("team", &id))
    }
}
