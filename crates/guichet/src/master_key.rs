//! The master key: what seals the secrets in the store (DKIM keys, the key of tokens).
//!
//! *Must hold*: it is made once, durably, before anything is sealed with it; nobody but its user reads the file; it is
//! never printed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER_PERMISSIVE;
use guichet_sys::Random;

use crate::config::Value;
use crate::data_dir::DataDir;

/// Octets of the key.
const KEY_BYTES: usize = 32;
/// Who may give files away.
const ROOT: u32 = 0;
/// What is read of the file at most: the digits and some white space.
const FILE_BYTES_MAX: u64 = 256;

/// The key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MasterKey([u8; KEY_BYTES]);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

impl Value for MasterKey {
    const IS_SECRET: bool = true;

    fn expected() -> String {
        "64 hexadecimal digits".to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        let octets = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
        octets.try_into().ok().map(Self)
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MasterKeyError {
    /// The file can't be read or made.
    #[error("{}: the master key can't be used ({error}); let the server's user alone read it", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file holds something else.
    #[error("{}: this is no master key; put back the file from your backup (64 hexadecimal digits)", .0.display())]
    NoKey(PathBuf),
    /// There is data, sealed with a key that is gone.
    #[error(
        "{}: the master key is missing though there is data; put back the file from your backup, or set master_key", .0.display()
    )]
    Missing(PathBuf),
}

impl MasterKey {
    /// The octets.
    pub(crate) fn octets(&self) -> [u8; KEY_BYTES] {
        self.0
    }

    /// The key that was configured, or that of the data directory, which is made where `may_make` says that nothing
    /// was sealed yet.
    pub(crate) fn obtain(
        configured: Option<&Self>,
        directory: &DataDir,
        may_make: bool,
        random: &dyn Random,
    ) -> Result<Self, MasterKeyError> {
        if let Some(key) = configured {
            return Ok(key.clone());
        }
        let path = directory.master_key();
        match Self::kept(&path)? {
            Some(key) => Ok(key),
            None if may_make => Self::random(random).keep(&path),
            None => Err(MasterKeyError::Missing(path)),
        }
    }

    /// A key that nobody has seen.
    pub(crate) fn random(random: &dyn Random) -> Self {
        let mut key = [0; KEY_BYTES];
        random.fill(&mut key);
        Self(key)
    }

    /// The key in this file, if it is there.
    pub(crate) fn kept(path: &Path) -> Result<Option<Self>, MasterKeyError> {
        let unusable = |error: io::Error| MasterKeyError::Unusable { path: path.to_owned(), error };
        match File::open(path) {
            Ok(file) => {
                let key = read(&file).map_err(unusable)?;
                key.map(Some).ok_or_else(|| MasterKeyError::NoKey(path.to_owned()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unusable(error)),
        }
    }

    /// Keeps the key in this file, durably.
    pub(crate) fn keep(self, path: &Path) -> Result<Self, MasterKeyError> {
        let kept = self.write(path);
        kept.map_err(|error| MasterKeyError::Unusable { path: path.to_owned(), error })?;
        Ok(self)
    }

    /// Writes the key beside its place and moves it there, so that it is there whole or not at all.
    fn write(&self, path: &Path) -> io::Result<()> {
        let unfinished = path.with_added_extension("new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        writeln!(file, "{}", HEXLOWER_PERMISSIVE.encode(&self.0))?;
        leave_to_owner(&file, path)?;
        file.sync_all()?;
        std::fs::rename(&unfinished, path)?;
        sync_folder(path)
    }
}

/// Makes what happened to the names in the folder of this file durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// What root makes in the folder of another user is that one's: the server has to read it.
fn leave_to_owner(file: &File, path: &Path) -> io::Result<()> {
    let folder = path.parent().map(std::fs::metadata).transpose()?;
    let is_roots = file.metadata()?.uid() == ROOT;
    if let Some(owner) = folder.filter(|folder| is_roots && folder.uid() != ROOT) {
        // A root without this right, in a container, is the server's user too.
        let _ = fchown(file, Some(owner.uid()), Some(owner.gid()));
    }
    Ok(())
}

fn read(file: &File) -> io::Result<Option<MasterKey>> {
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "others may read it; `chmod 600` it"));
    }
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(MasterKey::read(text.trim()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use guichet_sys::SystemRandom;

    use super::*;

    fn directory() -> (tempfile::TempDir, DataDir) {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::check(folder.path()).unwrap();
        (folder, directory)
    }

    #[test]
    fn the_key_is_made_once_for_its_user_alone() {
        let (_folder, directory) = directory();
        let made = MasterKey::obtain(None, &directory, true, &SystemRandom).unwrap();
        let permissions = fs::metadata(directory.master_key()).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
        assert_eq!(MasterKey::obtain(None, &directory, true, &SystemRandom).unwrap(), made);
        assert_eq!(MasterKey::obtain(None, &directory, false, &SystemRandom).unwrap(), made);
    }

    /// `guichet key rotate` by root, while the server that has a user of its own is stopped.
    #[test]
    fn a_key_that_root_makes_is_for_the_user_of_the_data() {
        const USER: u32 = 12_345;
        let (folder, directory) = directory();
        if fs::metadata(folder.path()).unwrap().uid() != ROOT {
            return;
        }
        std::os::unix::fs::chown(folder.path(), Some(USER), Some(USER)).unwrap();
        MasterKey::obtain(None, &directory, true, &SystemRandom).unwrap();
        let made = fs::metadata(directory.master_key()).unwrap();
        assert_eq!((made.uid(), made.gid(), made.mode() & 0o777), (USER, USER, 0o600));
    }

    #[test]
    fn a_lost_key_is_not_replaced_where_there_is_data() {
        let (_folder, directory) = directory();
        let error = MasterKey::obtain(None, &directory, false, &SystemRandom).unwrap_err().to_string();
        assert!(error.contains("put back the file from your backup, or set master_key"), "{error}");
        assert!(!directory.master_key().exists());
    }

    #[test]
    fn promise_7_a_key_that_others_may_read_is_refused() {
        let (_folder, directory) = directory();
        MasterKey::obtain(None, &directory, true, &SystemRandom).unwrap();
        fs::set_permissions(directory.master_key(), fs::Permissions::from_mode(0o644)).unwrap();
        let error = MasterKey::obtain(None, &directory, true, &SystemRandom).unwrap_err().to_string();
        assert!(error.contains("`chmod 600` it"), "{error}");
    }

    #[test]
    fn a_damaged_key_and_one_that_is_configured() {
        let (_folder, directory) = directory();
        MasterKey::obtain(None, &directory, true, &SystemRandom).unwrap();
        fs::write(directory.master_key(), "not a key\n").unwrap();
        let error = MasterKey::obtain(None, &directory, true, &SystemRandom).unwrap_err().to_string();
        assert!(error.contains("this is no master key"), "{error}");
        let configured = MasterKey::read(&"0A".repeat(KEY_BYTES)).unwrap();
        assert_eq!(
            MasterKey::obtain(Some(&configured), &directory, false, &SystemRandom).unwrap().octets(),
            [10; KEY_BYTES]
        );
        assert_eq!(format!("{configured:?}"), "MasterKey(..)");
    }
}
