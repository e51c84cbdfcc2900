//! From a composed mail to durable rows: the message, its deliveries, what becomes of the ticket, one commit.
//!
//! *Invariant:* the octets of the message and those that every delivery points to are one blob.

use std::collections::BTreeSet;
use std::sync::Arc;

use guichet_accounts::Actor;
use guichet_mail::MailAddress;
use guichet_mail::compose::needs_smtputf8;
use guichet_store::{Batch, BlobRef, CommitError, Counter, Receipt, Snapshot};
use jiff::Timestamp;

use super::compose::Composed;
use super::letter::Letter;
use super::matter::Matter;
use super::{Writing, WrittenMessage};
use crate::contact::Sender;
use crate::drafts::{Removal, Sending};
use crate::event::{self, Event, EventKind};
use crate::identity::{Identities, Identity, Known};
use crate::keys::{self, Number};
use crate::marks::OwnMark;
use crate::mentions::mentioned;
use crate::merge::home;
use crate::message::{Message, Written};
use crate::queue::{Addressee, Displaced, DueRows, Posting, enqueue};
use crate::rows::{put_message, put_ticket};
use crate::snooze::{self, Waking};
use crate::stored::{self, StoredTicket};
use crate::ticket::Ticket;
use crate::{DeliveryId, Desk, Error, Idempotency, MessageKind, ReversePath, State, facet};

/// How often a message is planned anew because others were quicker. Each time at least one of them got through.
const ATTEMPTS_MAX: usize = 32;

/// A message that is finished but for its commit.
pub(super) struct Post<'a> {
    pub(super) actor: &'a Actor,
    pub(super) writing: &'a Writing,
    pub(super) matter: &'a Matter,
    pub(super) letter: Arc<Letter>,
    pub(super) composed: Composed,
    pub(super) expected: Option<u64>,
    pub(super) idempotency: Option<Idempotency>,
    /// The draft that it was, which goes with the commit.
    pub(super) draft: Option<Sending>,
    pub(super) now: Timestamp,
    /// Whom it brings into the ticket, as normalised addresses.
    pub(super) brings: BTreeSet<String>,
}

/// What a plan will have become once its numbers are known.
struct Planned {
    ticket: Number,
    message: Number,
    activity: Number,
    deliveries: Vec<DeliveryId>,
    suppressed: Vec<MailAddress>,
}

/// Where a message goes.
enum Place<'a> {
    /// Into a ticket of its own, whose requester this is.
    New(Box<Sender<'a>>),
    Ticket(Box<StoredTicket>),
}

/// What a plan rests on, each a check of its batch.
struct Ground<'a> {
    place: Place<'a>,
    /// What the author has read.
    mark: Option<OwnMark>,
    draft: Option<Removal>,
    identities: Vec<Known>,
    addressees: Vec<(MailAddress, Addressee)>,
}

