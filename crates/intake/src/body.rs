//! A mail's content on its way in: counted against all others, small in memory, large on disk.
//!
//! What must hold: bytes of the body are claimed before they are kept; a claim is given back however the mail ends;
//! a body that is dropped unfinished leaves nothing; no async thread waits for the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use guichet_store::{BlobWriter, CommitError, PendingBlob};
use tokio::task::spawn_blocking;

use crate::metrics;
use crate::trouble::Trouble;

/// Mails up to this size are written, verified and parsed where they are: that takes less than handing them to another
/// thread. [`BlobWriter`] keeps more than this in memory, so nothing of them touches the disk before the commit.
pub(crate) const INLINE_BYTES_MAX: u64 = 64 << 10;
/// What a larger mail gathers before another thread is asked to write it.
const SPOOL_BATCH_BYTES: usize = 256 << 10;

/// Bytes of all mails on their way in.
#[derive(Debug)]
pub(crate) struct InFlight {
    bytes: AtomicU64,
    bytes_max: u64,
}

/// What one mail holds of [`InFlight`]; given back when dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    of: Arc<InFlight>,
    bytes: u64,
}

impl InFlight {
    pub(crate) fn new(bytes_max: u64) -> Arc<Self> {
        Arc::new(Self { bytes: AtomicU64::new(0), bytes_max })
    }

    /// Claims room for a mail of this size.
    pub(crate) fn claim(self: &Arc<Self>, bytes: u64) -> Result<Claim, Trouble> {
        let mut claim = Claim { of: self.clone(), bytes: 0 };
        claim.grow_to(bytes)?;
        Ok(claim)
    }
}

impl Claim {
    /// Claims more where the mail turns out larger than it said.
    fn grow_to(&mut self, bytes: u64) -> Result<(), Trouble> {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return Ok(());
        }
        let within = |taken: u64| taken.checked_add(more).filter(|taken| *taken <= self.of.bytes_max);
        self.of
            .bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, within)
            .map_err(|_| Trouble::TooMuchInFlight)?;
        self.bytes += more;
        metrics::bytes_claimed(more);
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.of.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        metrics::bytes_released(self.bytes);
    }
}

/// The content of one mail, as far as it has come.
#[derive(Debug)]
pub(crate) struct Body {
    writer: BlobWriter,
    /// What follows in a large mail.
    waiting: Vec<u8>,
    claim: Claim,
}

impl Body {
    /// Nothing has come yet.
    pub(crate) fn new(writer: BlobWriter, claim: Claim) -> Box<Self> {
        Box::new(Self { writer, waiting: Vec::new(), claim })
    }

    /// How many bytes have come.
    pub(crate) fn bytes_len(&self) -> u64 {
        self.writer.bytes_len() + self.waiting.len() as u64
    }

    /// Takes the next piece.
    pub(crate) async fn add(mut self: Box<Self>, piece: &[u8]) -> Result<Box<Self>, Trouble> {
        let bytes = self.bytes_len() + piece.len() as u64;
        self.claim.grow_to(bytes)?;
        if bytes <= INLINE_BYTES_MAX {
            self.writer.write(piece)?;
            return Ok(self);
        }
        self.waiting.extend_from_slice(piece);
        if self.waiting.len() < SPOOL_BATCH_BYTES {
            return Ok(self);
        }
        let body = spawn_blocking(move || self.write_waiting().map(|()| self)).await??;
        Ok(body)
    }

    /// The content is complete. The claim stands for as long as the mail is in memory.
    pub(crate) async fn finish(mut self: Box<Self>) -> Result<(PendingBlob, Claim), Trouble> {
        if self.bytes_len() <= INLINE_BYTES_MAX {
            return Ok((self.writer.finish()?, self.claim));
        }
        let work = move || {
            self.write_waiting()?;
            Ok::<_, CommitError>((self.writer.finish()?, self.claim))
        };
        Ok(spawn_blocking(work).await??)
    }

    fn write_waiting(&mut self) -> Result<(), CommitError> {
        self.writer.write(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use guichet_store::Store;

    use super::*;

    #[test]
    fn promise_9_bytes_in_flight_are_bounded_and_given_back() {
        let in_flight = InFlight::new(100);
        let mut first = in_flight.claim(60).unwrap();
        assert!(matches!(in_flight.claim(41), Err(Trouble::TooMuchInFlight)));
        assert!(matches!(in_flight.claim(u64::MAX), Err(Trouble::TooMuchInFlight)));
        first.grow_to(50).unwrap();
        first.grow_to(100).unwrap();
        assert!(first.grow_to(101).is_err());
        assert!(in_flight.claim(1).is_err());
        drop(first);
        in_flight.claim(100).unwrap();
    }

    #[tokio::test]
    async fn a_body_of_any_size_comes_out_as_it_went_in() {
        let store = Store::memory();
        let in_flight = InFlight::new(u64::MAX);
        for bytes in [0, 1, 65_535, 65_536, 65_537, 300_000, 1_000_000] {
            let content: Vec<u8> = (0..=250).cycle().take(bytes).collect();
            let mut body = Body::new(store.blobs().writer(), in_flight.claim(0).unwrap());
            for piece in content.chunks(16_000) {
                body = body.add(piece).await.unwrap();
            }
            assert_eq!(body.bytes_len(), content.len() as u64);
            let (blob, _claim) = body.finish().await.unwrap();
            assert_eq!(&*blob.read_all().unwrap(), content, "{bytes} bytes");
        }
        assert_eq!(in_flight.bytes.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_body_larger_than_declared_is_counted_in_full() {
        let store = Store::memory();
        let in_flight = InFlight::new(100);
        let body = Body::new(store.blobs().writer(), in_flight.claim(10).unwrap());
        let body = body.add(&[b'x'; 100]).await.unwrap();
        assert!(matches!(body.add(b"y").await, Err(Trouble::TooMuchInFlight)));
        assert_eq!(in_flight.bytes.load(Ordering::Relaxed), 0);
    }
}
