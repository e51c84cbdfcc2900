//! Counts: values that batches add to instead of writing them.
//!
//! A count is 8 bytes, a signed number, big-endian. Adding commutes, so a count is never a reason to conflict; what a
//! group of commits adds to one key is summed up before the value is read.
//!
//! *Must hold*
//! - A count that comes to 0 has no row, so that what is counted by the value of a field leaves nothing behind.
//! - What the journal holds is the sum, not what was added: repeating it gives the same.

use std::collections::BTreeMap;

use crate::engine::{Change, Unavailable, View};
use crate::version;

/// The count that a value is, as a scan meets it. What is no count is taken for 0: one harmed row must not stop all
/// commits of a group.
pub fn decode(value: &[u8]) -> i64 {
    if let Ok(count) = value.try_into() {
        return i64::from_be_bytes(count);
    }
    tracing::error!("a stored count is harmed; it is taken for 0");
    0
}

/// What a group adds, by the whole key.
#[derive(Debug, Default)]
pub(crate) struct Sums(BTreeMap<Vec<u8>, i64>);

impl Sums {
    pub(crate) fn add(&mut self, key: Vec<u8>, delta: i64) {
        let sum = self.0.entry(key).or_default();
        *sum = sum.wrapping_add(delta);
    }

    /// The key is written outright: what was added before is gone.
    pub(crate) fn forget(&mut self, key: &[u8]) {
        if !self.0.is_empty() {
            self.0.remove(key);
        }
    }

    /// Whether something was added to the key.
    pub(crate) fn touches(&self, key: &[u8]) -> bool {
        self.0.contains_key(key)
    }

    /// Writes what the counts come to.
    pub(crate) fn write(self, view: &dyn View, change: &mut Change) -> Result<(), Unavailable> {
        let head = version::head(change.version);
        for (key, sum) in self.0.into_iter().filter(|(_, sum)| *sum != 0) {
            let before = match change.rows.get(&key) {
                Some(row) => row.as_ref().map_or(0, |stored| value_of(stored)),
                None => view.get(&key)?.map_or(0, |stored| value_of(&stored)),
            };
            let count = before.wrapping_add(sum);
            let row = (count != 0).then(|| [head, count.to_be_bytes()].concat());
            change.rows.insert(key, row);
        }
        Ok(())
    }
}

fn value_of(stored: &[u8]) -> i64 {
    decode(stored.get(version::BYTES..).unwrap_or_default())
}
