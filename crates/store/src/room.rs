//! Room on the disk, and the reserve that mail may not use.

use std::io;

use crate::disk::Disk;

/// What is left on the disk that the data lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that may still be written.
    pub free_bytes: u64,
    /// Bytes of them that are not for new mail: the queue, deletes and the operator need some.
    pub reserve_bytes: u64,
}

impl Room {
    /// Asked of the file system each time: that takes a microsecond, and no old answer keeps mail out.
    pub(crate) fn of(disk: &dyn Disk, reserve_bytes: u64) -> io::Result<Self> {
        Ok(Self { free_bytes: disk.free_bytes()?, reserve_bytes })
    }

    /// Whether this many bytes of new mail leave the reserve untouched.
    pub fn is_enough_for(&self, bytes: u64) -> bool {
        self.free_bytes.saturating_sub(bytes) >= self.reserve_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_mail_leaves_the_reserve_alone() {
        let room = Room { free_bytes: 100, reserve_bytes: 60 };
        assert!(room.is_enough_for(40));
        assert!(!room.is_enough_for(41));
        assert!(!room.is_enough_for(u64::MAX));
    }
}
