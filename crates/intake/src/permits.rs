//! Memory permits: large mails queue to be verified and parsed instead of adding up.
//!
//! A mail of up to [`INLINE_BYTES_MAX`](crate::body::INLINE_BYTES_MAX) needs none: it never waits behind a large one,
//! and all of them together are bounded by `connections_max`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::settings::Settings;
use crate::trouble::Trouble;

/// Bytes of memory per byte of mail: the mail itself, read whole, and what parsing makes of it, which is less.
const MEMORY_FACTOR: u64 = 2;
/// One permit; a semaphore counts in 32 bits, memory doesn't.
const PERMIT_BYTES: u64 = 1024;

/// The memory that large mails share.
pub(crate) struct MemoryPermits {
    semaphore: Arc<Semaphore>,
    permits: u32,
    wait_max: Duration,
}

/// A share of the memory, given back when dropped.
#[derive(Debug)]
pub(crate) struct MemoryPermit(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl MemoryPermits {
    pub(crate) fn new(settings: &Settings) -> Self {
        let permits = permits_for(settings.parse_bytes_max).max(1);
        Self {
            semaphore: Arc::new(Semaphore::new(permits as usize)),
            permits,
            wait_max: Duration::from_secs(settings.parse_wait_secs_max.into()),
        }
    }

    /// Waits for the memory that a mail of this size takes. One that would take more than there is has it all for
    /// itself.
    pub(crate) async fn take(&self, mail_bytes: u64) -> Result<MemoryPermit, Trouble> {
        let permits = permits_for(mail_bytes.saturating_mul(MEMORY_FACTOR)).min(self.permits);
        let wait = timeout(self.wait_max, self.semaphore.clone().acquire_many_owned(permits));
        // The semaphore is never closed.
        let permit = wait.await.ok().and_then(Result::ok);
        permit.map(MemoryPermit).ok_or(Trouble::TooMuchToParse)
    }
}

fn permits_for(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use guichet_mail::DomainName;

    use super::*;

    fn permits(parse_bytes_max: u64) -> MemoryPermits {
        let mut settings = Settings::new(DomainName::parse("mx.example").unwrap());
        settings.parse_bytes_max = parse_bytes_max;
        MemoryPermits::new(&settings)
    }

    #[tokio::test(start_paused = true)]
    async fn promise_9_large_mails_wait_for_one_another() {
        let permits = permits(100 << 10);
        let first = permits.take(30 << 10).await.unwrap();
        assert!(matches!(permits.take(30 << 10).await, Err(Trouble::TooMuchToParse)));
        let _small = permits.take(20 << 10).await.unwrap();
        drop(first);
        permits.take(30 << 10).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_mail_larger_than_the_whole_memory_has_it_for_itself() {
        let permits = permits(100 << 10);
        let _whole = permits.take(u64::MAX).await.unwrap();
        assert!(permits.take(1).await.is_err());
    }
}
