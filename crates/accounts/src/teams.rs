//! Teams of an organisation.
//!
//! *Must hold*: no channel and no person names a team that is gone; a name that is given is given once.

use guichet_store::{OrganisationId, Snapshot};

use crate::organisations::check_name;
use crate::records::Team;
use crate::stored::{self, change};
use crate::{Accounts, Deed, Error, TeamId, keys};

/// How many of those who name a team are told.
const NAMED_MAX: usize = 5;

impl Accounts {
    /// Makes a team.
    pub async fn create_team(&self, organisation: OrganisationId, name: &str) -> Result<Team, Error> {
        let name = check_name(name)?;
        self.organisation(organisation)?;
        change(&self.store, || {
            let mut snapshot = self.store.of(organisation).snapshot()?;
            let number = stored::next_number(&mut snapshot)?;
            stored::check_room(&snapshot, "teams", keys::TEAMS)?;
            let team = Team { id: TeamId(number), name: name.clone() };
            check_free(&snapshot, &team)?;
            let mut batch = snapshot.batch();
            stored::put_number(&mut batch, number);
            batch.put(keys::team(team.id), stored::encode(&team));
            self.record(&mut batch, Deed::TeamCreated, &team.name);
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

    /// Gives a team another name.
    pub async fn rename_team(
        &self,
        organisation: OrganisationId,
        id: TeamId,
        name: &str,
    ) -> Result<Team, Error> {
        let name = check_name(name)?;
        change(&self.store, || {
            let mut snapshot = self.store.of(organisation).snapshot()?;
            let bytes = snapshot.read(&keys::team(id))?.ok_or_else(|| Error::not_found("team", &id))?;
            let mut team: Team = stored::decode("team", &bytes)?;
            let before = std::mem::replace(&mut team.name, name.clone());
            check_free(&snapshot, &team)?;
            // A number is taken, as for a new team: two who take one name at once are in conflict.
            let number = stored::next_number(&mut snapshot)?;
            let mut batch = snapshot.batch();
            stored::put_number(&mut batch, number);
            batch.put(keys::team(id), stored::encode(&team));
            self.record(&mut batch, Deed::TeamRenamed, format!("{before}: {name}"));
            Ok((vec![batch], team))
        })
        .await
    }

    /// Deletes a team that no channel and no person names. Its tickets stay, of a team that nobody is in: admins see
    /// them and give them another; the caller asks the desk first that none of them waits for somebody.
    pub async fn delete_team(&self, organisation: OrganisationId, id: TeamId) -> Result<(), Error> {
        change(&self.store, || {
            // Who names a team writes its row, so that this read tells of them.
            let mut snapshot = self.store.of(organisation).snapshot()?;
            let bytes = snapshot.read(&keys::team(id))?.ok_or_else(|| Error::not_found("team", &id))?;
            let team: Team = stored::decode("team", &bytes)?;
            self.check_unnamed(organisation, &team)?;
            let mut batch = snapshot.batch();
            batch.delete(keys::team(id));
            self.record(&mut batch, Deed::TeamDeleted, &team.name);
            Ok((vec![batch], ()))
        })
        .await
    }

    fn check_unnamed(&self, organisation: OrganisationId, team: &Team) -> Result<(), Error> {
        let channels = self.channels(organisation)?.into_iter();
        let people = self.people(organisation)?.into_iter();
        let channels = channels.filter(|channel| channel.team == Some(team.id));
        let people = people.filter(|person| person.teams.contains(&team.id));
        let named = channels.map(|channel| format!("channel {}", channel.address));
        let named = named.chain(people.map(|person| person.name));
        let named: Vec<String> = named.take(NAMED_MAX).collect();
        if named.is_empty() {
            return Ok(());
        }
        Err(Error::Invalid(format!(
            "team `{}` is still that of {}; give them another team first",
            team.name,
            named.join(", ")
        )))
    }
}

/// Refuses a name that another team has, in whatever letters. Teams of before may share one.
fn check_free(snapshot: &Snapshot, team: &Team) -> Result<(), Error> {
    let name = team.name.to_lowercase();
    let others = stored::list::<Team>(snapshot, "team", keys::TEAMS)?;
    if others.iter().any(|other| other.id != team.id && other.name.to_lowercase() == name) {
        return Err(Error::taken("team", &team.name));
    }
    Ok(())
}
