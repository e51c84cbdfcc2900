//! The journal: one preallocated file that a group of commits is written to, and synced once, before all else.
//!
//! A record is what a change comes to: keys, stored values, deletes, and the bytes of small blobs with their place.
//! Applying it twice does no harm. The file was written in full when it was made, so a sync of a record touches no
//! metadata. After a checkpoint the file is used again from its start. Versions rise by one from record to record and
//! never start over, so reading ends at the first record that is not whole or not the next one: nothing old is taken
//! for new.
//!
//! *Security:* what lies behind the newest record is bytes of older mails, so a stranger may have placed a record of
//! his own there. Each digest covers the one before it, which he can't know when he writes.
//!
//! ```text
//! magic u32 | body length u32 | version u64 | digest | body
//! digest: BLAKE3 of the digest before (zeros at the start of the file), the three numbers and the body, cut to 16
//! body: (1 | key length u32 | key | value length u32 | value)      put
//!     | (2 | key length u32 | key)                                 delete
//!     | (3 | segment u32 | offset u32 | length u32 | bytes)        small blob
//! ```

use std::io;
use std::sync::Arc;

use crate::blob::Place;
use crate::disk::{Disk, File, Mode};
use crate::engine::{Change, Failure};
use crate::segment::Position;

const FILE_NAME: &str = "journal";
const MAGIC: u32 = 0x4755_4A31;
const HEAD_BYTES: usize = 16;
const DIGEST_BYTES: usize = 16;
const BODY_AT: usize = HEAD_BYTES + DIGEST_BYTES;
/// What is written at once when the file is made.
const FILL_BYTES: usize = 1 << 20;
/// The buffer of records is given back when one made it larger than this.
const BUFFER_KEPT_BYTES_MAX: usize = 4 << 20;

const PUT: u8 = 1;
const DELETE: u8 = 2;
const BLOB: u8 = 3;

const AHEAD: &str = "the journal goes on from a newer store.redb than this one: \
    put that back, or restore the whole directory from a backup";

/// One step of a record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry<'a> {
    Put { key: &'a [u8], value: &'a [u8] },
    Delete { key: &'a [u8] },
    Blob { place: Position, bytes: &'a [u8] },
}

/// The journal's file and where its next record goes.
#[derive(Debug)]
pub(crate) struct Journal {
    file: Arc<dyn File>,
    capacity: u64,
    end: u64,
    /// Of the record that ends at `end`.
    last_digest: Digest,
    buffer: Vec<u8>,
}

type Digest = [u8; DIGEST_BYTES];

impl Journal {
    /// Whether the file is there.
    pub(crate) fn exists(disk: &dyn Disk) -> io::Result<bool> {
        match disk.open(FILE_NAME, Mode::Existing) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            result => result.map(|_| true),
        }
    }

    /// Opens the file, and makes it when it is not there.
    pub(crate) fn open(disk: &dyn Disk, capacity: u64) -> io::Result<Self> {
        let file = disk.open(FILE_NAME, Mode::Create)?;
        let mut len = file.len()?;
        if len < capacity {
            let zeros = vec![0; FILL_BYTES];
            while len < capacity {
                let step = zeros.get(..(capacity - len) as usize).unwrap_or(&zeros);
                file.write_at(len, step)?;
                len += step.len() as u64;
            }
            file.sync()?;
            disk.sync_folder("")?;
        }
        Ok(Self { file, capacity, end: 0, last_digest: Digest::default(), buffer: Vec::new() })
    }

    /// Gives every entry after `version` to `each`, in order, and the version of the last record.
    pub(crate) fn replay(
        &mut self,
        mut version: u64,
        mut each: impl FnMut(Entry<'_>) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        while let Some(Record { version: found, digest, body }) = self.next_record()?
            && found > version
        {
            if found > version + 1 {
                return Err(Failure::NotWhole(AHEAD));
            }
            let mut rest = body.as_slice();
            while !rest.is_empty() {
                // The digest was right, so this is what was written.
                let entry =
                    next_entry(&mut rest).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
                each(entry)?;
            }
            self.end += (BODY_AT + body.len()) as u64;
            self.last_digest = digest;
            version += 1;
        }
        Ok(version)
    }

    /// Builds the record of a change, and says how it fits.
    pub(crate) fn prepare(&mut self, change: &Change) -> Fit {
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_KEPT_BYTES_MAX);
        self.buffer.resize(BODY_AT, 0);
        for (key, value) in &change.rows {
            push_row(&mut self.buffer, key, value.as_deref());
        }
        for blob in &change.blobs {
            if let Place::Segment(place) = blob.reference().place {
                push_blob(&mut self.buffer, place, blob.stored_bytes());
            }
        }
        match self.buffer.len() as u64 {
            len if len > self.capacity => Fit::Never,
            len if len > self.capacity.saturating_sub(self.end) => Fit::AfterCheckpoint,
            _ => Fit::Now,
        }
    }

    /// Writes the record that was prepared. When this returns it is durable.
    pub(crate) fn append(&mut self, version: u64) -> io::Result<()> {
        let body_len = self.buffer.len().saturating_sub(BODY_AT) as u32;
        let head = head(body_len, version);
        let digest = digest(&self.last_digest, &head, self.buffer.get(BODY_AT..).unwrap_or_default());
        if let Some(front) = self.buffer.first_chunk_mut::<BODY_AT>() {
            front[..HEAD_BYTES].copy_from_slice(&head);
            front[HEAD_BYTES..].copy_from_slice(&digest);
        }
        self.file.write_at(self.end, &self.buffer)?;
        self.file.sync()?;
        self.end += self.buffer.len() as u64;
        self.last_digest = digest;
        Ok(())
    }

    /// Starts over: all records so far are durable in the engine's own file.
    pub(crate) fn restart(&mut self) {
        self.end = 0;
        self.last_digest = Digest::default();
    }

    /// Whether there is anything that a start would have to repeat.
    pub(crate) fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// The record at `end`, if it is whole and follows the one before.
    fn next_record(&self) -> io::Result<Option<Record>> {
        let len = self.file.len()?;
        let mut front = [0; BODY_AT];
        if self.end + BODY_AT as u64 > len {
            return Ok(None);
        }
        self.file.read_at(self.end, &mut front)?;
        let (head, digest_found) = front.split_at(HEAD_BYTES);
        let Some((body_len, version)) = read_head(head) else {
            return Ok(None);
        };
        let body_at = self.end + BODY_AT as u64;
        if body_at + u64::from(body_len) > len {
            return Ok(None);
        }
        let mut body = vec![0; body_len as usize];
        self.file.read_at(body_at, &mut body)?;
        let digest = digest(&self.last_digest, head, &body);
        Ok((digest == digest_found).then_some(Record { version, digest, body }))
    }
}

