//! redb's file, through the port. The directory's own lock keeps other processes out.
//!
//! *Invariant:* once redb has closed it, nothing reads or writes through it. redb looks whether it is closed before it
//! reads, not while: a snapshot that outlives its opening could otherwise still read, or write back a page to, what
//! the next opening has put to other use.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use redb::StorageBackend;

use crate::disk::File;

/// The file; `None` once it is closed.
#[derive(Debug)]
pub(super) struct Backend(RwLock<Option<Arc<dyn File>>>);

impl Backend {
    pub(super) fn new(file: Arc<dyn File>) -> Self {
        Self(RwLock::new(Some(file)))
    }

    /// Works on the file; closing waits until that is done.
    fn with<T>(&self, work: impl FnOnce(&dyn File) -> io::Result<T>) -> io::Result<T> {
        let file = self.0.read().unwrap_or_else(PoisonError::into_inner);
        work(file.as_deref().ok_or_else(|| io::Error::other("the file is closed"))?)
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.with(|file| file.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.with(|file| file.read_at(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(|file| file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.with(|file| file.sync())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with(|file| file.write_at(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Disk, MemoryDisk, Mode};

    #[test]
    fn a_late_reader_of_a_closed_file_neither_reads_nor_writes_it() {
        let file = MemoryDisk::default().open("store.redb", Mode::Create).unwrap();
        let backend = Backend::new(file.clone());
        backend.write(0, b"old").unwrap();
        backend.close().unwrap();
        assert!(backend.read(0, &mut [0; 3]).is_err());
        assert!(backend.write(0, b"new").is_err());
        let mut found = [0; 3];
        file.read_at(0, &mut found).unwrap();
        assert_eq!(found, *b"old");
    }
}
