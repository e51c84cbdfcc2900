//! Segments: append-only files of bounded size that small blobs stand in, one after the other.
//!
//! A place is taken before the commit, so that the reference is known when the batch is built. The bytes are written
//! at commit without being synced: until the next checkpoint the journal has them too, and a start after a crash
//! writes them again. A place whose batch never commits stays a hole.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, File, Mode};

/// The folder that segments lie in.
pub(crate) const FOLDER: &str = "segments";
/// Where a segment ends and the next begins: small enough to be copied or removed as one file.
const SEGMENT_BYTES_MAX: u32 = 64 << 20;

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
        Ok(Self { disk, state: Mutex::new(State { end, unsynced: BTreeMap::new() }) })
    }

    /// Whether there are segments.
    pub(crate) fn exist(&self) -> io::Result<bool> {
        Ok(!self.disk.names(FOLDER)?.is_empty())
    }

    /// Takes a place for so many bytes.
    pub(crate) fn reserve(&self, len: u32) -> Position {
        let mut state = self.state();
        if state.end.offset.saturating_add(len) > SEGMENT_BYTES_MAX && state.end.offset > 0 {
            state.end = Position { segment: state.end.segment + 1, offset: 0 };
        }
        let place = state.end;
        state.end.offset = place.offset.saturating_add(len);
        place
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

fn file_name(segment: u32) -> String {
    format!("{FOLDER}/{segment:010}")
}
