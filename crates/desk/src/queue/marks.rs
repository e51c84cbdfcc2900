//! Marks: which deliveries are being worked on, by a sender or by a person's action. Never two at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use guichet_store::OrganisationId;

use crate::DeliveryId;

type Marked = (OrganisationId, DeliveryId);

/// What is done with a marked delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// It is being sent.
    Sending,
    /// What came of it, or what a person wants, is being written down.
    Writing,
}

/// All that are marked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks(Arc<Mutex<HashMap<Marked, Work>>>);

impl Marks {
    /// Marks a delivery; none if it is marked already.
    pub(crate) fn mark(
        &self,
        organisation: OrganisationId,
        delivery: DeliveryId,
        work: Work,
    ) -> Option<Mark> {
        let marked = (organisation, delivery);
        match self.all().entry(marked) {
            Entry::Occupied(_) => None,
            Entry::Vacant(free) => {
                free.insert(work);
                Some(Mark { marks: self.clone(), marked })
            }
        }
    }

    /// What is done with a delivery just now.
    pub(crate) fn work(&self, organisation: OrganisationId, delivery: DeliveryId) -> Option<Work> {
        self.all().get(&(organisation, delivery)).copied()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Marked, Work>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A mark; dropping it takes it off.
#[derive(Debug)]
pub(crate) struct Mark {
    marks: Marks,
    marked: Marked,
}

impl Mark {
    /// It is sent or not, and only to be written down: whoever reads of that in the log shall not find it being sent.
    pub(crate) fn begin_writing(&self) {
        self.marks.all().insert(self.marked, Work::Writing);
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.marks.all().remove(&self.marked);
    }
}
