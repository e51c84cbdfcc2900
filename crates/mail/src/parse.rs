//! A raw mail in, everything that a ticket needs out. Never fails: what can't be read becomes a [`Defect`].

use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::address::Address;
use crate::automatic::Automatic;
use crate::defect::Defect;
use crate::message_id::MessageId;
use crate::part::{Body, Part};

/// How much of a mail is looked at. The mail itself is never cut: the raw octets stay what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseLimits {
    /// Octets of one header (the mail's or a part's).
    pub header_bytes_max: usize,
    /// Fields of one header.
    pub header_fields_max: usize,
    /// Entries of one address header.
    pub addresses_max: usize,
    /// Identifiers kept of `References`: the newest.
    pub references_max: usize,
    /// Characters of the subject.
    pub subject_chars_max: usize,
    /// Parts listed.
    pub parts_max: usize,
    /// Multiparts within each other.
    pub depth_max: usize,
    /// Octets of encoded text that are decoded for the preview.
    pub preview_bytes_max: usize,
    /// Characters of the preview.
    pub preview_chars_max: usize,
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self {
            header_bytes_max: 512 * 1024,
            header_fields_max: 2_000,
            addresses_max: 1_000,
            references_max: 100,
            subject_chars_max: 500,
            parts_max: 1_000,
            depth_max: 50,
            preview_bytes_max: 64 * 1024,
            preview_chars_max: 200,
        }
    }
}

/// What a mail says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// `From`, in order; entries that are no address have [`Address::raw`].
    pub from: Vec<Address>,
    /// `Sender`.
    pub sender: Option<Address>,
    /// `Reply-To`.
    pub reply_to: Vec<Address>,
    /// `To`.
    pub to: Vec<Address>,
    /// `Cc`.
    pub cc: Vec<Address>,
    /// The decoded subject on one line; empty where absent.
    pub subject: String,
    /// The subject without reply and forward prefixes, for comparing ([`base_subject`](crate::base_subject::base_subject)).
    pub base_subject: String,
    /// The numbers that the subject mentions as `#1042`. They prove nothing (anybody can write them).
    pub mentions: Vec<u64>,
    /// `Date`, where it makes sense.
    pub date: Option<Timestamp>,
    /// `Message-ID`; absent where empty.
    pub message_id: Option<MessageId>,
    /// `In-Reply-To`.
    pub in_reply_to: Vec<MessageId>,
    /// `References`, oldest first, the newest kept where there are too many.
    pub references: Vec<MessageId>,
    /// The headers of a mailing list.
    pub list: ListHeaders,
    /// Whether a machine wrote it.
    pub automatic: Automatic,
    /// The leaves of the MIME tree, in order.
    pub parts: Vec<Part>,
    /// Which of them are the text.
    pub body: Body,
    /// The beginning of the text, on one line.
    pub preview: String,
    /// What is wrong, each once.
    pub defects: Vec<Defect>,
    /// The mail has no readable header or its structure goes beyond the limits: nothing but the raw mail can be trusted to be complete.
    pub unparsed: bool,
}

/// What a mailing list says of itself (RFC 2919, RFC 2369, RFC 8058).
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct ListHeaders {
    /// `List-Id` without brackets and phrase.
    #[n(0)]
    pub id: Option<String>,
    /// `List-Post`, as written.
    #[n(1)]
    pub post: Option<String>,
    /// `List-Unsubscribe`, as written.
    #[n(2)]
    pub unsubscribe: Option<String>,
    /// `List-Unsubscribe-Post` asks for one click.
    #[n(3)]
    pub one_click: bool,
}
