//! Several ranges of rows as one list, in order: each row once, however many of the ranges have its place.
//!
//! Opening a range costs one descent; after that a page costs as many rows as it shows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use guichet_store::{Key, Scan, Snapshot};

use crate::list::Order;
use crate::stored::last_number;
use crate::{Error, numbers};

/// A place in a list, and what stands there.
pub(crate) type Row = Result<(u64, u64), Error>;

/// What a row holds besides its place, which is the last number of its key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holds {
    /// Its value is a number.
    Number,
    /// Nothing: its place is all there is.
    Nothing,
}

impl Holds {
    fn read(self, row: Result<(Vec<u8>, Vec<u8>), guichet_store::Unavailable>) -> Row {
        let (key, value) = row?;
        let place = last_number(&key)?;
        match self {
            Holds::Number => Ok((place, numbers::<1>(&value)?.0[0])),
            Holds::Nothing => Ok((place, place)),
        }
    }
}

/// The rows under these prefixes beyond the place `cursor`, in this order.
pub(crate) fn merged(
    snapshot: &Snapshot,
    prefixes: impl IntoIterator<Item = Key>,
    holds: Holds,
    order: Order,
    cursor: Option<u64>,
) -> Result<Merged, Error> {
    let mut ranges = Vec::new();
    for prefix in prefixes {
        let after = cursor.map(|cursor| prefix.clone().number(cursor));
        ranges.push(snapshot.scan(&prefix, order.direction(), after.as_ref().map(Key::as_bytes))?);
    }
    Ok(Merged::new(ranges, holds, order))
}

/// Ranges that are read as one list.
pub(crate) struct Merged {
    ranges: Vec<Scan>,
    holds: Holds,
    order: Order,
    /// The first row of each range that has one: how soon it comes, which range, and what it holds.
    heads: BinaryHeap<Reverse<(u64, usize, u64)>>,
    trouble: Option<Error>,
    last: Option<u64>,
}

impl Merged {
    fn new(ranges: Vec<Scan>, holds: Holds, order: Order) -> Self {
        let count = ranges.len();
        let heads = BinaryHeap::with_capacity(count);
        let mut merged = Merged { ranges, holds, order, heads, trouble: None, last: None };
        (0..count).for_each(|range| merged.advance(range));
        merged
    }

    fn advance(&mut self, range: usize) {
        match self.ranges.get_mut(range).and_then(Iterator::next).map(|row| self.holds.read(row)) {
            Some(Ok((place, value))) => self.heads.push(Reverse((self.order.rank(place), range, value))),
            Some(Err(error)) => self.trouble = Some(error),
            None => {}
        }
    }
}

impl Iterator for Merged {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            if let Some(error) = self.trouble.take() {
                self.heads.clear();
                return Some(Err(error));
            }
            let Reverse((rank, range, value)) = self.heads.pop()?;
            self.advance(range);
            let place = self.order.rank(rank);
            if self.last.replace(place) != Some(place) {
                return Some(Ok((place, value)));
            }
        }
    }
}
