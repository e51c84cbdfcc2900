//! Identities: by which Message-ID which messages are known, and which are only known of.
//!
//! One row for each identity, written by everyone who adds a message of it; so reading it, present or absent, is the
//! check that keeps two copies of one mail from becoming two tickets.
//!
//! The row is placed by a digest of the identity. A mail without a Message-ID is known by the digest of its content:
//! sent again it is recognised, and never taken for another.

use guichet_mail::MessageId;
use guichet_store::{Batch, Snapshot, Template};

use crate::keys::{self, Number};
use crate::{Error, numbers};

/// How many messages one identity remembers. A sender that uses one Message-ID for all its mail (it happens) fills
/// it; beyond it new mail of that identity is stored, but not found by it.
const ENTRIES_MAX: usize = 64;

/// The mark of a message that only names the identity in its References.
const NAMED: u8 = 0;
/// The mark of a message that carries the identity as its own.
const OWN: u8 = 1;

/// Octets of one entry: mark, ticket, message.
const ENTRY_BYTES: usize = 17;

/// By what a mail is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Identity([u8; 16]);

impl Identity {
    /// A mail is known by its Message-ID, or else by its content.
    pub(crate) fn of_mail(message_id: Option<&MessageId>, digest: [u8; 16]) -> Self {
        message_id.map_or(Self::hashed(b"digest", &digest), Self::of_id)
    }

    pub(crate) fn of_id(message_id: &MessageId) -> Self {
        Self::hashed(b"id", message_id.as_str().as_bytes())
    }

    fn hashed(kind: &[u8], value: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(kind).update(&[0]).update(value);
        let mut digest = [0; 16];
        hasher.finalize_xof().fill(&mut digest);
        Identity(digest)
    }
}

/// A message that carries an identity or names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Whether the message carries it as its own Message-ID.
    pub(crate) is_own: bool,
    /// Its ticket when it was stored; 0 in quarantine.
    pub(crate) ticket: u64,
    pub(crate) message: u64,
}

/// What the row of one identity held when it was read.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    identity: Identity,
    bytes: Vec<u8>,
}

impl Known {
    /// Reads the row as a check of the batch.
    pub(crate) fn read(snapshot: &mut Snapshot, identity: Identity) -> Result<Self, Error> {
        let bytes = snapshot.read(&keys::identity(&identity.0))?.unwrap_or_default();
        Ok(Known { identity, bytes })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The messages that it is known by, newest first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Result<Entry, Error>> {
        self.bytes.rchunks_exact(ENTRY_BYTES).map(|entry| {
            let (mark, rest) = entry.split_first().ok_or(Error::Damaged("identity"))?;
            let ([ticket, message], _) = numbers::<2>(rest)?;
            Ok(Entry { is_own: *mark == OWN, ticket, message })
        })
    }
}

/// Rows of several identities, each gathered over all messages of one batch and written once.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    identity: Identity,
    value: Template,
    count: usize,
}

impl Identities {
    /// A message carries this identity as its own.
    pub(crate) fn carry(&mut self, known: &Known, ticket: Number, message: Number) {
        self.add(OWN, known, ticket, message);
    }

    /// A message names this identity, which nobody carries yet.
    pub(crate) fn name(&mut self, known: &Known, ticket: Number, message: Number) {
        self.add(NAMED, known, ticket, message);
    }

    fn add(&mut self, mark: u8, known: &Known, ticket: Number, message: Number) {
        let row = self.row(known);
        if row.count < ENTRIES_MAX {
            let value = std::mem::take(&mut row.value);
            row.value = message.write(ticket.write(value.byte(mark)));
            row.count += 1;
        }
    }

    fn row(&mut self, known: &Known) -> &mut Row {
        let place = self.rows.iter().position(|row| row.identity == known.identity);
        let place = place.unwrap_or_else(|| {
            self.rows.push(Row {
                identity: known.identity,
                value: Template::new().raw(&known.bytes),
                count: known.bytes.len() / ENTRY_BYTES,
            });
            self.rows.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the place was found or made just above")]
        &mut self.rows[place]
    }

    pub(crate) fn write(self, batch: &mut Batch) {
        for row in self.rows {
            batch.put(keys::identity(&row.identity.0), row.value);
        }
    }
}
