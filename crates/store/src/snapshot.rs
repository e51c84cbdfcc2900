//! Reading: all of a space as it was at one commit.
//!
//! What is read with [`Snapshot::read`] is remembered, absence included, and becomes a check of the batch made from
//! the snapshot. Hold a snapshot for the time of one decision, not while waiting for a peer: it pins what has been
//! overwritten since.

use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use crate::batch::{Batch, Check};
use crate::count;
use crate::engine::{Direction, Range, Rows, Unavailable, View};
use crate::key::{Key, after_prefix};
use crate::organisation::Owner;
use crate::version;

/// One space at one commit.
pub struct Snapshot {
    owner: Owner,
    view: Arc<dyn View>,
    checks: Vec<Check>,
}

impl Snapshot {
    pub(crate) fn new(owner: Owner, view: Arc<dyn View>) -> Self {
        Self { owner, view, checks: Vec::new() }
    }

    /// The value, for reading only: the batch does not depend on it.
    pub fn peek(&self, key: &Key) -> Result<Option<Vec<u8>>, Unavailable> {
        Ok(self.stored(key)?.map(|(_, value)| value))
    }

    /// The value, for a decision: if it changes, comes or goes before the batch commits, that is a conflict.
    pub fn read(&mut self, key: &Key) -> Result<Option<Vec<u8>>, Unavailable> {
        let stored = self.stored(key)?;
        let version = stored.as_ref().map(|(version, _)| *version);
        self.checks.push(Check { key: key.clone(), version });
        Ok(stored.map(|(_, value)| value))
    }

    /// What [`Batch::add`] has made of a key; 0 where it is absent. Not remembered.
    pub fn count(&self, key: &Key) -> Result<i64, Unavailable> {
        Ok(self.peek(key)?.map_or(0, |value| count::decode(&value)))
    }

    /// The value and the version of the commit that wrote it (an `ETag`'s worth); not remembered.
    pub fn peek_version(&self, key: &Key) -> Result<Option<(u64, Vec<u8>)>, Unavailable> {
        self.stored(key)
    }

    /// All rows whose keys begin with `prefix`, beyond the key `after` when one is given (a cursor: the last key
    /// of the page before). Not remembered: a decision that rests on a scan reads a key that every writer of that
    /// range writes.
    pub fn scan(
        &self,
        prefix: &Key,
        direction: Direction,
        after: Option<&[u8]>,
    ) -> Result<Scan, Unavailable> {
        let start = self.owner.key(prefix.as_bytes());
        let end = after_prefix(&start);
        self.rows(start, end, direction, after)
    }

    /// All rows from `from` up to but without `to`, otherwise as [`Snapshot::scan`].
    pub fn range(
        &self,
        from: &Key,
        to: &Key,
        direction: Direction,
        after: Option<&[u8]>,
    ) -> Result<Scan, Unavailable> {
        let (start, end) = (self.owner.key(from.as_bytes()), self.owner.key(to.as_bytes()));
        self.rows(start, Some(end), direction, after)
    }

    /// A batch that commits only if what was read is unchanged.
    pub fn batch(self) -> Batch {
        Batch::with_checks(self.owner, self.checks)
    }

    /// The rows of all spaces: for the store's own.
    pub(crate) fn view(&self) -> &dyn View {
        &*self.view
    }

    fn stored(&self, key: &Key) -> Result<Option<(u64, Vec<u8>)>, Unavailable> {
        self.view.get(&self.owner.key(key.as_bytes()))?.map(version::split).transpose()
    }

    fn rows(
        &self,
        start: Vec<u8>,
        end: Option<Vec<u8>>,
        direction: Direction,
        after: Option<&[u8]>,
    ) -> Result<Scan, Unavailable> {
        let mut from = Bound::Included(start);
        let mut to = end.map_or(Bound::Unbounded, Bound::Excluded);
        if let Some(cursor) = after.map(|key| self.owner.key(key)) {
            // A cursor outside the range is a stranger's invention: it must not widen the range.
            match (direction, &from, &to) {
                (Direction::Forward, Bound::Included(start), _) if cursor >= *start => {
                    from = Bound::Excluded(cursor);
                }
                (Direction::Backward, _, Bound::Excluded(end)) if cursor >= *end => {}
                (Direction::Backward, ..) => to = Bound::Excluded(cursor),
                _ => {}
            }
        }
        Ok(Scan(self.view.scan(Range { from, to, direction })?))
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// Rows of a scan, read as they are asked for: the key inside the space, and the value.
pub struct Scan(Rows);

impl Iterator for Scan {
    type Item = Result<(Vec<u8>, Vec<u8>), Unavailable>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.0.next()?;
        Some(row.and_then(|(mut key, value)| {
            key.drain(..size_of::<Owner>().min(key.len()));
            Ok((key, version::split(value)?.1))
        }))
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scan")
    }
}
