//! Randomness that is the same each time, and yet never gives the same bytes twice.

use std::sync::atomic::{AtomicU64, Ordering};

use guichet_sys::Random;

/// Counts: the first eight bytes of each fill are the number of the fill, big-endian, repeated to the end.
#[derive(Debug, Default)]
pub struct CountingRandom(AtomicU64);

impl Random for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (byte, digit) in bytes.iter_mut().zip(number.iter().cycle()) {
            *byte = *digit;
        }
    }
}
