//! Message-IDs: read from `Message-ID`, `In-Reply-To` and `References`, compared byte by byte.
//!
//! *Standards*: RFC 5322, section 3.6.4. Real mail has identifiers without `@`, with spaces around, without brackets.
//! What can't be mistaken is kept; what is empty is absent, so that two mails without an identifier never look alike.

use std::fmt;

use minicbor::{Decode, Encode};
use serde::Serialize;

/// The longest identifier kept, in octets: that of a line (RFC 5322, section 2.1.1).
pub const MESSAGE_ID_BYTES_MAX: usize = 998;

/// An identifier without its angle brackets. Never empty, no white space at its edges, no controls; case is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode, Serialize)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct MessageId(#[n(0)] String);

impl MessageId {
    /// Reads one identifier, with or without brackets. `None` if it is empty, too long or has controls.
    pub fn parse(text: &str) -> Option<Self> {
        let is_edge = |c: char| c.is_whitespace() || c == '<' || c == '>';
        let inner = text.trim_matches(is_edge);
        let is_sound = !inner.is_empty()
            && inner.len() <= MESSAGE_ID_BYTES_MAX
            && !inner.contains(|c: char| c.is_control() || c == '<' || c == '>');
        is_sound.then(|| Self(inner.to_owned()))
    }

    /// The identifier without brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The newest identifiers of a list, oldest first, at most `count_max`. Where there are brackets only they count: some programs
/// write phrases between (`Your message of Monday <id>`).
pub(crate) fn parse_list(text: &str, count_max: usize) -> Vec<MessageId> {
    let mut newest: Vec<MessageId> = if text.contains('<') {
        let inner = |piece: &str| piece.rsplit_once('<').and_then(|(_, id)| MessageId::parse(id));
        text.rsplit('>').filter_map(inner).take(count_max).collect()
    } else {
        let is_identifier = |word: &&str| word.contains('@');
        text.split_whitespace()
            .rev()
            .filter(is_identifier)
            .filter_map(MessageId::parse)
            .take(count_max)
            .collect()
    };
    newest.reverse();
    newest
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
