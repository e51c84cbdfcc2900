//! The engine without files: for the tests of everything above the store.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Change, Direction, Engine, Failure, Range, Row, Rows, Unavailable, View, Views};
use crate::blob::Blobs;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// An ordered map; a view is the map itself, shared, and copied when a change comes while it is held.
pub(crate) struct MemoryEngine {
    shared: Arc<Shared>,
    blobs: Arc<Blobs>,
    version: u64,
}

#[derive(Default)]
struct Shared(RwLock<Arc<Map>>);

impl MemoryEngine {
    pub(crate) fn new(blobs: Arc<Blobs>) -> Self {
        Self { shared: Arc::default(), blobs, version: 0 }
    }
}

impl Engine for MemoryEngine {
    fn views(&self) -> Arc<dyn Views> {
        self.shared.clone()
    }

    fn ready(&mut self) -> Result<u64, Failure> {
        Ok(self.version)
    }

    fn apply(&mut self, change: &Change) -> Result<(), Failure> {
        self.blobs.write(&change.blobs)?;
        let mut map = self.shared.0.write().unwrap_or_else(PoisonError::into_inner);
        let map = Arc::make_mut(&mut map);
        for (key, value) in &change.rows {
            match value {
                Some(value) => map.insert(key.clone(), value.clone()),
                None => map.remove(key),
            };
        }
        self.version = change.version;
        Ok(())
    }

    fn close(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

impl Views for Shared {
    fn view(&self) -> Result<Arc<dyn View>, Unavailable> {
        Ok(Arc::new(MemoryView(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())))
    }
}

struct MemoryView(Arc<Map>);

impl View for MemoryView {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Unavailable> {
        Ok(self.0.get(key).cloned())
    }

    fn scan(&self, range: Range) -> Result<Rows, Unavailable> {
        Ok(Box::new(Steps { map: self.0.clone(), range }))
    }
}

/// An iterator that owns its map: each step looks up the key next to the last.
struct Steps {
    map: Arc<Map>,
    range: Range,
}

impl Iterator for Steps {
    type Item = Result<Row, Unavailable>;

    fn next(&mut self) -> Option<Self::Item> {
        if is_empty(&self.range) {
            return None;
        }
        let mut rows = self.map.range((self.range.from.clone(), self.range.to.clone()));
        let (key, value) = match self.range.direction {
            Direction::Forward => rows.next(),
            Direction::Backward => rows.next_back(),
        }?;
        match self.range.direction {
            Direction::Forward => self.range.from = Bound::Excluded(key.clone()),
            Direction::Backward => self.range.to = Bound::Excluded(key.clone()),
        }
        Some(Ok((key.clone(), value.clone())))
    }
}

/// `BTreeMap::range` panics on a range whose ends are crossed.
fn is_empty(range: &Range) -> bool {
    match (&range.from, &range.to) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Excluded(to) | Bound::Included(to)) => {
            from >= to
        }
    }
}
