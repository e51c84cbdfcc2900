//! When a deferred delivery is tried again.
//!
//! It waits about as long again as it has waited already, so intervals double by themselves, and start anew when
//! somebody tries it again by hand. A little chance is added, so that a thousand mails that failed together don't come
//! back together.
//!
//! *Standards*: RFC 5321, section 4.5.4.1.

use jiff::SignedDuration;

use crate::delivery::Retry;

/// The first intervals are short: most trouble is over soon.
const FIRST: SignedDuration = SignedDuration::from_mins(5);
/// However long it lasts, somebody wants to see it go within half a working day of the remote's return.
const LONGEST: SignedDuration = SignedDuration::from_hours(4);
/// A quota is counted by the hour or the day.
const QUOTA: SignedDuration = SignedDuration::from_hours(1);
/// Of greylisting: from this age in minutes on, the next attempt follows after so many minutes. Most lists let pass
/// whoever comes back after one to fifteen minutes.
const GREYLISTED_MINUTES: [(i64, i64); 4] = [(0, 1), (1, 5), (6, 10), (16, 15)];

/// How long the next attempt is put off, for a delivery that was due so long ago. `chance` is a random number.
pub(super) fn delay(retry: Retry, age: SignedDuration, chance: u64) -> SignedDuration {
    let age = age.max(SignedDuration::ZERO);
    let delay = match retry {
        Retry::AsScheduled => age.clamp(FIRST, LONGEST),
        Retry::Late => age.clamp(QUOTA, LONGEST),
        Retry::Soon => greylisted(age),
    };
    delay + jitter(delay, chance)
}

fn greylisted(age: SignedDuration) -> SignedDuration {
    let reached = GREYLISTED_MINUTES.iter().rev().find(|(from, _)| age.as_mins() >= *from);
    SignedDuration::from_mins(reached.map_or(1, |(_, minutes)| *minutes))
}

/// Up to a tenth more.
fn jitter(delay: SignedDuration, chance: u64) -> SignedDuration {
    let milliseconds_max = u64::try_from(delay.as_millis() / 10).unwrap_or_default();
    let milliseconds = chance % milliseconds_max.max(1);
    SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(retry: Retry, age_minutes: i64) -> i64 {
        delay(retry, SignedDuration::from_mins(age_minutes), 0).as_mins()
    }

    /// The minutes between attempts that all fail at once.
    fn intervals(retry: Retry, count: usize) -> Vec<i64> {
        let mut age = 0;
        let mut intervals = Vec::new();
        for _ in 0..count {
            let interval = minutes(retry, age);
            intervals.push(interval);
            age += interval;
        }
        intervals
    }

    #[test]
    fn intervals_double_from_five_minutes_to_four_hours() {
        assert_eq!(intervals(Retry::AsScheduled, 9), [5, 5, 10, 20, 40, 80, 160, 240, 240]);
    }

    #[test]
    fn greylisting_sees_us_again_within_minutes() {
        assert_eq!(intervals(Retry::Soon, 6), [1, 5, 10, 15, 15, 15]);
    }

    #[test]
    fn a_quota_is_given_an_hour_at_least() {
        assert_eq!(intervals(Retry::Late, 4), [60, 60, 120, 240]);
    }

    #[test]
    fn chance_adds_less_than_a_tenth() {
        for chance in [0, 1, 29_999, 30_000, u64::MAX] {
            let delay = delay(Retry::AsScheduled, SignedDuration::ZERO, chance);
            assert!(delay >= FIRST && delay < FIRST + FIRST / 10, "{delay:?}");
        }
        assert_eq!(delay(Retry::Soon, SignedDuration::from_hours(-1), 0), SignedDuration::from_mins(1));
    }
}
