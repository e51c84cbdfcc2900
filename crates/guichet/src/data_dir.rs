//! The data directory: looked at before anything is made, made for its user alone, and what lies in it.
//!
//! *Security*: it holds mail, so it is made with mode 0700; one that others may enter is used with a warning, since
//! some platforms hand out volumes that way.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

/// Why the data directory can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataDirError {
    /// Something else has its name.
    #[error("{}: is no directory; set data_dir to another place", .0.display())]
    NotADirectory(PathBuf),
    /// It can't be made, read or written.
    #[error("{}: can't be used ({error}); let the server's user read and write it, or set data_dir to another place", path.display())]
    Unusable {
        /// The directory, or the one that it would be made in.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The system has no room for the path of a socket in it.
    #[error("{}: the path is too long for a socket; set data_dir to one of less than 90 bytes", .0.display())]
    PathTooLong(PathBuf),
    /// Nobody ever started a server there.
    #[error("{}: there is no data here; start `guichet serve` first, or check --data-dir", .0.display())]
    Empty(PathBuf),
}

/// Where everything lies that is kept.
#[derive(Debug, Clone)]
pub(crate) struct DataDir {
    path: PathBuf,
}

impl DataDir {
    /// Looks whether this directory can be used, or made; changes nothing.
    pub(crate) fn check(path: &Path) -> Result<Self, DataDirError> {
        let directory = Self { path: path.to_owned() };
        SocketAddr::from_pathname(directory.control_socket())
            .map_err(|_| DataDirError::PathTooLong(path.to_owned()))?;
        let nearest = nearest_existing(path);
        let unusable = |error: io::Error| DataDirError::Unusable { path: nearest.to_owned(), error };
        if !fs::metadata(nearest).map_err(unusable)?.is_dir() {
            return Err(DataDirError::NotADirectory(nearest.to_owned()));
        }
        let access = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
        rustix::fs::access(nearest, access).map_err(|error| unusable(error.into()))?;
        Ok(directory)
    }

    /// Makes it if it is not there.
    pub(crate) fn make(&self) -> Result<(), DataDirError> {
        let unusable = |error: io::Error| DataDirError::Unusable { path: self.path.clone(), error };
        if self.path.is_dir() {
            return self.warn_if_open().map_err(unusable);
        }
        if let Some(parent) = self.path.parent() {
            fs::create_dir_all(parent).map_err(unusable)?;
        }
        DirBuilder::new().mode(0o700).create(&self.path).map_err(unusable)
    }

    fn warn_if_open(&self) -> io::Result<()> {
        let mode = fs::metadata(&self.path)?.permissions().mode();
        if mode & 0o007 != 0 {
            let directory = self.path.display();
            tracing::warn!(
                "{directory}: every user of this machine may enter; `chmod 700` keeps the mail in it private"
            );
        }
        Ok(())
    }

    /// Fails where no server was ever started.
    pub(crate) fn must_hold_data(&self) -> Result<(), DataDirError> {
        if self.holds_data() { Ok(()) } else { Err(DataDirError::Empty(self.path.clone())) }
    }

    /// The directory itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the store lies.
    pub(crate) fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    /// Where the master key lies, unless it is configured.
    pub(crate) fn master_key(&self) -> PathBuf {
        self.path.join("master.key")
    }

    /// Where the next master key lies while the key is changed.
    pub(crate) fn master_key_next(&self) -> PathBuf {
        self.path.join("master.key.next")
    }

    /// Whether a server ever kept data here.
    pub(crate) fn holds_data(&self) -> bool {
        self.store().is_dir()
    }

    /// Where the server listens for the command line.
    pub(crate) fn control_socket(&self) -> PathBuf {
        self.path.join("control.sock")
    }

    /// Whether a first start was begun and not finished.
    pub(crate) fn first_start_is_open(&self) -> bool {
        self.first_start_mark().exists()
    }

    /// Notes, durably, that a first start begins.
    pub(crate) fn open_first_start(&self) -> io::Result<()> {
        File::create(self.first_start_mark())?.sync_all()?;
        File::open(&self.path)?.sync_all()
    }

    /// Notes that the first start is finished.
    pub(crate) fn close_first_start(&self) -> io::Result<()> {
        match fs::remove_file(self.first_start_mark()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn first_start_mark(&self) -> PathBuf {
        self.path.join("first-start")
    }
}

/// The path itself, or the directory above it that is there.
fn nearest_existing(path: &Path) -> &Path {
    let existing = path.ancestors().find(|ancestor| ancestor.symlink_metadata().is_ok());
    existing.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checking_makes_nothing_and_making_keeps_others_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("srv/guichet");
        let directory = DataDir::check(&path).unwrap();
        assert!(!folder.path().join("srv").exists());
        directory.make().unwrap();
        directory.make().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(matches!(directory.must_hold_data(), Err(DataDirError::Empty(_))));
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [file.clone(), file.join("data")] {
            let error = DataDir::check(&path).unwrap_err().to_string();
            assert!(error.ends_with("file: is no directory; set data_dir to another place"), "{error}");
        }
    }

    #[test]
    fn an_unwritable_place_is_named() {
        // Nobody may write there; root learns it when the directory is made, others when it is looked at.
        let path = Path::new("/proc/guichet/data");
        let error = DataDir::check(path).and_then(|directory| directory.make()).unwrap_err().to_string();
        assert!(error.starts_with("/proc") && error.contains(": can't be used ("), "{error}");
    }

    #[test]
    fn a_path_without_room_for_the_socket_is_refused_at_once() {
        let error = DataDir::check(&Path::new("/srv").join("x".repeat(100))).unwrap_err();
        assert!(matches!(error, DataDirError::PathTooLong(_)));
    }

    #[test]
    fn a_first_start_is_open_until_it_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::check(folder.path()).unwrap();
        assert!(!directory.first_start_is_open());
        directory.open_first_start().unwrap();
        assert!(directory.first_start_is_open());
        directory.close_first_start().unwrap();
        directory.close_first_start().unwrap();
        assert!(!directory.first_start_is_open());
    }
}
