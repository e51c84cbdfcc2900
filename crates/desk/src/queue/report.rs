//! What a report says of a delivery (RFC 3464).
//!
//! *Security*: a report that came to the delivery's own bounce address is trusted; one that merely knows a Message-ID
//! of ours may come from anybody who got the mail, so it puts nobody on the suppression list (itop#218), and stops no
//! delivery that still waits.

use guichet_mail::report::{Action, RecipientReport};
use guichet_store::Snapshot;
use jiff::Timestamp;

use crate::delivery::{Delivery, DeliveryState};
use crate::queue::attempted::unknown_mailbox;
use crate::queue::change::{Act, Change, Concern};
use crate::queue::standing::StoredDelivery;
use crate::{Desk, Error};

/// How far a report is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// It knows the token of the envelope: only the servers on the way do.
    Envelope,
    /// It knows the mail.
    Message,
}

impl Desk {
    /// What a report changes of a delivery; none where it tells nothing new, or of a mail that never left. What the
    /// change rests on is read as a check of the batch.
    pub(crate) fn reported(
        &self,
        snapshot: &mut Snapshot,
        act: Act,
        delivery: &StoredDelivery,
        (report, trust): (&RecipientReport, Trust),
    ) -> Result<Option<Change>, Error> {
        // A quick report overtakes the writing down of its own attempt.
        let is_leaving =
            self.queue.is_marked(act.organisation, delivery.id) && delivery.record.state.is_waiting();
        if !is_leaving && !may_have_left(&delivery.record) {
            return Ok(None);
        }
        let change = said(delivery, report, trust, act.at);
        let Some(change) = change else { return Ok(None) };
        let fresh = (self.new_notice_id(act.at), act.at);
        change.minding_the_list(snapshot)?.telling_admins(snapshot, delivery, fresh).map(Some)
    }
}

fn said(delivery: &StoredDelivery, report: &RecipientReport, trust: Trust, now: Timestamp) -> Option<Change> {
    let before = &delivery.record;
    let noted = Delivery { note: Some(sentence(report)), ..before.clone() };
    match report.action {
        Action::Failed if trust == Trust::Message && before.state.is_waiting() => {
            Some(Change { concern: Concern::Attention, ..Change::to(noted) })
        }
        Action::Failed => Some(failed(delivery, noted, report, trust, now)),
        Action::Delayed if before.state == DeliveryState::Bounced => None,
        Action::Delayed => {
            let is_new = !before.delay_told;
            let concern = if is_new { Concern::Attention } else { Concern::Nothing };
            let after = Delivery { delay_told: true, ..noted };
            Some(Change { concern, is_delay: is_new, ..Change::to(after) })
        }
        Action::Delivered | Action::Relayed | Action::Expanded => Some(Change::to(noted)),
    }
}

/// A mail that nobody tried to send can't be reported on. A deferred one can: the remote may have taken it although we
/// never heard its answer.
fn may_have_left(delivery: &Delivery) -> bool {
    match delivery.state {
        DeliveryState::Delivered | DeliveryState::Bounced => true,
        DeliveryState::Held | DeliveryState::Due | DeliveryState::Deferred => delivery.attempts > 0,
        DeliveryState::Suppressed | DeliveryState::Cancelled | DeliveryState::Captured => false,
    }
}

fn failed(
    delivery: &StoredDelivery,
    noted: Delivery,
    report: &RecipientReport,
    trust: Trust,
    now: Timestamp,
) -> Change {
    let is_new = delivery.record.state != DeliveryState::Bounced;
    let status = report.status.as_deref().filter(|_| trust == Trust::Envelope);
    let text = report.diagnostic.as_deref().unwrap_or("the report says no more");
    let suppress = unknown_mailbox(delivery.id, &noted.recipient, status, text, now);
    let after = Delivery { state: DeliveryState::Bounced, ..noted };
    let concern = if is_new { Concern::Reopen } else { Concern::Nothing };
    Change { concern, suppress, ..Change::to(after) }
}

/// The report in words for people.
fn sentence(report: &RecipientReport) -> String {
    let what = match report.action {
        Action::Failed => "it could not be delivered",
        Action::Delayed => "it waits there",
        Action::Delivered => "it arrived",
        Action::Relayed => "it was passed on to a server that gives no notices",
        Action::Expanded => "it was passed on to several recipients",
    };
    let server = report.remote_mta.as_deref().unwrap_or("a server on the way");
    let details = [report.status.as_deref(), report.diagnostic.as_deref()];
    let details: Vec<&str> = details.into_iter().flatten().collect();
    if details.is_empty() {
        return format!("{server} reported: {what}");
    }
    format!("{server} reported: {what} ({})", details.join(" "))
}
