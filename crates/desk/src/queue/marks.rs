//! Marks: which deliveries are being worked on, by a sender or by a person's action. Never two at once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use guichet_store::OrganisationId;

use crate::DeliveryId;

type Marked = (OrganisationId, DeliveryId);

/// All that are marked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks(Arc<Mutex<HashSet<Marked>>>);

impl Marks {
    /// Marks a delivery; none if it is marked already.
    pub(crate) fn mark(&self, organisation: OrganisationId, delivery: DeliveryId) -> Option<Mark> {
        let marked = (organisation, delivery);
        let is_free = self.set().insert(marked);
        is_free.then(|| Mark { marks: self.clone(), marked })
    }

    pub(crate) fn is_marked(&self, organisation: OrganisationId, delivery: DeliveryId) -> bool {
        self.set().contains(&(organisation, delivery))
    }

    fn set(&self) -> MutexGuard<'_, HashSet<Marked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A mark; dropping it takes it off.
#[derive(Debug)]
pub(crate) struct Mark {
    marks: Marks,
    marked: Marked,
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.marks.set().remove(&self.marked);
    }
}
