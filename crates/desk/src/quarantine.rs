//! Quarantine: mail that is kept aside until somebody who may releases it.

use guichet_accounts::{Actor, Channel, Sight};
use guichet_store::{Batch, CommitError, Counter, Key, Slot};
use jiff::Timestamp;

use crate::copies::Copies;
use crate::event::{self, Event, EventKind};
use crate::keys::{self, Number};
use crate::page::Page;
use crate::read::numbered_page;
use crate::rows::{link, put_message, put_ticket};
use crate::stored::{self, StoredMessage};
use crate::ticket::Ticket;
use crate::{Desk, Error, contact};

/// How often a release is tried again when others were quicker.
const ATTEMPTS_MAX: usize = 16;

impl Desk {
    /// A page of what is in quarantine, oldest first. It is the admins' to see: its mail has no team yet.
    pub fn quarantine(
        &self,
        actor: &Actor,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredMessage>, Error> {
        if actor.sight != Sight::All {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        numbered_page(&snapshot, &Key::new(keys::QUARANTINE), cursor, limit, |number, _| {
            stored::message(&snapshot, number)?.ok_or(Error::Damaged("message")).map(Some)
        })
    }

    /// One mail in quarantine.
    pub fn quarantined(&self, actor: &Actor, number: u64) -> Result<StoredMessage, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let is_there = actor.sight == Sight::All && snapshot.peek(&keys::quarantined(number))?.is_some();
        let message = if is_there { stored::message(&snapshot, number)? } else { None };
        message.ok_or(Error::NotFound("message"))
    }

    /// Makes a ticket of a mail in quarantine; answers the ticket's number.
    pub async fn release(&self, actor: &Actor, number: u64, now: Timestamp) -> Result<u64, Error> {
        for _ in 0..ATTEMPTS_MAX {
            let (batch, ticket) = self.plan_release(actor, number, now)?;
            match self.store.commit(vec![batch]).await {
                Ok(receipts) => return Ok(receipts.first().map_or(0, |receipt| receipt.number(ticket))),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too much happens at once".to_owned()))
    }

    /// The channel through which it came; what came to none, or to one that is gone, goes to the organisation's first.
    fn channel_of(&self, actor: &Actor, message: &StoredMessage) -> Result<Channel, Error> {
        let channels = self.accounts.channels(actor.organisation)?;
        let came = channels.iter().find(|channel| message.record.channels.contains(&channel.id));
        came.or(channels.first()).cloned().ok_or(Error::NotFound("channel"))
    }

    fn plan_release(&self, actor: &Actor, number: u64, now: Timestamp) -> Result<(Batch, Slot), Error> {
        let message = self.quarantined(actor, number)?;
        let Channel { id: channel, team, .. } = self.channel_of(actor, &message)?;
        let mut snapshot = self.store.of(actor.organisation).snapshot()?;
        if snapshot.read(&keys::quarantined(number))?.is_none() {
            return Err(Error::NotFound("message"));
        }
        let record = &message.record;
        let sender = contact::Sender::of(&mut snapshot, &record.content)?;
        let copies = Copies::of(&mut snapshot, &record.content, record.digest)?;
        let mut begun = Ticket::begun(&record.content, channel, team, record.received);
        begun.admit(&self.brought_in(
            actor.organisation,
            &record.content,
            &record.verdicts.clone().unwrap_or_default(),
        )?);
        begun.updated = now;
        let mut batch = snapshot.batch();
        let requester = sender.enter(&mut batch, record.received);
        let slot = batch.next(Counter::Ticket);
        let (ticket, known) = (Number::Assigned(slot), Number::Known(number));
        batch.delete(keys::quarantined(number));
        batch.put(keys::ticket_message_row(ticket, known), Vec::new());
        put_message(&mut batch, ticket, known, record);
        for copy in copies.in_tickets() {
            link(&mut batch, ticket, Number::Known(copy.ticket));
        }
        let event = Event {
            kind: EventKind::MessageReleased,
            team_before: team,
            team,
            who: actor.who,
            at: now,
            delivery: None,
            person: None,
        };
        let activity = Number::Assigned(event::append(&mut batch, ticket, known, &event));
        put_ticket(&mut batch, ticket, &begun, requester, activity);
        Ok((batch, slot))
    }
}
