//! Timers: rows in the operator's space by the time at which they are due, of all organisations.
//!
//! A row is only a reminder: the truth is in the ticket. So one that is left over does no harm, and one that is run twice
//! does nothing the second time.

use guichet_store::{CommitError, Direction, Key, OrganisationId};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::keys::{self, Number};
use crate::queue::DueRows;
use crate::rows::put_ticket;
use crate::snooze::{Waking, tell_woken};
use crate::stored;
use crate::{Desk, Error, facet};
use guichet_accounts::Who;

/// How often a ticket is woken anew when something else happened to it.
const ATTEMPTS_MAX: usize = 32;

/// How many rows one reading looks at; rows that can't be read are among them, and passed over.
const ROWS_READ_MAX: usize = 10_000;

/// A timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Timer {
    at: Timestamp,
    organisation: OrganisationId,
    ticket: u64,
}

impl Timer {
    fn of(key: &[u8]) -> Option<Self> {
        let (micros, rest) = key.strip_prefix(&[keys::TIMERS])?.split_first_chunk()?;
        let (organisation, rest) = rest.split_first_chunk()?;
        let micros = i64::try_from(u64::from_be_bytes(*micros)).ok()?;
        Some(Self {
            at: Timestamp::from_microsecond(micros).ok()?,
            organisation: OrganisationId::try_from(u64::from_be_bytes(*organisation)).ok()?,
            ticket: u64::from_be_bytes(*rest.first_chunk()?),
        })
    }
}

impl Desk {
    /// Runs the timers that are due, the longest due first, at most `limit`; answers how many it ran. On an error those
    /// that were not run are still due.
    pub async fn run_due_timers(&self, now: Timestamp, limit: usize) -> Result<usize, Error> {
        let due = self.timers_until(now, limit)?;
        for timer in &due {
            self.run_timer(*timer, now).await?;
        }
        Ok(due.len())
    }

    /// When the next timer is due; none where nothing waits.
    pub fn next_timer(&self) -> Result<Option<Timestamp>, Error> {
        Ok(self.timers_until(Timestamp::MAX, 1)?.first().map(|timer| timer.at))
    }

    /// Tells of every commit that sets a timer, as a number that changes.
    pub fn timer_changes(&self) -> watch::Receiver<u64> {
        self.queue.timer_changes()
    }

    fn timers_until(&self, until: Timestamp, limit: usize) -> Result<Vec<Timer>, Error> {
        let snapshot = self.store.operator().snapshot()?;
        let mut due = Vec::new();
        for row in snapshot.scan(&Key::new(keys::TIMERS), Direction::Forward, None)?.take(ROWS_READ_MAX) {
            let (key, _) = row?;
            match Timer::of(&key) {
                Some(timer) if timer.at > until || due.len() == limit => break,
                Some(timer) => due.push(timer),
                None => tracing::error!(row = ?key, "this timer can't be read and is passed over"),
            }
        }
        Ok(due)
    }

    /// Wakes the ticket, if it is still snoozed to this time; the row goes in the same commit.
    async fn run_timer(&self, timer: Timer, now: Timestamp) -> Result<(), Error> {
        let Timer { at, organisation, ticket: number } = timer;
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(organisation).snapshot()?;
            let stored = match stored::ticket_checked(&mut snapshot, number) {
                Err(Error::Damaged(what)) => {
                    tracing::error!(%organisation, number, what, "a snoozed ticket can't be woken");
                    None
                }
                read => read?,
            };
            let mut due = self.due_rows();
            due.clear_timer(at, organisation, number);
            let mut batch = snapshot.batch();
            if let Some(before) = stored.filter(|stored| stored.record.snoozed_until == Some(at)) {
                let mut ticket = before.record.clone();
                (ticket.snoozed_until, ticket.updated) = (None, now);
                let waking = Waking { organisation, message: Number::Known(0), who: Who::System, at: now };
                facet::leave(&mut batch, &before.record, before.requester, before.activity);
                let activity = tell_woken(&mut batch, &waking, number, (&before.record, &ticket));
                let requester = Number::Known(before.requester);
                put_ticket(&mut batch, Number::Known(number), &ticket, requester, activity);
            }
            match self.commit_queued(batch, due).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too much happens to this ticket at once".to_owned()))
    }
}

impl DueRows {
    pub(crate) fn set_timer(&mut self, at: Timestamp, organisation: OrganisationId, ticket: u64) {
        self.put_timer(keys::timer(at, organisation, ticket));
    }

    pub(crate) fn clear_timer(&mut self, at: Timestamp, organisation: OrganisationId, ticket: u64) {
        self.delete_timer(keys::timer(at, organisation, ticket));
    }
}