/// A record as it is read.
struct Record {
    version: u64,
    digest: Digest,
    body: Vec<u8>,
}

/// Where a record has room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    Now,
    AfterCheckpoint,
    /// It is larger than the whole file.
    Never,
}

fn head(body_len: u32, version: u64) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[..4].copy_from_slice(&MAGIC.to_be_bytes());
    head[4..8].copy_from_slice(&body_len.to_be_bytes());
    head[8..].copy_from_slice(&version.to_be_bytes());
    head
}

fn read_head(head: &[u8]) -> Option<(u32, u64)> {
    let (magic, rest) = head.split_first_chunk()?;
    let (body_len, rest) = rest.split_first_chunk()?;
    let (version, _) = rest.split_first_chunk()?;
    let is_record = u32::from_be_bytes(*magic) == MAGIC;
    is_record.then_some((u32::from_be_bytes(*body_len), u64::from_be_bytes(*version)))
}

fn digest(before: &Digest, head: &[u8], body: &[u8]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before).update(head).update(body);
    let mut digest = Digest::default();
    hasher.finalize_xof().fill(&mut digest);
    digest
}

fn push_row(into: &mut Vec<u8>, key: &[u8], value: Option<&[u8]>) {
    into.push(if value.is_some() { PUT } else { DELETE });
    push_bytes(into, key);
    if let Some(value) = value {
        push_bytes(into, value);
    }
}

fn push_blob(into: &mut Vec<u8>, place: Position, bytes: &[u8]) {
    into.push(BLOB);
    into.extend_from_slice(&place.segment.to_be_bytes());
    into.extend_from_slice(&place.offset.to_be_bytes());
    push_bytes(into, bytes);
}

fn push_bytes(into: &mut Vec<u8>, bytes: &[u8]) {
    into.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    into.extend_from_slice(bytes);
}

fn next_entry<'a>(rest: &mut &'a [u8]) -> Option<Entry<'a>> {
    let (tag, tail) = rest.split_first()?;
    *rest = tail;
    match *tag {
        PUT => Some(Entry::Put { key: take_bytes(rest)?, value: take_bytes(rest)? }),
        DELETE => Some(Entry::Delete { key: take_bytes(rest)? }),
        BLOB => {
            let place = Position { segment: take_number(rest)?, offset: take_number(rest)? };
            Some(Entry::Blob { place, bytes: take_bytes(rest)? })
        }
        _ => None,
    }
}

