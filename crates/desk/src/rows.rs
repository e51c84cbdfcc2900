//! The rows of one mail in one organisation: the tickets that it begins or joins, the message in each, its identity.

use std::collections::BTreeSet;

use guichet_accounts::{ChannelId, TeamId, Who};
use guichet_store::{Batch, BlobRef, Counter, Slot, Template, record};

use crate::arrival::{Arrival, Recipient};
use crate::event::{self, Event, EventKind};
use crate::facet;
use crate::identity::{Identities, Known};
use crate::keys::{self, Number};
use crate::message::{Content, Envelope, Message};
use crate::receive::{Outcome, Planned};
use crate::stored::StoredTicket;
use crate::threading::Thread;
use crate::ticket::Ticket;

/// One ticket that a mail begins or joins.
pub(crate) struct Target<'a> {
    pub(crate) team: Option<TeamId>,
    pub(crate) recipients: Vec<&'a Recipient>,
    pub(crate) thread: Thread,
}

/// Writes the rows of one mail in one organisation.
pub(crate) struct Writer<'a> {
    pub(crate) arrival: &'a Arrival,
    pub(crate) batch: Batch,
    pub(crate) raw: BlobRef,
    /// The sender as a contact.
    pub(crate) requester: Number,
    /// Whom the mail brings into its tickets.
    pub(crate) brings: BTreeSet<String>,
    /// By what it is known.
    pub(crate) own: &'a Known,
    /// What it names and no mail carries.
    pub(crate) unseen: &'a [Known],
    pub(crate) identities: Identities<'a>,
}

impl Writer<'_> {
    /// Writes everything; what the numbers are the commit will tell.
    pub(crate) fn write(mut self, targets: Vec<Target<'_>>) -> (Batch, Vec<Planned>) {
        let mut plans = Vec::with_capacity(targets.len());
        let mut tickets: Vec<Number> = Vec::with_capacity(targets.len());
        for target in targets {
            let ticket = if let Some(joins) = target.thread.joins {
                plans.push(Planned::Settled(Outcome::Joined { ticket: joins.number }));
                self.join(joins, &target.recipients)
            } else {
                let slot = self.create(&target);
                plans.push(Planned::Created(slot));
                Number::Assigned(slot)
            };
            for other in &tickets {
                link(&mut self.batch, ticket, *other);
            }
            tickets.push(ticket);
        }
        self.identities.write(&mut self.batch);
        (self.batch, plans)
    }

    fn create(&mut self, target: &Target<'_>) -> Slot {
        let slot = self.batch.next(Counter::Ticket);
        let number = Number::Assigned(slot);
        let message = self.write_message(number, &target.recipients);
        for other in &target.thread.refers_to {
            link(&mut self.batch, number, Number::Known(*other));
        }
        let channel = target.recipients.first().map_or(ChannelId(0), |recipient| recipient.channel);
        let content = &self.arrival.reading.content;
        let mut ticket = Ticket::begun(content, channel, target.team, self.arrival.received);
        ticket.admit(&self.brings);
        let event = received_event(self.arrival, EventKind::TicketCreated, target.team);
        let activity = Number::Assigned(event::append(&mut self.batch, number, message, &event));
        put_ticket(&mut self.batch, number, &ticket, self.requester, activity);
        slot
    }

    fn join(&mut self, joins: StoredTicket, recipients: &[&Recipient]) -> Number {
        let number = Number::Known(joins.number);
        let message = self.write_message(number, recipients);
        let mut ticket = joins.record;
        facet::leave(&mut self.batch, &ticket, joins.requester, joins.activity);
        ticket.state = ticket.state.after_mail();
        ticket.updated = self.arrival.received;
        ticket.message_count += 1;
        ticket.admit(&self.brings);
        let event = received_event(self.arrival, EventKind::MessageReceived, ticket.team);
        let activity = Number::Assigned(event::append(&mut self.batch, number, message, &event));
        put_ticket(&mut self.batch, number, &ticket, Number::Known(joins.requester), activity);
        number
    }

    fn write_message(&mut self, ticket: Number, recipients: &[&Recipient]) -> Number {
        let message = Number::Assigned(self.batch.next(Counter::Message));
        let record = message_record(self.arrival, recipients, self.raw.clone());
        put_message(&mut self.batch, ticket, message, &record);
        self.batch.put(keys::ticket_message_row(ticket, message), Vec::new());
        self.identities.carry(self.own, message);
        for known in self.unseen {
            self.identities.name(known, message);
        }
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
    batch.put(keys::row(keys::TICKETS, &[number]), value.raw(&record::encode(ticket)));
    facet::enter(batch, number, ticket, requester, activity);
}

pub(crate) fn put_message(batch: &mut Batch, ticket: Number, message: Number, stored: &Message) {
    let value = ticket.write(Template::new()).raw(&record::encode(stored));
    batch.put(keys::row(keys::MESSAGES, &[message]), value);
}

pub(crate) fn link(batch: &mut Batch, one: Number, other: Number) {
    batch.put(keys::link_row(one, other), Vec::new());
    batch.put(keys::link_row(other, one), Vec::new());
}

pub(crate) fn message_record(arrival: &Arrival, recipients: &[&Recipient], raw: BlobRef) -> Message {
    let mut channels: Vec<ChannelId> = recipients.iter().map(|recipient| recipient.channel).collect();
    channels.sort_unstable();
    channels.dedup();
    Message {
        received: arrival.received,
        channels,
        envelope: Some(Envelope {
            reverse_path: arrival.reverse_path.clone(),
            recipients: recipients.iter().map(|recipient| recipient.address.clone()).collect(),
            client: arrival.client,
            helo: arrival.helo.clone(),
            tls: arrival.tls.clone(),
            trace: arrival.trace.clone(),
            notification: None,
        }),
        verdicts: Some(arrival.verdicts.clone()),
        raw,
        digest: arrival.reading.digest,
        content: content_of(arrival),
        quarantine: None,
        written: None,
        marked: false,
        reports_on: None,
    }
}

pub(crate) fn received_event(arrival: &Arrival, kind: EventKind, team: Option<TeamId>) -> Event {
    Event { kind, team_before: team, team, who: Who::System, at: arrival.received, delivery: None }
}

/// What the mail says of itself, in the light of its envelope.
fn content_of(arrival: &Arrival) -> Content {
    let mut content = arrival.reading.content.clone();
    if arrival.reverse_path.is_empty() {
        content.automatic = content.automatic.with_null_sender();
    }
    content
}
