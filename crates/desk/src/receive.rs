//! The one door for mail: from an arrival to durable tickets.
//!
//! *Invariant:* when [`Desk::receive`] returns `Ok`, everything that it names is on disk.
//! *Invariant:* all organisations that accept a mail accept it in one commit, or none does.
//!
//! A mail to several teams of an organisation becomes a ticket for each, linked, with a message each; the raw mail is
//! stored once. What is kept aside is so for each team too, since each is released by itself. Where organisations differ about a forged
//! mail, it is refused only if all refuse; those that would have refused keep it in quarantine.

use guichet_accounts::Organisation;
use guichet_store::{CommitError, OrganisationId, Receipt, Slot};

use crate::arrival::{Arrival, Destination};
use crate::disposition::{self, Disposition};
use crate::groups::Incoming;
use crate::plan::Prepared;
use crate::{DeliveryId, Desk, Error};

/// How often a mail is decided anew because others were quicker. Each time at least one other mail got through.
const ATTEMPTS_MAX: usize = 64;

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// It is durable: at least one outcome.
    Kept(Vec<Kept>),
    /// Every organisation refuses it; the text is for whoever sent it.
    Refused(String),
}

/// What became of a mail in one organisation, for one team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Whose.
    pub organisation: OrganisationId,
    /// What.
    pub outcome: Outcome,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It began this ticket.
    Created {
        /// The ticket's number.
        ticket: u64,
    },
    /// It joined this ticket.
    Joined {
        /// The ticket's number.
        ticket: u64,
    },
    /// It is known already, as a message of this ticket.
    Duplicate {
        /// The ticket's number; none while the first copy is in quarantine.
        ticket: Option<u64>,
    },
    /// It says what became of a delivery, and was put beside the mail that it is about.
    Reported {
        /// The ticket's number.
        ticket: u64,
        /// The delivery.
        delivery: DeliveryId,
    },
    /// It is kept aside.
    Quarantined {
        /// The message's number.
        message: u64,
    },
}

/// An outcome whose numbers the commit will assign.
pub(crate) enum Planned {
    Settled(Outcome),
    Created(Slot),
    Quarantined(Slot),
}

impl Planned {
    fn settle(self, receipt: &Receipt) -> Outcome {
        match self {
            Planned::Settled(outcome) => outcome,
            Planned::Created(slot) => Outcome::Created { ticket: receipt.number(slot) },
            Planned::Quarantined(slot) => Outcome::Quarantined { message: receipt.number(slot) },
        }
    }
}

impl Desk {
    /// Takes a mail in. On `Err` nothing of it is kept, and the sender is told to come again.
    pub async fn receive(&self, arrival: &Arrival) -> Result<Received, Error> {
        let dispositions = self.dispositions(arrival)?;
        if let Some(why) = refused_by_all(&dispositions) {
            return Ok(Received::Refused(why));
        }
        let prepared: Vec<Prepared> = dispositions.iter().map(|_| Prepared::default()).collect();
        for _ in 0..ATTEMPTS_MAX {
            let mut batches = Vec::with_capacity(dispositions.len());
            let mut plans = Vec::with_capacity(dispositions.len());
            let mut due = self.due_rows();
            for ((organisation, disposition), prepared) in dispositions.iter().zip(&prepared) {
                let mail = Incoming { arrival, organisation: organisation.id };
                let (batch, planned) = self.plan(mail, disposition, prepared, &mut due)?;
                batches.push(batch);
                plans.push((organisation.id, planned));
            }
            match self.commit_all_queued(batches, due).await {
                Ok(receipts) => return Ok(Received::Kept(settle(plans, &receipts))),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too many mails of one conversation at once".to_owned()))
    }

    /// What each organisation's policy makes of the mail, in the order of their numbers.
    fn dispositions(&self, arrival: &Arrival) -> Result<Vec<(Organisation, Disposition)>, Error> {
        let mut ids: Vec<OrganisationId> =
            arrival.recipients.iter().map(|recipient| recipient.organisation).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter()
            .map(|id| {
                let organisation = self.accounts.organisation(id)?;
                let mail = Incoming { arrival, organisation: id };
                let disposition = if comes_back(arrival, id) || self.probe_of(mail)?.is_some() {
                    Disposition::Accept
                } else {
                    disposition::decide(&organisation, &arrival.verdicts)
                };
                Ok((organisation, disposition))
            })
            .collect()
    }
}

/// Whether it comes back to bounce addresses alone: then their tokens say what it is, whoever stands behind it.
fn comes_back(arrival: &Arrival, organisation: OrganisationId) -> bool {
    let mut own = arrival.recipients.iter().filter(|recipient| recipient.organisation == organisation);
    arrival.is_return() && own.all(|recipient| matches!(recipient.destination, Destination::Bounce(_)))
}

/// `Some(why)` if every organisation refuses. Otherwise those that would, keep the mail in quarantine.
fn refused_by_all(dispositions: &[(Organisation, Disposition)]) -> Option<String> {
    let mut reasons = dispositions.iter().map(|(_, disposition)| match disposition {
        Disposition::Reject(why) => Some(why),
        Disposition::Accept | Disposition::Quarantine(_) => None,
    });
    let first = reasons.next()??;
    reasons.all(|why| why.is_some()).then(|| first.clone())
}

fn settle(plans: Vec<(OrganisationId, Vec<Planned>)>, receipts: &[Receipt]) -> Vec<Kept> {
    let settled = plans.into_iter().zip(receipts).flat_map(|((organisation, plans), receipt)| {
        plans.into_iter().map(move |planned| Kept { organisation, outcome: planned.settle(receipt) })
    });
    settled.collect()
}
