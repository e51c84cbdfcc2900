//! Emptying the trash, in bounded steps.

use guichet_accounts::{Actor, By, Sight};
use guichet_store::{Direction, Key};
use jiff::Timestamp;

use crate::facet::Facet;
use crate::stored::last_number;
use crate::ticket::State;
use crate::{Desk, Error, numbers};

/// How many tickets one call deletes.
const TICKETS_AT_ONCE: usize = 50;

/// What a step of emptying the trash did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emptied {
    /// So many tickets are gone.
    pub deleted: usize,
    /// So many can't go just now: a mail of theirs still waits to be sent.
    pub kept: usize,
    /// Where the next step begins; none when all was looked at.
    pub next: Option<u64>,
}

impl Desk {
    /// Deletes tickets in the trash for good, those first that have been quiet longest, a bounded number in one call;
    /// `before` spares those to which something happened since.
    ///
    /// # Errors
    /// [`Error::Invalid`] for who is no admin.
    pub async fn empty_trash(
        &self,
        actor: &Actor,
        by: &By,
        before: Option<Timestamp>,
        cursor: Option<u64>,
        now: Timestamp,
    ) -> Result<Emptied, Error> {
        if actor.sight != Sight::All {
            return Err(Error::Invalid("only an admin deletes tickets for good".to_owned()));
        }
        let mut emptied = Emptied { deleted: 0, kept: 0, next: None };
        let thrown_away = self.thrown_away(actor, cursor)?;
        let (rows, mut spared) = (thrown_away.len(), 0);
        for (place, number) in thrown_away {
            match self.delete_quiet(actor, by, number, before, now).await {
                Ok(()) => emptied.deleted += 1,
                // Somebody took it out or was quicker.
                Err(Error::NotFound(_)) => {}
                Err(Error::Changed(_)) => spared += 1,
                Err(Error::Invalid(_)) => emptied.kept += 1,
                Err(error) => return Err(error),
            }
            emptied.next = Some(place);
        }
        // Behind a whole page of those that are too young stand younger ones.
        if rows < TICKETS_AT_ONCE || spared == rows {
            emptied.next = None;
        }
        Ok(emptied)
    }

    fn thrown_away(&self, actor: &Actor, cursor: Option<u64>) -> Result<Vec<(u64, u64)>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let prefix = Facet::State(State::Trash).prefix();
        let after = cursor.map(|cursor| prefix.clone().number(cursor));
        let rows = snapshot.scan(&prefix, Direction::Forward, after.as_ref().map(Key::as_bytes))?;
        let rows = rows.take(TICKETS_AT_ONCE).map(|row| {
            let (key, value) = row?;
            Ok((last_number(&key)?, numbers::<1>(&value)?.0[0]))
        });
        rows.collect()
    }
}
