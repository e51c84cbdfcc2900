//! Watchers: who wants to hear of a ticket; and who sees it at all.
//!
//! *Must hold*: nobody is made to watch or work on a ticket that they do not see. When it moves to a team of which they are no
//! part, they fall away in the same commit (promise 7). Who leaves a team or is disabled stays named until the ticket moves,
//! and is shown nothing of it.

use guichet_accounts::{Actor, PersonId, PersonStatus, Role, Sight, TeamId, Who};
use guichet_store::OrganisationId;
use jiff::Timestamp;

use crate::stored::StoredTicket;
use crate::ticket::Ticket;
use crate::{Desk, Error};

/// How many people watch one ticket.
const WATCHERS_MAX: usize = 50;

/// How many people a ticket remembers as having written mails in it: in whose list of sent mail it stands.
const WRITERS_MAX: usize = 50;

impl Desk {
    /// Lets a person hear of a ticket that the actor sees: the actor themselves, or somebody else who sees it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a person who does not see the ticket, or where too many watch it.
    pub async fn watch_ticket(
        &self,
        actor: &Actor,
        number: u64,
        person: PersonId,
        now: Timestamp,
    ) -> Result<StoredTicket, Error> {
        self.edit_ticket(actor, number, None, now, |ticket| {
            self.check_sees(actor.organisation, person, ticket.team)?;
            if ticket.watchers.len() >= WATCHERS_MAX && !ticket.watchers.contains(&person) {
                return Err(Error::Invalid(format!("at most {WATCHERS_MAX} people watch a ticket")));
            }
            ticket.watchers.insert(person);
            Ok(())
        })
        .await
    }

    /// Takes a person from those who hear of a ticket that the actor sees.
    pub async fn unwatch_ticket(
        &self,
        actor: &Actor,
        number: u64,
        person: PersonId,
        now: Timestamp,
    ) -> Result<StoredTicket, Error> {
        self.edit_ticket(actor, number, None, now, |ticket| {
            ticket.watchers.remove(&person);
            Ok(())
        })
        .await
    }

    /// That a person sees tickets of this team, or of none.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence, the same for one who does not exist.
    pub(crate) fn check_sees(
        &self,
        organisation: OrganisationId,
        person: PersonId,
        team: Option<TeamId>,
    ) -> Result<(), Error> {
        match self.sight_of(organisation, person)? {
            Some(sight) if sight.sees(team) => Ok(()),
            Some(_) => Err(Error::Invalid(format!(
                "person {person} does not see this ticket: move it to a team of theirs"
            ))),
            None => Err(Error::Invalid(format!("there is no person {person}, or they are disabled"))),
        }
    }

    /// Takes those from a ticket that moved who no longer see it.
    pub(crate) fn lose_sight(
        &self,
        organisation: OrganisationId,
        before: Option<TeamId>,
        ticket: &mut Ticket,
    ) -> Result<(), Error> {
        if ticket.team == before {
            return Ok(());
        }
        ticket.forget(&self.blind_to(organisation, ticket.team, ticket)?);
        Ok(())
    }

    /// Who watches a ticket or works on it, and would not see it in this team.
    pub(crate) fn blind_to(
        &self,
        organisation: OrganisationId,
        team: Option<TeamId>,
        ticket: &Ticket,
    ) -> Result<Vec<PersonId>, Error> {
        let mut blind = Vec::new();
        for person in ticket.watchers.iter().copied().chain(ticket.assignee) {
            if !self.sight_of(organisation, person)?.is_some_and(|sight| sight.sees(team)) {
                blind.push(person);
            }
        }
        Ok(blind)
    }

    /// What a person sees; none where there is no such person, or one who is disabled.
    fn sight_of(&self, organisation: OrganisationId, person: PersonId) -> Result<Option<Sight>, Error> {
        let person = match self.accounts.person(organisation, person) {
            Err(guichet_accounts::Error::NotFound { .. }) => return Ok(None),
            other => other?,
        };
        if person.status == PersonStatus::Disabled {
            return Ok(None);
        }
        Ok(Some(match person.role {
            Role::Admin | Role::Operator => Sight::All,
            Role::Agent => Sight::Teams(person.teams),
        }))
    }
}

impl Ticket {
    /// These neither watch it nor work on it any more.
    pub(crate) fn forget(&mut self, people: &[PersonId]) {
        self.watchers.retain(|person| !people.contains(person));
        self.assignee = self.assignee.filter(|person| !people.contains(person));
    }

    /// Somebody wrote a mail in it.
    pub(crate) fn written_by(&mut self, who: Who) {
        if let Who::Person(person) = who
            && self.writers.len() < WRITERS_MAX
        {
            self.writers.insert(person);
        }
    }

    /// These were named in it, and watch it as far as there is room.
    pub(crate) fn name_people(&mut self, people: &[PersonId]) {
        for person in people {
            if self.watchers.len() < WATCHERS_MAX {
                self.watchers.insert(*person);
            }
        }
    }
}
