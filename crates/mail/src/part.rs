//! The leaves of a mail's MIME tree, as they are stored with a message: what each is and where in the raw mail it lies.
//!
//! Nothing is copied out of the raw mail: a part is served by reading its range and decoding it
//! ([`PartDecoder`](crate::transfer::PartDecoder)).
//!
//! *Standards*: RFC 2045, RFC 2046, RFC 2183 (disposition), RFC 2392 (Content-ID), RFC 3501, section 6.4.5 (numbering).

use std::fmt;
use std::ops::Range;

use minicbor::{Decode, Encode};
use serde::Serialize;

/// The number of a part as IMAP gives it (`1`, `2.1`): the same for the same raw mail, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode, Serialize)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct PartId(#[n(0)] String);

impl PartId {
    pub(crate) fn new(path: &[u32]) -> Self {
        let numbers: Vec<String> = path.iter().map(u32::to_string).collect();
        Self(numbers.join("."))
    }

    /// The number, `1.2`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a part wants to be shown (RFC 2183).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode, Serialize)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum Disposition {
    /// It does not say.
    #[default]
    #[n(0)]
    Unstated,
    /// Within the text.
    #[n(1)]
    Inline,
    /// As a file. So is every disposition that nobody knows (RFC 2183, section 2.8).
    #[n(2)]
    Attachment,
}

/// How a part's bytes are written down (RFC 2045, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode, Serialize)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum TransferEncoding {
    /// As they are: `7bit`, `8bit`, `binary`, and whatever nobody knows.
    #[default]
    #[n(0)]
    Identity,
    /// RFC 2045, section 6.8.
    #[n(1)]
    Base64,
    /// RFC 2045, section 6.7.
    #[n(2)]
    QuotedPrintable,
    /// `x-uuencode`, as old Unix mail has it.
    #[n(3)]
    Uuencode,
}

impl TransferEncoding {
    /// Reads `Content-Transfer-Encoding`; what nobody knows is [`Self::Identity`].
    pub fn parse(value: &str) -> Self {
        let word = value.split([';', ' ', '\t', '(']).find(|word| !word.is_empty()).unwrap_or("");
        match word.to_ascii_lowercase().as_str() {
            "base64" => Self::Base64,
            "quoted-printable" => Self::QuotedPrintable,
            "x-uuencode" | "uuencode" | "x-uue" => Self::Uuencode,
            _ => Self::Identity,
        }
    }
}

/// One leaf: a text, an image, a file, a forwarded message. A message within counts as one part; to look into it, parse it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Part {
    /// Its number in the mail.
    #[n(0)]
    pub id: PartId,
    /// Type and subtype in lower case, `text/plain`; what the header says, or what it must mean where it says nothing.
    #[n(1)]
    pub content_type: String,
    /// The label of its charset in lower case, as written.
    #[n(2)]
    pub charset: Option<String>,
    /// A file name fit to be shown and saved: no path, no controls, no direction marks, bounded.
    #[n(3)]
    pub name: Option<String>,
    /// How it wants to be shown.
    #[n(4)]
    pub disposition: Disposition,
    /// Its Content-ID without brackets.
    #[n(5)]
    pub content_id: Option<String>,
    /// How its bytes are written down.
    #[n(6)]
    pub encoding: TransferEncoding,
    /// Where its header begins in the raw mail, in octets.
    #[n(7)]
    pub header_start: u64,
    /// Where its header ends and its body begins.
    #[n(8)]
    pub body_start: u64,
    /// Where its body ends (the line break before the boundary is not part of it).
    #[n(9)]
    pub body_end: u64,
}

impl Part {
    /// The octets of the raw mail that hold the part's header.
    pub fn header_range(&self) -> Range<u64> {
        self.header_start..self.body_start
    }

    /// The octets of the raw mail that hold the part's encoded body.
    pub fn body_range(&self) -> Range<u64> {
        self.body_start..self.body_end
    }

    /// The size of the encoded body in octets.
    pub fn encoded_bytes(&self) -> u64 {
        self.body_end.saturating_sub(self.body_start)
    }

    /// Whether the part is a whole message.
    pub fn is_message(&self) -> bool {
        matches!(self.content_type.as_str(), "message/rfc822" | "message/global" | "message/news")
    }

    /// Whether the part is an image.
    pub fn is_image(&self) -> bool {
        self.content_type.starts_with("image/")
    }
}

/// Which parts are what the sender wrote, as indexes into the list of parts, in reading order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Body {
    /// The parts of the text body: `text/plain`, or the HTML ones where there is no other.
    #[n(0)]
    pub text_parts: Vec<u32>,
    /// The parts of the HTML body; empty where the mail has no HTML at all.
    #[n(1)]
    pub html_parts: Vec<u32>,
}

impl Body {
    /// Whether the part at this index belongs to the text or HTML body.
    pub fn contains(&self, index: u32) -> bool {
        self.text_parts.contains(&index) || self.html_parts.contains(&index)
    }
}
