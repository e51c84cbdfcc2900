//! What an attempt makes of a delivery.

use guichet_accounts::Who;
use guichet_mail::MailAddress;
use jiff::{SignedDuration, Timestamp};

use crate::delivery::{Attempt, Delivery, DeliveryId, DeliveryState, Fate};
use crate::queue::change::{Act, Change, Concern};
use crate::queue::enqueue::EXPIRY;
use crate::queue::lease::Lease;
use crate::queue::schedule;
use crate::suppression::Suppression;
use crate::{Desk, Error};

/// After how long a wait somebody should know (RFC 5321, section 4.5.4.1 leaves it open; sendmail's four hours are
/// what people are used to).
const DELAY: SignedDuration = SignedDuration::from_hours(4);

/// Statuses that say that a mailbox does not exist or is closed for good (RFC 3463, sections 3.2 and 3.3; RFC 7505).
/// None of those by which a server refuses a sender or a mail: they say nothing of the recipient.
const UNKNOWN_MAILBOX: [&str; 5] = ["5.1.1", "5.1.3", "5.1.6", "5.1.10", "5.2.1"];

/// How long a mailbox that does not exist is left alone: it may be made one day.
const UNKNOWN_MAILBOX_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Desk {
    /// Keeps what came of an attempt: in one commit the attempt, the delivery's state, its place in the due-table, what
    /// it means for the ticket, the event. On an error nothing is kept: call again with the same lease, which goes on
    /// holding the delivery. What was kept already is not kept twice.
    pub async fn attempted(&self, lease: &Lease, attempt: &Attempt) -> Result<(), Error> {
        lease.mark.begin_writing();
        let act = Act::of_system(lease.organisation, attempt.ended);
        let mut chance = [0; 8];
        self.random.fill(&mut chance);
        let chance = u64::from_be_bytes(chance);
        let decide = |before: &Delivery| {
            // An answer of the store was lost on the way, but not what it had written.
            let is_new = before.attempts < lease.attempt;
            is_new.then(|| after_attempt(lease.delivery, before, attempt, chance))
        };
        self.change_delivery(act, lease.delivery, |_, before, _| Ok(decide(&before.record))).await?;
        Ok(())
    }
}

/// What an attempt makes of a delivery.
fn after_attempt(id: DeliveryId, before: &Delivery, attempt: &Attempt, random: u64) -> Change {
    let mut after = before.clone();
    after.attempts = before.attempts.saturating_add(1);
    after.last = Some(Attempt { signature: None, ..attempt.clone() });
    let change = Change { attempt: Some(attempt.clone()), ..Change::to(after) };
    match attempt.fate {
        // It came back before we could write down that it had left.
        _ if before.state == DeliveryState::Bounced => change,
        Fate::Delivered => settle(change, DeliveryState::Delivered),
        // Somebody took it back meanwhile. Nothing has left, so it stays so.
        _ if !before.state.is_waiting() => change,
        Fate::Captured => settle(change, DeliveryState::Captured),
        Fate::Refused => refused(id, change, attempt),
        Fate::Deferred(_) if attempt.ended >= before.expires => given_up(change),
        Fate::Deferred(retry) => {
            let waited = attempt.ended.duration_since(due_since(before));
            deferred(change, attempt.ended, waited, schedule::delay(retry, waited, random))
        }
    }
}

fn settle(mut change: Change, state: DeliveryState) -> Change {
    change.after.state = state;
    change.after.note = None;
    change
}

fn refused(id: DeliveryId, change: Change, attempt: &Attempt) -> Change {
    let recipient = change.after.recipient.clone();
    let status = attempt.status.as_deref();
    let suppress = unknown_mailbox(id, &recipient, status, &attempt.text, attempt.ended);
    Change { concern: Concern::Reopen, suppress, ..settle(change, DeliveryState::Bounced) }
}

fn deferred(mut change: Change, now: Timestamp, waited: SignedDuration, delay: SignedDuration) -> Change {
    let after = &mut change.after;
    after.state = DeliveryState::Deferred;
    after.due = now.saturating_add(delay).unwrap_or(after.expires).min(after.expires);
    if waited >= DELAY && !after.delay_told {
        after.delay_told = true;
        change.is_delay = true;
        change.concern = Concern::Attention;
    }
    change
}

/// When it was due first, or was tried again by hand.
fn due_since(delivery: &Delivery) -> Timestamp {
    delivery.expires.saturating_sub(EXPIRY).unwrap_or(Timestamp::MIN)
}

/// Its time is over.
pub(super) fn given_up(change: Change) -> Change {
    let mut change = settle(change, DeliveryState::Bounced);
    let answer = change.after.last.as_ref().map_or("none", |last| last.text.as_str());
    change.after.note = Some(format!("not delivered within 5 days; the last answer was: {answer}"));
    change.concern = Concern::Reopen;
    change
}

/// An entry for the suppression list, if the status says that the mailbox does not exist.
pub(super) fn unknown_mailbox(
    id: DeliveryId,
    recipient: &MailAddress,
    status: Option<&str>,
    text: &str,
    now: Timestamp,
) -> Option<Suppression> {
    let status = status.filter(|status| UNKNOWN_MAILBOX.contains(status))?;
    Some(Suppression {
        address: recipient.clone(),
        reason: format!("a mail bounced, {status}: {text}"),
        who: Who::System,
        created: now,
        expires: now.saturating_add(UNKNOWN_MAILBOX_FOR).ok(),
        delivery: Some(id),
    })
}
