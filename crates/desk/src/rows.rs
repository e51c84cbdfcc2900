//! The rows of one mail in one organisation: the tickets that it begins or joins, the message in each, its identity.

use std::collections::BTreeSet;

use guichet_accounts::{ChannelId, TeamId, Who};
use guichet_mail::Address;
use guichet_store::{Batch, BlobRef, Counter, OrganisationId, Slot, Template, record};

use crate::arrival::{Arrival, Recipient};
use crate::automatic::Answering;
use crate::event::{self, Event, EventKind};
use crate::facet;
use crate::identity::{Identities, Known};
use crate::keys::{self, Number};
use crate::manner::Manner;
use crate::message::{Content, Envelope, Message, Notification};
use crate::queue::{Act, Change, DueRows, StoredDelivery};
use crate::receive::{Outcome, Planned};
use crate::snooze::{self, Waking};
use crate::stored::StoredTicket;
use crate::threading::Thread;
use crate::ticket::{State, Ticket};

/// One ticket that a mail begins or joins.
pub(crate) struct Target<'a> {
    pub(crate) team: Option<TeamId>,
    /// The channels through which it comes.
    pub(crate) channels: Vec<ChannelId>,
    pub(crate) recipients: Vec<&'a Recipient>,
    pub(crate) thread: Thread,
    /// How it joins.
    pub(crate) manner: Manner,
    /// What is answered at once.
    pub(crate) answering: Option<Answering<'a>>,
}

/// A mail that is kept aside.
pub(crate) struct Aside<'a> {
    pub(crate) channels: Vec<ChannelId>,
    pub(crate) recipients: Vec<&'a Recipient>,
    /// Why, for people.
    pub(crate) why: String,
    /// What it says of a delivery that has no ticket.
    pub(crate) change: Option<(StoredDelivery, Change)>,
}

/// Writes the rows of one mail in one organisation.
pub(crate) struct Writer<'a> {
    pub(crate) organisation: OrganisationId,
    pub(crate) arrival: &'a Arrival,
    pub(crate) batch: Batch,
    pub(crate) due: &'a mut DueRows,
    pub(crate) raw: BlobRef,
    /// The sender as a contact, and whether what they begin is unwanted.
    pub(crate) sender: (Number, bool),
    /// Whose ticket it seems to be, where a colleague forwarded the mail.
    pub(crate) proposed: Option<Address>,
    /// Whom the mail brings into its tickets.
    pub(crate) brings: BTreeSet<String>,
    /// By what it is known.
    pub(crate) own: &'a Known,
    /// What it names and no mail carries.
    pub(crate) unseen: &'a [Known],
    pub(crate) identities: Identities<'a>,
}

impl<'a> Writer<'a> {
    /// Writes everything; what the numbers are the commit will tell.
    pub(crate) fn write(mut self, targets: Vec<Target<'a>>, asides: Vec<Aside<'_>>) -> (Batch, Vec<Planned>) {
        let mut plans = Vec::with_capacity(targets.len() + asides.len());
        let mut tickets: Vec<Number> = Vec::with_capacity(targets.len());
        for mut target in targets {
            let ticket = if let Some(joins) = &target.thread.joins {
                let ticket = joins.number;
                plans.push(Planned::Settled(match target.manner.reports_on {
                    Some(delivery) => Outcome::Reported { ticket, delivery },
                    None => Outcome::Joined { ticket },
                }));
                self.join(&target, joins.clone())
            } else {
                let slot = self.create(&mut target);
                plans.push(Planned::Created(slot));
                Number::Assigned(slot)
            };
            for other in &tickets {
                link(&mut self.batch, ticket, *other);
            }
            tickets.push(ticket);
        }
        plans.extend(asides.into_iter().map(|aside| self.set_aside(aside)));
        self.identities.write(&mut self.batch);
        (self.batch, plans)
    }

    fn set_aside(&mut self, aside: Aside<'_>) -> Planned {
        let slot = self.batch.next(Counter::Message);
        let (ticket, message) = (Number::Known(0), Number::Assigned(slot));
        let mut record = message_record(self.arrival, &aside.recipients, aside.channels, self.raw.clone());
        record.quarantine = Some(aside.why);
        record.reports_on = aside.change.as_ref().map(|(delivery, _)| delivery.id);
        put_message(&mut self.batch, ticket, message, &record);
        self.batch.put(keys::row(keys::QUARANTINE, &[message]), Vec::new());
        self.identities.carry(self.own, message);
        let event = received_event(self.arrival, EventKind::MessageQuarantined, None);
        event::append(&mut self.batch, ticket, message, &event);
        if let Some((delivery, change)) = &aside.change {
            let act = Act::of_system(self.organisation, self.arrival.received);
            change.write(&mut self.batch, self.due, act, delivery, None);
        }
        Planned::Quarantined(slot)
    }

