//! Messages on their way out: each with its deliveries and their attempts, the identities that it was known by, its mail.
//!
//! One mail that came to several addresses is stored once and named by a message in each ticket. Those were written in
//! one commit, so their numbers stand side by side: whoever else names the mail is found by looking at the nearest
//! messages that are left, however many were deleted between. The deliveries of a message name its mail and go with it.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use guichet_store::{Batch, BlobRef, Direction, Key, Snapshot, record};

use super::numbers_under;
use crate::identity::{Identity, Known};
use crate::stored::{StoredMessage, last_number, message_of};
use crate::{DeliveryId, Error, StoredDelivery, keys};

/// How many messages go in one commit.
const MESSAGES_AT_ONCE: usize = 20;
/// How many deliveries go in one commit; a message with more goes alone.
const DELIVERIES_AT_ONCE: usize = 1_000;
/// How many attempts of one delivery go with it: more than five days and any patience bring.
const ATTEMPTS_MAX: usize = 10_000;
/// After how many messages that do not name a mail nobody further away does: one commit adds the messages of one mail
/// side by side, and perhaps an answer among them.
const STRANGERS_MAX: usize = 16;
/// How many of the messages that it names a message is known at, at most.
const NAMED_MAX: usize = 40;

/// Some messages of a deleted ticket, with all that goes with them.
#[derive(Debug, Default)]
pub(super) struct Removal {
    messages: BTreeSet<u64>,
    identities: BTreeMap<Identity, Known>,
    keys: Vec<Key>,
    /// What is given up, with a message that names it.
    released: Vec<(u64, BlobRef)>,
}

impl Removal {
    /// The next messages of a ticket, all that they rest on read as checks; none when the ticket has none left.
    pub(super) fn read(snapshot: &mut Snapshot, ticket: u64) -> Result<Option<Self>, Error> {
        let mut removal = Self::default();
        let mut deliveries = 0;
        for number in numbers_under(snapshot, &keys::ticket_messages(ticket), MESSAGES_AT_ONCE)? {
            if deliveries >= DELIVERIES_AT_ONCE {
                break;
            }
            deliveries += removal.add(snapshot, number, ticket)?;
        }
        if removal.messages.is_empty() {
            return Ok(None);
        }
        removal.spare(snapshot)?;
        Ok(Some(removal))
    }

    /// Adds a message; says how many deliveries it has.
    fn add(&mut self, snapshot: &mut Snapshot, number: u64, ticket: u64) -> Result<usize, Error> {
        self.messages.insert(number);
        self.keys.push(keys::ticket_messages(ticket).number(number));
        let Some(stored) = snapshot.read(&keys::message(number))? else { return Ok(0) };
        let message = message_of(number, &stored)?;
        if message.ticket != ticket {
            return Ok(0);
        }
        self.keys.push(keys::message(number));
        for identity in identities(&message) {
            if let Entry::Vacant(free) = self.identities.entry(identity) {
                free.insert(Known::read(snapshot, identity)?);
            }
        }
        self.give_up(number, message.record.raw);
        let deliveries = numbers_under(snapshot, &keys::message_deliveries(number), usize::MAX)?;
        for id in deliveries.iter().copied().map(DeliveryId) {
            self.keys.push(keys::message_deliveries(number).number(id.0));
            self.add_delivery(snapshot, number, id)?;
        }
        Ok(deliveries.len())
    }

    fn add_delivery(&mut self, snapshot: &mut Snapshot, message: u64, id: DeliveryId) -> Result<(), Error> {
        let Some(delivery) = StoredDelivery::read(snapshot, id)? else { return Ok(()) };
        self.keys.extend([keys::delivery(id), keys::deliveries_in(delivery.record.state).number(id.0)]);
        for attempt in numbers_under(snapshot, &keys::attempts(id), ATTEMPTS_MAX)? {
            self.keys.push(keys::attempts(id).number(attempt));
        }
        self.give_up(message, delivery.record.raw);
        Ok(())
    }

    fn give_up(&mut self, message: u64, blob: BlobRef) {
        if !self.released.iter().any(|(_, known)| *known == blob) {
            self.released.push((message, blob));
        }
    }

    /// Keeps what a message that stays names; that message becomes a check, so that of two that go at once one sees the
    /// other gone.
    fn spare(&mut self, snapshot: &mut Snapshot) -> Result<(), Error> {
        let mut spared = BTreeSet::new();
        let mut released = Vec::new();
        for (number, blob) in std::mem::take(&mut self.released) {
            match self.sharer(snapshot, number, &blob)? {
                Some(other) => drop(spared.insert(other)),
                None => released.push((number, blob)),
            }
        }
        self.released = released;
        spared.into_iter().try_for_each(|number| Ok(snapshot.read(&keys::message(number)).map(drop)?))
    }

    /// Another message that names the blob of this one, whatever else its record says.
    fn sharer(&self, snapshot: &Snapshot, number: u64, blob: &BlobRef) -> Result<Option<u64>, Error> {
        let (all, from, name) = (Key::new(keys::MESSAGES), keys::message(number), record::encode(blob));
        for direction in [Direction::Forward, Direction::Backward] {
            let mut strangers = 0;
            for row in snapshot.scan(&all, direction, Some(from.as_bytes()))? {
                let (key, value) = row?;
                let other = last_number(&key)?;
                let names = value.windows(name.len()).any(|part| part == name);
                match self.messages.contains(&other) {
                    true => {}
                    false if names => return Ok(Some(other)),
                    false => strangers += 1,
                }
                if strangers == STRANGERS_MAX {
                    break;
                }
            }
        }
        Ok(None)
    }

    pub(super) fn write(self, batch: &mut Batch) -> Result<(), Error> {
        for known in self.identities.values() {
            known.forget(batch, &self.messages)?;
        }
        for key in self.keys {
            batch.delete(key);
        }
        for (_, blob) in &self.released {
            batch.release(blob);
        }
        Ok(())
    }
}

/// All that a message may be known by, or known to name.
fn identities(message: &StoredMessage) -> Vec<Identity> {
    let (record, content) = (&message.record, &message.record.content);
    let mut all = vec![Identity::of_mail(content.message_id.as_ref(), *record.digest.as_bytes())];
    all.extend(record.written.as_ref().map(|written| Identity::of_reference(written.reference)));
    let named = content.in_reply_to.iter().chain(content.references.iter().rev());
    all.extend(named.take(NAMED_MAX).map(Identity::of_id));
    all
}
