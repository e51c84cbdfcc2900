//! The clock as a port: what time it is, asked and never assumed.
//!
//! *Must hold*: no other code of the server reads the wall clock (`clippy.toml` bans it), so a test that
//! holds this port still holds all of time still.

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The present instant, UTC, in whole microseconds: what is stored is what was told.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the wall clock is read")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_no_more_digits_than_are_stored() {
        let seen: Vec<i32> = (0..1_000).map(|_| SystemClock.now().subsec_nanosecond() % 1_000).collect();
        assert!(seen.iter().all(|rest| *rest == 0), "{seen:?}");
    }
}
