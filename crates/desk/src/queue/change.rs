//! One change of a delivery: what it becomes, what that means for its ticket and for the suppression list, and all rows
//! that move with it, in one commit.

use guichet_accounts::{TeamId, Who};
use guichet_store::{Batch, CommitError, OrganisationId, Snapshot, record};
use jiff::Timestamp;

use crate::delivery::{Attempt, Delivery, DeliveryId, DeliveryState};
use crate::event::{self, Event, EventKind};
use crate::keys::{self, Number};
use crate::notices::NoticePut;
use crate::queue::due::DueRows;
use crate::queue::standing::{StoredDelivery, put_delivery};
use crate::queue::undo::Displaced;
use crate::rows::{put_ticket, touch_ticket};
use crate::snooze::{self, Waking};
use crate::stored::{self, StoredTicket};
use crate::suppression::Suppression;
use crate::ticket::Ticket;
use crate::{Desk, Error, NewNotice, NoticeId, NoticeKind, SystemMailKind, facet};

/// How often a change is tried again when others were quicker. Deliveries of one ticket that fail together meet at it.
const ATTEMPTS_MAX: usize = 32;

/// Who does it, where and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    pub(crate) organisation: OrganisationId,
    pub(crate) who: Who,
    pub(crate) at: Timestamp,
}

impl Act {
    /// What the server does by itself.
    pub(crate) fn of_system(organisation: OrganisationId, at: Timestamp) -> Self {
        Self { organisation, who: Who::System, at }
    }
}

/// What a change of a delivery means for its ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concern {
    /// Nothing.
    Nothing,
    /// Somebody should look.
    Attention,
    /// The customer did not get it: somebody should look, and a ticket that waits for them or is done opens again.
    Reopen,
    /// It is as if the mail had never been written.
    Undo(Displaced),
}

impl Concern {
    pub(crate) fn apply(self, ticket: &mut Ticket) {
        match self {
            Concern::Nothing => return,
            Concern::Undo(displaced) => return displaced.restore(ticket),
            Concern::Attention => {}
            Concern::Reopen => ticket.reopen(),
        }
        ticket.attention = true;
        ticket.snoozed_until = None;
    }
}

/// A change of one delivery.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// What it becomes.
    pub(crate) after: Delivery,
    /// What that means for its ticket.
    pub(crate) concern: Concern,
    /// It has been waiting for so long that somebody should know.
    pub(crate) is_delay: bool,
    /// The attempt that changes it; its number is `after.attempts`.
    pub(crate) attempt: Option<Attempt>,
    /// An entry for the suppression list.
    pub(crate) suppress: Option<Suppression>,
    /// What the admins are told of a mail of the server's own.
    pub(crate) notice: Option<NoticePut>,
}

impl Change {
    /// One that means nothing beyond the delivery.
    pub(crate) fn to(after: Delivery) -> Self {
        Self {
            after,
            concern: Concern::Nothing,
            is_delay: false,
            attempt: None,
            suppress: None,
            notice: None,
        }
    }

    /// The same, without an entry for the suppression list that would be of no use there.
    pub(super) fn minding_the_list(mut self, snapshot: &mut Snapshot) -> Result<Self, Error> {
        if let Some(entry) = self.suppress.take() {
            self.suppress = entry.unless_there(snapshot)?;
        }
        Ok(self)
    }

    /// The same, with a notice to the admins where a mail of the server's own can't be delivered: one for each address,
    /// and no further mail (freescout#4806).
    pub(super) fn telling_admins(
        mut self,
        snapshot: &mut Snapshot,
        before: &StoredDelivery,
        (fresh, at): (NoticeId, Timestamp),
    ) -> Result<Self, Error> {
        let is_new =
            before.record.state != DeliveryState::Bounced && self.after.state == DeliveryState::Bounced;
        // What becomes of a probe its forward says.
        let is_told = self.after.system.is_some_and(|kind| kind != SystemMailKind::Probe);
        if is_new && is_told {
            let new = bounced(&self.after);
            self.notice = Some(NoticePut::read(snapshot, new, fresh, at)?);
        }
        Ok(self)
    }

    /// Writes all rows but the ticket's. Who writes the ticket in the same batch applies [`Change::concern`] to it;
    /// `team` is whose it is.
    pub(crate) fn write(
        &self,
        batch: &mut Batch,
        due: &mut DueRows,
        act: Act,
        before: &StoredDelivery,
        team: Option<TeamId>,
    ) {
        self.move_rows(batch, due, act.organisation, before);
        if let Some(attempt) = &self.attempt {
            batch.put(keys::attempt(before.id, self.after.attempts), record::encode(attempt));
        }
        if let Some(entry) = &self.suppress {
            entry.put(batch);
        }
        if let Some(notice) = &self.notice {
            notice.write(batch, Number::Known(0));
        }
        append(batch, EventKind::DeliveryChanged, act, before, team);
        if self.is_delay {
            append(batch, EventKind::DeliveryDelayed, act, before, team);
        }
    }

