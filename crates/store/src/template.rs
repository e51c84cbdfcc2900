//! Bytes with holes for numbers that the store assigns inside the commit.
//!
//! A ticket's number is not known when its rows are built, and asking for it first would make one hot row that
//! every mail conflicts on. So keys and values are written with slots, which the commit fills in commit order.
//! A value that holds assigned numbers is laid out as `[8-byte big-endian numbers...][CBOR]`.

use crate::key::{Key, push_text};

/// A place for a number that the commit assigns; belongs to the batch that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot(pub(crate) u32);

/// The sequences of a space, each gapless from 1 in commit order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counter {
    /// Tickets, as people see their numbers.
    Ticket,
    /// Messages of tickets.
    Message,
    /// Entries of the log; [`Batch::event`](crate::Batch::event) takes them.
    Event,
    /// Contacts.
    Contact,
    /// All other things that need a number: channels, teams, deliveries, and in the operator's space organisations.
    Entity,
}

impl Counter {
    pub(crate) const COUNT: usize = 5;

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// Bytes of a key or a value, with 8-byte big-endian holes where slots stand.
#[derive(Clone, Debug, Default)]
pub struct Template {
    bytes: Vec<u8>,
    holes: Vec<(u32, Slot)>,
}

impl Template {
    /// An empty template.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends bytes as they are.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Appends the number that the slot will hold, 8 bytes big-endian: what [`Template::number`] appends of a
    /// known one.
    #[must_use]
    pub fn slot(mut self, slot: Slot) -> Self {
        self.holes.push((self.bytes.len() as u32, slot));
        self.number(0)
    }

    /// Appends a known number, 8 bytes big-endian.
    #[must_use]
    pub fn number(self, number: u64) -> Self {
        self.raw(&number.to_be_bytes())
    }

    /// Appends one byte.
    #[must_use]
    pub fn byte(self, byte: u8) -> Self {
        self.raw(&[byte])
    }

    /// Appends text as [`Key::text`] does.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        push_text(&mut self.bytes, text);
        self
    }

    /// How many bytes it will have.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// `head` followed by the bytes, holes filled with what `numbers` says of each slot.
    pub(crate) fn fill(&self, head: &[u8], numbers: &[u64]) -> Vec<u8> {
        let mut filled = Vec::with_capacity(head.len() + self.bytes.len());
        filled.extend_from_slice(head);
        filled.extend_from_slice(&self.bytes);
        for &(offset, slot) in &self.holes {
            let at = head.len() + offset as usize;
            // A slot of another batch stays a row of zeros: there is no number it could mean.
            let number = numbers.get(slot.0 as usize).copied().unwrap_or_default();
            if let Some(hole) = filled.get_mut(at..at + 8) {
                hole.copy_from_slice(&number.to_be_bytes());
            }
        }
        filled
    }
}

impl From<Key> for Template {
    fn from(key: Key) -> Self {
        Self::from(key.into_bytes())
    }
}

impl From<&Key> for Template {
    fn from(key: &Key) -> Self {
        Self::from(key.as_bytes())
    }
}

impl From<Vec<u8>> for Template {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, holes: Vec::new() }
    }
}

impl From<&[u8]> for Template {
    fn from(bytes: &[u8]) -> Self {
        Self::from(bytes.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_where_they_stand_and_sort_as_known_numbers_do() {
        let template = Template::from(Key::new(7).text("x")).slot(Slot(1)).raw(b"-").slot(Slot(0));
        let known = Key::new(7).text("x").number(20).bytes(b"-").number(10);
        assert_eq!(template.fill(b"", &[10, 20]), known.as_bytes());
        assert_eq!(template.fill(b"head", &[10, 20])[..4], *b"head");
        assert_eq!(template.len(), known.as_bytes().len());
    }
}
