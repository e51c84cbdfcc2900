//! Mentions: people of the organisation whom a note or a mail names. They watch its ticket from then on, and one event,
//! which only they hear, says so.
//!
//! *Must hold*: nobody is named who does not see the ticket (promise 7).

use guichet_accounts::{Actor, PersonId, TeamId, Who};

use crate::{Desk, Error};

/// How many people one message names.
pub(crate) const MENTIONS_MAX: usize = 20;

impl Desk {
    /// That each of these sees a ticket of this team.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence.
    pub(crate) fn check_mentions(
        &self,
        actor: &Actor,
        team: Option<TeamId>,
        people: &[PersonId],
    ) -> Result<(), Error> {
        if people.len() > MENTIONS_MAX {
            return Err(Error::Invalid(format!("a message names at most {MENTIONS_MAX} people")));
        }
        for person in people {
            self.check_sees(actor.organisation, *person, team)?;
        }
        Ok(())
    }
}

/// Whom a message names but its author, each once.
pub(crate) fn mentioned(author: Who, people: &[PersonId]) -> Vec<PersonId> {
    let mut mentioned: Vec<PersonId> = people.to_vec();
    mentioned.sort_unstable();
    mentioned.dedup();
    mentioned.retain(|person| author != Who::Person(*person));
    mentioned
}
