//! What came of it: rate, what it cost us, and how long a sender waited.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// So many different refusals are shown in full.
const REFUSALS_MAX: usize = 5;

/// How one mail ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// After so long, counted from connecting or, on a kept connection, from its `MAIL`.
    Accepted(Duration),
    /// With this reply or trouble.
    Failed(String),
}

/// The figures of one run.
#[derive(Debug)]
pub(crate) struct Report {
    /// Each accepted mail's wait; sorted once the run is over.
    waits: Vec<Duration>,
    answered: Vec<bool>,
    pub(crate) failed: usize,
    refusals: BTreeMap<String, usize>,
    pub(crate) seconds: f64,
    /// What the generator itself used.
    pub(crate) processor_secs: f64,
}

impl Report {
    pub(crate) fn new(mails: usize) -> Self {
        Self {
            waits: Vec::with_capacity(mails),
            answered: vec![false; mails],
            failed: 0,
            refusals: BTreeMap::new(),
            seconds: 0.0,
            processor_secs: 0.0,
        }
    }

    /// Counts a mail once: trouble after its `250` (a lost goodbye) is none of its.
    pub(crate) fn count(&mut self, number: usize, outcome: Outcome) {
        let Some(answered) = self.answered.get_mut(number) else {
            return;
        };
        if std::mem::replace(answered, true) {
            return;
        }
        match outcome {
            Outcome::Accepted(wait) => self.waits.push(wait),
            Outcome::Failed(reply) => {
                self.failed += 1;
                if self.refusals.len() < REFUSALS_MAX || self.refusals.contains_key(&reply) {
                    *self.refusals.entry(reply).or_default() += 1;
                }
            }
        }
    }

    pub(crate) fn finished(mut self) -> Self {
        self.waits.sort_unstable();
        self
    }

    pub(crate) fn accepted(&self) -> usize {
        self.waits.len()
    }

    /// Mails a second.
    pub(crate) fn rate(&self) -> f64 {
        float(self.accepted()) / self.seconds
    }

    /// Seconds of processor that the generator used for 1,000 mails.
    pub(crate) fn processor_per_thousand(&self) -> f64 {
        self.processor_secs * 1000.0 / float(self.accepted().max(1))
    }

    /// The wait that `share` (0 to 1) of the mails did not exceed.
    pub(crate) fn wait_ms(&self, share: f64) -> f64 {
        percentile(&self.waits, share).as_secs_f64() * 1000.0
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "accepted": self.accepted(),
            "failed": self.failed,
            "refusals": self.refusals,
            "seconds": self.seconds,
            "mails_per_sec": self.rate(),
            "generator_processor_secs_per_1000": self.processor_per_thousand(),
            "wait_ms": { "p50": self.wait_ms(0.5), "p90": self.wait_ms(0.9), "p99": self.wait_ms(0.99), "max": self.wait_ms(1.0) },
        })
    }
}

/// Of values in order, the one that `share` (0 to 1) of them do not exceed.
pub(crate) fn percentile(sorted: &[Duration], share: f64) -> Duration {
    #[expect(clippy::cast_sign_loss, reason = "a share of a count is not negative")]
    let rank = (float(sorted.len()) * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "counts of mails are far below 2^52")]
fn float(count: usize) -> f64 {
    count as f64
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (accepted, failed) = (self.accepted(), self.failed);
        writeln!(
            out,
            "{accepted} accepted, {failed} failed in {:.2} s: {:.0} mails/s",
            self.seconds,
            self.rate()
        )?;
        let [p50, p90, p99, max] = [0.5, 0.9, 0.99, 1.0].map(|share| self.wait_ms(share));
        writeln!(out, "wait: p50 {p50:.1} ms, p90 {p90:.1} ms, p99 {p99:.1} ms, max {max:.1} ms")?;
        writeln!(out, "generator: {:.3} s of processor per 1,000 mails", self.processor_per_thousand())?;
        self.refusals.iter().try_for_each(|(reply, times)| writeln!(out, "refused {times} times: {reply}"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Outcome, Report, percentile};

    #[test]
    fn percentiles_are_of_the_sorted_waits() {
        let waits: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&waits, 0.5), Duration::from_millis(50));
        assert_eq!(percentile(&waits, 0.99), Duration::from_millis(99));
        assert_eq!(percentile(&waits, 1.0), Duration::from_millis(100));
        assert_eq!(percentile(&[], 0.5), Duration::ZERO);
    }

    #[test]
    fn a_mail_counts_once() {
        let mut report = Report::new(2);
        report.count(0, Outcome::Accepted(Duration::from_millis(1)));
        report.count(0, Outcome::Failed("closed".into()));
        report.count(1, Outcome::Failed("452 full".into()));
        assert_eq!((report.accepted(), report.failed), (1, 1));
    }
}
