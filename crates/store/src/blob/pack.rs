//! Compression: zstd level 1, and only where it helps.
//!
//! A context costs more to make than a small mail to compress, so a few are kept.

use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zstd::bulk::Compressor;

/// Fast enough for the intake; higher levels save little on mail.
pub(crate) const LEVEL: i32 = 1;
/// Contexts kept for the next blob: more threads than this seldom compress at once.
const KEPT_MAX: usize = 4;

#[derive(Default)]
pub(crate) struct Packers(Mutex<Vec<Compressor<'static>>>);

impl Packers {
    /// The bytes compressed, unless that saves less than one part in sixteen.
    pub(crate) fn pack(&self, raw: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let idle = self.kept().pop();
        let mut context = match idle {
            Some(context) => context,
            None => Compressor::new(LEVEL)?,
        };
        let packed = context.compress(raw)?;
        let mut kept = self.kept();
        if kept.len() < KEPT_MAX {
            kept.push(context);
        }
        drop(kept);
        Ok(Some(packed).filter(|packed| packed.len() < raw.len() - raw.len() / 16))
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Compressor<'static>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Packers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Packers")
    }
}
