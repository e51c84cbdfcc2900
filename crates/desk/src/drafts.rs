//! Drafts: what a person has written and not sent. One for each ticket and person, and any number of new mails.
//!
//! A draft takes what people type as they type it: a recipient need not be an address yet, a new mail needs no subject.
//! What is wrong is said when it is sent. The files that it names are kept as long as it is, though uploads by
//! themselves are forgotten after a day.
//!
//! *Must hold*
//! - Only its writer reads a draft. One in a ticket that they no longer see is out of reach, and there again when they
//!   see it again.
//! - A draft is sent as it was read, and gone, in the commit that makes it a message; so it is sent once.
//! - All drafts of a person together have a bound ([`DRAFTS_MAX`], [`DRAFT_BYTES_MAX`]), kept exactly by a row that
//!   every change of one writes.

mod change;
mod following;
mod kept;
mod read;
mod record;
mod removal;
mod send;
mod tally;

pub(crate) use following::{Following, following};
pub(crate) use kept::kept;
pub(crate) use read::{has_draft, tickets_of};
pub use record::{BadDraftId, Draft, DraftId, StoredDraft};
pub(crate) use removal::{Removal, forget};
pub(crate) use send::Sending;
pub use tally::{DRAFT_BYTES_MAX, DRAFTS_MAX};

use guichet_accounts::{Actor, PersonId};
use guichet_store::{Batch, Snapshot};
use jiff::Timestamp;

use crate::event::{self, Event, EventKind};
use crate::filter::me;
use crate::keys::Number;
use crate::merge::home;
use crate::{Error, stored};

/// The person whose drafts they are.
fn writer(actor: &Actor) -> Result<PersonId, Error> {
    me(actor).ok_or_else(|| Error::Invalid("only a person has drafts".to_owned()))
}

/// Whether the actor sees the ticket of a draft, wherever it was merged to; a new mail has none.
fn is_in_sight(snapshot: &Snapshot, actor: &Actor, ticket: u64) -> Result<bool, Error> {
    if ticket == 0 {
        return Ok(true);
    }
    let Some(ticket) = stored::ticket(snapshot, ticket)? else { return Ok(false) };
    match home(snapshot, ticket) {
        Ok(home) => Ok(actor.sight.sees(home.record.team)),
        // It was merged into one that is out of everybody's reach.
        Err(Error::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The event of a changed draft, which only its writer hears; its place is the draft's version.
fn tell(batch: &mut Batch, (actor, person): (&Actor, PersonId), ticket: u64, now: Timestamp) -> Number {
    let event = Event {
        kind: EventKind::DraftChanged,
        team_before: None,
        team: None,
        who: actor.who,
        at: now,
        delivery: None,
        person: Some(person),
    };
    Number::Assigned(event::append(batch, Number::Known(ticket), Number::Known(0), &event))
}
