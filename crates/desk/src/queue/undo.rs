//! Undo: a mail of ours is taken back before any of it left, and what that makes of its ticket.
//!
//! *Must hold*: the ticket stands again as it did before the mail, unless something happened to it since: another state,
//! a mail that came, a later one of ours, a merge or a split.

use guichet_accounts::Actor;
use guichet_store::{Direction, Snapshot};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::delivery::{Delivery, DeliveryId, DeliveryState};
use crate::queue::change::{Change, Concern};
use crate::queue::standing::StoredDelivery;
use crate::stored::{self, StoredMessage, StoredTicket, last_number};
use crate::ticket::{State, Ticket};
use crate::{Desk, Error, MessageKind, keys};

/// How many deliveries of one message an undo looks at: more than a message may have recipients.
const UNDO_ROWS_MAX: usize = 10_000;

/// How many later and earlier messages are looked at. A ticket that got more within the time of an undo has moved on.
const MESSAGES_READ_MAX: usize = 100;

/// What a ticket was when a mail of ours changed it, kept with that mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Displaced {
    /// Which ticket.
    #[n(0)]
    ticket: u64,
    /// Its state before the mail.
    #[n(1)]
    state: State,
    /// Where it came from, of one in spam or trash.
    #[n(2)]
    state_before: Option<State>,
    /// Whether somebody had to look.
    #[n(3)]
    attention: bool,
    /// Until when it was snoozed.
    #[cbor(n(4), with = "crate::time::optional", has_nil)]
    snoozed_until: Option<Timestamp>,
    /// The state that the mail put it into.
    #[n(5)]
    made: State,
}

impl Displaced {
    /// Of a ticket that a mail puts into this state.
    pub(crate) fn of(before: &StoredTicket, made: State) -> Self {
        let Ticket { state, state_before, attention, snoozed_until, .. } = before.record;
        Self { ticket: before.number, state, state_before, attention, snoozed_until, made }
    }

    /// Puts it back into a ticket that nobody has moved on since.
    pub(super) fn restore(&self, ticket: &mut Ticket) {
        if ticket.state == self.made {
            ticket.state = self.state;
            ticket.state_before = self.state_before;
            ticket.attention |= self.attention;
            ticket.snoozed_until = ticket.snoozed_until.or(self.snoozed_until);
        }
    }

    /// The same with what the answers right before displaced that were taken back while this one was under way.
    fn with_earlier(self, snapshot: &mut Snapshot, taken_back: &StoredDelivery) -> Result<Self, Error> {
        let messages = keys::ticket_messages(taken_back.ticket);
        let own = messages.clone().number(taken_back.message);
        let earlier = snapshot.scan(&messages, Direction::Backward, Some(own.as_bytes()))?;
        let earlier = earlier.take(MESSAGES_READ_MAX).map(|row| last_number(&row?.0));
        let mut all = self;
        for number in earlier.collect::<Result<Vec<_>, Error>>()? {
            let message = stored::message(snapshot, number)?.ok_or(Error::Damaged("message"))?;
            if !is_nothing(snapshot, &message)? {
                break;
            }
            let Some(one) = message.record.written.and_then(|written| written.displaced) else { continue };
            // Else it was put back already, or somebody moved the ticket on between the two.
            let is_still_there = one.ticket == all.ticket && one.made != one.state && one.made == all.state;
            if !is_still_there {
                break;
            }
            let attention = all.attention || one.attention;
            let snoozed_until = all.snoozed_until.or(one.snoozed_until);
            all = Self { attention, snoozed_until, made: all.made, ..one };
        }
        Ok(all)
    }

    /// The same, without a snooze whose time has come meanwhile.
    fn at(self, now: Timestamp) -> Self {
        Self { snoozed_until: self.snoozed_until.filter(|until| *until > now), ..self }
    }
}

