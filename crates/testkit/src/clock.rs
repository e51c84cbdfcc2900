//! A clock that moves only when told.

use std::sync::{Arc, Mutex, PoisonError};

use guichet_sys::Clock;
use jiff::{SignedDuration, Timestamp};

/// Tells the time that it was set to. Clones share it.
#[derive(Clone, Debug)]
pub struct StillClock(Arc<Mutex<Timestamp>>);

impl StillClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Moves on by `secs` (back, if negative).
    ///
    /// # Panics
    /// Beyond the year 9999.
    pub fn advance_secs(&self, secs: i64) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += SignedDuration::from_secs(secs);
    }
}

impl Default for StillClock {
    /// Stands at the first second of 2026.
    fn default() -> Self {
        Self::at(Timestamp::constant(1_767_225_600, 0))
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