    fn create(&mut self, target: &mut Target<'a>) -> Slot {
        let slot = self.batch.next(Counter::Ticket);
        let number = Number::Assigned(slot);
        let message = self.write_message(number, target);
        for other in &target.thread.refers_to {
            link(&mut self.batch, number, Number::Known(*other));
        }
        let channel = target.channels.first().copied().unwrap_or(ChannelId(0));
        let content = &self.arrival.reading.content;
        let mut ticket = Ticket::begun(content, channel, target.team, self.arrival.received);
        let (requester, is_unwanted) = self.sender;
        if is_unwanted {
            ticket.enter(State::Spam);
        }
        ticket.admit(&self.brings);
        ticket.proposed_requester.clone_from(&self.proposed);
        let event = received_event(self.arrival, EventKind::TicketCreated, target.team);
        let mut activity = Number::Assigned(event::append(&mut self.batch, number, message, &event));
        if let Some(answering) = target.answering.take() {
            ticket.message_count += 1;
            let at = (number, target.team);
            activity = answering.write(&mut self.batch, self.due, &mut self.identities, at);
        }
        put_ticket(&mut self.batch, number, &ticket, requester, activity);
        slot
    }

    fn join(&mut self, target: &Target<'_>, joins: StoredTicket) -> Number {
        let number = Number::Known(joins.number);
        let message = self.write_message(number, target);
        let before = joins.record;
        facet::leave(&mut self.batch, &before, joins.requester, joins.activity);
        let mut ticket = before.clone();
        let manner = &target.manner;
        if manner.opens() {
            ticket.reopen();
        }
        if manner.wakes() {
            ticket.snoozed_until = None;
        }
        if manner.admits() {
            ticket.admit(&self.brings);
        }
        ticket.attention |= manner.attention;
        let act = Act::of_system(self.organisation, self.arrival.received);
        for (delivery, change) in &manner.changes {
            change.write(&mut self.batch, self.due, act, delivery, ticket.team);
            change.concern.apply(&mut ticket);
        }
        let waking = Waking { organisation: act.organisation, message, who: act.who, at: act.at };
        snooze::follow(&mut self.batch, self.due, &waking, joins.number, (&before, &ticket));
        ticket.updated = self.arrival.received;
        ticket.message_count += 1;
        let event = received_event(self.arrival, EventKind::MessageReceived, ticket.team);
        let activity = Number::Assigned(event::append(&mut self.batch, number, message, &event));
        put_ticket(&mut self.batch, number, &ticket, Number::Known(joins.requester), activity);
        number
    }

    fn write_message(&mut self, ticket: Number, target: &Target<'_>) -> Number {
        let message = Number::Assigned(self.batch.next(Counter::Message));
        let mut record =
            message_record(self.arrival, &target.recipients, target.channels.clone(), self.raw.clone());
        record.marked = target.manner.marked;
        record.reports_on = target.manner.reports_on;
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

/// Writes a ticket again as it is, so that whoever rests on it as it was begins anew.
pub(crate) fn touch_ticket(batch: &mut Batch, ticket: &StoredTicket) {
    let activity = Template::new().number(ticket.activity);
    let value = activity.number(ticket.requester).raw(&record::encode(&ticket.record));
    batch.put(keys::ticket(ticket.number), value);
}

pub(crate) fn put_message(batch: &mut Batch, ticket: Number, message: Number, stored: &Message) {
    let value = ticket.write(Template::new()).raw(&record::encode(stored));
    batch.put(keys::row(keys::MESSAGES, &[message]), value);
}

pub(crate) fn link(batch: &mut Batch, one: Number, other: Number) {
    batch.put(keys::link_row(one, other), Vec::new());
    batch.put(keys::link_row(other, one), Vec::new());
}

pub(crate) fn message_record(
    arrival: &Arrival,
    recipients: &[&Recipient],
    mut channels: Vec<ChannelId>,
    raw: BlobRef,
) -> Message {
    channels.sort_unstable();
    channels.dedup();
    Message {
        received: arrival.received,
        channels,
        envelope: Some(envelope_of(arrival, recipients)),
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

/// The envelope as far as it concerns these recipients.
fn envelope_of(arrival: &Arrival, recipients: &[&Recipient]) -> Envelope {
    let addresses: Vec<String> = recipients.iter().map(|recipient| recipient.address.clone()).collect();
    let mut notification = arrival.notification.clone();
    notification.on_success.retain(|notified| addresses.contains(&notified.address));
    Envelope {
        reverse_path: arrival.reverse_path.clone(),
        recipients: addresses,
        client: arrival.client,
        helo: arrival.helo.clone(),
        tls: arrival.tls.clone(),
        trace: arrival.trace.clone(),
        notification: (notification != Notification::default()).then_some(notification),
    }
}

pub(crate) fn received_event(arrival: &Arrival, kind: EventKind, team: Option<TeamId>) -> Event {
    Event {
        kind,
        team_before: team,
        team,
        who: Who::System,
        at: arrival.received,
        delivery: None,
        person: None,
    }
}

/// What the mail says of itself, in the light of its envelope.
fn content_of(arrival: &Arrival) -> Content {
    Content { automatic: arrival.automatic(), ..arrival.reading.content.clone() }
}
