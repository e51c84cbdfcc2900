//! Sweeping: the room of blobs that were given up comes back, step by step, while everything goes on.
//!
//! A large blob is a file of its own: it is removed. Small ones stand in segments: a segment of which half is named by
//! nothing any more is left: what is still named there is copied behind what is newest, rows say where it stands now, and
//! the segment's file is removed. Why: docs/decisions/0010-how-blobs-go.md.
//!
//! *Must hold*, whatever step is the last before a crash:
//! - A file goes only after the commit by which nothing names it. Who has it open reads on.
//! - What is copied is durable before rows name the copy; until they do, the place of the copy counts as given up. A
//!   start gives that place to nobody, though the copy was perhaps never written.
//! - A segment is left only when no blob is on its way there, and its number is never given again.
//! - One that can't be copied stays as it is until the next start, and keeps no other from being left.

use std::collections::BTreeSet;
use std::io;

use crate::batch::Batch;
use crate::blob::moved::{self, Moved, WHOLLY};
use crate::blob::{Place, gone};
use crate::commit::CommitError;
use crate::engine::{Direction, Failure, Unavailable};
use crate::record;
use crate::segment::{Position, SEGMENT_BYTES_MAX};
use crate::snapshot::Snapshot;
use crate::store::Store;

/// How many files are removed, or stretches settled, in one step.
const ROWS_AT_ONCE: usize = 200;
/// Past this many bytes a step copies no further stretch.
const COPIED_BYTES_MIN: u64 = 4 << 20;
/// How much of a segment must be given up before it is worth the copying of the rest.
const GONE_BYTES_MIN: u64 = 1 << 20;
/// The part of a segment that must be given up: one in so many. Less would copy more than it frees.
const GONE_PART: u64 = 2;

impl Store {
    /// One bounded step of getting room back; answers whether there is more to do. Blocks the thread while it copies, at
    /// most half a segment (32 MiB) and seldom more than 4 MiB.
    pub fn sweep(&self) -> Result<bool, CommitError> {
        let mut harmed = self.sweeping();
        let files = self.remove_files()?;
        let settled = self.settle()?;
        Ok(self.leave_segment(&mut harmed)? || settled || files)
    }

    /// Removes files of large blobs that nothing names.
    fn remove_files(&self) -> Result<bool, CommitError> {
        let snapshot = self.operator().snapshot()?;
        let mut batch = self.operator().batch();
        let mut rows = 0;
        for row in snapshot.scan(&gone::gone_files(), Direction::Forward, None)?.take(ROWS_AT_ONCE) {
            let number = last_number(&row?.0);
            self.blobs().remove_file(number).map_err(Failure::from)?;
            batch.delete(gone::key(Place::File(number)));
            rows += 1;
        }
        self.commit_some(batch, rows)
    }

    /// Notes what was given up in segments that were left by then where it stands now.
    fn settle(&self) -> Result<bool, CommitError> {
        let (snapshot, mut batch) = (self.operator().snapshot()?, self.operator().batch());
        let mut rows = 0;
        for (segment, _) in given_up(&snapshot)? {
            if moved::left_to(snapshot.view(), segment)? != Some(WHOLLY) {
                continue;
            }
            let left = ROWS_AT_ONCE - rows;
            for row in snapshot.scan(&gone::gone_in(segment), Direction::Forward, None)?.take(left) {
                let (key, value) = row?;
                let (place, bytes) = (position(segment, last_number(&key)), last_number(&value));
                batch.delete(gone::key(Place::Segment(place)));
                batch.add(gone::segment_bytes(segment), -bytes.cast_signed());
                if let Some(now) = moved::next(snapshot.view(), place)? {
                    give_up(&mut batch, now, bytes);
                }
                rows += 1;
            }
        }
        self.commit_some(batch, rows)
    }

