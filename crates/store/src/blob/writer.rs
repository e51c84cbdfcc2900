//! Writing a blob: into memory while it is small, to disk as it arrives when it is not.

use std::borrow::Cow;
use std::io::{self, BufWriter, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::reader::BlobReader;
use super::reference::{Packing, Place};
use super::{BlobRef, Blobs, SMALL_BYTES_MAX, pack};
use crate::commit::CommitError;
use crate::disk::File;
use crate::engine::{Failure, Unavailable};
use crate::organisation::Owner;

/// What a large blob gathers before it goes to the disk.
const SPOOL_BUFFER_BYTES: usize = 64 << 10;

/// A blob in the making. Dropped unfinished, it leaves nothing.
///
/// Up to 256 KiB stay in memory; beyond, [`BlobWriter::write`] and [`BlobWriter::finish`] write to the disk in
/// the calling thread.
#[derive(Debug)]
pub struct BlobWriter {
    blobs: Arc<Blobs>,
    small: Vec<u8>,
    spool: Option<Spool>,
    digest: blake3::Hasher,
    raw_bytes: u64,
}

impl BlobWriter {
    pub(super) fn new(blobs: Arc<Blobs>) -> Self {
        Self { blobs, small: Vec::new(), spool: None, digest: blake3::Hasher::new(), raw_bytes: 0 }
    }

    /// Appends bytes. [`CommitError::Full`] and [`CommitError::Unavailable`] mean what they mean of a commit.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), CommitError> {
        self.digest.update(bytes);
        self.raw_bytes += bytes.len() as u64;
        if self.spool.is_none() && self.small.len() + bytes.len() <= SMALL_BYTES_MAX {
            self.small.extend_from_slice(bytes);
            return Ok(());
        }
        self.spool(bytes).map_err(refused)
    }

    /// How many bytes were written.
    pub fn bytes_len(&self) -> u64 {
        self.raw_bytes
    }

    /// Ends the blob. A large one is durable when this returns, though no batch names it yet.
    pub fn finish(mut self) -> Result<PendingBlob, CommitError> {
        let (packing, stored_bytes, content) = match self.spool.take() {
            Some(spool) => spool.finish(&self.blobs).map_err(refused)?,
            None => pack_small(&self.blobs, std::mem::take(&mut self.small)).map_err(refused)?,
        };
        Ok(PendingBlob(Arc::new(Pending {
            blobs: self.blobs,
            content,
            packing,
            stored_bytes,
            raw_bytes: self.raw_bytes,
            digest: *self.digest.finalize().as_bytes(),
            places: Mutex::default(),
        })))
    }

    fn spool(&mut self, bytes: &[u8]) -> io::Result<()> {
        let spool = if let Some(spool) = &mut self.spool {
            spool
        } else {
            let mut spool = Spool::begin(&self.blobs, &self.small)?;
            spool.out.write_all(&self.small)?;
            self.small = Vec::new();
            self.spool.insert(spool)
        };
        spool.out.write_all(bytes)
    }
}

fn refused(error: io::Error) -> CommitError {
    Failure::from(error).into()
}

fn pack_small(blobs: &Blobs, raw: Vec<u8>) -> io::Result<(Packing, u64, Content)> {
    let packed = blobs.packers.pack(&raw)?;
    let packing = if packed.is_some() { Packing::Zstd } else { Packing::Raw };
    let stored_bytes = packed.as_ref().unwrap_or(&raw).len() as u64;
    Ok((packing, stored_bytes, Content::Memory { raw, packed }))
}

/// A large blob on its way to its file.
#[derive(Debug)]
struct Spool {
    out: Sink,
    file: OwnFile,
}

enum Sink {
    Raw(BufWriter<Append>),
    Zstd(zstd::Encoder<'static, BufWriter<Append>>),
}

impl Spool {
    /// Makes the file. What the blob begins with says whether compressing it helps.
    fn begin(blobs: &Arc<Blobs>, beginning: &[u8]) -> io::Result<Self> {
        let number = blobs.files.reserve();
        let file = blobs.files.create(number)?;
        let own = OwnFile { blobs: blobs.clone(), number, kept: AtomicBool::new(false) };
        let append = BufWriter::with_capacity(SPOOL_BUFFER_BYTES, Append { file, offset: 0 });
        let out = match blobs.packers.pack(beginning)? {
            Some(_) => Sink::Zstd(zstd::Encoder::new(append, pack::LEVEL)?),
            None => Sink::Raw(append),
        };
        Ok(Self { out, file: own })
    }