impl Post<'_> {
    /// Commits the message; on `Err` nothing of it is kept.
    pub(super) async fn commit(&self, desk: &Desk) -> Result<WrittenMessage, Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = desk.store.of(self.actor.organisation).snapshot()?;
            if let Some(idempotency) = &self.idempotency
                && let Some(first) = idempotency.first_answer(&mut snapshot, self.actor, self.now)?
            {
                return Ok(first);
            }
            let (batch, due, planned) = self.plan(desk, snapshot)?;
            match desk.commit_queued(batch, due).await {
                Ok(receipt) => return Ok(planned.settle(&receipt)),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too much happens to this ticket at once".to_owned()))
    }

    fn plan(&self, desk: &Desk, mut snapshot: Snapshot) -> Result<(Batch, DueRows, Planned), Error> {
        let ground = self.ground(desk, &mut snapshot)?;
        let (mut batch, mut due) = (snapshot.batch(), desk.due_rows());
        let raw = batch.blob(&self.composed.raw);
        let message = Number::Assigned(batch.next(Counter::Message));
        let (ticket, activity) = match &ground.place {
            Place::New(requester) => self.begin(&mut batch, requester, message),
            Place::Ticket(before) => self.join((&mut batch, &mut due), before, message),
        };
        if let Some(mark) = &ground.mark {
            mark.wrote(&mut batch, ticket, message, activity);
        }
        if let Some(draft) = &ground.draft {
            draft.write(&mut batch, self.actor, self.now);
        }
        put_message(&mut batch, ticket, message, &self.record(raw.clone(), &ground.place));
        batch.put(keys::ticket_message_row(ticket, message), Vec::new());
        let mut identities = Identities::default();
        for known in &ground.identities {
            identities.carry(known, message);
        }
        identities.write(&mut batch);
        let mut planned =
            Planned { ticket, message, activity, deliveries: Vec::new(), suppressed: Vec::new() };
        self.enqueue(desk, (&mut batch, &mut due), &ground, raw, &mut planned);
        if let Some(idempotency) = &self.idempotency {
            let made = (planned.deliveries.as_slice(), planned.suppressed.as_slice());
            idempotency.remember(&mut batch, self.actor.who, self.now, [ticket, message, activity], made);
        }
        Ok((batch, due, planned))
    }

    /// Reads what the plan rests on, and that the actor may still do it.
    fn ground(&self, desk: &Desk, snapshot: &mut Snapshot) -> Result<Ground<'_>, Error> {
        let place = match &self.matter.ticket {
            None => Place::New(Box::new(self.requester(snapshot)?)),
            Some(read) => {
                let ticket = self.ticket(snapshot, read)?;
                if let Some(expected) = self.expected {
                    desk.check_unanswered(self.actor, &ticket, expected)?;
                }
                // It may have moved since to a team that not everybody who is named sees.
                desk.check_mentions(self.actor, ticket.record.team, &self.writing.mentions)?;
                Place::Ticket(Box::new(ticket))
            }
        };
        let ticket = match &place {
            Place::New(_) => None,
            Place::Ticket(ticket) => Some(ticket.number),
        };
        let mark = OwnMark::read(snapshot, self.actor, ticket)?;
        let draft = self.draft.map(|draft| draft.read(snapshot, self.actor)).transpose()?;
        let mut ground = Ground { place, mark, draft, identities: Vec::new(), addressees: Vec::new() };
        if self.letter.kind == MessageKind::Outbound {
            let reading = &self.composed.reading;
            let own = Identity::of_mail(reading.content.message_id.as_ref(), *reading.digest.as_bytes());
            for identity in [own, Identity::of_reference(self.letter.reference)] {
                ground.identities.push(Known::read(snapshot, identity)?);
            }
        }
        for (address, field) in self.letter.recipients.each() {
            let addressee = Addressee::look_up(snapshot, address, field, self.now)?;
            ground.addressees.push((address.clone(), addressee));
        }
        Ok(ground)
    }

    /// Whose ticket a new one is: the contact that was named, or whom the mail goes to first.
    fn requester(&self, snapshot: &mut Snapshot) -> Result<Sender<'_>, Error> {
        match self.writing.contacts.first() {
            None => Sender::named_by(snapshot, self.actor, &self.composed.reading.content.to),
            Some(id) => Sender::numbered(snapshot, self.actor, *id),
        }
    }

    /// The ticket that it joins, as a check: where the message that it answers is now, or the ticket itself, wherever a
    /// merge or a split took them since they were read.
    fn ticket(&self, snapshot: &mut Snapshot, read: &StoredTicket) -> Result<StoredTicket, Error> {
        let answered = match &self.matter.answered {
            Some(answered) => stored::message(snapshot, answered.number)?.map(|message| message.ticket),
            None => None,
        };
        let number = answered.filter(|number| *number != 0).unwrap_or(read.number);
        let read = stored::ticket(snapshot, number)?.ok_or(Error::NotFound("ticket"))?;
        let number = home(snapshot, read)?.number;
        stored::ticket_checked(snapshot, number)?
            .filter(|ticket| self.actor.sight.sees(ticket.record.team))
            .ok_or(Error::NotFound("ticket"))
    }

    /// A ticket of its own, whose requester is whom it goes to.
    fn begin(&self, batch: &mut Batch, requester: &Sender<'_>, message: Number) -> (Number, Number) {
        let requester = requester.enter(batch, self.now);
        let number = Number::Assigned(batch.next(Counter::Ticket));
        let content = &self.composed.reading.content;
        let mut ticket = Ticket::begun(content, self.matter.channel.id, self.matter.team, self.now);
        ticket.enter(self.writing.state.unwrap_or(State::Pending));
        ticket.admit(&self.brings);
        ticket.company = self.matter.company;
        self.note_people(&mut ticket);
        let activity = self.tell(batch, (number, message), EventKind::TicketCreated, &ticket);
        self.tell_mentioned(batch, (number, message), &ticket);
        put_ticket(batch, number, &ticket, requester, activity);
        (number, activity)
    }

    fn join(
        &self,
        (batch, due): (&mut Batch, &mut DueRows),
        before: &StoredTicket,
        message: Number,
    ) -> (Number, Number) {
        let number = Number::Known(before.number);
        facet::leave(batch, &before.record, before.requester, before.activity);
        let mut ticket = before.record.clone();
        let is_note = self.letter.kind == MessageKind::Note;
        ticket.enter(self.makes(ticket.state));
        ticket.snoozed_until = None;
        ticket.attention &= is_note;
        ticket.updated = self.now;
        ticket.message_count += 1;
        ticket.admit(&self.brings);
        self.note_people(&mut ticket);
        let (organisation, who) = (self.actor.organisation, self.actor.who);
        let waking = Waking { organisation, message, who, at: self.now };
        snooze::follow(batch, due, &waking, before.number, (&before.record, &ticket));
        let kind = if is_note { EventKind::NoteAdded } else { EventKind::MessageSent };
        let activity = self.tell(batch, (number, message), kind, &ticket);
        self.tell_mentioned(batch, (number, message), &ticket);
        put_ticket(batch, number, &ticket, Number::Known(before.requester), activity);
        (number, activity)
    }

    /// The state that it puts a ticket into.
    fn makes(&self, before: State) -> State {
        let leaves_open = self.letter.kind == MessageKind::Note || self.writing.is_forward();
        self.writing.state.unwrap_or(if leaves_open { before } else { State::Pending })
    }

    /// What an undo puts back.
    fn displaces(&self, place: &Place<'_>) -> Option<Displaced> {
        match place {
            Place::Ticket(before) if self.letter.kind == MessageKind::Outbound => {
                Some(Displaced::of(before, self.makes(before.record.state)))
            }
            Place::Ticket(_) | Place::New(_) => None,
        }
    }

    /// Who wrote it, and whom it names.
    fn note_people(&self, ticket: &mut Ticket) {
        if self.letter.kind == MessageKind::Outbound {
            ticket.written_by(self.actor.who);
        }
        ticket.name_people(&mentioned(self.actor.who, &self.writing.mentions));
    }

    /// Tells each whom it names.
    fn tell_mentioned(&self, batch: &mut Batch, (ticket, message): (Number, Number), record: &Ticket) {
        for person in mentioned(self.actor.who, &self.writing.mentions) {
            let event = Event {
                kind: EventKind::Mentioned,
                team_before: record.team,
                team: record.team,
                who: self.actor.who,
                at: self.now,
                delivery: None,
                person: Some(person),
            };
            event::append(batch, ticket, message, &event);
        }
    }

    fn tell(
        &self,
        batch: &mut Batch,
        (ticket, message): (Number, Number),
        kind: EventKind,
        record: &Ticket,
    ) -> Number {
        let (team, who) = (record.team, self.actor.who);
        let event = Event { kind, team_before: team, team, who, at: self.now, delivery: None, person: None };
        Number::Assigned(event::append(batch, ticket, message, &event))
    }

    fn enqueue(
        &self,
        desk: &Desk,
        (batch, due): (&mut Batch, &mut DueRows),
        ground: &Ground<'_>,
        raw: BlobRef,
        planned: &mut Planned,
    ) {
        let Some(envelope_domain) = &self.letter.envelope_domain else { return };
        let (heading, recipients) = (&self.letter.heading, &self.letter.recipients);
        let named =
            recipients.to.iter().chain(&recipients.cc).chain(&heading.reply_to).chain([&heading.from]);
        let posting = Posting {
            raw,
            from_domain: heading.from.address.domain().clone(),
            reverse_path: ReversePath::BounceAddress(envelope_domain.clone()),
            smtputf8: needs_smtputf8(named.map(|one| &one.address)),
            now: self.now,
            due: self.writing.hold.end(self.now),
            system: None,
        };
        // One after the other, since two made by chance could be the same; those of other mails are a conflict.
        let numbers = desk.new_delivery_id(self.now).0..;
        for ((address, addressee), id) in ground.addressees.iter().zip(numbers.map(DeliveryId)) {
            let place = (planned.ticket, planned.message);
            enqueue(batch, due, self.actor.organisation, place, id, addressee, &posting);
            planned.deliveries.push(id);
            if addressee.is_suppressed() {
                planned.suppressed.push(address.clone());
            }
        }
    }

    fn record(&self, raw: BlobRef, place: &Place<'_>) -> Message {
        let Composed { reading, .. } = &self.composed;
        let letter = &self.letter;
        Message {
            received: self.now,
            channels: vec![self.matter.channel.id],
            envelope: None,
            verdicts: None,
            raw,
            digest: reading.digest,
            content: reading.content.clone(),
            quarantine: None,
            written: Some(Written {
                kind: letter.kind,
                author: self.actor.who,
                reference: letter.reference,
                bcc: letter.recipients.bcc.iter().map(|one| one.address.clone()).collect(),
                displaced: self.displaces(place),
            }),
            marked: false,
            reports_on: None,
        }
    }
}

impl Planned {
    fn settle(self, receipt: &Receipt) -> WrittenMessage {
        let number = |number: Number| match number {
            Number::Known(number) => number,
            Number::Assigned(slot) => receipt.number(slot),
        };
        WrittenMessage {
            ticket: number(self.ticket),
            message: number(self.message),
            activity: number(self.activity),
            deliveries: self.deliveries,
            suppressed: self.suppressed,
            replayed: false,
        }
    }
}
