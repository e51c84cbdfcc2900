//! Places that an organisation has for its own work, so that what one asks for costs its own patience alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use guichet_store::OrganisationId;
use tokio::sync::Semaphore;

/// Organisations remembered before those that do nothing are forgotten.
const KEPT_MAX: usize = 256;

/// The places of every organisation.
pub(crate) struct Places {
    /// How much of one organisation is done at one time; the rest waits.
    each_max: usize,
    all: Mutex<HashMap<OrganisationId, Arc<Semaphore>>>,
}

impl Places {
    pub(crate) fn new(each_max: usize) -> Self {
        Self { each_max, all: Mutex::default() }
    }

    /// Those of this organisation; never closed.
    pub(crate) fn of(&self, organisation: OrganisationId) -> Arc<Semaphore> {
        // A panic while the lock was held can't have left the map in a way that matters.
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT_MAX {
            all.retain(|_, places| Arc::strong_count(places) > 1);
        }
        Arc::clone(all.entry(organisation).or_insert_with(|| Arc::new(Semaphore::new(self.each_max))))
    }
}
