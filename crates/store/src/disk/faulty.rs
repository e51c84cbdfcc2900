//! A disk for tests: it remembers every operation, so that a crash can be tried after each, and fails on demand.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::{Disk, File, MemoryDisk, Mode};

/// A memory disk that keeps a log of what changed it.
#[derive(Clone, Debug)]
pub(crate) struct FaultyDisk {
    live: Arc<MemoryDisk>,
    log: Arc<Mutex<Log>>,
    free_bytes: Arc<AtomicU64>,
    failing_reads: Arc<AtomicU64>,
    panics_at: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Log {
    operations: Vec<Operation>,
    fault: Option<Fault>,
}

/// Which operations fail, counted from the moment the fault is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) after: usize,
    pub(crate) times: usize,
    pub(crate) kind: io::ErrorKind,
}

#[derive(Clone, Debug)]
enum Operation {
    Create { name: String },
    Write { name: String, offset: u64, bytes: Vec<u8> },
    SetLen { name: String, len: u64 },
    Sync { name: String },
    FailedSync { name: String },
    Remove { name: String },
    Rename { from: String, to: String },
    Link { from: String, to: String },
    SyncFolder { folder: String },
}

/// What a crash leaves of what was not synced.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loss {
    /// The process was killed: the system still has everything.
    Nothing,
    /// The power failed before anything unsynced was written.
    Unsynced,
    /// The power failed when some of it was, sector by sector, chosen by this seed.
    Some(u64),
}

const SECTOR_BYTES: usize = 512;

impl FaultyDisk {
    pub(crate) fn new() -> Self {
        Self::on(MemoryDisk::default())
    }

    /// Goes on with the files that a crash left.
    pub(crate) fn on(files: MemoryDisk) -> Self {
        let free_bytes = Arc::new(AtomicU64::new(u64::MAX));
        Self {
            live: Arc::new(files),
            log: Arc::default(),
            free_bytes,
            failing_reads: Arc::default(),
            panics_at: Arc::default(),
        }
    }

    pub(crate) fn set_free_bytes(&self, bytes: u64) {
        self.free_bytes.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn set_fault(&self, fault: Option<Fault>) {
        self.log.lock().unwrap().fault = fault;
    }

    /// Whether the fault has come to pass, all of it.
    pub(crate) fn has_failed(&self) -> bool {
        self.log.lock().unwrap().fault.is_some_and(|fault| fault.times == 0)
    }

    /// The next so many reads fail.
    pub(crate) fn fail_reads(&self, times: u64) {
        self.failing_reads.store(times, Ordering::Relaxed);
    }

    /// The n-th operation from here panics, as a bug under the writer would.
    pub(crate) fn panic_at(&self, operation: u64) {
        self.panics_at.store(operation, Ordering::Relaxed);
    }

    /// How many operations there were.
    pub(crate) fn operations(&self) -> usize {
        self.log.lock().unwrap().operations.len()
    }

    /// The disk as a crash after so many operations leaves it. Only for disks that began empty.
    pub(crate) fn crashed_after(&self, operations: usize, loss: Loss) -> MemoryDisk {
        let log = self.log.lock().unwrap();
        let done = &log.operations[..operations];
        let image = MemoryDisk::default();
        let mut names = BTreeSet::new();
        for (at, operation) in done.iter().enumerate() {
            let kept = matches!(loss, Loss::Nothing) || is_synced(operation, &done[at + 1..]);
            let mut choice = match loss {
                Loss::Some(seed) => Choice(seed ^ (at as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)),
                _ => Choice(0),
            };
            repeat(&image, operation, &mut |_| kept || choice.next(), &mut names);
        }
        image
    }

    fn note(&self, operation: Operation) -> io::Result<()> {
        assert_ne!(counts_down(&self.panics_at), Some(1), "a bug under the writer");
        let mut log = self.log.lock().unwrap();
        if let Some(fault) = &mut log.fault {
            if fault.after > 0 {
                fault.after -= 1;
            } else if fault.times > 0 {
                fault.times -= 1;
                let kind = fault.kind;
                if let Operation::Sync { name } = operation {
                    log.operations.push(Operation::FailedSync { name });
                }
                return Err(kind.into());
            }
        }
        log.operations.push(operation);
        Ok(())
    }
}

/// What the count was, unless it was zero already.
fn counts_down(count: &AtomicU64) -> Option<u64> {
    count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).ok()
}

