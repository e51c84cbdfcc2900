//! What a record keeps of a blob: where it is, how it is stored, what it must read as.

use crate::organisation::Owner;
use crate::segment::Position;

/// A stored blob. Some 60 bytes in a record.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct BlobRef {
    #[n(0)]
    pub(crate) owner: Owner,
    #[n(1)]
    pub(crate) place: Place,
    #[n(2)]
    pub(crate) packing: Packing,
    #[n(3)]
    pub(crate) stored_bytes: u64,
    #[n(4)]
    pub(crate) raw_bytes: u64,
    #[cbor(n(5), with = "minicbor::bytes")]
    pub(crate) digest: [u8; 32],
}

/// Where the stored bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(crate) enum Place {
    /// Among others in a segment.
    #[n(0)]
    Segment(#[n(0)] Position),
    /// A file of its own, by its number.
    #[n(1)]
    File(#[n(0)] u64),
}

/// How the bytes are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(index_only)]
pub(crate) enum Packing {
    /// As they are.
    #[n(0)]
    Raw,
    /// One zstd frame.
    #[n(1)]
    Zstd,
}

impl BlobRef {
    /// How many bytes it reads as.
    pub fn bytes_len(&self) -> u64 {
        self.raw_bytes
    }

    /// BLAKE3 of the bytes it reads as.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The number of its file, if it is a large one.
    pub(crate) fn file_number(&self) -> Option<u64> {
        match self.place {
            Place::Segment(_) => None,
            Place::File(number) => Some(number),
        }
    }
}
