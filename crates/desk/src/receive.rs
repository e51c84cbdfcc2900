//! The one door for mail: from an arrival to durable tickets.
//!
//! *Invariant:* when [`Desk::receive`] returns `Ok`, everything that it names is on disk.
//! *Invariant:* all organisations that accept a mail accept it in one commit, or none does.
//!
//! A mail to several teams of an organisation becomes a ticket for each, linked; the message and its raw mail are
//! stored once for each ticket's row but the blob once for the organisation. Where organisations differ about a forged
//! mail, it is refused only if all refuse; those that would have refused keep it in quarantine.

use std::collections::BTreeMap;

use guichet_accounts::{Organisation, TeamId};
use guichet_store::{Batch, CommitError, Counter, OrganisationId, Receipt, Slot, Snapshot};

use crate::arrival::{Arrival, Recipient};
use crate::disposition::{self, Disposition};
use crate::event::{self, EventKind};
use crate::identity::{Identities, Identity, Known};
use crate::keys::{self, Number};
use crate::rows::{Target, Writer, message_record, put_message, received_event};
use crate::{Desk, Error, contact, stored, threading};

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
        let mut dispositions = self.dispositions(arrival)?;
        if let Some(why) = refused_by_all(&mut dispositions) {
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
        let identity = Identity::of_mail(
            arrival.reading.content.message_id.as_ref(),
            *arrival.reading.digest.as_bytes(),
        );
        let own = Known::read(&mut snapshot, identity)?;
        let recipients: Vec<&Recipient> =
            arrival.recipients.iter().filter(|recipient| recipient.organisation == organisation).collect();
        match disposition {
            Disposition::Accept => self.plan_tickets(arrival, snapshot, &own, &recipients),
            Disposition::Quarantine(why) | Disposition::Reject(why) => {
                plan_quarantine(arrival, snapshot, &own, &recipients, why)
            }
        }
    }

    fn plan_tickets(
        &self,
        arrival: &Arrival,
        mut snapshot: Snapshot,
        own: &Known,
        recipients: &[&Recipient],
    ) -> Result<(Batch, Vec<Planned>), Error> {
        let named = threading::named(&mut snapshot, arrival)?;
        let sender = contact::Sender::of(&mut snapshot, &arrival.reading.content)?;
        let mut plans = Vec::new();
        let mut targets = Vec::new();
        for (team, recipients) in self.by_team(recipients)? {
            if let Some(duplicate) = duplicate(&snapshot, arrival, own, &recipients)? {
                plans.push(Planned::Settled(duplicate));
                continue;
            }
            let mut thread = threading::find(&snapshot, arrival, &recipients, &named)?;
            if let Some(joins) = &mut thread.joins {
                // Read again as a check: what the ticket becomes rests on what it is.
                let checked = stored::ticket_checked(&mut snapshot, joins.number)?;
                *joins = checked.ok_or(Error::Damaged("ticket"))?;
            }
            targets.push(Target { team, recipients, thread });
        }
        let mut batch = snapshot.batch();
        if targets.is_empty() {
            return Ok((batch, plans));
        }
        let requester = sender.enter(&mut batch, arrival.received);
        let raw = batch.blob(&arrival.raw);
        let identities = Identities::default();
        let writer = Writer { arrival, batch, raw, requester, own, named, identities };
        let (batch, written) = writer.write(targets);
        plans.extend(written);
        Ok((batch, plans))
    }

    /// The recipients of one organisation by the team whose tickets their channels feed.
    fn by_team<'a>(
        &self,
        recipients: &[&'a Recipient],
    ) -> Result<BTreeMap<Option<TeamId>, Vec<&'a Recipient>>, Error> {
        let mut teams = BTreeMap::<_, Vec<&Recipient>>::new();
        for recipient in recipients {
            let channel = self.accounts.channel(recipient.organisation, recipient.channel)?;
            teams.entry(channel.team).or_default().push(recipient);
        }
        Ok(teams)
    }
}

/// `Some(why)` if every organisation refuses. Otherwise those that would, keep the mail in quarantine.
fn refused_by_all(dispositions: &mut [(Organisation, Disposition)]) -> Option<String> {
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

/// Whether this very mail was sent to one of these channels before.
fn duplicate(
    snapshot: &Snapshot,
    arrival: &Arrival,
    own: &Known,
    recipients: &[&Recipient],
) -> Result<Option<Outcome>, Error> {
    for entry in own.entries() {
        let entry = entry?;
        if !entry.is_own {
            continue;
        }
        let Some(message) = stored::message(snapshot, entry.message)? else {
            continue;
        };
        let same_channel =
            recipients.iter().any(|recipient| message.record.channels.contains(&recipient.channel));
        if same_channel && message.record.digest == arrival.reading.digest {
            let ticket = (message.ticket != 0).then_some(message.ticket);
            return Ok(Some(Outcome::Duplicate { ticket }));
        }
    }
    Ok(None)
}

fn plan_quarantine(
    arrival: &Arrival,
    snapshot: Snapshot,
    own: &Known,
    recipients: &[&Recipient],
    why: &str,
) -> Result<(Batch, Vec<Planned>), Error> {
    if let Some(duplicate) = duplicate(&snapshot, arrival, own, recipients)? {
        return Ok((snapshot.batch(), vec![Planned::Settled(duplicate)]));
    }
    let mut batch = snapshot.batch();
    let raw = batch.blob(&arrival.raw);
    let slot = batch.next(Counter::Message);
    let (ticket, message) = (Number::Known(0), Number::Assigned(slot));
    let mut record = message_record(arrival, recipients, raw);
    record.quarantine = Some(why.to_owned());
    put_message(&mut batch, ticket, message, &record);
    batch.put(keys::row(keys::QUARANTINE, &[message]), Vec::new());
    let mut identities = Identities::default();
    identities.carry(own, ticket, message);
    identities.write(&mut batch);
    event::append(&mut batch, ticket, message, &received_event(arrival, EventKind::MessageQuarantined, None));
    Ok((batch, vec![Planned::Quarantined(slot)]))
}
