//! The file system itself.

use std::fs::{self, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Disk, File, Mode};

/// Mail is read by the server's own user alone.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// A directory of this machine, locked for this process as long as the value lives.
#[derive(Debug)]
pub(crate) struct RealDisk {
    root: PathBuf,
    /// Holds the lock.
    _lock: fs::File,
}

impl RealDisk {
    /// Opens the directory and its `folders`, making what is missing; `None` when another process has it open.
    pub(crate) fn open(root: &Path, folders: &[&str]) -> io::Result<Option<Self>> {
        let mut private = fs::DirBuilder::new();
        private.recursive(true).mode(FOLDER_MODE);
        private.create(root)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(root.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let disk = Self { root: root.to_owned(), _lock: lock };
        for folder in folders {
            private.create(root.join(folder))?;
        }
        disk.sync_folder("")?;
        Ok(Some(disk))
    }
}

impl Disk for RealDisk {
    fn open(&self, name: &str, mode: Mode) -> io::Result<Arc<dyn File>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(mode == Mode::Create)
            .truncate(false)
            .mode(FILE_MODE)
            .open(self.root.join(name))?;
        Ok(Arc::new(file))
    }

    fn names(&self, folder: &str) -> io::Result<Vec<String>> {
        fs::read_dir(self.root.join(folder))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.root.join(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.root.join(from), self.root.join(to))
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        fs::hard_link(self.root.join(from), self.root.join(to))
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        fs::File::open(self.root.join(folder))?.sync_all()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.root)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

impl File for fs::File {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(into, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        Self::set_len(self, len)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::{Key, OpenError, Options, OrganisationId, Store};

    fn options() -> Options {
        Options { journal_bytes: 1 << 20, ..Options::default() }
    }

    #[test]
    fn data_survives_closing_and_is_for_one_process_and_one_user_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("made/when/missing");
        let store = Store::open(&path, &options()).unwrap();
        assert!(matches!(Store::open(&path, &options()), Err(OpenError::InUse)));
        let space = store.of(OrganisationId::new(1).unwrap());
        let mut large = store.blobs().writer();
        large.write(&vec![7; 1 << 20]).unwrap();
        let large = large.finish().unwrap();
        let mut batch = space.batch();
        batch.put(Key::new(1), b"kept".as_slice());
        let blob = batch.blob(&large);
        store.commit_blocking(vec![batch]).unwrap();
        assert!(store.room().unwrap().free_bytes > 0);
        drop((store, space, large));
        let space = Store::open(&path, &options()).unwrap().of(OrganisationId::new(1).unwrap());
        assert_eq!(space.snapshot().unwrap().peek(&Key::new(1)).unwrap().unwrap(), b"kept");
        assert_eq!(io::copy(&mut space.open_blob(&blob).unwrap(), &mut io::sink()).unwrap(), 1 << 20);
        let mode = |name: &str| fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(""), mode("blobs"), mode("store.redb")), (0o700, 0o700, 0o600));
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_said_so() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let result = Store::open(&file.path().join("data"), &options());
        assert!(matches!(result, Err(OpenError::Directory(_))));
    }
}
