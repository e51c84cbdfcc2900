//! Identities: by which Message-ID which messages are known, and which are only known of.
//!
//! One row for each identity, written by everyone who adds a message of it; so reading it, present or absent, is the
//! check that keeps two copies of one mail from becoming two tickets.
//!
//! The row is placed by a digest of the identity. A mail without a Message-ID is known by the digest of its content:
//! sent again it is recognised, and never taken for another.

use std::collections::BTreeSet;

use guichet_mail::MessageId;
use guichet_store::{Batch, Snapshot, Template};

use crate::keys::{self, Number};
use crate::{Error, numbers};

/// How many messages one identity remembers. A sender that uses one Message-ID for all its mail (it happens), or
/// somebody who floods it, fills it; then the entries in the middle go.
pub(crate) const ENTRIES_MAX: usize = 64;

/// How many of them are the oldest and stay: whoever used an identity first is most likely whose it is. The rest are
/// the newest: a copy comes soon after the mail.
const OLDEST_MAX: usize = ENTRIES_MAX / 2;

/// The mark of a message that only names the identity in its References.
const NAMED: u8 = 0;
/// The mark of a message that carries the identity as its own.
const OWN: u8 = 1;

/// Octets of one entry: mark, message.
const ENTRY_BYTES: usize = 9;

/// By what a mail is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Identity([u8; 16]);

impl Identity {
    /// A mail is known by its Message-ID, or else by its content.
    pub(crate) fn of_mail(message_id: Option<&MessageId>, digest: [u8; 16]) -> Self {
        message_id.map_or(Self::hashed(b"digest", &digest), Self::of_id)
    }

    pub(crate) fn of_id(message_id: &MessageId) -> Self {
        Self::hashed(b"id", message_id.as_str().as_bytes())
    }

    /// A mail of ours is also known by the reference that its tokens name.
    pub(crate) fn of_reference(reference: u64) -> Self {
        Self::hashed(b"reference", &reference.to_be_bytes())
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

    /// Whether it is worth naming: no mail that came here carries it, and few have named it.
    pub(crate) fn is_unseen(&self) -> Result<bool, Error> {
        let entries = self.entries().collect::<Result<Vec<Entry>, Error>>()?;
        Ok(entries.len() < OLDEST_MAX && entries.iter().all(|entry| !entry.is_own))
    }

    /// The messages that it is known by, oldest first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Result<Entry, Error>> {
        self.bytes.chunks_exact(ENTRY_BYTES).map(|entry| {
            let (mark, rest) = entry.split_first().ok_or(Error::Damaged("identity"))?;
            let ([message], _) = numbers::<1>(rest)?;
            Ok(Entry { is_own: *mark == OWN, message })
        })
    }

    /// Takes messages out of the row that are deleted for good.
    pub(crate) fn forget(&self, batch: &mut Batch, messages: &BTreeSet<u64>) -> Result<(), Error> {
        let mut kept = Vec::with_capacity(self.bytes.len());
        for (entry, bytes) in self.entries().zip(self.bytes.chunks_exact(ENTRY_BYTES)) {
            if !messages.contains(&entry?.message) {
                kept.extend_from_slice(bytes);
            }
        }
        let key = keys::identity(&self.identity.0);
        match kept.len() {
            0 => batch.delete(key),
            len if len < self.bytes.len() => batch.put(key, kept),
            _ => {}
        }
        Ok(())
    }

    /// What stays of the row when this many entries are added.
    fn kept(&self, added: usize) -> Vec<u8> {
        let beyond = (self.bytes.len() / ENTRY_BYTES + added).saturating_sub(ENTRIES_MAX);
        let (oldest, newer) = self.bytes.split_at(self.bytes.len().min(OLDEST_MAX * ENTRY_BYTES));
        [oldest, newer.get(beyond * ENTRY_BYTES..).unwrap_or_default()].concat()
    }
}

/// Rows of several identities, each gathered over all messages of one batch and written once.
#[derive(Debug, Default)]
pub(crate) struct Identities<'a> {
    rows: Vec<(&'a Known, Vec<(u8, Number)>)>,
}

impl<'a> Identities<'a> {
    /// A message carries this identity as its own.
    pub(crate) fn carry(&mut self, known: &'a Known, message: Number) {
        self.add(OWN, known, message);
    }

    /// A message names this identity, which no message carries yet.
    pub(crate) fn name(&mut self, known: &'a Known, message: Number) {
        self.add(NAMED, known, message);
    }

    fn add(&mut self, mark: u8, known: &'a Known, message: Number) {
        match self.rows.iter_mut().find(|(row, _)| row.identity == known.identity) {
            Some((_, added)) => added.push((mark, message)),
            None => self.rows.push((known, vec![(mark, message)])),
        }
    }

    pub(crate) fn write(self, batch: &mut Batch) {
        for (known, added) in self.rows {
            let kept = Template::from(known.kept(added.len()));
            let row = added.iter().fold(kept, |row, (mark, message)| message.write(row.byte(*mark)));
            batch.put(keys::identity(&known.identity.0), row);
        }
    }
}
