//! What a person marks: a star, what they have read.

use guichet_accounts::{Actor, PersonId};
use guichet_store::{Batch, CommitError, Direction, Snapshot};
use jiff::Timestamp;

use super::{Mark, STARRED_MAX, put, starred, tell};
use crate::filter::me;
use crate::keys::{self, Number};
use crate::stored::{self, StoredTicket, last_number};
use crate::{Desk, Error};

/// How often a mark is made anew when something else happened to the ticket.
const ATTEMPTS_MAX: usize = 32;

/// A change of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Star(bool),
    ReadAll { up_to: Option<u64> },
    Read { message: u64 },
    Unread { message: u64 },
}

impl Desk {
    /// Stars a ticket that the actor sees, or takes the star off.
    ///
    /// # Errors
    /// [`Error::Invalid`] beyond [`STARRED_MAX`] starred tickets, and of a ticket that was merged into another.
    pub async fn star(
        &self,
        actor: &Actor,
        ticket: u64,
        is_starred: bool,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.change_mark(actor, ticket, Wish::Star(is_starred), now).await
    }

    /// Marks all messages of a ticket as read by the actor; with `up_to` those up to this one, so that what came since
    /// they looked stays unread.
    pub async fn read_ticket(
        &self,
        actor: &Actor,
        ticket: u64,
        up_to: Option<u64>,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.change_mark(actor, ticket, Wish::ReadAll { up_to }, now).await
    }

    /// Marks one message as read by the actor, or as not.
    pub async fn read_message(
        &self,
        actor: &Actor,
        message: u64,
        is_read: bool,
        now: Timestamp,
    ) -> Result<(), Error> {
        let wish = if is_read { Wish::Read { message } } else { Wish::Unread { message } };
        for _ in 0..ATTEMPTS_MAX {
            let ticket = self.message(actor, message)?.ticket;
            match self.change_mark(actor, ticket, wish, now).await {
                // A merge or a split took it elsewhere meanwhile.
                Err(Error::NotFound("message")) => {}
                done => return done,
            }
        }
        Err(Error::NotFound("message"))
    }

    async fn change_mark(&self, actor: &Actor, ticket: u64, wish: Wish, now: Timestamp) -> Result<(), Error> {
        let Some(person) = me(actor) else {
            return Err(Error::Invalid("only a person marks what they have read or starred".to_owned()));
        };
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let stored = stored::ticket_checked(&mut snapshot, ticket)?
                .filter(|stored| actor.sight.sees(stored.record.team))
                .ok_or(Error::NotFound("ticket"))?;
            let before = Mark::read(&mut snapshot, ticket, person)?;
            let mark = wish.of(&snapshot, (person, &stored), &before)?;
            if mark == before {
                return Ok(());
            }
            let mut batch = snapshot.batch();
            let activity = tell(&mut batch, (actor, person), &stored, wish.message(), now);
            write(&mut batch, (ticket, person), &mark, activity);
            match self.store.commit(vec![batch]).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too much happens to this ticket at once".to_owned()))
    }
}

impl Wish {
    fn message(self) -> u64 {
        match self {
            Wish::Star(_) | Wish::ReadAll { .. } => 0,
            Wish::Read { message } | Wish::Unread { message } => message,
        }
    }

    /// What becomes of a mark.
    fn of(
        self,
        snapshot: &Snapshot,
        (person, ticket): (PersonId, &StoredTicket),
        before: &Mark,
    ) -> Result<Mark, Error> {
        let (mut mark, number) = (before.clone(), ticket.number);
        match self {
            Wish::Star(is_starred) => {
                if is_starred && !before.is_starred() {
                    ticket.check_unmerged()?;
                    check_room(snapshot, person)?;
                }
                mark.record.starred = is_starred;
            }
            Wish::ReadAll { up_to } => {
                let newest = newest(snapshot, number)?;
                mark.read_all_to(snapshot, number, up_to.unwrap_or(newest).min(newest))?;
            }
            Wish::Read { message } => {
                check_there(snapshot, number, message)?;
                mark.read_one(snapshot, number, message)?;
            }
            Wish::Unread { message } => {
                check_there(snapshot, number, message)?;
                mark.unread_one(snapshot, number, message)?;
            }
        }
        Ok(mark)
    }
}

/// Writes a mark with its place among the person's stars.
pub(super) fn write(batch: &mut Batch, (ticket, person): (u64, PersonId), mark: &Mark, activity: Number) {
    put(batch, Number::Known(ticket), person, (activity, Number::Known(mark.own)), &mark.record);
    let star = keys::stars(person).number(ticket);
    if mark.is_starred() {
        batch.put(star, Vec::new());
    } else {
        batch.delete(star);
    }
}

fn check_room(snapshot: &Snapshot, person: PersonId) -> Result<(), Error> {
    if starred(snapshot, person)?.len() < STARRED_MAX {
        return Ok(());
    }
    Err(Error::Invalid(format!("at most {STARRED_MAX} tickets can be starred: take the star off others")))
}

/// The message must be one of the ticket's.
fn check_there(snapshot: &Snapshot, ticket: u64, message: u64) -> Result<(), Error> {
    let row = keys::ticket_messages(ticket).number(message);
    snapshot.peek(&row)?.map(drop).ok_or(Error::NotFound("message"))
}

fn newest(snapshot: &Snapshot, ticket: u64) -> Result<u64, Error> {
    let last = snapshot.scan(&keys::ticket_messages(ticket), Direction::Backward, None)?.next();
    last.map_or(Ok(0), |row| last_number(&row?.0))
}
