//! Which views somebody has, and what stands in them.

use guichet_accounts::{Actor, PersonId, Sight};
use guichet_store::{Snapshot, record};

use super::{BuiltIn, SavedView, View, ViewId};
use crate::filter::me;
use crate::keys;
use crate::list::TicketQuery;
use crate::page::Page;
use crate::stored::StoredTicket;
use crate::{Desk, Error};

/// Octets of a view's number in the row that orders them.
const NUMBER_BYTES: usize = 8;

impl Desk {
    /// Every view that the actor has: those built in, the shared ones that are for them, their own; each in its order.
    pub fn visible_views(&self, actor: &Actor) -> Result<Vec<View>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let mut views: Vec<View> = BuiltIn::ALL.map(BuiltIn::view).into();
        let owners = std::iter::once(None).chain(me(actor).map(Some));
        for owner in owners {
            for number in order(&snapshot, owner)? {
                views.extend(visible(&snapshot, actor, number)?);
            }
        }
        Ok(views)
    }

    /// One of the views that the actor has.
    pub fn view(&self, actor: &Actor, id: ViewId) -> Result<View, Error> {
        match id {
            ViewId::BuiltIn(view) => Ok(view.view()),
            ViewId::Saved(number) => {
                let snapshot = self.store.of(actor.organisation).snapshot()?;
                visible(&snapshot, actor, number)?.ok_or(Error::NotFound("view"))
            }
        }
    }

    /// A page of the tickets that a view shows the actor, in its order.
    pub fn view_tickets(
        &self,
        actor: &Actor,
        view: &View,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredTicket>, Error> {
        let (filter, sort, order) = (view.filter.clone(), view.sort, view.order);
        self.tickets(actor, &TicketQuery { filter, sort, order, cursor, limit })
    }
}

/// A saved view, if the actor has it.
fn visible(snapshot: &Snapshot, actor: &Actor, number: u64) -> Result<Option<View>, Error> {
    let Some((version, bytes)) = snapshot.peek_version(&keys::views().number(number))? else {
        return Ok(None);
    };
    let saved = decoded(&bytes)?;
    Ok(saved.is_for(actor).then_some(View {
        id: ViewId::Saved(number),
        name: saved.name,
        owner: saved.owner,
        teams: saved.teams,
        filter: saved.filter,
        sort: saved.sort,
        order: saved.order,
        version,
    }))
}

pub(super) fn decoded(bytes: &[u8]) -> Result<SavedView, Error> {
    record::decode(bytes).map_err(|_| Error::Damaged("view"))
}

impl SavedView {
    /// One's own, one that is for everybody or for a team of one's own; an admin has all that are shared.
    pub(super) fn is_for(&self, actor: &Actor) -> bool {
        match self.owner {
            Some(owner) => me(actor) == Some(owner),
            None => {
                self.teams.is_empty()
                    || actor.sight == Sight::All
                    || self.teams.iter().any(|team| actor.sight.sees(Some(*team)))
            }
        }
    }
}

/// Somebody's saved views, or the shared ones, in their order.
pub(super) fn order(snapshot: &Snapshot, owner: Option<PersonId>) -> Result<Vec<u64>, Error> {
    Ok(numbers_in(&snapshot.peek(&keys::view_order(owner))?.unwrap_or_default()))
}

/// The same as a check of the batch.
pub(super) fn order_checked(snapshot: &mut Snapshot, owner: Option<PersonId>) -> Result<Vec<u64>, Error> {
    Ok(numbers_in(&snapshot.read(&keys::view_order(owner))?.unwrap_or_default()))
}

fn numbers_in(bytes: &[u8]) -> Vec<u64> {
    let (numbers, _) = bytes.as_chunks::<NUMBER_BYTES>();
    numbers.iter().copied().map(u64::from_be_bytes).collect()
}
