//! What batches mean: a group of submissions, one after the other, becomes one change.
//!
//! Each sees those before it in the group. A submission whose checks fail leaves nothing behind and fails alone.
//! Numbers are assigned here, in the order of the group, so the sequences have no gaps and no hot row that callers
//! would conflict on.

use std::collections::HashMap;

use crate::batch::{Batch, COUNTERS, Check, Write};
use crate::blob::{BlobRef, Place, gone};
use crate::commit::Receipt;
use crate::count::Sums;
use crate::engine::{Change, Unavailable, View};
use crate::key::Key;
use crate::organisation::Owner;
use crate::template::Counter;
use crate::version;

/// The last number given of each sequence of a space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters([u64; Counter::COUNT]);

impl Counters {
    /// A counter that came after the row was written stands at 0.
    pub(crate) fn decode(row: &[u8]) -> Result<Self, Unavailable> {
        let (numbers, rest) = row.as_chunks();
        if numbers.len() > Counter::COUNT || !rest.is_empty() {
            return Err(Unavailable::new("a row of counters is harmed or of a newer program"));
        }
        let mut counters = Self::default();
        for (last, number) in counters.0.iter_mut().zip(numbers) {
            *last = u64::from_be_bytes(*number);
        }
        Ok(counters)
    }

    pub(crate) fn last(&self, counter: Counter) -> u64 {
        self.0.get(counter.index()).copied().unwrap_or_default()
    }

    fn next(&mut self, counter: Counter) -> u64 {
        self.0.get_mut(counter.index()).map_or(0, |last| {
            *last += 1;
            *last
        })
    }

    fn encode(&self, head: &[u8]) -> Vec<u8> {
        head.iter().copied().chain(self.0.iter().flat_map(|number| number.to_be_bytes())).collect()
    }
}

/// Why a submission is not part of the change.
#[derive(Debug)]
pub(crate) enum Refused {
    Conflict,
    Unavailable(Unavailable),
}

impl From<Unavailable> for Refused {
    fn from(cause: Unavailable) -> Self {
        Self::Unavailable(cause)
    }
}

/// A group in the making: the state before it, and what it changes.
pub(crate) struct Evaluation<'a> {
    view: &'a dyn View,
    change: Change,
    counters: HashMap<Owner, Counters>,
    sums: Sums,
}

impl<'a> Evaluation<'a> {
    /// A group on top of `view`, which `version` will be the version of.
    pub(crate) fn new(view: &'a dyn View, version: u64) -> Self {
        Self {
            view,
            change: Change { version, ..Change::default() },
            counters: HashMap::new(),
            sums: Sums::default(),
        }
    }

    /// Adds batches, all of them or none. Checks are against the state before the first of them.
    pub(crate) fn add(&mut self, batches: Vec<Batch>) -> Result<Vec<Receipt>, Refused> {
        for batch in &batches {
            for check in &batch.checks {
                self.check(batch.owner, check)?;
            }
        }
        for batch in &batches {
            if !batch.slots.is_empty() {
                self.load_counters(batch.owner)?;
            }
        }
        // From here on nothing fails.
        Ok(batches.into_iter().map(|batch| self.apply(batch)).collect())
    }

    /// The change, and the head of each log that grew.
    pub(crate) fn finish(mut self) -> Result<(Change, Vec<(Owner, u64)>), Unavailable> {
        self.sums.write(self.view, &mut self.change)?;
        let head = version::head(self.change.version);
        for (owner, counters) in &self.counters {
            let key = owner.key(Key::own(COUNTERS).as_bytes());
            self.change.rows.insert(key, Some(counters.encode(&head)));
        }
        let heads = self.counters.iter().map(|(owner, counters)| (*owner, counters.last(Counter::Event)));
        let heads = heads.collect();
        Ok((self.change, heads))
    }

    fn check(&self, owner: Owner, check: &Check) -> Result<(), Refused> {
        let key = owner.key(check.key.as_bytes());
        if self.sums.touches(&key) {
            return Err(Refused::Conflict);
        }
        let found = match self.change.rows.get(&key) {
            Some(Some(stored)) => Some(version::of(stored)?),
            Some(None) => None,
            None => self.view.get(&key)?.map(|stored| version::of(&stored)).transpose()?,
        };
        if found == check.version { Ok(()) } else { Err(Refused::Conflict) }
    }

    fn load_counters(&mut self, owner: Owner) -> Result<(), Unavailable> {
        if !self.counters.contains_key(&owner) {
            let row = self.view.get(&owner.key(Key::own(COUNTERS).as_bytes()))?;
            let row = row.map(version::split).transpose()?;
            let counters = row.map(|(_, row)| Counters::decode(&row)).transpose()?;
            self.counters.insert(owner, counters.unwrap_or_default());
        }
        Ok(())
    }

    fn apply(&mut self, batch: Batch) -> Receipt {
        let numbers: Vec<u64> = match self.counters.get_mut(&batch.owner) {
            Some(counters) => batch.slots.iter().map(|counter| counters.next(*counter)).collect(),
            None => Vec::new(),
        };
        let (prefix, head) = (batch.owner.prefix(), version::head(self.change.version));
        for write in batch.writes {
            match write {
                Write::Put { key, value } => {
                    self.set(key.fill(&prefix, &numbers), Some(value.fill(&head, &numbers)));
                }
                Write::Delete { key } => self.set(batch.owner.key(key.as_bytes()), None),
                Write::Add { key, delta } => self.sums.add(key.fill(&prefix, &numbers), delta),
            }
        }
        for blob in &batch.released {
            self.release(blob);
        }
        self.change.blobs.extend(batch.blobs);
        Receipt { numbers, version: self.change.version }
    }

    fn set(&mut self, key: Vec<u8>, stored: Option<Vec<u8>>) {
        self.sums.forget(&key);
        self.change.rows.insert(key, stored);
    }

    /// Notes where room is to come back. Whose the blob was no longer matters, so the operator's space has the note.
    fn release(&mut self, blob: &BlobRef) {
        let operators = |key: Key| Owner::OPERATOR.key(key.as_bytes());
        let head = version::head(self.change.version);
        if let Place::Segment(position) = blob.place {
            let bytes = blob.stored_bytes.cast_signed();
            self.sums.add(operators(gone::segment_bytes(position.segment)), bytes);
        }
        let stored = [head, blob.stored_bytes.to_be_bytes()].concat();
        self.set(operators(gone::key(blob.place)), Some(stored));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_counters_from_before_a_counter_came_counts_on() {
        let row = [3u64.to_be_bytes(), 5u64.to_be_bytes()].concat();
        let counters = Counters::decode(&row).unwrap();
        assert_eq!(counters.last(Counter::Ticket), 3);
        assert_eq!(counters.last(Counter::Entity), 0);
        assert!(Counters::decode(&[0; 8 * (Counter::COUNT + 1)]).is_err(), "none is forgotten");
    }
}
