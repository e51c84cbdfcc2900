//! Teams, as far as tickets are theirs.

use guichet_accounts::{Actor, TeamId};
use guichet_store::OrganisationId;

use crate::{Desk, Error, State, TicketFilter, TicketQuery};

impl Desk {
    /// Refuses where a ticket of this team waits for somebody: without the team its agents would lose sight of it. To be
    /// asked before the team is deleted; its finished tickets stay, and admins see them.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the first such ticket.
    pub fn check_no_work(&self, organisation: OrganisationId, team: TeamId) -> Result<(), Error> {
        for snoozed in [false, true] {
            let filter = TicketFilter {
                states: vec![State::New, State::Open, State::Pending],
                teams: vec![Some(team)],
                snoozed: Some(snoozed),
                ..TicketFilter::default()
            };
            let query = TicketQuery { filter, limit: 1, ..TicketQuery::default() };
            if let Some(ticket) = self.tickets(&Actor::system(organisation), &query)?.items.first() {
                return Err(Error::Invalid(format!(
                    "ticket {} of this team is not finished: finish its tickets or give them another team first",
                    ticket.number
                )));
            }
        }
        Ok(())
    }
}
