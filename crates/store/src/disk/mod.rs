//! Files, as the store sees them: the one port to the file system.
//!
//! Everything durable goes through these two traits, so that a test can fail the n-th write, lose what was not
//! synced, or fill the disk, and so that the memory engine needs no directory.

#[cfg(test)]
pub(crate) mod faulty;
mod memory;
mod real;

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

pub(crate) use memory::MemoryDisk;
pub(crate) use real::RealDisk;

/// Whether a file that is not there is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It must be there.
    Existing,
    /// It is made when it is not there.
    Create,
}

/// One directory with two levels of names (`"folder/name"` or `"name"`).
pub(crate) trait Disk: Debug + Send + Sync {
    /// Opens a file for reading and writing.
    fn open(&self, name: &str, mode: Mode) -> io::Result<Arc<dyn File>>;
    /// The names of the files in a folder, without the folder.
    fn names(&self, folder: &str) -> io::Result<Vec<String>>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Gives a file another name, instead of the file that had it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Gives a file a second name; the second name must be free.
    fn link(&self, from: &str, to: &str) -> io::Result<()>;
    /// Makes the names in a folder durable (`""` is the directory itself).
    fn sync_folder(&self, folder: &str) -> io::Result<()>;
    /// Bytes that may still be written.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// One open file, read and written at offsets.
pub(crate) trait File: Debug + Send + Sync {
    /// Fills `into` from `offset`; an error when the file ends before.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`, lengthening the file when needed.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Cuts or lengthens the file; new bytes are zero.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Makes what was written durable.
    fn sync(&self) -> io::Result<()>;
}
