//! Counting anew: once for each organisation whose tickets are older than the cells, and after a change of their layout.
//!
//! The difference between what the tickets say and what the cells say is taken from one snapshot and added in one
//! commit. Adding commutes, so it is as right after whatever else was committed since; mail and people go on meanwhile.
//! The mark, whose absence the commit checks, keeps two from adding the difference twice.

use std::collections::BTreeMap;

use guichet_store::{CommitError, Direction, Key, OrganisationId, Snapshot, count};
use tokio::task::yield_now;

use crate::stored::{last_number, ticket_of};
use crate::{Desk, Error, cells, keys};

/// How many rows are read before others have their turn.
const ROWS_AT_ONCE: usize = 500;

impl Desk {
    /// Sees to it that the counts of an organisation are true; answers whether they had to be made so. Until then counts
    /// are by looking, and may say "at least".
    pub async fn count_anew(&self, organisation: OrganisationId) -> Result<bool, Error> {
        let mut snapshot = self.store.of(organisation).snapshot()?;
        if snapshot.read(&cells::mark())?.is_some() {
            return Ok(false);
        }
        let difference = difference(&snapshot).await?;
        let mut batch = snapshot.batch();
        for (key, delta) in difference {
            batch.add(key, delta);
        }
        batch.put(cells::mark(), Vec::new());
        match self.store.commit(vec![batch]).await {
            Ok(_) => Ok(true),
            // Somebody else did it.
            Err(CommitError::Conflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// What is to be added to each count to make it true.
async fn difference(snapshot: &Snapshot) -> Result<BTreeMap<Vec<u8>, i64>, Error> {
    let mut difference: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
    let tickets = snapshot.scan(&Key::new(keys::TICKETS), Direction::Forward, None)?;
    for (at, row) in tickets.enumerate() {
        let (key, value) = row?;
        match ticket_of(last_number(&key)?, &value) {
            Ok(ticket) => {
                for key in cells::keys_of(&ticket.record) {
                    *difference.entry(key.into_bytes()).or_default() += 1;
                }
            }
            Err(error) => tracing::error!(?key, %error, "a ticket is not counted"),
        }
        if at % ROWS_AT_ONCE == 0 {
            yield_now().await;
        }
    }
    for row in snapshot.scan(&cells::cells(), Direction::Forward, None)? {
        let (key, value) = row?;
        *difference.entry(key).or_default() -= count::decode(&value);
    }
    Ok(difference)
}
