//! Buckets of tries: so many at once, then one more now and then. Bounded in memory, whatever strangers send.

use std::collections::HashMap;

/// How a bucket fills.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// Tries at once.
    pub(crate) burst: u32,
    /// Seconds until one more may be had.
    pub(crate) refill_secs: u32,
}

/// Buckets of one rate. What is kept for each is when it will be full again, in seconds since 1970.
#[derive(Debug)]
pub(crate) struct Buckets {
    rate: Rate,
    keys_max: usize,
    full_at: HashMap<[u8; 32], i64>,
}

impl Buckets {
    pub(crate) fn new(rate: Rate, keys_max: usize) -> Self {
        Self { rate, keys_max, full_at: HashMap::new() }
    }

    /// Seconds until a try may be had; 0 is now.
    pub(crate) fn wait_secs(&self, key: &[u8; 32], now: i64) -> u32 {
        let after = self.full_at(key, now) + i64::from(self.rate.refill_secs);
        u32::try_from((after - now - self.capacity_secs()).max(0)).unwrap_or(u32::MAX)
    }

    /// Takes a try, though there be none.
    pub(crate) fn take(&mut self, key: [u8; 32], now: i64) {
        let after = self.full_at(&key, now) + i64::from(self.rate.refill_secs);
        if !self.full_at.contains_key(&key) {
            self.make_room(now);
        }
        self.full_at.insert(key, after.min(now + self.capacity_secs()));
    }

    /// Gives a try back.
    pub(crate) fn give_back(&mut self, key: &[u8; 32]) {
        if let Some(full_at) = self.full_at.get_mut(key) {
            *full_at -= i64::from(self.rate.refill_secs);
        }
    }

    /// Fills one.
    pub(crate) fn fill(&mut self, key: &[u8; 32]) {
        self.full_at.remove(key);
    }

    /// How many are not full.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.full_at.len()
    }

    /// What can't be was noted before the clock was set back, and is forgotten, as a restart forgets it: else its bucket
    /// would be empty for as long as the clock was set back.
    fn full_at(&self, key: &[u8; 32], now: i64) -> i64 {
        let noted = self.full_at.get(key).filter(|full_at| **full_at <= now + self.capacity_secs());
        noted.map_or(now, |full_at| (*full_at).max(now))
    }

    fn capacity_secs(&self) -> i64 {
        i64::from(self.rate.burst) * i64::from(self.rate.refill_secs)
    }

    /// Forgets the full ones; where all are needed, the quarter that would be full first.
    fn make_room(&mut self, now: i64) {
        if self.full_at.len() < self.keys_max {
            return;
        }
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() < self.keys_max {
            return;
        }
        let mut times: Vec<i64> = self.full_at.values().copied().collect();
        let quarter = times.len() / 4;
        let (_, limit, _) = times.select_nth_unstable(quarter);
        let limit = *limit;
        let mut left = quarter + 1;
        self.full_at.retain(|_, full_at| {
            let goes = *full_at <= limit && left > 0;
            left -= usize::from(goes);
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, refill_secs: 10 };

    #[test]
    fn a_bucket_empties_and_fills() {
        let mut buckets = Buckets::new(RATE, 10);
        let key = [1; 32];
        for _ in 0..3 {
            assert_eq!(buckets.wait_secs(&key, 100), 0);
            buckets.take(key, 100);
        }
        assert_eq!(buckets.wait_secs(&key, 100), 10);
        assert_eq!(buckets.wait_secs(&key, 104), 6);
        assert_eq!(buckets.wait_secs(&key, 110), 0);
        assert_eq!(buckets.wait_secs(&[2; 32], 100), 0, "another's is full");
        buckets.give_back(&key);
        assert_eq!(buckets.wait_secs(&key, 100), 0);
    }

    #[test]
    fn a_clock_set_back_makes_nobody_wait_for_ever() {
        let mut buckets = Buckets::new(RATE, 10);
        for _ in 0..9 {
            buckets.take([1; 32], 1_000_000);
        }
        for n in 0..3 {
            assert_eq!(buckets.wait_secs(&[1; 32], 100), 0, "{n}");
            buckets.take([1; 32], 100);
        }
        assert_eq!(buckets.wait_secs(&[1; 32], 100), 10);
        assert_eq!(buckets.wait_secs(&[1; 32], 110), 0, "it fills again as ever");
    }

    #[test]
    fn memory_is_bounded_and_the_emptiest_are_kept() {
        let mut buckets = Buckets::new(RATE, 100);
        for _ in 0..3 {
            buckets.take([255; 32], 0);
        }
        for n in 0..5_000_u32 {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&n.to_be_bytes());
            buckets.take(key, 0);
            assert!(buckets.len() <= 100);
        }
        assert!(buckets.wait_secs(&[255; 32], 0) > 0, "the one that was tried most is remembered");
    }
}
