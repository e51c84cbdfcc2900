//! Keys inside a space: bytes whose order is the order of what they were built from.
//!
//! Numbers are big-endian; text is escaped and terminated, so that `"ab" + "c"` and `"a" + "bc"` differ and a
//! shorter text sorts before every longer one that it begins. Kind 0 is the store's own.

/// A key inside one space. The organisation is not part of it: the space adds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<u8>);

/// The kind under which the store keeps its own rows of a space.
pub(crate) const OWN: u8 = 0;

impl Key {
    /// Begins a key of this kind. Each sort of row has a kind of its own, from 1 to 255.
    ///
    /// # Panics
    /// When `kind` is 0, which is the store's own: kinds are constants, so the first test finds it.
    pub fn new(kind: u8) -> Self {
        assert_ne!(kind, OWN, "kind 0 belongs to the store");
        Self(vec![kind])
    }

    /// A key of the store's own rows.
    pub(crate) fn own(row: u8) -> Self {
        Self(vec![OWN, row])
    }

    /// Appends a number: 8 bytes, ordered as numbers are.
    #[must_use]
    pub fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Appends a number from the largest down: newest first in a forward scan.
    #[must_use]
    pub fn number_descending(self, number: u64) -> Self {
        self.number(!number)
    }

    /// Appends one byte, such as a state.
    #[must_use]
    pub fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    /// Appends text, escaped and terminated: what follows does not change its order.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        push_text(&mut self.0, text);
        self
    }

    /// Appends bytes as they are. For things of one length, such as digests, or for the end of a key.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The key as scans return it and cursors name it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes themselves.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Appends text so that the order of the bytes is the order of the text: NUL becomes `00 FF`, the end `00 00`.
pub(crate) fn push_text(into: &mut Vec<u8>, text: &str) {
    for &byte in text.as_bytes() {
        into.push(byte);
        if byte == 0 {
            into.push(0xFF);
        }
    }
    into.extend_from_slice(&[0, 0]);
}

/// The least bytes that sort after everything beginning with `prefix`; `None` when nothing does.
pub(crate) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xFF {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_of_keys_is_the_order_of_their_parts(
            a in ("[\\x00-\\x02ab]{0,6}", any::<u64>()),
            b in ("[\\x00-\\x02ab]{0,6}", any::<u64>()),
        ) {
            let key = |(text, number): &(String, u64)| Key::new(1).text(text).number(*number);
            prop_assert_eq!(key(&a).cmp(&key(&b)), a.cmp(&b));
        }
    }

    #[test]
    fn descending_numbers_put_the_newest_first() {
        assert!(Key::new(1).number_descending(9) < Key::new(1).number_descending(8));
    }

    #[test]
    fn the_end_of_a_prefix_lies_after_all_that_begins_with_it() {
        assert_eq!(after_prefix(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(after_prefix(&[1, 0xFF, 0xFF]), Some(vec![2]));
        assert_eq!(after_prefix(&[0xFF]), None);
    }

    #[test]
    #[should_panic(expected = "kind 0 belongs to the store")]
    fn nobody_else_writes_the_stores_own_rows() {
        let _ = Key::new(0);
    }
}
