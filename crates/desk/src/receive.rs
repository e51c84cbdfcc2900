//! The one door for mail: from an arrival to durable tickets.
//!
//! *Invariant:* when [`Desk::receive`] returns `Ok`, everything that it names is on disk.
//! *Invariant:* all organisations that accept a mail accept it in one commit, or none does.
//!
//! A mail to several teams of an organisation becomes a ticket for each, linked, with a message each; the raw mail is
//! stored once. What is kept aside is so for each team too, since each is released by itself. Where organisations differ about a forged
//! mail, it is refused only if all refuse; those that would have refused keep it in quarantine.

use std::collections::BTreeMap;

use guichet_accounts::{Organisation, TeamId};
use guichet_store::{Batch, CommitError, Counter, OrganisationId, Receipt, Slot, Snapshot};

use crate::arrival::{Arrival, Recipient};
use crate::copies::{Copies, Standing};
use crate::disposition::{self, Disposition};
use crate::event::{self, EventKind};
use crate::identity::Identities;
use crate::keys::{self, Number};
use crate::rows::{Target, Writer, message_record, put_message, received_event};
use crate::threading::References;
use crate::{Desk, Error, contact, stored};

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
        for _ in 0..ATTEMPTS_MAX {
            let mut batches = Vec::with_capacity(dispositions.len());
            let mut plans = Vec::with_capacity(dispositions.len());
            for (organisation, disposition) in &dispositions {
                let (batch, planned) = self.plan(arrival, organisation.id, disposition)?;
                batches.push(batch);
                plans.push((organisation.id, planned));
            }
            match self.store.commit(batches).await {
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
                let disposition = disposition::decide(&organisation, &arrival.verdicts);
                Ok((organisation, disposition))
            })
            .collect()
    }

    fn plan(
        &self,
        arrival: &Arrival,
        organisation: OrganisationId,
        disposition: &Disposition,
    ) -> Result<(Batch, Vec<Planned>), Error> {
        let mut snapshot = self.store.of(organisation).snapshot()?;
        let copies = Copies::of(&mut snapshot, &arrival.reading.content, arrival.reading.digest)?;
        let standing = match disposition {
            Disposition::Quarantine(_) | Disposition::Reject(_) => Standing::Quarantined,
            Disposition::Accept if arrival.proven_author().is_some() => Standing::Proven,
            Disposition::Accept => Standing::Unproven,
        };
        let (mut plans, mut new) = (Vec::new(), Vec::new());
        for (team, recipients) in self.by_team(arrival, organisation)? {
            match copies.duplicate(&recipients, standing) {
                Some(duplicate) => plans.push(Planned::Settled(duplicate)),
                None => new.push((team, recipients)),
            }
        }
        if new.is_empty() {
            return Ok((snapshot.batch(), plans));
        }
        let (batch, planned) = match disposition {
            Disposition::Accept => self.plan_tickets(arrival, organisation, snapshot, &copies, new)?,
            Disposition::Quarantine(why) | Disposition::Reject(why) => {
                plan_quarantine(arrival, snapshot, &copies, &new, why)
            }
        };
        plans.extend(planned);
        Ok((batch, plans))
    }

    fn plan_tickets(
        &self,
        arrival: &Arrival,
        organisation: OrganisationId,
        mut snapshot: Snapshot,
        copies: &Copies,
        teams: Vec<ForTeam<'_>>,
    ) -> Result<(Batch, Vec<Planned>), Error> {
        let content = &arrival.reading.content;
        let references = References::read(&mut snapshot, arrival, copies)?;
        let sender = contact::Sender::of(&mut snapshot, content)?;
        let brings = self.brought_in(organisation, content, &arrival.verdicts)?;
        let mut targets = Vec::with_capacity(teams.len());
        for (team, recipients) in teams {
            let mut thread = references.thread(arrival, &recipients, sender.known());
            if let Some(joins) = &mut thread.joins {
                // Read again as a check: what the ticket becomes rests on what it is.
                let checked = stored::ticket_checked(&mut snapshot, joins.number)?;
                *joins = checked.ok_or(Error::Damaged("ticket"))?;
            }
            targets.push(Target { team, recipients, thread });
        }
        let mut batch = snapshot.batch();
        let requester = sender.enter(&mut batch, arrival.received);
        let raw = batch.blob(&arrival.raw);
        let (own, unseen) = (&copies.identity, references.unseen.as_slice());
        let identities = Identities::default();
        Ok(Writer { arrival, batch, raw, requester, brings, own, unseen, identities }.write(targets))
    }

    /// The recipients of one organisation by the team whose tickets their channels feed.
    fn by_team<'a>(
        &self,
        arrival: &'a Arrival,
        organisation: OrganisationId,
    ) -> Result<BTreeMap<Option<TeamId>, Vec<&'a Recipient>>, Error> {
        let mut teams = BTreeMap::<_, Vec<&Recipient>>::new();
        for recipient in arrival.recipients.iter().filter(|one| one.organisation == organisation) {
            let channel = self.accounts.channel(organisation, recipient.channel)?;
            teams.entry(channel.team).or_default().push(recipient);
        }
        Ok(teams)
    }
}

/// A team and the recipients whose channels feed its tickets.
type ForTeam<'a> = (Option<TeamId>, Vec<&'a Recipient>);

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

fn plan_quarantine(
    arrival: &Arrival,
    snapshot: Snapshot,
    copies: &Copies,
    teams: &[ForTeam<'_>],
    why: &str,
) -> (Batch, Vec<Planned>) {
    let mut batch = snapshot.batch();
    let raw = batch.blob(&arrival.raw);
    let mut identities = Identities::default();
    let mut plans = Vec::with_capacity(teams.len());
    for (_, recipients) in teams {
        let slot = batch.next(Counter::Message);
        let (ticket, message) = (Number::Known(0), Number::Assigned(slot));
        let mut record = message_record(arrival, recipients, raw.clone());
        record.quarantine = Some(why.to_owned());
        put_message(&mut batch, ticket, message, &record);
        batch.put(keys::row(keys::QUARANTINE, &[message]), Vec::new());
        identities.carry(&copies.identity, message);
        let event = received_event(arrival, EventKind::MessageQuarantined, None);
        event::append(&mut batch, ticket, message, &event);
        plans.push(Planned::Quarantined(slot));
    }
    identities.write(&mut batch);
    (batch, plans)
}
