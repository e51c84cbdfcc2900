//! A batch: what was read and must still be so, and what shall be written, all or nothing.

use crate::blob::{BlobRef, NamedBlob, PendingBlob};
use crate::key::Key;
use crate::organisation::Owner;
use crate::space::Space;
use crate::template::{Counter, Slot, Template};

/// The row of a space that holds its counters.
pub(crate) const COUNTERS: u8 = 1;
/// The rows of a space that hold its log, by sequence.
pub(crate) const EVENTS: u8 = 2;
/// The rows of a space that name its large blobs, by file number.
pub(crate) const FILES: u8 = 3;

/// Changes to one space, made by [`Batch::new`] or out of a snapshot, committed by [`crate::Store::commit`].
#[derive(Debug)]
pub struct Batch {
    pub(crate) owner: Owner,
    pub(crate) checks: Vec<Check>,
    pub(crate) slots: Vec<Counter>,
    pub(crate) writes: Vec<Write>,
    pub(crate) blobs: Vec<NamedBlob>,
    pub(crate) released: Vec<BlobRef>,
}

/// A key of the space and the version that it must have; `None`: it must be absent.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) key: Key,
    pub(crate) version: Option<u64>,
}

#[derive(Debug)]
pub(crate) enum Write {
    Put { key: Template, value: Template },
    Delete { key: Key },
    Add { key: Template, delta: i64 },
}

impl Batch {
    /// An empty batch that rests on nothing read.
    pub fn new(space: &Space) -> Self {
        Self::with_checks(space.owner(), Vec::new())
    }

    pub(crate) fn with_checks(owner: Owner, checks: Vec<Check>) -> Self {
        Self { owner, checks, slots: Vec::new(), writes: Vec::new(), blobs: Vec::new(), released: Vec::new() }
    }

    /// Takes the next number of a sequence; it is known when the batch commits, and used through the slot.
    pub fn next(&mut self, counter: Counter) -> Slot {
        let slot = Slot(self.slots.len() as u32);
        self.slots.push(counter);
        slot
    }

    /// Writes a value. Of several writes of one key the last stands.
    pub fn put(&mut self, key: impl Into<Template>, value: impl Into<Template>) {
        self.writes.push(Write::Put { key: key.into(), value: value.into() });
    }

    /// Deletes a key; nothing happens when it is absent.
    pub fn delete(&mut self, key: Key) {
        self.writes.push(Write::Delete { key });
    }

    /// Adds to the count that a key holds ([`Snapshot::count`](crate::Snapshot::count)); an absent one is 0, and one that
    /// comes to 0 goes. Counts commute: two batches that add to one never conflict, and what a group of commits adds
    /// to one key is written once, or not at all where it comes to nothing.
    pub fn add(&mut self, key: impl Into<Template>, delta: i64) {
        if delta != 0 {
            self.writes.push(Write::Add { key: key.into(), delta });
        }
    }

    /// The commit conflicts when the key is there. It need not have been read.
    pub fn check_absent(&mut self, key: Key) {
        self.checks.push(Check { key, version: None });
    }

    /// Appends to the space's log, and gives the slot of the entry's sequence number.
    pub fn event(&mut self, value: impl Into<Template>) -> Slot {
        let slot = self.next(Counter::Event);
        self.put(Template::from(Key::own(EVENTS)).slot(slot), value);
        slot
    }

    /// Names a finished blob: from this commit on it belongs to this batch's organisation, under the reference
    /// given here. Naming it again in a later try of the same work gives the same reference.
    pub fn blob(&mut self, blob: &PendingBlob) -> BlobRef {
        let named = blob.name_for(self.owner);
        let reference = named.reference().clone();
        if let Some(number) = reference.file_number() {
            self.put(Key::own(FILES).number(number), Vec::new());
        }
        self.blobs.push(named);
        reference
    }

    /// Gives up a blob of this organisation: from this commit on nothing names it, and its room comes back by and by
    /// ([`Store::sweep`](crate::Store::sweep)). Who has it open reads on to its end.
    ///
    /// *Must hold:* the batch checks whatever else could name it.
    pub fn release(&mut self, blob: &BlobRef) {
        if blob.owner != self.owner {
            tracing::error!("a blob is given up by its own organisation alone");
            return;
        }
        if let Some(number) = blob.file_number() {
            self.delete(Key::own(FILES).number(number));
        }
        self.released.push(blob.clone());
    }

    /// About how many bytes of the journal it takes.
    pub(crate) fn bytes(&self) -> usize {
        let writes = self.writes.iter().map(|write| match write {
            Write::Put { key, value } => key.len() + value.len() + ROW_BYTES,
            Write::Delete { key } => key.as_bytes().len() + ROW_BYTES,
            Write::Add { key, .. } => key.len() + ROW_BYTES,
        });
        let released = self.released.iter().map(|_| 2 * ROW_BYTES);
        writes.chain(self.blobs.iter().map(NamedBlob::journal_bytes)).chain(released).sum()
    }
}

/// What a row costs beside its key and value.
const ROW_BYTES: usize = 32;
