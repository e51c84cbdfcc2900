//! Changing people: name, role, teams; keeping them out and letting them in again.
//!
//! *Must hold*: an organisation keeps an admin who may enter. Who is kept out has no session and no token from that
//! commit on, and gets none of the old ones back; the tickets that are theirs stay so.

use guichet_store::{Batch, Direction, OrganisationId, Snapshot};

use super::names;
use crate::organisations::check_name;
use crate::records::{Person, PersonStatus, Role};
use crate::stored::{self, change};
use crate::{Accounts, Deed, Error, PersonId, TeamId, keys};

/// What may be changed of a person; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct PersonChange {
    /// Their name.
    pub name: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// The teams that they belong to: all of them.
    pub teams: Option<Vec<TeamId>>,
}

impl Accounts {
    /// Changes a person. Their address changes by a mail to the new one alone: see
    /// [`Accounts::request_address`].
    pub async fn change_person(
        &self,
        organisation: OrganisationId,
        id: PersonId,
        wanted: PersonChange,
    ) -> Result<Person, Error> {
        let name = wanted.name.as_deref().map(check_name).transpose()?;
        if let Some(role) = wanted.role {
            self.check_role(organisation, role)?;
        }
        let leader = self.leader(organisation)?;
        change(&self.store, || {
            let (mut snapshot, mut person) = self.person_for_change(organisation, id)?;
            let named = stored::read_teams(&mut snapshot, wanted.teams.as_deref().unwrap_or_default())?;
            let before = person.clone();
            let led = person.role == leader && person.status == PersonStatus::Active;
            person.name = name.clone().unwrap_or(person.name);
            person.role = wanted.role.unwrap_or(person.role);
            person.teams = wanted.teams.clone().unwrap_or(person.teams);
            let guarded = led && person.role != leader;
            if guarded {
                check_other(&mut snapshot, leader, &person)?;
            }
            let mut batch = snapshot.batch();
            stored::put_rows(&mut batch, named);
            put_guarded(&mut batch, guarded, &person);
            self.record(&mut batch, Deed::PersonChanged, difference(&before, &person));
            Ok((vec![batch], person))
        })
        .await
    }

    /// Keeps a person out from now on.
    pub async fn disable_person(&self, organisation: OrganisationId, id: PersonId) -> Result<Person, Error> {
        let leader = self.leader(organisation)?;
        change(&self.store, || {
            let (mut snapshot, mut person) = self.person_for_change(organisation, id)?;
            if person.status == PersonStatus::Disabled {
                return Ok((Vec::new(), person));
            }
            let guarded = person.role == leader && person.status == PersonStatus::Active;
            if guarded {
                check_other(&mut snapshot, leader, &person)?;
            }
            // Whoever makes a token takes a number: one made meanwhile is a conflict.
            let last = snapshot.read(&keys::last_number())?;
            let mut operator = self.store.operator().snapshot()?.batch();
            if person.status == PersonStatus::Invited {
                operator.delete(keys::log_in_name(&person.address, organisation));
            }
            person.status = PersonStatus::Disabled;
            person.end_sessions();
            let mut batch = snapshot.batch();
            if let Some(last) = last {
                batch.put(keys::last_number(), last);
            }
            self.revoke_all_tokens(&mut operator, &mut batch, organisation, id)?;
            self.forget_one_time(&mut operator, &mut batch, organisation, id)?;
            put_guarded(&mut batch, guarded, &person);
            self.record(&mut batch, Deed::PersonDisabled, &person.address);
            Ok((vec![operator, batch], person))
        })
        .await
    }

    /// Lets a person in again, with the password that they had. Who never accepted their invitation is invited again:
    /// nobody else says for them that the address is theirs.
    pub async fn enable_person(&self, organisation: OrganisationId, id: PersonId) -> Result<Person, Error> {
        change(&self.store, || {
            let (snapshot, mut person) = self.person_for_change(organisation, id)?;
            if person.status != PersonStatus::Disabled {
                return Ok((Vec::new(), person));
            }
            let mut operator = self.store.operator().snapshot()?;
            let name = keys::log_in_name(&person.address, organisation);
            // The name of who never came in was freed.
            person.status = match operator.read(&name)? {
                Some(owner) if owner == id.0.to_be_bytes() => PersonStatus::Active,
                Some(_) => return Err(Error::taken("address", &person.address)),
                None => PersonStatus::Invited,
            };
            let mut operator = operator.batch();
            names::put(&mut operator, &person.address, organisation, id);
            let mut batch = snapshot.batch();
            batch.put(keys::person(id), stored::encode(&person));
            self.record(&mut batch, Deed::PersonEnabled, &person.address);
            Ok((vec![operator, batch], person))
        })
        .await
    }

    pub(crate) fn person_for_change(
        &self,
        organisation: OrganisationId,
        id: PersonId,
    ) -> Result<(Snapshot, Person), Error> {
        let mut snapshot = self.store.of(organisation).snapshot()?;
        let bytes = snapshot.read(&keys::person(id))?.ok_or_else(|| Error::not_found("person", &id))?;
        let person: Person = stored::decode("person", &bytes)?;
        self.check_above(person.role)?;
        Ok((snapshot, person))
    }

    /// The role without which nobody could let anybody in: an organisation never loses the last who has it.
    fn leader(&self, organisation: OrganisationId) -> Result<Role, Error> {
        Ok(if self.is_house(organisation)? { Role::Operator } else { Role::Admin })
    }
}

/// Refuses to take the last leader. Reads what each such change writes, since it rests on a scan.
fn check_other(snapshot: &mut Snapshot, leader: Role, person: &Person) -> Result<(), Error> {
    snapshot.read(&keys::admins_guard())?;
    for row in snapshot.scan(&guichet_store::Key::new(keys::PEOPLE), Direction::Forward, None)? {
        let other: Person = stored::decode("person", &row?.1)?;
        if other.id != person.id && other.status == PersonStatus::Active && other.role == leader {
            return Ok(());
        }
    }
    let what = leader.as_str();
    Err(Error::Invalid(format!(
        "`{}` is the last {what}, without whom nobody could let anybody in; make somebody else {what} first",
        person.address
    )))
}

/// Whom a change concerned and what they are now, for the audit log.
fn difference(before: &Person, after: &Person) -> String {
    let mut told = Vec::new();
    if after.name != before.name {
        told.push(format!("name {}", after.name));
    }
    if after.role != before.role {
        told.push(format!("role {}", after.role.as_str()));
    }
    if after.teams != before.teams {
        let teams: Vec<String> = after.teams.iter().map(ToString::to_string).collect();
        told.push(format!("teams {}", if teams.is_empty() { "none".to_owned() } else { teams.join(" ") }));
    }
    if told.is_empty() {
        after.address.to_string()
    } else {
        format!("{}: {}", after.address, told.join(", "))
    }
}

fn put_guarded(batch: &mut Batch, guarded: bool, person: &Person) {
    if guarded {
        batch.put(keys::admins_guard(), Vec::new());
    }
    batch.put(keys::person(person.id), stored::encode(person));
}