fn take_number(rest: &mut &[u8]) -> Option<u32> {
    let (number, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(u32::from_be_bytes(*number))
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = take_number(rest)?;
    let (bytes, tail) = rest.split_at_checked(len as usize)?;
    *rest = tail;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::MemoryDisk;

    fn change(version: u64) -> Change {
        let key = format!("key {version}").into_bytes();
        let rows = [(key, Some(vec![version as u8; 40])), (b"gone".to_vec(), None)];
        Change { version, rows: rows.into(), blobs: Vec::new() }
    }

    fn versions(disk: &MemoryDisk, after: u64) -> Vec<u64> {
        let mut found = Vec::new();
        let mut journal = Journal::open(disk, 4096).unwrap();
        let last = journal.replay(after, |entry| {
            if let Entry::Put { value, .. } = entry {
                found.push(u64::from(value[0]));
            }
            Ok(())
        });
        assert_eq!(last.unwrap(), after + found.len() as u64);
        found
    }

    /// Records 1 to 3, and where each ends.
    fn three_records(disk: &MemoryDisk) -> Vec<u64> {
        let mut journal = Journal::open(disk, 4096).unwrap();
        let append = |version| {
            assert_eq!(journal.prepare(&change(version)), Fit::Now);
            journal.append(version).unwrap();
            journal.end
        };
        (1..=3).map(append).collect()
    }

    #[test]
    fn promise_1_a_record_harmed_at_any_byte_ends_the_replay_before_it() {
        let disk = MemoryDisk::default();
        let ends = three_records(&disk);
        assert_eq!(versions(&disk, 0), [1, 2, 3]);
        let file = disk.open(FILE_NAME, Mode::Existing).unwrap();
        for at in 0..ends[2] {
            let whole = ends.iter().filter(|end| **end <= at).count() as u64;
            let mut byte = [0];
            file.read_at(at, &mut byte).unwrap();
            file.write_at(at, &[!byte[0]]).unwrap();
            assert_eq!(versions(&disk, 0), (1..=whole).collect::<Vec<_>>(), "harmed at {at}");
            file.write_at(at, &byte).unwrap();
        }
    }

    #[test]
    fn a_journal_cut_short_ends_where_it_is_cut() {
        for cut in 0..three_records(&MemoryDisk::default())[2] {
            let disk = MemoryDisk::default();
            let ends = three_records(&disk);
            disk.open(FILE_NAME, Mode::Existing).unwrap().set_len(cut).unwrap();
            let whole = ends.iter().filter(|end| **end <= cut).count() as u64;
            assert_eq!(versions(&disk, 0), (1..=whole).collect::<Vec<_>>(), "cut at {cut}");
        }
    }

    #[test]
    fn what_lies_behind_the_newest_record_is_not_taken_for_new() {
        let disk = MemoryDisk::default();
        three_records(&disk);
        let mut journal = Journal::open(&disk, 4096).unwrap();
        journal.restart();
        journal.prepare(&change(4));
        journal.append(4).unwrap();
        assert_eq!(versions(&disk, 3), [4]);
        assert_eq!(versions(&disk, 4), [0; 0]);
    }

    #[test]
    fn a_record_forged_inside_a_mail_is_not_taken_for_the_next_one() {
        let elsewhere = MemoryDisk::default();
        let mut journal = Journal::open(&elsewhere, 4096).unwrap();
        journal.prepare(&change(8));
        journal.append(8).unwrap();
        let mut forged = vec![0; journal.end as usize];
        elsewhere.open(FILE_NAME, Mode::Existing).unwrap().read_at(0, &mut forged).unwrap();

        let disk = MemoryDisk::default();
        let mut journal = Journal::open(&disk, 4096).unwrap();
        // The stranger's bytes lie where, one round later, a record happens to end.
        journal.prepare(&change(7));
        let end = journal.buffer.len();
        let key = vec![0; end - BODY_AT - 9];
        let mail = Change { version: 1, rows: [(key, Some(forged))].into(), blobs: Vec::new() };
        journal.prepare(&mail);
        journal.append(1).unwrap();
        journal.restart();
        journal.prepare(&change(7));
        journal.append(7).unwrap();
        assert_eq!(journal.end as usize, end);
        assert_eq!(versions(&disk, 6), [7]);
    }

    #[test]
    fn a_record_says_how_it_fits() {
        let disk = MemoryDisk::default();
        let mut journal = Journal::open(&disk, 4096).unwrap();
        let sized = |len: usize| Change {
            version: 1,
            rows: [(vec![1], Some(vec![0; len]))].into(),
            blobs: Vec::new(),
        };
        assert_eq!(journal.prepare(&sized(5000)), Fit::Never);
        assert_eq!(journal.prepare(&sized(3000)), Fit::Now);
        journal.append(1).unwrap();
        assert_eq!(journal.prepare(&sized(3000)), Fit::AfterCheckpoint);
        journal.restart();
        assert_eq!(journal.prepare(&sized(3000)), Fit::Now);
    }
}
