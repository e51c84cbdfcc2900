//! Another address for a delivery that did not arrive: the old one ends, a new one goes out with the same mail.

use guichet_accounts::Actor;
use guichet_mail::MailAddress;
use guichet_store::CommitError;
use jiff::Timestamp;

use crate::delivery::{Delivery, DeliveryId, DeliveryState};
use crate::keys::Number;
use crate::queue::actions::{act, refuse, sees};
use crate::queue::change::{Change, read_both, rewrite_ticket};
use crate::queue::enqueue::{Addressee, Posting, enqueue};
use crate::queue::standing::StoredDelivery;
use crate::rows::touch_ticket;
use crate::{Desk, Error};

/// How often it is tried again when others were quicker.
const ATTEMPTS_MAX: usize = 16;

impl Desk {
    /// Sends the mail of a delivery that waits, bounced or was suppressed to another address instead; answers the new
    /// delivery. The old one is cancelled with a note; the new address takes part in the ticket. A mail of the server's own
    /// goes to nobody else.
    pub async fn redirect_delivery(
        &self,
        actor: &Actor,
        id: DeliveryId,
        address: &MailAddress,
        now: Timestamp,
    ) -> Result<StoredDelivery, Error> {
        let _mark = self.marked(actor, id)?;
        for _ in 0..ATTEMPTS_MAX {
            match self.try_redirect(actor, id, address, now).await {
                Ok(new) => {
                    let snapshot = self.store.of(actor.organisation).snapshot()?;
                    return StoredDelivery::peek(&snapshot, new)?.ok_or(Error::NotFound("delivery"));
                }
                Err(Failure::Commit(CommitError::Conflict)) => {}
                Err(Failure::Commit(error)) => return Err(error.into()),
                Err(Failure::Refused(error)) => return Err(error),
            }
        }
        Err(Error::Unavailable("too much happens to this delivery at once".to_owned()))
    }

    async fn try_redirect(
        &self,
        actor: &Actor,
        id: DeliveryId,
        address: &MailAddress,
        now: Timestamp,
    ) -> Result<DeliveryId, Failure> {
        let (act, new) = (act(actor, now), self.new_delivery_id(now));
        let mut snapshot = self.store.of(actor.organisation).snapshot().map_err(Error::from)?;
        let (before, ticket) = read_both(&mut snapshot, id)?;
        sees(actor, ticket.as_ref())?;
        let addressee = Addressee::look_up(&mut snapshot, address, before.record.field, now)?;
        check(&before, &addressee, address)?;
        let (mut batch, mut due) = (snapshot.batch(), self.due_rows());
        let team = ticket.as_ref().and_then(|ticket| ticket.record.team);
        replaced(&before.record, address, new).write(&mut batch, &mut due, act, &before, team);
        let of = (Number::Known(before.ticket), Number::Known(before.message));
        let posting = posting(&before.record, now);
        enqueue(&mut batch, &mut due, actor.organisation, of, new, &addressee, &posting);
        if let Some(ticket) = ticket {
            let mut changed = ticket.record.clone();
            changed.admit(&[address.normalised()].into());
            if changed == ticket.record {
                // It may be about to be deleted, as nothing of it waited.
                touch_ticket(&mut batch, &ticket);
            }
            rewrite_ticket((&mut batch, &mut due), act, &before, &ticket, changed);
        }
        self.commit_queued(batch, due).await.map_err(Failure::Commit)?;
        Ok(new)
    }
}

/// Why a redirection did not come about.
enum Failure {
    Refused(Error),
    Commit(CommitError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Refused(error)
    }
}

fn check(before: &StoredDelivery, addressee: &Addressee, address: &MailAddress) -> Result<(), Error> {
    let state = before.record.state;
    if before.record.system.is_some() {
        let why = "this mail is the server's own and for its recipient alone: have another one sent instead";
        return Err(Error::Invalid(why.to_owned()));
    }
    if !(state.is_waiting() || matches!(state, DeliveryState::Bounced | DeliveryState::Suppressed)) {
        return Err(refuse(state, "sent to another address"));
    }
    if before.record.recipient.is_same(address) {
        return Err(Error::Invalid(format!("the delivery goes to {address} already")));
    }
    if addressee.is_suppressed() {
        return Err(Error::Invalid(format!("{address} is on the suppression list: remove it there first")));
    }
    Ok(())
}

fn replaced(before: &Delivery, address: &MailAddress, new: DeliveryId) -> Change {
    Change::to(Delivery {
        state: DeliveryState::Cancelled,
        note: Some(format!("sent to {address} instead")),
        replaced_by: Some(new),
        ..before.clone()
    })
}

/// The same mail again. What is held stays held.
fn posting(before: &Delivery, now: Timestamp) -> Posting {
    let due = if before.state == DeliveryState::Held { before.due.max(now) } else { now };
    Posting {
        raw: before.raw.clone(),
        from_domain: before.from_domain.clone(),
        reverse_path: before.reverse_path.clone(),
        smtputf8: before.smtputf8,
        now,
        due,
        system: None,
    }
}
