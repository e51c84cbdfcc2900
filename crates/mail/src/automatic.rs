//! Whether a person wrote a mail or a machine.

use minicbor::{Decode, Encode};
use serde::Serialize;

/// Who or what sent a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode, Serialize)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Automatic {
    /// A person, for all that can be seen.
    #[default]
    #[n(0)]
    No,
    /// An answer by machine: out of office, receipt (`Auto-Submitted: auto-replied`).
    #[n(1)]
    Reply,
    /// A notice by machine (`Auto-Submitted: auto-generated`).
    #[n(2)]
    Generated,
    /// A delivery status notification or another bounce.
    #[n(3)]
    Bounce,
    /// A mailing list.
    #[n(4)]
    List,
    /// Mass mail.
    #[n(5)]
    Bulk,
}

impl Automatic {
    /// Whether an automatic answer may go out to it, for all that the mail itself says.
    pub fn is_human(self) -> bool {
        self == Self::No
    }
}
