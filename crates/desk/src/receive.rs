//! The one door for mail: from an arrival to durable tickets.
//!
//! *Invariant:* when [`Desk::receive`] returns `Ok`, everything that it names is on disk.
//! *Invariant:* all organisations that accept a mail accept it in one commit, or none does.
//!
//! A mail to several teams of an organisation becomes a ticket for each, linked; the message and its raw mail are
//! stored once for each ticket's row but the blob once for the organisation. Where organisations differ about a forged
//! mail, it is refused only if all refuse; those that would have refused keep it in quarantine.

use std::collections::BTreeMap;

use guichet_accounts::{ChannelId, Organisation, TeamId};
use guichet_store::{
    Batch, BlobRef, CommitError, Counter, OrganisationId, Receipt, Slot, Snapshot, Template, record,
};

use crate::arrival::{Arrival, Recipient};
use crate::disposition::{self, Disposition};
use crate::event::{self, Event, EventKind};
use crate::identity::{Identities, Identity, Known};
use crate::keys::{self, Number};
use crate::message::{Envelope, Message};
use crate::stored;
use crate::threading::{self, Thread};
use crate::ticket::Ticket;
use crate::{Desk, Error, contact, facet};

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
enum Planned {
    Settled(Outcome),
    Created(Slot),
    Quarantined(Slot),
}

