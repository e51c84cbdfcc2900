//! Blobs: raw mails and other bytes that are written once and read by reference.
//!
//! A blob is written first, by streaming, and then named by a batch: from that commit on it belongs to the batch's
//! organisation. Small ones stand in segments; a large one is a file of its own, durable before the commit that
//! names it, and swept at the next start when none did. What a batch gives up
//! again goes by [`crate::Store::sweep`]. Two organisations that name the same blob have each their own
//! copy (of a large one, a second name of the file), so that one can be deleted without the other.

mod file;
pub(crate) mod gone;
pub(crate) mod moved;
mod pack;
mod reader;
mod reference;
mod writer;

use std::io;
use std::sync::Arc;

pub use self::reader::BlobReader;
pub use self::reference::BlobRef;
pub use self::writer::{BlobWriter, PendingBlob};

pub(crate) use self::reference::Place;
pub(crate) use self::writer::NamedBlob;

use self::file::Files;
use self::pack::Packers;
use crate::disk::{Disk, File};
use crate::engine::{Failure, Unavailable, View};
use crate::organisation::Owner;
use crate::segment::{self, Position, Segments};

/// Up to this many bytes a blob is kept in memory until it is committed, and then stands in a segment.
const SMALL_BYTES_MAX: usize = 256 << 10;

/// How often a blob is looked for that moves meanwhile.
const OPEN_ATTEMPTS_MAX: usize = 4;

/// All blobs of a store.
#[derive(Debug)]
pub struct Blobs {
    segments: Segments,
    files: Files,
    packers: Packers,
}

impl Blobs {
    /// The folders that blobs lie in.
    pub(crate) const FOLDERS: [&'static str; 2] = [segment::FOLDER, file::FOLDER];

    pub(crate) fn open(disk: Arc<dyn Disk>) -> io::Result<Self> {
        let (segments, files) = (Segments::open(disk.clone())?, Files::open(disk)?);
        Ok(Self { segments, files, packers: Packers::default() })
    }

    /// Begins a blob.
    pub fn writer(self: &Arc<Self>) -> BlobWriter {
        BlobWriter::new(self.clone())
    }

    pub(crate) fn segments(&self) -> &Segments {
        &self.segments
    }

    /// Puts the blobs where their references say. What lies in segments is durable after the next sync of those.
    pub(crate) fn write(&self, blobs: &[NamedBlob]) -> io::Result<()> {
        let mut linked = false;
        for blob in blobs {
            match blob.reference().place {
                Place::Segment(position) => self.segments.write(position, blob.stored_bytes())?,
                Place::File(number) => linked |= blob.keep_as(number)?,
            }
        }
        if linked { self.files.sync_names() } else { Ok(()) }
    }

    /// Whether any blob was ever written here.
    pub(crate) fn exist(&self) -> io::Result<bool> {
        Ok(self.segments.exist()? || self.files.exist()?)
    }

    /// Removes what no committed batch names: large blobs, and segments that were left, which the journal may have
    /// brought back. No number is given twice, also of what is gone, and no place that counts as given up.
    pub(crate) fn sweep(&self, view: &dyn View) -> Result<(), Failure> {
        if let Some((last, _)) = moved::numbered(view, &gone::gone_files())?.last() {
            self.files.skip_past(*last);
        }
        for segment in moved::all_left(view)? {
            self.segments.remove(segment)?;
            self.segments.skip_past(segment);
        }
        if let Some(end) = moved::last_given_up(view)? {
            self.segments.skip_to(end);
        }
        self.files.sweep(view)
    }

    /// Removes the file of a large blob; nothing happens when it is gone.
    pub(crate) fn remove_file(&self, number: u64) -> io::Result<()> {
        match self.files.remove(number) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Opens a blob. `view` is asked anew where its segment is left at this moment.
    pub(crate) fn reader(
        &self,
        owner: Owner,
        blob: &BlobRef,
        view: impl Fn() -> Result<Arc<dyn View>, Unavailable>,
    ) -> Result<BlobReader<'static>, Unavailable> {
        if blob.owner != owner {
            return Err(Unavailable::new("a blob is read through its own organisation alone"));
        }
        let (file, offset) = match blob.place {
            Place::Segment(position) => self.open_segment(position, view)?,
            Place::File(number) => (self.files.file(number).map_err(Unavailable::new)?, 0),
        };
        BlobReader::new(file, offset, blob).map_err(Unavailable::new)
    }

    /// The segment in which a blob stands now, and where it begins there.
    fn open_segment(
        &self,
        position: Position,
        view: impl Fn() -> Result<Arc<dyn View>, Unavailable>,
    ) -> Result<(Arc<dyn File>, u64), Unavailable> {
        for _ in 0..OPEN_ATTEMPTS_MAX {
            let place = moved::find(&*view()?, position)?;
            let place = place.ok_or_else(|| Unavailable::new("a blob was given up"))?;
            match self.segments.file(place.segment) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                file => return Ok((file.map_err(Unavailable::new)?, place.offset.into())),
            }
        }
        Err(Unavailable::new("the segment of a blob is missing"))
    }
}
