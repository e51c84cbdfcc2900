//! The octets of a mail that leaves: as they are stored, or opened where they are stored sealed.

use std::io::{self, Cursor, Read};

use guichet_store::BlobReader;

use super::lease::{Lease, Leaving};
use crate::{Desk, Error};

/// A mail without signatures, read from its first octet on.
pub struct Composed(Octets);

enum Octets {
    Stored(Box<BlobReader<'static>>),
    Opened(Cursor<Vec<u8>>),
}

impl Composed {
    /// How many octets are left to be read.
    pub fn remaining(&self) -> u64 {
        match &self.0 {
            Octets::Stored(blob) => blob.remaining(),
            Octets::Opened(octets) => (octets.get_ref().len() as u64).saturating_sub(octets.position()),
        }
    }
}

impl Read for Composed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Octets::Stored(blob) => blob.read(into),
            Octets::Opened(octets) => octets.read(into),
        }
    }
}

impl Desk {
    /// The mail of a leased delivery, without signatures.
    pub fn open(&self, lease: &Lease) -> Result<Composed, Error> {
        self.open_leaving(&lease.leaving())
    }

    /// A mail that leaves or will, without signatures.
    pub fn open_leaving(&self, leaving: &Leaving) -> Result<Composed, Error> {
        let mut blob = self.store.of(leaving.organisation).open_blob(&leaving.raw)?;
        if !leaving.is_sealed {
            return Ok(Composed(Octets::Stored(Box::new(blob))));
        }
        // Such a mail is one of our own, of a few kilobytes.
        let mut sealed = Vec::new();
        blob.read_to_end(&mut sealed).map_err(|error| Error::Unavailable(error.to_string()))?;
        let octets = self.accounts.open_letter(leaving.organisation, &sealed)?;
        Ok(Composed(Octets::Opened(Cursor::new(octets))))
    }
}