impl Planned {
    fn settle(self, receipt: &Receipt) -> Outcome {
        match self {
            Planned::Settled(outcome) => outcome,
            Planned::Created(slot) => Outcome::Created {
                ticket: receipt.number(slot),
            },
            Planned::Quarantined(slot) => Outcome::Quarantined {
                message: receipt.number(slot),
            },
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
        Err(Error::Unavailable(
            "too many mails of one conversation at once".to_owned(),
        ))
    }

    /// What each organisation's policy makes of the mail, in the order of their numbers.
    fn dispositions(&self, arrival: &Arrival) -> Result<Vec<(Organisation, Disposition)>, Error> {
        let mut ids: Vec<OrganisationId> = arrival
            .recipients
            .iter()
            .map(|recipient| recipient.organisation)
            .collect();
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
        let recipients: Vec<&Recipient> = arrival
            .recipients
            .iter()
            .filter(|recipient| recipient.organisation == organisation)
            .collect();
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
        let requester = arrival.reading.sender();
        let known_requester = requester
            .map(|address| contact::find(&mut snapshot, address))
            .transpose()?;
        let mut plans = Vec::new();
        let mut targets = Vec::new();
        for (team, recipients) in self.by_team(recipients)? {
            if let Some(ticket) = duplicate(&snapshot, arrival, own, &recipients)? {
                plans.push(Planned::Settled(Outcome::Duplicate { ticket }));
                continue;
            }
            let mut thread = threading::find(&snapshot, arrival, &recipients, &named)?;
            if let Some(joins) = &mut thread.joins {
                // Read again as a check: what the ticket becomes rests on what it is.
                let checked = stored::ticket_checked(&mut snapshot, joins.number)?;
                *joins = checked.ok_or(Error::Damaged("ticket"))?;
            }
            targets.push(Target {
                team,
                recipients,
                thread,
            });
        }
        let mut batch = snapshot.batch();
        if targets.is_empty() {
            return Ok((batch, plans));
        }
        let requester = match (requester, known_requester.flatten()) {
            (Some(_), Some(contact)) => Number::Known(contact),
            (Some(address), None) => {
                let from = arrival
                    .reading
                    .content
                    .from
                    .iter()
                    .find(|from| from.address.is_some());
                contact::add(
                    &mut batch,
                    address,
                    from.and_then(|from| from.name.clone()),
                    arrival.received,
                )
            }
            (None, _) => Number::Known(0),
        };
        let raw = batch.blob(&arrival.raw);
        let mut writer = Writer {
            arrival,
            batch,
            raw,
            requester,
            own,
            named,
            identities: Identities::default(),
        };
        plans.extend(writer.write_all(targets));
        writer.identities.write(&mut writer.batch);
        Ok((writer.batch, plans))
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
    let settled = plans
        .into_iter()
        .zip(receipts)
        .flat_map(|((organisation, plans), receipt)| {
            plans.into_iter().map(move |planned| Kept {
                organisation,
                outcome: planned.settle(receipt),
            })
        });
    settled.collect()
}

/// The ticket of a message that is this very mail, sent to one of these channels before.
fn duplicate(
    snapshot: &Snapshot,
    arrival: &Arrival,
    own: &Known,
    recipients: &[&Recipient],
) -> Result<Option<Option<u64>>, Error> {
    for entry in own.entries() {
        let entry = entry?;
        if !entry.is_own {
            continue;
        }
        let Some(message) = stored::message(snapshot, entry.message)? else {
            continue;
        };
        let same_channel = recipients
            .iter()
            .any(|recipient| message.record.channels.contains(&recipient.channel));
        if same_channel && message.record.digest == arrival.reading.digest {
            return Ok(Some((message.ticket != 0).then_some(message.ticket)));
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
    if let Some(ticket) = duplicate(&snapshot, arrival, own, recipients)? {
        return Ok((
            snapshot.batch(),
            vec![Planned::Settled(Outcome::Duplicate { ticket })],
        ));
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
    event::append(
        &mut batch,
        ticket,
        message,
        &received_event(arrival, EventKind::MessageQuarantined, None),
    );
    Ok((batch, vec![Planned::Quarantined(slot)]))
}

/// One ticket that a mail begins or joins.
struct Target<'a> {
    team: Option<TeamId>,
    recipients: Vec<&'a Recipient>,
    thread: Thread,
}

/// Writes the rows of one mail in one organisation.
struct Writer<'a> {
    arrival: &'a Arrival,
    batch: Batch,
    raw: BlobRef,
    requester: Number,
    own: &'a Known,
    named: Vec<Known>,
    identities: Identities,
}

impl Writer<'_> {
    fn write_all(&mut self, targets: Vec<Target<'_>>) -> Vec<Planned> {
        let mut plans = Vec::with_capacity(targets.len());
        let mut tickets: Vec<Number> = Vec::with_capacity(targets.len());
        for target in targets {
            let ticket = if target.thread.joins.is_some() {
                let number = self.join(target);
                plans.push(Planned::Settled(Outcome::Joined { ticket: number }));
                Number::Known(number)
            } else {
                let slot = self.create(target);
                plans.push(Planned::Created(slot));
                Number::Assigned(slot)
            };
            for other in &tickets {
                link(&mut self.batch, ticket, *other);
            }
            tickets.push(ticket);
        }
        plans
    }

    fn create(&mut self, target: Target<'_>) -> Slot {
        let slot = self.batch.next(Counter::Ticket);
        let number = Number::Assigned(slot);
        let message = self.write_message(number, &target.recipients);
        for known in &self.named {
            // Only where neither we nor anybody else carries it: a mail that may yet come, or never will.
            if known.is_empty() {
                self.identities.name(known, number, message);
            }
        }
        for other in &target.thread.refers_to {
            link(&mut self.batch, number, Number::Known(*other));
        }
        let channel = target
            .recipients
            .first()
            .map_or(ChannelId(0), |recipient| recipient.channel);
        let content = &self.arrival.reading.content;
        let mut ticket = Ticket::begun(content, channel, target.team, self.arrival.received);
        ticket.admit(content, &self.own_addresses());
        let event = received_event(self.arrival, EventKind::TicketCreated, target.team);
        let activity = Number::Assigned(event::append(&mut self.batch, number, message, &event));
        put_ticket(&mut self.batch, number, &ticket, self.requester, activity);
        slot
    }

    fn join(&mut self, target: Target<'_>) -> u64 {
        let Some(joins) = target.thread.joins else {
            return 0;
        };
        let number = Number::Known(joins.number);
        let message = self.write_message(number, &target.recipients);
        let mut ticket = joins.record;
        facet::leave(&mut self.batch, &ticket, joins.requester, joins.activity);
        ticket.state = ticket.state.after_mail();
        ticket.updated = self.arrival.received;
        ticket.message_count += 1;
        ticket.admit(&self.arrival.reading.content, &self.own_addresses());
        let event = received_event(self.arrival, EventKind::MessageReceived, ticket.team);
        let activity = Number::Assigned(event::append(&mut self.batch, number, message, &event));
        put_ticket(
            &mut self.batch,
            number,
            &ticket,
            Number::Known(joins.requester),
            activity,
        );
        joins.number
    }

    /// The addresses of ours that the mail came to: they take no part in the conversation.
    fn own_addresses(&self) -> Vec<String> {
        self.arrival
            .recipients
            .iter()
            .map(|recipient| recipient.address.to_lowercase())
            .collect()
    }

    fn write_message(&mut self, ticket: Number, recipients: &[&Recipient]) -> Number {
        let message = Number::Assigned(self.batch.next(Counter::Message));
        let record = message_record(self.arrival, recipients, self.raw.clone());
        put_message(&mut self.batch, ticket, message, &record);
        self.batch
            .put(keys::ticket_message_row(ticket, message), Vec::new());
        self.identities.carry(self.own, ticket, message);
        message
    }
}

pub(crate) fn put_ticket(
    batch: &mut Batch,
    number: Number,
    ticket: &Ticket,
    requester: Number,
    activity: Number,
) {
    let value = requester.write(activity.write(Template::new()));
    batch.put(
        keys::row(keys::TICKETS, &[number]),
        value.raw(&record::encode(ticket)),
    );
    facet::enter(batch, number, ticket, requester, activity);
}

pub(crate) fn put_message(batch: &mut Batch, ticket: Number, message: Number, stored: &Message) {
    let value = ticket.write(Template::new()).raw(&record::encode(stored));
    batch.put(keys::row(keys::MESSAGES, &[message]), value);
}

fn link(batch: &mut Batch, one: Number, other: Number) {
    batch.put(keys::link_row(one, other), Vec::new());
    batch.put(keys::link_row(other, one), Vec::new());
}

fn message_record(arrival: &Arrival, recipients: &[&Recipient], raw: BlobRef) -> Message {
    let mut channels: Vec<ChannelId> = recipients.iter().map(|recipient| recipient.channel).collect();
    channels.sort_unstable();
    channels.dedup();
    Message {
        received: arrival.received,
        channels,
        envelope: Envelope {
            reverse_path: arrival.reverse_path.clone(),
            recipients: recipients
                .iter()
                .map(|recipient| recipient.address.clone())
                .collect(),
            client: arrival.client,
            helo: arrival.helo.clone(),
            tls: arrival.tls.clone(),
            trace: arrival.trace.clone(),
        },
        verdicts: arrival.verdicts.clone(),
        raw,
        digest: arrival.reading.digest,
        content: arrival.reading.content.clone(),
        quarantine: None,
    }
}

fn received_event(arrival: &Arrival, kind: EventKind, team: Option<TeamId>) -> Event {
    Event {
        kind,
        team_before: team,
        team,
        who: guichet_accounts::Who::System,
        at: arrival.received,
    }
}