    fn move_rows(
        &self,
        batch: &mut Batch,
        due: &mut DueRows,
        organisation: OrganisationId,
        before: &StoredDelivery,
    ) {
        let (id, was, is) = (before.id, &before.record, &self.after);
        if was.state != is.state {
            batch.delete(keys::deliveries_in(was.state).number(id.0));
            batch.put(keys::deliveries_in(is.state).number(id.0), Vec::new());
        }
        let place = |delivery: &Delivery| delivery.state.is_waiting().then_some(delivery.due);
        if place(was) != place(is) {
            if was.state.is_waiting() {
                due.leave(organisation, id, was);
            }
            if is.state.is_waiting() {
                due.enter(organisation, id, is);
            }
        }
        let of = (Number::Known(before.ticket), Number::Known(before.message));
        put_delivery(batch, of, id, is);
    }

    /// Writes all rows.
    pub(crate) fn write_with_ticket(
        &self,
        batch: &mut Batch,
        due: &mut DueRows,
        act: Act,
        before: &StoredDelivery,
        ticket: Option<&StoredTicket>,
    ) {
        self.write(batch, due, act, before, ticket.and_then(|ticket| ticket.record.team));
        if let Some(ticket) = ticket {
            let mut changed = ticket.record.clone();
            self.concern.apply(&mut changed);
            let wakes = !before.record.state.is_waiting() && self.after.state.is_waiting();
            if wakes && changed == ticket.record {
                // It may be about to be deleted, as nothing of it waited.
                touch_ticket(batch, ticket);
            }
            rewrite_ticket((batch, due), act, before, ticket, changed);
        }
    }
}

/// What the admins are told of a mail of the server's own that bounced.
fn bounced(delivery: &Delivery) -> NewNotice {
    let address = delivery.recipient.clone();
    let said = delivery.note.as_deref().or_else(|| delivery.last.as_ref().map(|last| last.text.as_str()));
    let text = format!(
        "A mail that this server wrote by itself to {address} could not be delivered: {}. Correct the address, or ask \
         whoever it belongs to.",
        said.unwrap_or("nobody said why").trim_end_matches('.')
    );
    NewNotice {
        subject: format!("{address} can't be reached"),
        text,
        kind: NoticeKind::AddressBounces { address },
    }
}

/// Writes a ticket anew, if anything about it is new.
pub(super) fn rewrite_ticket(
    (batch, due): (&mut Batch, &mut DueRows),
    act: Act,
    delivery: &StoredDelivery,
    before: &StoredTicket,
    mut changed: Ticket,
) {
    if changed == before.record {
        return;
    }
    changed.updated = act.at;
    facet::leave(batch, &before.record, before.requester, before.activity);
    let message = Number::Known(delivery.message);
    let waking = Waking { organisation: act.organisation, message, who: act.who, at: act.at };
    snooze::follow(batch, due, &waking, before.number, (&before.record, &changed));
    let activity = append(batch, EventKind::TicketChanged, act, delivery, changed.team);
    let (number, requester) = (Number::Known(before.number), Number::Known(before.requester));
    put_ticket(batch, number, &changed, requester, activity);
}

fn append(
    batch: &mut Batch,
    kind: EventKind,
    act: Act,
    delivery: &StoredDelivery,
    team: Option<TeamId>,
) -> Number {
    let event = Event {
        kind,
        team_before: team,
        team,
        who: act.who,
        at: act.at,
        delivery: Some(delivery.id),
        person: None,
    };
    let (ticket, message) = (Number::Known(delivery.ticket), Number::Known(delivery.message));
    Number::Assigned(event::append(batch, ticket, message, &event))
}

/// A delivery and its ticket, as checks of the batch that is made from the snapshot. One of a ticket that was deleted for
/// good is about to go as well, and changes no more.
pub(super) fn read_both(
    snapshot: &mut Snapshot,
    id: DeliveryId,
) -> Result<(StoredDelivery, Option<StoredTicket>), Error> {
    let delivery = StoredDelivery::read(snapshot, id)?.ok_or(Error::NotFound("delivery"))?;
    let ticket = match delivery.ticket {
        0 => None,
        number => Some(stored::ticket_checked(snapshot, number)?.ok_or(Error::NotFound("delivery"))?),
    };
    Ok((delivery, ticket))
}

impl Desk {
    /// Changes a delivery as `decide` says, which sees it and its ticket and may read on, as checks; with `None` it
    /// stays as it is. Answers the delivery as it then stands.
    pub(super) async fn change_delivery(
        &self,
        act: Act,
        id: DeliveryId,
        decide: impl Fn(&mut Snapshot, &StoredDelivery, Option<&StoredTicket>) -> Result<Option<Change>, Error>,
    ) -> Result<StoredDelivery, Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(act.organisation).snapshot()?;
            let (before, ticket) = read_both(&mut snapshot, id)?;
            let Some(change) = decide(&mut snapshot, &before, ticket.as_ref())? else {
                return Ok(before);
            };
            let change = change.minding_the_list(&mut snapshot)?;
            let fresh = (self.new_notice_id(act.at), act.at);
            let change = change.telling_admins(&mut snapshot, &before, fresh)?;
            let (mut batch, mut due) = (snapshot.batch(), self.due_rows());
            change.write_with_ticket(&mut batch, &mut due, act, &before, ticket.as_ref());
            match self.commit_queued(batch, due).await {
                Ok(_) => return Ok(StoredDelivery { record: change.after, ..before }),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too much happens to this delivery at once".to_owned()))
    }
}
