//! Waiting for another process, with an end.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use jiff::Timestamp;

/// A program is up, or says why not, within this.
pub const START_SECS_MAX: u64 = 30;
/// A program that was asked to stop has stopped within this.
pub const STOP_SECS_MAX: u64 = 30;
/// An answer to a request, or the next event.
pub const ANSWER_SECS_MAX: u64 = 30;
/// A mail that one server gave to the next has come to rest.
pub const DELIVERY_SECS_MAX: u64 = 60;

/// How often [`until`] looks where there is nothing to block on.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How often [`until_rarely`] looks.
const LOOK_RARELY: Duration = Duration::from_millis(250);

/// Looks until there is something, at most `secs_max` seconds; then an error that names what was waited for.
pub fn until<T>(what: &str, secs_max: u64, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let end = Instant::now() + Duration::from_secs(secs_max);
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if Instant::now() >= end {
            bail!("{what}: not within {secs_max} s");
        }
        thread::park_timeout(LOOK_AGAIN);
    }
}

/// The same for what costs something to look at.
pub fn until_rarely<T>(what: &str, secs_max: u64, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let mut next = Instant::now();
    until(what, secs_max, || {
        if Instant::now() < next {
            return None;
        }
        next = Instant::now() + LOOK_RARELY;
        look()
    })
}

/// So many seconds from now.
pub fn in_secs(secs: i64) -> Timestamp {
    let now = Timestamp::now();
    now.checked_add(jiff::SignedDuration::from_secs(secs)).unwrap_or(now)
}
