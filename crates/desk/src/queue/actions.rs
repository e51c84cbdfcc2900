//! What people do about deliveries: try again, take back.
//!
//! An action marks the delivery as a sender does, so it never meets one that is being sent.

use guichet_accounts::Actor;
use guichet_store::{Direction, Snapshot};
use jiff::Timestamp;

use crate::delivery::{Delivery, DeliveryId, DeliveryState};
use crate::queue::change::{Act, Change};
use crate::queue::enqueue::EXPIRY;
use crate::queue::marks::{Mark, Work};
use crate::queue::standing::StoredDelivery;
use crate::stored::{StoredTicket, last_number};
use crate::suppression::Suppression;
use crate::{Desk, Error, keys};

/// How many deliveries of one message an undo looks at: more than a message may have recipients.
const UNDO_ROWS_MAX: usize = 10_000;

impl Desk {
    /// Tries a delivery again that is deferred, bounced, captured or suppressed: now, and for five more days. One
    /// whose address is on the suppression list is refused until the entry is removed.
    pub async fn retry_delivery(
        &self,
        actor: &Actor,
        id: DeliveryId,
        now: Timestamp,
    ) -> Result<StoredDelivery, Error> {
        use DeliveryState::{Bounced, Captured, Deferred, Suppressed};
        self.act_on(actor, id, now, |snapshot, record| {
            if !matches!(record.state, Deferred | Bounced | Captured | Suppressed) {
                return Err(refuse(record.state, "sent again"));
            }
            if let Some(entry) = Suppression::read(snapshot, &record.recipient, now)? {
                return Err(Error::Invalid(format!(
                    "{} is on the suppression list ({}): remove it there first",
                    entry.address,
                    entry.told()
                )));
            }
            Ok(Some(Change::to(Delivery {
                state: DeliveryState::Due,
                due: now,
                expires: now.saturating_add(EXPIRY).unwrap_or(Timestamp::MAX),
                delay_told: false,
                note: None,
                ..record.clone()
            })))
        })
        .await
    }

    /// Takes back a delivery that still waits. One that is being sent just now, or has left, can't be taken back.
    pub async fn cancel_delivery(
        &self,
        actor: &Actor,
        id: DeliveryId,
        now: Timestamp,
    ) -> Result<StoredDelivery, Error> {
        self.act_on(actor, id, now, |_, record| {
            if !record.state.is_waiting() {
                return Err(refuse(record.state, "cancelled"));
            }
            let state = DeliveryState::Cancelled;
            Ok(Some(Change::to(Delivery { state, note: None, ..record.clone() })))
        })
        .await
    }

    /// Undo: takes back all deliveries of a message that are still held, and says how many they were.
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
        self.act_on(actor, id, now, |_, record| {
            let after = Delivery { state: DeliveryState::Cancelled, ..record.clone() };
            Ok((record.state == DeliveryState::Held).then(|| Change::to(after)))
        })
        .await
    }

    /// Changes a delivery that the actor sees, while nobody sends it.
    async fn act_on(
        &self,
        actor: &Actor,
        id: DeliveryId,
        now: Timestamp,
        decide: impl Fn(&mut Snapshot, &Delivery) -> Result<Option<Change>, Error>,
    ) -> Result<StoredDelivery, Error> {
        let _mark = self.marked(actor, id)?;
        self.change_delivery(act(actor, now), id, |snapshot, before, ticket| {
            sees(actor, ticket)?;
            decide(snapshot, &before.record)
        })
        .await
    }

    /// Marks a delivery that the actor sees, so that nobody sends it meanwhile.
    pub(super) fn marked(&self, actor: &Actor, id: DeliveryId) -> Result<ActionMark, Error> {
        // Sight comes first: that something is being sent is nobody else's to know.
        self.delivery(actor, id)?;
        let mark = self.queue.marks.mark(actor.organisation, id, Work::Writing);
        let mark = mark.ok_or_else(|| {
            Error::Invalid("this delivery is being sent just now: look again in a moment".to_owned())
        })?;
        Ok(ActionMark { queue: self.queue.clone(), mark: Some(mark) })
    }
}

/// The mark of a person's action. A sender who passed by meanwhile hears of its end.
pub(super) struct ActionMark {
    queue: crate::queue::Queue,
    mark: Option<Mark>,
}

impl Drop for ActionMark {
    fn drop(&mut self) {
        self.mark = None;
        self.queue.changed();
    }
}

pub(super) fn act(actor: &Actor, now: Timestamp) -> Act {
    Act { organisation: actor.organisation, who: actor.who, at: now }
}

/// Whether the actor sees a delivery: its ticket decides, and system mail is for those who see everything.
pub(super) fn sees(actor: &Actor, ticket: Option<&StoredTicket>) -> Result<(), Error> {
    let team = ticket.and_then(|ticket| ticket.record.team);
    if actor.sight.sees(team) { Ok(()) } else { Err(Error::NotFound("delivery")) }
}

/// The state does not allow it.
pub(super) fn refuse(state: DeliveryState, what: &str) -> Error {
    Error::Invalid(format!("this delivery is {}, so it can't be {what}", state.as_str()))
}
