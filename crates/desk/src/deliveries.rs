//! Deliveries as people see them: lists, and one with its attempts. The ticket decides who sees what; system mail,
//! which has none, is for those who see everything.

use std::cmp::Reverse;

use guichet_accounts::Actor;
use guichet_store::{BlobReader, Direction, Key, Snapshot, record};

use crate::delivery::{Attempt, DeliveryId, DeliveryState};
use crate::page::Page;
use crate::queue::StoredDelivery;
use crate::read::numbered_page;
use crate::stored::{self, last_number};
use crate::{Desk, Error, keys};

/// How many attempts of one delivery are shown, the latest: five days bring forty, and people try again.
const ATTEMPTS_READ_MAX: usize = 200;

/// A question for a page of deliveries, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryQuery {
    /// In one of these states; in any where there is none.
    pub states: Vec<DeliveryState>,
    /// From where: the cursor of the page before.
    pub cursor: Option<u64>,
    /// How many, at most 200.
    pub limit: usize,
}

/// A delivery with what stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryDetail {
    /// The delivery.
    pub delivery: StoredDelivery,
    /// Its attempts with their numbers, the first first; at most the latest 200.
    pub attempts: Vec<(u32, Attempt)>,
    /// It is being sent just now.
    pub is_sending: bool,
}

/// A mail as it left, or would have left.
#[derive(Debug)]
pub struct AsItLeft {
    /// The signature fields before it, each line ending in CRLF; empty where it left without.
    pub signature: String,
    /// The mail that follows them.
    pub raw: BlobReader<'static>,
}

impl Desk {
    /// A page of the deliveries that the actor sees, the newest first.
    pub fn deliveries(&self, actor: &Actor, query: &DeliveryQuery) -> Result<Page<StoredDelivery>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let ids = newest_first(&snapshot, query)?;
        let rows = ids.map(|id| Ok((id?, ())));
        Page::read(rows, query.limit, |id, ()| seen(&snapshot, actor, DeliveryId(*id)))
    }

    /// A page of the deliveries of a message that the actor sees, in the order in which they were made.
    pub fn message_deliveries(
        &self,
        actor: &Actor,
        message: u64,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredDelivery>, Error> {
        self.message(actor, message)?;
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        numbered_page(&snapshot, &keys::message_deliveries(message), cursor, limit, |id, _| {
            StoredDelivery::peek(&snapshot, DeliveryId(id))
        })
    }

    /// One delivery with its attempts.
    pub fn delivery(&self, actor: &Actor, id: DeliveryId) -> Result<DeliveryDetail, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let delivery = seen(&snapshot, actor, id)?.ok_or(Error::NotFound("delivery"))?;
        let mut attempts = Vec::new();
        let rows = snapshot.scan(&keys::attempts(id), Direction::Backward, None)?;
        for row in rows.take(ATTEMPTS_READ_MAX) {
            let (key, value) = row?;
            let number = u32::try_from(last_number(&key)?).map_err(|_| Error::Damaged("attempt"))?;
            attempts.push((number, record::decode(&value).map_err(|_| Error::Damaged("attempt"))?));
        }
        attempts.reverse();
        Ok(DeliveryDetail { delivery, attempts, is_sending: self.is_sending(actor, id) })
    }

    /// Whether a delivery of the actor's organisation is being sent just now.
    pub fn is_sending(&self, actor: &Actor, id: DeliveryId) -> bool {
        self.queue.is_sending(actor.organisation, id)
    }

    /// The mail as the latest attempt that came so far sent it, or would have; none was signed before the first, and
    /// none is shown whose link is for its recipient alone.
    pub fn as_it_left(&self, actor: &Actor, id: DeliveryId) -> Result<AsItLeft, Error> {
        let detail = self.delivery(actor, id)?;
        if detail.delivery.record.is_sealed() {
            return Err(Error::NotFound("mail to be shown: its link is for its recipient alone"));
        }
        let signature = detail.attempts.into_iter().rev().find_map(|(_, attempt)| attempt.signature);
        let signature = signature.ok_or(Error::NotFound("mail that left"))?;
        let raw = self.store.of(actor.organisation).open_blob(&detail.delivery.record.raw)?;
        Ok(AsItLeft { signature, raw })
    }
}

/// A delivery, if it exists and the actor sees it.
fn seen(snapshot: &Snapshot, actor: &Actor, id: DeliveryId) -> Result<Option<StoredDelivery>, Error> {
    let Some(delivery) = StoredDelivery::peek(snapshot, id)? else {
        return Ok(None);
    };
    let team = match delivery.ticket {
        0 => None,
        // That of a ticket deleted for good is about to go as well.
        number => match stored::ticket(snapshot, number)? {
            Some(ticket) => ticket.record.team,
            None => return Ok(None),
        },
    };
    Ok(actor.sight.sees(team).then_some(delivery))
}

/// The numbers of the deliveries that are asked for: a merge of one list for each state.
fn newest_first<'s>(
    snapshot: &'s Snapshot,
    query: &DeliveryQuery,
) -> Result<impl Iterator<Item = Result<u64, Error>> + 's, Error> {
    let mut prefixes: Vec<Key> = query.states.iter().copied().map(keys::deliveries_in).collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    if prefixes.is_empty() {
        prefixes.push(Key::new(keys::DELIVERIES));
    }
    let mut lists = Vec::with_capacity(prefixes.len());
    for prefix in prefixes {
        let after = query.cursor.map(|cursor| prefix.clone().number(cursor));
        let scan = snapshot.scan(&prefix, Direction::Backward, after.as_ref().map(Key::as_bytes))?;
        lists.push(scan.map(|row| last_number(&row?.0)).peekable());
    }
    Ok(std::iter::from_fn(move || {
        // What can't be read comes first, so that it is told.
        let first = lists.iter_mut().filter_map(|list| {
            let id = list.peek()?.as_ref().map_or(u64::MAX, |id| *id);
            Some((Reverse(id), list))
        });
        first.min_by_key(|(id, _)| *id)?.1.next()
    }))
}

/// Whether a delivery is one that the actor sees.
pub(crate) fn is_seen(snapshot: &Snapshot, actor: &Actor, id: DeliveryId) -> Result<bool, Error> {
    Ok(seen(snapshot, actor, id)?.is_some())
}
