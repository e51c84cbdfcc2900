//! What people do about deliveries: try again, take back.
//!
//! An action marks the delivery as a sender does, so it never meets one that is being sent.

use guichet_accounts::Actor;
use guichet_store::Snapshot;
use jiff::Timestamp;

use crate::delivery::{Delivery, DeliveryId, DeliveryState};
use crate::queue::change::{Act, Change};
use crate::queue::enqueue::EXPIRY;
use crate::queue::marks::{Mark, Work};
use crate::queue::standing::StoredDelivery;
use crate::queue::undo::taken_back;
use crate::stored::StoredTicket;
use crate::suppression::Suppression;
use crate::{Desk, Error};

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
        self.act_on(actor, id, now, |snapshot, before| {
            let record = &before.record;
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
        self.act_on(actor, id, now, |snapshot, before| {
            if !before.record.state.is_waiting() {
                return Err(refuse(before.record.state, "cancelled"));
            }
            taken_back(snapshot, before, now).map(Some)
        })
        .await
    }

    /// Changes a delivery that the actor sees, while nobody sends it.
    pub(super) async fn act_on(
        &self,
        actor: &Actor,
        id: DeliveryId,
        now: Timestamp,
        decide: impl Fn(&mut Snapshot, &StoredDelivery) -> Result<Option<Change>, Error>,
    ) -> Result<StoredDelivery, Error> {
        let _mark = self.marked(actor, id)?;
        self.change_delivery(act(actor, now), id, |snapshot, before, ticket| {
            sees(actor, ticket)?;
            decide(snapshot, before)
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
