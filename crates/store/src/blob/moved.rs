//! Where a small blob stands now: segments of which little is still named are left, and what is named there moves.
//!
//! A record keeps the place that its blob got first, for ever. A segment that was left has a row; the rows of its
//! stretches say where each stands now, perhaps in a segment that was left in its turn.

use std::ops::Bound;

use minicbor::{Decode, Encode};

use super::gone;
use crate::engine::{Direction, Range, Unavailable, View};
use crate::key::{Key, after_prefix};
use crate::organisation::Owner;
use crate::record;
use crate::segment::Position;
use crate::version;

/// A blob moves only when half of its segment is named no more, so it does so seldom; a longer chain is a circle.
const MOVES_MAX: usize = 256;

/// What the row of a segment says that was left to its end.
pub(crate) const WHOLLY: u64 = u64::MAX;

/// A stretch of a segment that was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Moved {
    /// Its length.
    #[n(0)]
    pub(crate) bytes: u64,
    /// Where it begins now.
    #[n(1)]
    pub(crate) to: Position,
}

/// Where the bytes of this place stand now; none where nothing named them when their segment was left.
pub(crate) fn find(view: &dyn View, mut place: Position) -> Result<Option<Position>, Unavailable> {
    for _ in 0..MOVES_MAX {
        if !is_left(view, place.segment)? {
            return Ok(Some(place));
        }
        match next(view, place)? {
            Some(moved) => place = moved,
            None => return Ok(None),
        }
    }
    Err(Unavailable::new("a blob moved in a circle"))
}

/// One step of the way of a place in a segment that was left.
pub(crate) fn next(view: &dyn View, place: Position) -> Result<Option<Position>, Unavailable> {
    let stretches = gone::moved_of(place.segment);
    let range = Range {
        from: Bound::Included(operators(&stretches)),
        to: Bound::Included(operators(&stretches.number(place.offset.into()))),
        direction: Direction::Backward,
    };
    let Some(row) = view.scan(range)?.next() else { return Ok(None) };
    let (key, stored) = row?;
    let begin = key.last_chunk().map(|number| u64::from_be_bytes(*number)).unwrap_or_default();
    let (_, value) = version::split(stored)?;
    let moved: Moved = record::decode(&value).map_err(Unavailable::new)?;
    let within = u64::from(place.offset) - begin;
    let offset = u32::try_from(within).ok().and_then(|within| moved.to.offset.checked_add(within));
    Ok(offset.filter(|_| within < moved.bytes).map(|offset| Position { segment: moved.to.segment, offset }))
}

/// How far a segment was left: up to this offset, or [`WHOLLY`].
pub(crate) fn left_to(view: &dyn View, segment: u32) -> Result<Option<u64>, Unavailable> {
    let row = view.get(&operators(&gone::left(segment)))?.map(version::split).transpose()?;
    Ok(row.and_then(|(_, value)| value.try_into().ok().map(u64::from_be_bytes)))
}

fn is_left(view: &dyn View, segment: u32) -> Result<bool, Unavailable> {
    Ok(left_to(view, segment)? == Some(WHOLLY))
}

/// The segments that were left to their end.
pub(crate) fn all_left(view: &dyn View) -> Result<Vec<u32>, Unavailable> {
    let mut left = Vec::new();
    for (segment, to) in numbered(view, &gone::all_left())? {
        if to == WHOLLY {
            left.extend(u32::try_from(segment).ok());
        }
    }
    Ok(left)
}

/// Where the last stretch that nothing names ends; perhaps behind what its file holds, where a copy was promised the place
/// and never written.
pub(crate) fn last_given_up(view: &dyn View) -> Result<Option<Position>, Unavailable> {
    let from = operators(&gone::gone_in_segments());
    let to = after_prefix(&from).map_or(Bound::Unbounded, Bound::Excluded);
    let range = Range { from: Bound::Included(from), to, direction: Direction::Backward };
    let Some(row) = view.scan(range)?.next() else { return Ok(None) };
    let (key, stored) = row?;
    let (Some(place), Some(bytes)) = (key.last_chunk::<16>(), stored.last_chunk()) else { return Ok(None) };
    let (segment, offset) = (u128::from_be_bytes(*place) >> 64, u128::from_be_bytes(*place) as u64);
    let end = u32::try_from(offset.saturating_add(u64::from_be_bytes(*bytes))).unwrap_or(u32::MAX);
    Ok(u32::try_from(segment).ok().map(|segment| Position { segment, offset: end }))
}

/// The last number of each key of the operator's under a prefix, and the number that is its value.
pub(crate) fn numbered(view: &dyn View, prefix: &Key) -> Result<Vec<(u64, u64)>, Unavailable> {
    let from = operators(prefix);
    let to = after_prefix(&from).map_or(Bound::Unbounded, Bound::Excluded);
    let range = Range { from: Bound::Included(from), to, direction: Direction::Forward };
    let number =
        |bytes: &[u8]| bytes.last_chunk().map(|number| u64::from_be_bytes(*number)).unwrap_or_default();
    view.scan(range)?.map(|row| row.map(|(key, stored)| (number(&key), number(&stored)))).collect()
}

fn operators(key: &Key) -> Vec<u8> {
    Owner::OPERATOR.key(key.as_bytes())
}