    fn finish(self, blobs: &Blobs) -> io::Result<(Packing, u64, Content)> {
        let (packing, buffer) = match self.out {
            Sink::Raw(buffer) => (Packing::Raw, buffer),
            Sink::Zstd(encoder) => (Packing::Zstd, encoder.finish()?),
        };
        let append = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
        append.file.sync()?;
        blobs.files.sync_names()?;
        Ok((packing, append.offset, Content::File(self.file)))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Raw(out) => out.write(bytes),
            Self::Zstd(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Raw(out) => out.flush(),
            Self::Zstd(out) => out.flush(),
        }
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sink")
    }
}

/// The end of a file, to write to.
#[derive(Debug)]
struct Append {
    file: Arc<dyn File>,
    offset: u64,
}

impl Write for Append {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_at(self.offset, bytes)?;
        self.offset += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that goes when it is dropped, unless a commit named it.
#[derive(Debug)]
struct OwnFile {
    blobs: Arc<Blobs>,
    number: u64,
    kept: AtomicBool,
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        if !*self.kept.get_mut()
            && let Err(error) = self.blobs.files.remove(self.number)
        {
            tracing::warn!(%error, number = self.number, "a blob that no commit named stays until the next start");
        }
    }
}

/// A finished blob that no committed batch names yet. When all clones and batches are dropped without a commit,
/// it is gone.
#[derive(Clone, Debug)]
pub struct PendingBlob(Arc<Pending>);

#[derive(Debug)]
struct Pending {
    blobs: Arc<Blobs>,
    content: Content,
    packing: Packing,
    stored_bytes: u64,
    raw_bytes: u64,
    digest: [u8; 32],
    /// Where each organisation's copy stands: the same in every try.
    places: Mutex<Vec<(Owner, Place)>>,
}

#[derive(Debug)]
enum Content {
    Memory { raw: Vec<u8>, packed: Option<Vec<u8>> },
    File(OwnFile),
}

impl PendingBlob {
    /// How many bytes were written.
    pub fn bytes_len(&self) -> u64 {
        self.0.raw_bytes
    }

    /// BLAKE3 of the bytes that were written.
    pub fn digest(&self) -> &[u8; 32] {
        &self.0.digest
    }

    /// The bytes, borrowed where they are in memory. Reads a large blob whole: take memory permits first.
    pub fn read_all(&self) -> Result<Cow<'_, [u8]>, Unavailable> {
        if let Content::Memory { raw, .. } = &self.0.content {
            return Ok(Cow::Borrowed(raw));
        }
        let mut bytes = Vec::with_capacity(self.0.raw_bytes as usize);
        self.reader()?.read_to_end(&mut bytes).map_err(Unavailable::new)?;
        Ok(Cow::Owned(bytes))
    }

    /// Reads the bytes as a stream.
    pub fn reader(&self) -> Result<BlobReader<'_>, Unavailable> {
        match &self.0.content {
            Content::Memory { raw, .. } => Ok(BlobReader::of_memory(raw, self.0.digest)),
            Content::File(own) => {
                let reference = self.0.reference(Owner::OPERATOR, Place::File(own.number));
                let file = self.0.blobs.files.file(own.number).map_err(Unavailable::new)?;
                BlobReader::new(file, 0, &reference).map_err(Unavailable::new)
            }
        }
    }

    pub(crate) fn name_for(&self, owner: Owner) -> NamedBlob {
        let place = self.0.place_for(owner);
        NamedBlob { reference: self.0.reference(owner, place), pending: self.0.clone() }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let places = self.places.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (_, place) in places {
            if let Place::Segment(position) = place {
                self.blobs.segments.settle(position.segment);
            }
        }
    }
}

impl Pending {
    fn place_for(&self, owner: Owner) -> Place {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, place)) = places.iter().find(|(of, _)| *of == owner) {
            return *place;
        }
        let place = match &self.content {
            Content::Memory { .. } => Place::Segment(self.blobs.segments.reserve(self.stored_bytes as u32)),
            Content::File(own) if places.is_empty() => Place::File(own.number),
            Content::File(_) => Place::File(self.blobs.files.reserve()),
        };
        places.push((owner, place));
        place
    }

    fn reference(&self, owner: Owner, place: Place) -> BlobRef {
        BlobRef {
            owner,
            place,
            packing: self.packing,
            stored_bytes: self.stored_bytes,
            raw_bytes: self.raw_bytes,
            digest: self.digest,
        }
    }
}

/// A blob under the reference that a batch gives it.
#[derive(Clone, Debug)]
pub(crate) struct NamedBlob {
    reference: BlobRef,
    pending: Arc<Pending>,
}

impl NamedBlob {
    pub(crate) fn reference(&self) -> &BlobRef {
        &self.reference
    }

    /// What stands in a segment; nothing of a large blob.
    pub(crate) fn stored_bytes(&self) -> &[u8] {
        match &self.pending.content {
            Content::Memory { raw, packed } => packed.as_ref().unwrap_or(raw),
            Content::File(_) => &[],
        }
    }

    /// About how many bytes of the journal it takes.
    pub(crate) fn journal_bytes(&self) -> usize {
        self.stored_bytes().len() + 16
    }

    /// Keeps the large blob's file, under a second name where `number` is not its own; says whether it has
    /// got one. From here on only the sweep at a start may remove it, as the commit's fate may be unknown.
    pub(super) fn keep_as(&self, number: u64) -> io::Result<bool> {
        let Content::File(own) = &self.pending.content else {
            return Ok(false);
        };
        if number == own.number {
            own.kept.store(true, Ordering::Relaxed);
            return Ok(false);
        }
        own.blobs.files.link(own.number, number).map(|()| true)
    }
}
