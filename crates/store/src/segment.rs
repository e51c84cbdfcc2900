//! Segments: append-only files of bounded size that small blobs stand in, one after the other.
//!
//! A place is taken before the commit, so that the reference is known when the batch is built. The bytes are written
//! at commit without being synced: until the next checkpoint the journal has them too, and a start after a crash
//! writes them again. A place whose batch never commits stays a hole.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, File, Mode};

/// What is copied at once from one segment to another.
const COPY_BYTES: usize = 1 << 20;

/// The folder that segments lie in.
pub(crate) const FOLDER: &str = "segments";
/// Where a segment ends and the next begins: small enough to be copied or removed as one file.
pub(crate) const SEGMENT_BYTES_MAX: u32 = 64 << 20;

/// Where bytes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(crate) struct Position {
    #[n(0)]
    pub(crate) segment: u32,
    #[n(1)]
    pub(crate) offset: u32,
}

/// All segments of a store.
#[derive(Debug)]
pub(crate) struct Segments {
    disk: Arc<dyn Disk>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Where the next blob will stand.
    end: Position,
    /// Segments written since the last sync.
    unsynced: BTreeMap<u32, Arc<dyn File>>,
    /// How many blobs have taken a place in each segment and may still be written there.
    on_their_way: BTreeMap<u32, usize>,
}

impl Segments {
    /// Goes on where the files end.
    pub(crate) fn open(disk: Arc<dyn Disk>) -> io::Result<Self> {
        let last = disk.names(FOLDER)?.iter().filter_map(|name| name.parse().ok()).max();
        let end = match last {
            Some(segment) => {
                let len = disk.open(&file_name(segment), Mode::Existing)?.len()?;
                Position { segment, offset: u32::try_from(len).unwrap_or(SEGMENT_BYTES_MAX) }
            }
            None => Position { segment: 0, offset: 0 },
        };
        Ok(Self {
            disk,
            state: Mutex::new(State { end, unsynced: BTreeMap::new(), on_their_way: BTreeMap::new() }),
        })
    }

    /// Whether there are segments.
    pub(crate) fn exist(&self) -> io::Result<bool> {
        Ok(!self.disk.names(FOLDER)?.is_empty())
    }

    /// Takes a place for so many bytes of a blob, which tells by [`Segments::settle`] when it writes no more.
    pub(crate) fn reserve(&self, len: u32) -> Position {
        let mut state = self.state();
        let place = state.take(len);
        *state.on_their_way.entry(place.segment).or_default() += 1;
        place
    }

    /// Takes a place for the store's own copies.
    pub(crate) fn reserve_own(&self, len: u64) -> Position {
        self.state().take(u32::try_from(len).unwrap_or(SEGMENT_BYTES_MAX))
    }

    /// A blob that took a place in this segment is committed, or never will be.
    pub(crate) fn settle(&self, segment: u32) {
        let mut state = self.state();
        if let Some(blobs) = state.on_their_way.get_mut(&segment) {
            *blobs -= 1;
            if *blobs == 0 {
                state.on_their_way.remove(&segment);
            }
        }
    }

    /// Gives no more places in this segment; says whether nobody has one there that is still to be written.
    pub(crate) fn retire(&self, segment: u32) -> bool {
        let mut state = self.state();
        state.skip_past(segment);
        !state.on_their_way.contains_key(&segment)
    }

    /// Gives no more places in segments up to this one.
    pub(crate) fn skip_past(&self, segment: u32) {
        self.state().skip_past(segment);
    }

    /// Gives no more places before this one: what stands there counts as given up, written or not.
    pub(crate) fn skip_to(&self, place: Position) {
        let end = &mut self.state().end;
        if (place.segment, place.offset) > (end.segment, end.offset) {
            *end = place;
        }
    }

    /// How long a segment is; 0 where it is gone.
    pub(crate) fn len_of(&self, segment: u32) -> io::Result<u64> {
        match self.file(segment) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            file => file?.len(),
        }
    }

    /// Copies bytes to another place. Durable after [`Segments::sync_copies`].
    pub(crate) fn copy(&self, from: Position, to: Position, bytes: u64) -> io::Result<()> {
        let (source, target) =
            (self.file(from.segment)?, self.disk.open(&file_name(to.segment), Mode::Create)?);
        let mut buffer = vec![0; COPY_BYTES];
        let mut done = 0;
        while done < bytes {
            let step = COPY_BYTES.min(usize::try_from(bytes - done).unwrap_or(COPY_BYTES));
            let part = buffer.get_mut(..step).unwrap_or_default();
            source.read_at(u64::from(from.offset) + done, part)?;
            target.write_at(u64::from(to.offset) + done, part)?;
            done += step as u64;
        }
        Ok(())
    }

    /// Makes what was copied into these segments durable.
    pub(crate) fn sync_copies(&self, segments: impl Iterator<Item = u32>) -> io::Result<()> {
        for segment in segments.collect::<BTreeSet<_>>() {
            self.file(segment)?.sync()?;
        }
        self.disk.sync_folder(FOLDER)
    }

    /// Removes a segment; nothing happens when it is gone.
    pub(crate) fn remove(&self, segment: u32) -> io::Result<()> {
        self.state().unsynced.remove(&segment);
        match self.disk.remove(&file_name(segment)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Writes bytes at their place. Durable after [`Segments::sync`].
    pub(crate) fn write(&self, place: Position, bytes: &[u8]) -> io::Result<()> {
        self.writable(place, bytes.len())?.write_at(u64::from(place.offset), bytes)
    }

    /// A segment for reading.
    pub(crate) fn file(&self, segment: u32) -> io::Result<Arc<dyn File>> {
        self.disk.open(&file_name(segment), Mode::Existing)
    }

    /// Makes all that was written durable. After a failure everything must be written again.
    pub(crate) fn sync(&self) -> io::Result<()> {
        let mut unsynced = std::mem::take(&mut self.state().unsynced);
        for file in unsynced.values() {
            file.sync()?;
        }
        self.disk.sync_folder(FOLDER)?;
        if let Some((segment, file)) = unsynced.pop_last() {
            // The newest goes on being written: it need not be opened again.
            self.state().unsynced.entry(segment).or_insert(file);
        }
        Ok(())
    }

    fn writable(&self, place: Position, len: usize) -> io::Result<Arc<dyn File>> {
        let mut state = self.state();
        // A place out of the journal may lie beyond what the files said at the start.
        let end = place.offset.saturating_add(len as u32);
        if (place.segment, end) > (state.end.segment, state.end.offset) {
            state.end = Position { segment: place.segment, offset: end };
        }
        if let Some(file) = state.unsynced.get(&place.segment) {
            return Ok(file.clone());
        }
        let file = self.disk.open(&file_name(place.segment), Mode::Create)?;
        state.unsynced.insert(place.segment, file.clone());
        Ok(file)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, len: u32) -> Position {
        if self.end.offset.saturating_add(len) > SEGMENT_BYTES_MAX && self.end.offset > 0 {
            self.skip_past(self.end.segment);
        }
        let place = self.end;
        self.end.offset = place.offset.saturating_add(len);
        place
    }

    fn skip_past(&mut self, segment: u32) {
        if self.end.segment <= segment {
            self.end = Position { segment: segment + 1, offset: 0 };
        }
    }
}

fn file_name(segment: u32) -> String {
    format!("{FOLDER}/{segment:010}")
}
