//! Reading a blob as a stream, in bounded memory, and checking that it is what was written.

use std::fmt;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use super::BlobRef;
use super::reference::Packing;
use crate::disk::File;

/// What is read from a file at once.
const READ_BUFFER_BYTES: usize = 32 << 10;

/// The bytes of a blob, from the first.
///
/// Read to the end, it fails with [`io::ErrorKind::InvalidData`] instead of returning the end when the bytes are not those
/// that were written.
pub struct BlobReader<'a> {
    source: Source<'a>,
    remaining: u64,
    /// Gone once something was skipped unread.
    digest: Option<(blake3::Hasher, [u8; 32])>,
}

enum Source<'a> {
    Memory(&'a [u8]),
    Raw(BufReader<Stored>),
    Zstd(Box<zstd::Decoder<'static, BufReader<Stored>>>),
}

impl BlobReader<'static> {
    pub(super) fn new(file: Arc<dyn File>, offset: u64, blob: &BlobRef) -> io::Result<Self> {
        let stored = Stored { file, offset, end: offset + blob.stored_bytes };
        let buffer_bytes = READ_BUFFER_BYTES.min(blob.stored_bytes as usize);
        let stored = BufReader::with_capacity(buffer_bytes, stored);
        let source = match blob.packing {
            Packing::Raw => Source::Raw(stored),
            Packing::Zstd => Source::Zstd(Box::new(zstd::Decoder::with_buffer(stored)?)),
        };
        Ok(Self { source, remaining: blob.raw_bytes, digest: Some((blake3::Hasher::new(), blob.digest)) })
    }
}

impl<'a> BlobReader<'a> {
    pub(super) fn of_memory(bytes: &'a [u8], digest: [u8; 32]) -> Self {
        let remaining = bytes.len() as u64;
        Self { source: Source::Memory(bytes), remaining, digest: Some((blake3::Hasher::new(), digest)) }
    }

    /// How many bytes are still to be read.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Passes over so many bytes, or to the end. Quick where the blob is stored as it is.
    pub fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let bytes = bytes.min(self.remaining);
        match &mut self.source {
            Source::Raw(stored) => stored.seek_relative(bytes.cast_signed())?,
            Source::Memory(_) | Source::Zstd(_) => {
                io::copy(&mut self.by_ref().take(bytes), &mut io::sink())?;
                return Ok(());
            }
        }
        self.remaining -= bytes;
        if bytes > 0 {
            self.digest = None;
        }
        Ok(())
    }

    fn check(&mut self) -> io::Result<()> {
        match self.digest.take() {
            Some((hasher, digest)) if hasher.finalize() != digest => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "a stored blob is not what was written"))
            }
            _ => Ok(()),
        }
    }
}

impl Read for BlobReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(usize::try_from(self.remaining).unwrap_or(usize::MAX));
        let into = into.get_mut(..most).unwrap_or_default();
        if into.is_empty() {
            if self.remaining == 0 {
                self.check()?;
            }
            return Ok(0);
        }
        let read = match &mut self.source {
            Source::Memory(bytes) => bytes.read(into)?,
            Source::Raw(stored) => stored.read(into)?,
            Source::Zstd(decoder) => decoder.read(into)?,
        };
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.remaining -= read as u64;
        if let (Some((hasher, _)), Some(bytes)) = (&mut self.digest, into.get(..read)) {
            hasher.update(bytes);
        }
        Ok(read)
    }
}

impl fmt::Debug for BlobReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobReader").field("remaining", &self.remaining).finish_non_exhaustive()
    }
}

/// A stretch of a file.
struct Stored {
    file: Arc<dyn File>,
    offset: u64,
    end: u64,
}

impl Read for Stored {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(usize::try_from(self.end - self.offset).unwrap_or(usize::MAX));
        let into = into.get_mut(..most).unwrap_or_default();
        self.file.read_at(self.offset, into)?;
        self.offset += most as u64;
        Ok(most)
    }
}

impl io::Seek for Stored {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let io::SeekFrom::Current(by) = to else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        self.offset = self.offset.saturating_add_signed(by).min(self.end);
        Ok(self.offset)
    }
}