    /// Goes on with leaving a segment, or begins with one, but for those that are `harmed`.
    fn leave_segment(&self, harmed: &mut BTreeSet<u32>) -> Result<bool, CommitError> {
        let snapshot = self.operator().snapshot()?;
        for (segment, gone_bytes) in given_up(&snapshot)? {
            if harmed.contains(&segment) {
                continue;
            }
            let begun = moved::left_to(snapshot.view(), segment)?;
            let is_worth_it = || self.is_worth_leaving(segment, gone_bytes);
            if begun == Some(WHOLLY) || !(begun.is_some() || is_worth_it()?) {
                continue;
            }
            if self.blobs().segments().retire(segment) {
                if !self.leave_further(&snapshot, segment, begun.unwrap_or_default())? {
                    harmed.insert(segment);
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_worth_leaving(&self, segment: u32, gone_bytes: u64) -> Result<bool, CommitError> {
        if gone_bytes < GONE_BYTES_MIN {
            return Ok(false);
        }
        let len = self.blobs().segments().len_of(segment).map_err(Failure::from)?;
        Ok(gone_bytes.saturating_mul(GONE_PART) >= len)
    }

    /// Copies the next stretches of a segment; removes its file after the last. False where that can't be done.
    fn leave_further(&self, snapshot: &Snapshot, segment: u32, from: u64) -> Result<bool, CommitError> {
        let segments = self.blobs().segments();
        let len = segments.len_of(segment).map_err(Failure::from)?;
        let (stretches, to) = named_stretches(snapshot, segment, from, len)?;
        let mut copies: Vec<Transfer> = Vec::with_capacity(stretches.len());
        for (begin, end) in stretches {
            copies.push((begin, end - begin, segments.reserve_own(end - begin)));
        }
        self.commit_places(&copies)?;
        match self.copy(segment, &copies).map_err(Failure::from) {
            Ok(()) => {}
            Err(Failure::Full) => return Err(CommitError::Full),
            Err(failure) => {
                tracing::error!(segment, %failure, "a segment can't be copied; what was deleted there keeps its room");
                return Ok(false);
            }
        }
        self.commit_copies(segment, to, &copies)?;
        if to == WHOLLY {
            // The next start removes it otherwise.
            segments.remove(segment).map_err(Failure::from)?;
        }
        Ok(true)
    }

    /// Until rows name the copies, their places count as given up.
    fn commit_places(&self, copies: &[Transfer]) -> Result<(), CommitError> {
        let mut places = self.operator().batch();
        for (_, bytes, place) in copies {
            give_up(&mut places, *place, *bytes);
        }
        self.commit_some(places, copies.len()).map(drop)
    }

    fn copy(&self, segment: u32, copies: &[Transfer]) -> io::Result<()> {
        let segments = self.blobs().segments();
        for &(begin, bytes, place) in copies {
            segments.copy(position(segment, begin), place, bytes)?;
        }
        segments.sync_copies(copies.iter().map(|(.., place)| place.segment))
    }

    fn commit_copies(&self, segment: u32, to: u64, copies: &[Transfer]) -> Result<(), CommitError> {
        let mut batch = self.operator().batch();
        for &(begin, bytes, place) in copies {
            batch.delete(gone::key(Place::Segment(place)));
            batch.add(gone::segment_bytes(place.segment), -bytes.cast_signed());
            batch.put(gone::moved_of(segment).number(begin), record::encode(&Moved { bytes, to: place }));
        }
        batch.put(gone::left(segment), to.to_be_bytes().as_slice());
        self.commit_blocking(vec![batch]).map(drop)
    }

    fn commit_some(&self, batch: Batch, rows: usize) -> Result<bool, CommitError> {
        if rows > 0 {
            self.commit_blocking(vec![batch])?;
        }
        Ok(rows > 0)
    }
}

/// A stretch on its way: where it begins in the segment that is left, its length, where it will stand.
type Transfer = (u64, u64, Position);

/// How many bytes were given up of each segment that has any.
fn given_up(snapshot: &Snapshot) -> Result<Vec<(u32, u64)>, Unavailable> {
    let counts = moved::numbered(snapshot.view(), &gone::all_segment_bytes())?;
    let of = |(segment, bytes): (u64, u64)| {
        let bytes = u64::try_from(bytes.cast_signed()).unwrap_or_default();
        Some((u32::try_from(segment).ok()?, bytes))
    };
    Ok(counts.into_iter().filter_map(of).collect())
}

/// The next stretches of a segment between those that were given up, some megabytes of them, and up to where these go.
/// A stretch is never divided: blobs stand in it whose borders nobody knows.
fn named_stretches(
    snapshot: &Snapshot,
    segment: u32,
    from: u64,
    len: u64,
) -> Result<(Vec<(u64, u64)>, u64), Unavailable> {
    let (mut stretches, mut at, mut copied) = (Vec::new(), from, 0);
    let end = gone::gone_in(segment).number(u64::MAX);
    for row in snapshot.range(&gone::gone_in(segment).number(from), &end, Direction::Forward, None)? {
        let (key, value) = row?;
        let (begin, bytes) = (last_number(&key), last_number(&value));
        if begin > at {
            stretches.push((at, begin));
            copied += begin - at;
        }
        at = at.max(begin + bytes);
        if copied >= COPIED_BYTES_MIN {
            return Ok((stretches, at));
        }
    }
    if at < len {
        stretches.push((at, len));
    }
    Ok((stretches, WHOLLY))
}

/// Notes that nothing names these bytes.
fn give_up(batch: &mut Batch, place: Position, bytes: u64) {
    batch.put(gone::key(Place::Segment(place)), bytes.to_be_bytes().as_slice());
    batch.add(gone::segment_bytes(place.segment), bytes.cast_signed());
}

fn position(segment: u32, offset: u64) -> Position {
    Position { segment, offset: u32::try_from(offset).unwrap_or(SEGMENT_BYTES_MAX) }
}

fn last_number(bytes: &[u8]) -> u64 {
    bytes.last_chunk().map(|number| u64::from_be_bytes(*number)).unwrap_or_default()
}
