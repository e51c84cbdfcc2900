//! In what manner a mail joins a ticket: what it changes there beside being in it.

use guichet_mail::{AuthResult, Automatic, MailAddress};
use guichet_store::OrganisationId;

use crate::arrival::Arrival;
use crate::queue::{Change, StoredDelivery};
use crate::ticket::{State, Ticket};
use crate::{DeliveryId, Desk, Error};

/// In what manner a mail joins a ticket.
#[derive(Debug)]
pub(crate) struct Manner {
    /// It is from somebody who takes no part.
    pub(crate) marked: bool,
    /// A finished or waiting ticket opens.
    pub(crate) opens: bool,
    /// Whom it brings in takes part from now on.
    pub(crate) admits: bool,
    /// Somebody should look.
    pub(crate) attention: bool,
    /// The delivery that it reports on.
    pub(crate) reports_on: Option<DeliveryId>,
    /// What that changes of deliveries.
    pub(crate) changes: Vec<(StoredDelivery, Change)>,
}

impl Manner {
    /// A participant's answer.
    pub(crate) fn answer() -> Self {
        Self { marked: false, opens: true, admits: true, attention: false, reports_on: None, changes: Vec::new() }
    }

    /// It is there to be read, and nothing else changes.
    pub(crate) fn noted() -> Self {
        Self { opens: false, admits: false, ..Self::answer() }
    }

    /// A report on a delivery. Whether the ticket opens is the change's to say.
    pub(crate) fn report(delivery: &StoredDelivery, change: Option<Change>) -> Self {
        let reports_on = Some(delivery.id);
        let changes = change.into_iter().map(|change| (delivery.clone(), change)).collect();
        Self { reports_on, changes, ..Self::noted() }
    }

    /// Two recipients of one mail lead to the same ticket.
    pub(crate) fn merge(&mut self, other: Self) {
        self.marked &= other.marked;
        self.opens |= other.opens;
        self.admits |= other.admits;
        self.attention |= other.attention;
        self.reports_on = self.reports_on.or(other.reports_on);
        self.changes.extend(other.changes);
    }

    /// The same mail in a ticket that nobody looks at: somebody should. Unless a machine wrote it.
    pub(crate) fn into_ticket(mut self, ticket: &Ticket, arrival: &Arrival) -> Self {
        if is_machines_answer(arrival) {
            return Self { marked: self.marked, ..Self::noted() };
        }
        self.attention |= self.marked || matches!(ticket.state, State::Spam | State::Trash);
        self
    }
}

/// Out-of-office answers and receipts: they are noted (zammad#5113). A notice by machine is not: it may well be a
/// customer's own service desk, which answers for people.
pub(crate) fn is_machines_answer(arrival: &Arrival) -> bool {
    matches!(arrival.automatic(), Automatic::Reply | Automatic::Bounce)
}

impl Desk {
    /// The manner of a mail that came to a reply address of this ticket's.
    pub(crate) fn manner_by_token(
        &self,
        organisation: OrganisationId,
        arrival: &Arrival,
        ticket: &Ticket,
    ) -> Result<Manner, Error> {
        let author = arrival.reading.content.sole_author();
        let is_disowned = arrival.verdicts.dmarc.result == AuthResult::Fail;
        let takes_part = author.is_some_and(|author| ticket.participants.contains(&author.normalised()));
        let manner = if takes_part && !is_disowned {
            Manner::answer()
        } else if self.is_colleague(organisation, arrival)? {
            Manner { opens: false, ..Manner::answer() }
        } else if let Some(author) = arrival.proven_author()
            && self.accounts.is_ours(organisation, author)?
        {
            Manner::answer()
        } else {
            Manner { marked: true, admits: false, ..Manner::answer() }
        };
        Ok(manner.into_ticket(ticket, arrival))
    }

    /// Whether a person of the organisation wrote it, for certain: an answer from another program than this.
    pub(crate) fn is_colleague(&self, organisation: OrganisationId, arrival: &Arrival) -> Result<bool, Error> {
        let Some(author) = arrival.proven_author() else { return Ok(false) };
        let is_author = |address: &MailAddress| address.is_same(author);
        Ok(self.accounts.people(organisation)?.iter().any(|person| is_author(&person.address)))
    }
}
