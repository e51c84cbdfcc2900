//! Where passwords are hashed: off the async threads, two at a time, with a bounded queue before them.
//!
//! *Must hold*: a hash under way holds its place until it ends, though who asked is gone: memory stays bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::Error;

/// Hashes at a time: each takes 19 MiB and a core.
const HASHES_MAX: usize = 2;
/// Strangers that wait for a place: about half a second's work.
const STRANGERS_WAITING_MAX: usize = 32;
/// All that wait. What strangers may not take is left for those who are known, so that no flood shuts them out.
const WAITING_MAX: usize = 64;

/// Too many wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

/// The places.
pub(crate) struct Places {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Default for Places {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(HASHES_MAX)), waiting: AtomicUsize::new(0) }
    }
}

impl Places {
    /// Does some work of hashing; `is_known` for who has proven to be somebody already.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        is_known: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Result<T, Busy>, Error> {
        let waiting_max = if is_known { WAITING_MAX } else { STRANGERS_WAITING_MAX };
        let Some(waiting) = Waiting::enter(&self.waiting, waiting_max) else { return Ok(Err(Busy)) };
        let stopped = || Error::Unavailable("the server is being stopped".to_owned());
        let place = Arc::clone(&self.free).acquire_owned().await.map_err(|_| stopped())?;
        drop(waiting);
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        done.await.map(Ok).map_err(|_| stopped())
    }
}

/// One who waits; leaves the queue when dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize, max: usize) -> Option<Self> {
        let waiting = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < max).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_the_queue_full_leaves_no_trace_in_it() {
        let count = AtomicUsize::new(0);
        let first = Waiting::enter(&count, 1);
        assert!(first.is_some() && Waiting::enter(&count, 1).is_none());
        drop(first);
        assert_eq!(count.load(Ordering::Relaxed), 0);
    }
}
