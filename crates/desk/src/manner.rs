//! In what manner a mail joins a ticket: what it changes there beside being in it.

use guichet_accounts::{Person, PersonStatus};
use guichet_mail::{AuthResult, Automatic};

use crate::arrival::Arrival;
use crate::groups::Incoming;
use crate::queue::{Change, StoredDelivery};
use crate::ticket::{State, Ticket};
use crate::{DeliveryId, Desk, Error};

/// Whose part somebody has who writes into a ticket, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// A machine's: it is there to be read, and nothing else changes.
    Machine,
    /// A stranger's, who knows the reply address: they bring nobody in.
    Stranger,
    /// A colleague's, who answered from another program: nothing opens, since it is no question.
    Colleague,
    /// A participant's.
    Participant,
}

/// In what manner a mail joins a ticket.
#[derive(Debug)]
pub(crate) struct Manner {
    part: Part,
    /// It is from somebody who takes no part.
    pub(crate) marked: bool,
    /// Somebody should look.
    pub(crate) attention: bool,
    /// The delivery that it reports on.
    pub(crate) reports_on: Option<DeliveryId>,
    /// What that changes of deliveries.
    pub(crate) changes: Vec<(StoredDelivery, Change)>,
}

impl Manner {
    /// As whoever has this part writes.
    pub(crate) fn of(part: Part) -> Self {
        let marked = part == Part::Stranger;
        Self { part, marked, attention: marked, reports_on: None, changes: Vec::new() }
    }

    /// A report on a delivery. Whether the ticket opens is the change's to say.
    pub(crate) fn report(delivery: &StoredDelivery, change: Option<Change>) -> Self {
        let changes = change.into_iter().map(|change| (delivery.clone(), change)).collect();
        Self { reports_on: Some(delivery.id), changes, ..Self::of(Part::Machine) }
    }

    /// Whether a finished or waiting ticket opens.
    pub(crate) fn opens(&self) -> bool {
        matches!(self.part, Part::Participant | Part::Stranger)
    }

    /// Whether a snoozed ticket wakes: whenever a person wrote.
    pub(crate) fn wakes(&self) -> bool {
        self.part != Part::Machine
    }

    /// Whether those whom it brings in take part from now on.
    pub(crate) fn admits(&self) -> bool {
        matches!(self.part, Part::Participant | Part::Colleague)
    }

    /// Two recipients of one mail lead to the same ticket.
    pub(crate) fn merge(&mut self, other: Self) {
        self.part = self.part.max(other.part);
        self.marked &= other.marked;
        self.attention |= other.attention;
        self.reports_on = self.reports_on.or(other.reports_on);
        for (delivery, change) in other.changes {
            if !self.changes.iter().any(|(known, _)| known.id == delivery.id) {
                self.changes.push((delivery, change));
            }
        }
    }

    /// The same in a ticket that nobody looks at: somebody should. Unless a machine wrote it.
    pub(crate) fn into_ticket(mut self, ticket: &Ticket, arrival: &Arrival) -> Self {
        if is_machines_answer(arrival) {
            return Self { marked: self.marked, ..Self::of(Part::Machine) };
        }
        self.attention |= matches!(ticket.state, State::Spam | State::Trash);
        self
    }
}

/// Out-of-office answers and receipts are noted (zammad#5113). A notice by machine is not: it may well be a
/// customer's own service desk, which answers for people.
fn is_machines_answer(arrival: &Arrival) -> bool {
    matches!(arrival.automatic(), Automatic::Reply | Automatic::Bounce)
}

impl Desk {
    /// The manner of a mail that came to a reply address of this ticket's.
    pub(crate) fn manner_by_token(&self, mail: Incoming<'_>, ticket: &Ticket) -> Result<Manner, Error> {
        let Incoming { arrival, organisation } = mail;
        let author = arrival.reading.content.sole_author();
        let is_disowned = arrival.verdicts.dmarc.result == AuthResult::Fail;
        let takes_part = author.is_some_and(|author| ticket.participants.contains(&author.normalised()));
        let part = if takes_part && !is_disowned {
            Part::Participant
        } else if self.is_colleague(mail)? {
            Part::Colleague
        } else if let Some(author) = arrival.proven_author()
            && self.accounts.is_ours(organisation, author)?
        {
            Part::Participant
        } else {
            Part::Stranger
        };
        Ok(Manner::of(part).into_ticket(ticket, arrival))
    }

    /// Whether a person of the organisation wrote it, for certain: an answer from another program than this.
    pub(crate) fn is_colleague(&self, mail: Incoming<'_>) -> Result<bool, Error> {
        let Some(author) = mail.arrival.proven_author() else { return Ok(false) };
        let is_author = |person: &Person| {
            // Who is invited has not shown yet that the address is theirs; who is disabled is a colleague no more.
            person.status == PersonStatus::Active && person.address.is_same(author)
        };
        Ok(self.accounts.people(mail.organisation)?.iter().any(is_author))
    }
}