impl Desk {
    /// Undo: takes back all deliveries of a message that are still held, and says how many they were. When that is all
    /// of it, its ticket stands as before.
    pub async fn cancel_held(&self, actor: &Actor, message: u64, now: Timestamp) -> Result<usize, Error> {
        self.message(actor, message)?;
        let mut cancelled = 0;
        for id in self.held_of(actor, message)? {
            match self.cancel_held_one(actor, id, now).await {
                Ok(delivery) if delivery.record.state == DeliveryState::Cancelled => cancelled += 1,
                // It left in the meantime.
                Ok(_) | Err(Error::Invalid(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(cancelled)
    }

    fn held_of(&self, actor: &Actor, message: u64) -> Result<Vec<DeliveryId>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let rows = snapshot.scan(&keys::message_deliveries(message), Direction::Forward, None)?;
        let mut held = Vec::new();
        for row in rows.take(UNDO_ROWS_MAX) {
            let id = DeliveryId(last_number(&row?.0)?);
            let delivery = StoredDelivery::peek(&snapshot, id)?;
            if delivery.is_some_and(|delivery| delivery.record.state == DeliveryState::Held) {
                held.push(id);
            }
        }
        Ok(held)
    }

    async fn cancel_held_one(
        &self,
        actor: &Actor,
        id: DeliveryId,
        now: Timestamp,
    ) -> Result<StoredDelivery, Error> {
        self.act_on(actor, id, now, |snapshot, before| {
            let is_held = before.record.state == DeliveryState::Held;
            is_held.then(|| taken_back(snapshot, before, now)).transpose()
        })
        .await
    }
}

/// The change that takes back a delivery.
pub(super) fn taken_back(
    snapshot: &mut Snapshot,
    before: &StoredDelivery,
    now: Timestamp,
) -> Result<Change, Error> {
    let after = Delivery { state: DeliveryState::Cancelled, note: None, ..before.record.clone() };
    Ok(Change { concern: concern(snapshot, before, now)?, ..Change::to(after) })
}

/// What it means for its ticket that this delivery is taken back.
fn concern(snapshot: &mut Snapshot, taken_back: &StoredDelivery, now: Timestamp) -> Result<Concern, Error> {
    let message = stored::message(snapshot, taken_back.message)?;
    let displaced = message.and_then(|message| message.record.written?.displaced);
    let displaced = displaced.filter(|displaced| displaced.ticket == taken_back.ticket);
    match displaced {
        Some(displaced) if is_undone(snapshot, taken_back)? => {
            Ok(Concern::Undo(displaced.with_earlier(snapshot, taken_back)?.at(now)))
        }
        _ => Ok(Concern::Nothing),
    }
}

/// Whether this delivery was the last of its message, and nothing that counts came after that message.
fn is_undone(snapshot: &mut Snapshot, taken_back: &StoredDelivery) -> Result<bool, Error> {
    if !never_leaves(snapshot, taken_back.message, Some(taken_back.id))? {
        return Ok(false);
    }
    let messages = keys::ticket_messages(taken_back.ticket);
    let later = snapshot.scan(&messages, Direction::Backward, None)?;
    let later = later.take(MESSAGES_READ_MAX).map(|row| last_number(&row?.0));
    for number in later.collect::<Result<Vec<_>, Error>>()? {
        if number <= taken_back.message {
            return Ok(true);
        }
        let message = stored::message(snapshot, number)?.ok_or(Error::Damaged("message"))?;
        if !is_nothing(snapshot, &message)? {
            return Ok(false);
        }
    }
    Ok(false)
}

/// Whether a message moves its ticket nowhere: a note, an answer of the server's own, or a mail that never leaves.
fn is_nothing(snapshot: &mut Snapshot, message: &StoredMessage) -> Result<bool, Error> {
    match message.record.kind() {
        MessageKind::Note | MessageKind::Automatic => Ok(true),
        MessageKind::Outbound => never_leaves(snapshot, message.number, None),
        MessageKind::Inbound | MessageKind::Report => Ok(false),
    }
}

/// Whether all deliveries of a message but this one are taken back or suppressed: each as a check, so that of two that
/// are taken back at once one sees the other.
fn never_leaves(snapshot: &mut Snapshot, message: u64, but: Option<DeliveryId>) -> Result<bool, Error> {
    // The newest first, since an undo takes them back from the oldest on.
    let rows = snapshot.scan(&keys::message_deliveries(message), Direction::Backward, None)?;
    let ids: Vec<u64> = rows.map(|row| last_number(&row?.0)).collect::<Result<_, Error>>()?;
    for id in ids.into_iter().map(DeliveryId) {
        let state = StoredDelivery::read(snapshot, id)?.ok_or(Error::Damaged("delivery"))?.record.state;
        if Some(id) != but && !matches!(state, DeliveryState::Cancelled | DeliveryState::Suppressed) {
            return Ok(false);
        }
    }
    Ok(true)
}
