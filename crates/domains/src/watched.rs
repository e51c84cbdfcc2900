//! What is remembered of a domain between two looks, and when the next one is.
//!
//! *Must hold*: a record breaks only if it was fine before and two looks in a row, not counting those at which nobody
//! could be asked, found otherwise; it breaks once, until it was fine again.

use jiff::{SignedDuration, Timestamp};
use minicbor::{Decode, Encode};

use crate::check::{Look, State};
use crate::record::{Expected, Purpose};

/// Looks in a row that find a record broken before anybody is told.
const FAILURES_MIN: u32 = 2;
/// Seconds between two looks while something lacks, or may have broken.
const SOON_SECS: i64 = 600;
/// Seconds between two looks once something lacked for long.
const LATER_SECS: i64 = 3_600;
/// Seconds between two looks once nobody seems to work on it.
const SELDOM_SECS: i64 = 21_600;
/// Seconds between two looks while all is well.
const DAILY_SECS: i64 = 86_400;
/// Looks at [`SOON_SECS`]: six hours.
const SOON_ROUNDS_MAX: u32 = 36;
/// Looks before [`SELDOM_SECS`]: two days more.
const LATER_ROUNDS_MAX: u32 = SOON_ROUNDS_MAX + 48;

/// The domain as it was at the last look.
#[derive(Clone, Debug, PartialEq, Eq, Default, Encode, Decode)]
pub(crate) struct Watched {
    /// Its records.
    #[n(0)]
    pub(crate) records: Vec<WatchedRecord>,
    /// When it was last looked at.
    #[cbor(n(1), with = "guichet_store::time::optional", has_nil)]
    pub(crate) checked: Option<Timestamp>,
    /// When it is looked at next; as in the table.
    #[cbor(n(2), with = "guichet_store::time::optional", has_nil)]
    pub(crate) next: Option<Timestamp>,
    /// Looks in a row at which something lacked.
    #[n(3)]
    pub(crate) rounds: u32,
}

/// One record as it was at the last look.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct WatchedRecord {
    #[n(0)]
    pub(crate) purpose: Purpose,
    #[n(1)]
    pub(crate) name: String,
    /// What it should say, as text: who expects something else begins anew.
    #[n(2)]
    pub(crate) value: String,
    #[n(3)]
    pub(crate) look: Look,
    #[n(4)]
    pub(crate) was_fine: bool,
    /// Looks in a row that found it otherwise.
    #[n(5)]
    pub(crate) failures: u32,
    /// The admins know.
    #[n(6)]
    pub(crate) is_broken: bool,
}

impl WatchedRecord {
    fn after(before: Option<&Self>, expected: &Expected, look: &Look) -> Self {
        let (was_fine, failures, is_broken) =
            before.map_or((false, 0, false), |record| (record.was_fine, record.failures, record.is_broken));
        let failures = match look.state {
            State::Ok => 0,
            State::Unreachable => failures,
            State::Missing | State::Different => failures.saturating_add(1),
        };
        let is_fine = look.state == State::Ok;
        Self {
            purpose: expected.purpose,
            name: expected.name.clone(),
            value: expected.value.to_string(),
            look: look.clone(),
            was_fine: was_fine || is_fine,
            failures,
            is_broken: !is_fine && (is_broken || (was_fine && failures >= FAILURES_MIN)),
        }
    }
}

impl Watched {
    /// The record that answers this expectation.
    pub(crate) fn record(&self, expected: &Expected) -> Option<&WatchedRecord> {
        let value = expected.value.to_string();
        let is_it = |record: &&WatchedRecord| {
            record.purpose == expected.purpose && record.name == expected.name && record.value == value
        };
        self.records.iter().find(is_it)
    }

    /// What is remembered after a look. A person who looks works on it, so the next look is soon again.
    pub(crate) fn after(&self, looks: &[(Expected, Look)], now: Timestamp, by_person: bool) -> Self {
        let records: Vec<_> = looks
            .iter()
            .map(|(expected, look)| WatchedRecord::after(self.record(expected), expected, look))
            .collect();
        let lacks =
            looks.iter().any(|(expected, look)| expected.need.is_required() && look.state != State::Ok);
        let is_silent = looks.iter().any(|(_, look)| look.state == State::Unreachable);
        let may_be_breaking =
            records.iter().any(|record| record.was_fine && record.failures > 0 && !record.is_broken);
        let rounds = if !lacks || by_person { 0 } else { self.rounds.saturating_add(1) };
        let secs = if may_be_breaking {
            SOON_SECS
        } else if !lacks {
            DAILY_SECS
        } else {
            pause_secs(rounds)
        };
        // Who keeps silent costs most to ask.
        let secs = if is_silent { secs.max(LATER_SECS) } else { secs };
        Self { records, checked: Some(now), next: Some(later(now, secs)), rounds }
    }

    /// Whether this record is broken and the admins know.
    pub(crate) fn is_broken(&self, expected: &Expected) -> bool {
        self.record(expected).is_some_and(|record| record.is_broken)
    }

    /// Whether any record is.
    pub(crate) fn has_broken(&self) -> bool {
        self.records.iter().any(|record| record.is_broken)
    }
}

fn pause_secs(rounds: u32) -> i64 {
    match rounds {
        0..=SOON_ROUNDS_MAX => SOON_SECS,
        rounds if rounds <= LATER_ROUNDS_MAX => LATER_SECS,
        _ => SELDOM_SECS,
    }
}

/// Whether the next look is further away than any look puts it: the clock was set back since.
pub(crate) fn is_too_late(next: Timestamp, now: Timestamp) -> bool {
    next > later(now, DAILY_SECS)
}

/// When to look again after a look that failed altogether.
pub(crate) fn soon(now: Timestamp) -> Timestamp {
    later(now, SOON_SECS)
}

fn later(now: Timestamp, secs: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(secs)).unwrap_or(Timestamp::MAX)
}