/// Coin tosses that a seed decides; a seed of 0 says no.
struct Choice(u64);

impl Choice {
    fn next(&mut self) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 & 4 != 0
    }
}

fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a later sync makes the operation durable.
fn is_synced(operation: &Operation, later: &[Operation]) -> bool {
    match operation {
        Operation::Write { name, .. } | Operation::SetLen { name, .. } => {
            // The system forgets what a failed sync left: a later one that succeeds says nothing of it.
            let next = later.iter().find(|later| {
                matches!(later, Operation::Sync { name: of } | Operation::FailedSync { name: of } if of == name)
            });
            matches!(next, Some(Operation::Sync { .. }))
        }
        Operation::Create { name }
        | Operation::Remove { name }
        | Operation::Rename { to: name, .. }
        | Operation::Link { to: name, .. } => later
            .iter()
            .any(|later| matches!(later, Operation::SyncFolder { folder } if folder == folder_of(name))),
        Operation::Sync { .. } | Operation::FailedSync { .. } | Operation::SyncFolder { .. } => true,
    }
}

/// Applies what `survives` of an operation. A file whose name was lost is gone with its content.
fn repeat(
    image: &MemoryDisk,
    operation: &Operation,
    survives: &mut dyn FnMut(usize) -> bool,
    names: &mut BTreeSet<String>,
) {
    match operation {
        Operation::Create { name } if survives(0) => {
            image.open(name, Mode::Create).unwrap();
            names.insert(name.clone());
        }
        Operation::Write { name, offset, bytes } if names.contains(name) => {
            let file = image.open(name, Mode::Existing).unwrap();
            for (sector, part) in bytes.chunks(SECTOR_BYTES).enumerate() {
                if survives(sector) {
                    file.write_at(offset + (sector * SECTOR_BYTES) as u64, part).unwrap();
                }
            }
        }
        Operation::SetLen { name, len } if names.contains(name) && survives(0) => {
            image.open(name, Mode::Existing).unwrap().set_len(*len).unwrap();
        }
        Operation::Remove { name } if names.contains(name) && survives(0) => {
            image.remove(name).unwrap();
            names.remove(name);
        }
        Operation::Rename { from, to } if names.contains(from) && survives(0) => {
            image.rename(from, to).unwrap();
            names.remove(from);
            names.insert(to.clone());
        }
        Operation::Link { from, to } if names.contains(from) && survives(0) => {
            image.link(from, to).unwrap();
            names.insert(to.clone());
        }
        _ => {}
    }
}

impl Disk for FaultyDisk {
    fn open(&self, name: &str, mode: Mode) -> io::Result<Arc<dyn File>> {
        if self.live.open(name, Mode::Existing).is_err() && mode == Mode::Create {
            self.note(Operation::Create { name: name.to_owned() })?;
        }
        let live = self.live.open(name, mode)?;
        Ok(Arc::new(FaultyFile { name: name.to_owned(), live, disk: self.clone() }))
    }

    fn names(&self, folder: &str) -> io::Result<Vec<String>> {
        self.live.names(folder)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.note(Operation::Remove { name: name.to_owned() })?;
        self.live.remove(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.note(Operation::Rename { from: from.to_owned(), to: to.to_owned() })?;
        self.live.rename(from, to)
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        self.note(Operation::Link { from: from.to_owned(), to: to.to_owned() })?;
        self.live.link(from, to)
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.note(Operation::SyncFolder { folder: folder.to_owned() })
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.free_bytes.load(Ordering::Relaxed))
    }
}

#[derive(Debug)]
struct FaultyFile {
    name: String,
    live: Arc<dyn File>,
    disk: FaultyDisk,
}

impl File for FaultyFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        if counts_down(&self.disk.failing_reads).is_some() {
            return Err(io::ErrorKind::Other.into());
        }
        self.live.read_at(offset, into)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.note(Operation::Write { name: self.name.clone(), offset, bytes: bytes.to_vec() })?;
        self.live.write_at(offset, bytes)
    }

    fn len(&self) -> io::Result<u64> {
        self.live.len()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.note(Operation::SetLen { name: self.name.clone(), len })?;
        self.live.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.note(Operation::Sync { name: self.name.clone() })
    }
}
