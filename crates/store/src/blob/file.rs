//! The files of large blobs: one each, named by a number that is never used for another.

use std::collections::BTreeSet;
use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::batch::FILES;
use crate::disk::{Disk, File, Mode};
use crate::engine::{Direction, Failure, Range, Unavailable, View};
use crate::key::{Key, after_prefix};

/// The folder that they lie in.
pub(crate) const FOLDER: &str = "blobs";

#[derive(Debug)]
pub(crate) struct Files {
    disk: Arc<dyn Disk>,
    next: AtomicU64,
}

impl Files {
    pub(crate) fn open(disk: Arc<dyn Disk>) -> io::Result<Self> {
        let last = numbers(&*disk)?.last().copied().unwrap_or_default();
        Ok(Self { disk, next: AtomicU64::new(last + 1) })
    }

    /// Whether there are files.
    pub(crate) fn exist(&self) -> io::Result<bool> {
        Ok(!self.disk.names(FOLDER)?.is_empty())
    }

    /// A number that no file has.
    pub(crate) fn reserve(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Reserves no number up to this one.
    pub(crate) fn skip_past(&self, number: u64) {
        self.next.fetch_max(number + 1, Ordering::Relaxed);
    }

    /// Makes a new file.
    pub(crate) fn create(&self, number: u64) -> io::Result<Arc<dyn File>> {
        self.disk.open(&file_name(number), Mode::Create)
    }

    pub(crate) fn file(&self, number: u64) -> io::Result<Arc<dyn File>> {
        self.disk.open(&file_name(number), Mode::Existing)
    }

    pub(crate) fn remove(&self, number: u64) -> io::Result<()> {
        self.disk.remove(&file_name(number))
    }

    /// Gives the file a second name. It may have it already, from a commit that failed later.
    pub(crate) fn link(&self, from: u64, to: u64) -> io::Result<()> {
        match self.disk.link(&file_name(from), &file_name(to)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            result => result,
        }
    }

    /// Makes names durable.
    pub(crate) fn sync_names(&self) -> io::Result<()> {
        self.disk.sync_folder(FOLDER)
    }

    /// Removes every file that no row names.
    pub(crate) fn sweep(&self, view: &dyn View) -> Result<(), Failure> {
        let found = numbers(&*self.disk)?;
        if found.is_empty() {
            return Ok(());
        }
        for number in found.difference(&named(view)?) {
            tracing::info!(number, "a blob that no commit named is removed");
            self.remove(*number)?;
        }
        Ok(())
    }
}

fn numbers(disk: &dyn Disk) -> io::Result<BTreeSet<u64>> {
    Ok(disk.names(FOLDER)?.iter().filter_map(|name| name.parse().ok()).collect())
}

/// The numbers that rows name: goes from each space that has rows to the next, and reads only these rows of it.
fn named(view: &dyn View) -> Result<BTreeSet<u64>, Unavailable> {
    let mut numbers = BTreeSet::new();
    let mut from = Vec::new();
    let scan = |from: Vec<u8>, to| {
        view.scan(Range { from: Bound::Included(from), to, direction: Direction::Forward })
    };
    while let Some(row) = scan(from, Bound::Unbounded)?.next() {
        let (key, _) = row?;
        let Some(owner) = key.first_chunk::<4>() else {
            break;
        };
        let rows = [owner, Key::own(FILES).as_bytes()].concat();
        let end = after_prefix(&rows).map_or(Bound::Unbounded, Bound::Excluded);
        for row in scan(rows, end)? {
            numbers.extend(row?.0.last_chunk().map(|number| u64::from_be_bytes(*number)));
        }
        match after_prefix(owner) {
            Some(next) => from = next,
            None => break,
        }
    }
    Ok(numbers)
}

fn file_name(number: u64) -> String {
    format!("{FOLDER}/{number:020}")
}
