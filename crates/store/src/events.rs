//! The log of a space, and those who wait for it to grow.
//!
//! Entries are rows under their sequence number, which the commit assigns: whoever sees 8 has seen 7 or could have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::batch::{Batch, COUNTERS, EVENTS};
use crate::commit::CommitError;
use crate::engine::{Direction, Unavailable, View};
use crate::evaluate::Counters;
use crate::key::Key;
use crate::organisation::Owner;
use crate::snapshot::Snapshot;
use crate::space::Space;
use crate::template::Counter;

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// From 1, gapless, in commit order.
    pub sequence: u64,
    /// What [`Batch::event`] was given, slots filled.
    pub value: Vec<u8>,
}

/// How many entries one call of [`Space::trim_events`] deletes at most.
pub const TRIM_ROWS_MAX: usize = 1000;

pub(crate) fn read(snapshot: &Snapshot, after: u64, limit: usize) -> Result<Vec<Event>, Unavailable> {
    let log = Key::own(EVENTS);
    let cursor = log.clone().number(after);
    snapshot
        .scan(&log, Direction::Forward, Some(cursor.as_bytes()))?
        .take(limit)
        .map(|row| row.and_then(|(key, value)| Ok(Event { sequence: sequence_of(&key)?, value })))
        .collect()
}

pub(crate) fn head(snapshot: &Snapshot) -> Result<u64, Unavailable> {
    let row = snapshot.peek(&Key::own(COUNTERS))?;
    Ok(row.map(|row| Counters::decode(&row)).transpose()?.unwrap_or_default().last(Counter::Event))
}

pub(crate) fn floor(snapshot: &Snapshot) -> Result<u64, Unavailable> {
    match snapshot.scan(&Key::own(EVENTS), Direction::Forward, None)?.next() {
        Some(row) => sequence_of(&row?.0),
        None => Ok(head(snapshot)? + 1),
    }
}

/// The batch that deletes the oldest entries below `before`, and how many it deletes.
pub(crate) fn trim(space: &Space, before: u64) -> Result<(Batch, usize), CommitError> {
    let snapshot = space.snapshot()?;
    let mut batch = space.batch();
    let mut rows = 0;
    let log = Key::own(EVENTS);
    for row in
        snapshot.range(&log, &log.clone().number(before), Direction::Forward, None)?.take(TRIM_ROWS_MAX)
    {
        batch.delete(log.clone().number(sequence_of(&row?.0)?));
        rows += 1;
    }
    Ok((batch, rows))
}

fn sequence_of(key: &[u8]) -> Result<u64, Unavailable> {
    let sequence = key.last_chunk().ok_or_else(|| Unavailable::new("a log row has no sequence number"))?;
    Ok(u64::from_be_bytes(*sequence))
}

/// Those who wait for logs to grow: one channel for each space that somebody watches.
#[derive(Debug, Default)]
pub(crate) struct Watchers(Mutex<HashMap<Owner, watch::Sender<u64>>>);

impl Watchers {
    /// A receiver for this space. `head` is asked when it is the first.
    pub(crate) fn watch(
        &self,
        owner: Owner,
        head: impl FnOnce() -> Result<u64, Unavailable>,
    ) -> Result<watch::Receiver<u64>, Unavailable> {
        let mut channels = self.channels();
        if let Some(channel) = channels.get(&owner) {
            return Ok(channel.subscribe());
        }
        // Asked under the lock: a commit that comes between must find the channel.
        let (sender, receiver) = watch::channel(head()?);
        channels.insert(owner, sender);
        Ok(receiver)
    }

    /// Tells every head as this state has it: after it may have changed unnoticed.
    pub(crate) fn tell_all(&self, state: &Arc<dyn View>) -> Result<(), Unavailable> {
        let owners: Vec<_> = self.channels().keys().copied().collect();
        for owner in owners {
            self.tell(owner, head(&Snapshot::new(owner, state.clone()))?);
        }
        Ok(())
    }

    /// Tells the new head, and forgets a channel that nobody listens to.
    pub(crate) fn tell(&self, owner: Owner, head: u64) {
        let mut channels = self.channels();
        let Some(channel) = channels.get(&owner) else {
            return;
        };
        if channel.receiver_count() == 0 {
            channels.remove(&owner);
            return;
        }
        channel.send_if_modified(|known| std::mem::replace(known, head) != head);
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<Owner, watch::Sender<u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
