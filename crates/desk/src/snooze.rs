//! Snooze: a ticket leaves the ordinary lists until its time, or until something happens to it.
//!
//! *Must hold*
//! - A snoozed ticket has a timer for that very time (see [`crate::timers`]), written in the same commit; a timer that
//!   finds its ticket awake, or snoozed to another time, does nothing. So a ticket wakes, and wakes once, whatever ends
//!   the server.
//! - What woke it is in the log: the event names the message that came or was written, else who changed it, else its
//!   time came.

use guichet_accounts::{Actor, Who};
use guichet_store::{Batch, OrganisationId};
use jiff::{SignedDuration, Timestamp};

use crate::event::{self, Event, EventKind};
use crate::keys::Number;
use crate::queue::DueRows;
use crate::stored::StoredTicket;
use crate::ticket::Ticket;
use crate::{Desk, Error};

/// Nobody means to look at a ticket again after more than two years.
pub const SNOOZE_DAYS_MAX: u32 = 731;

/// What happens to a ticket, as far as it may wake it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waking {
    pub(crate) organisation: OrganisationId,
    /// The message that came or was written; 0 without one.
    pub(crate) message: Number,
    pub(crate) who: Who,
    pub(crate) at: Timestamp,
}

impl Desk {
    /// Lets a ticket rest until a time, at most [`SNOOZE_DAYS_MAX`] days ahead.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a time that is past or too far, and for a ticket in spam or trash.
    pub async fn snooze(
        &self,
        actor: &Actor,
        number: u64,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<StoredTicket, Error> {
        check_time(until, now)?;
        // As it is stored, so that the timer names the same time.
        let until = Timestamp::from_microsecond(until.as_microsecond()).unwrap_or(until);
        self.edit_ticket(actor, number, None, now, |ticket| {
            if ticket.state.is_put_away() {
                let word = ticket.state.as_str();
                return Err(Error::Invalid(format!(
                    "a ticket in {word} can't be snoozed: it is in no list that it would leave"
                )));
            }
            ticket.snoozed_until = Some(until);
            Ok(())
        })
        .await
    }

    /// Wakes a ticket. One that is awake stays as it is.
    pub async fn wake(&self, actor: &Actor, number: u64, now: Timestamp) -> Result<StoredTicket, Error> {
        self.edit_ticket(actor, number, None, now, |ticket| {
            ticket.snoozed_until = None;
            Ok(())
        })
        .await
    }
}

fn check_time(until: Timestamp, now: Timestamp) -> Result<(), Error> {
    let latest = now.saturating_add(SignedDuration::from_hours(24 * i64::from(SNOOZE_DAYS_MAX)));
    if until <= now {
        return Err(Error::Invalid("the time to wake it is past; give one to come".to_owned()));
    }
    if latest.is_ok_and(|latest| until > latest) {
        return Err(Error::Invalid(format!("a ticket is snoozed for at most {SNOOZE_DAYS_MAX} days")));
    }
    Ok(())
}

/// Moves the timer of a ticket that is written anew, and tells where that wakes it. Whoever writes a ticket that may
/// have been snoozed calls it in the same commit.
pub(crate) fn follow(
    batch: &mut Batch,
    due: &mut DueRows,
    waking: &Waking,
    number: u64,
    (before, after): (&Ticket, &Ticket),
) {
    let (was, is) = (before.snoozed_until, after.snoozed_until);
    if was == is {
        return;
    }
    if let Some(at) = was {
        due.clear_timer(at, waking.organisation, number);
    }
    match is {
        Some(at) => due.set_timer(at, waking.organisation, number),
        None => {
            tell_woken(batch, waking, number, (before, after));
        }
    }
}

/// The event that a ticket woke.
pub(crate) fn tell_woken(
    batch: &mut Batch,
    waking: &Waking,
    number: u64,
    (before, after): (&Ticket, &Ticket),
) -> Number {
    let event = Event {
        kind: EventKind::TicketWoken,
        team_before: before.team,
        team: after.team,
        who: waking.who,
        at: waking.at,
        delivery: None,
        person: None,
    };
    Number::Assigned(event::append(batch, Number::Known(number), waking.message, &event))
}
