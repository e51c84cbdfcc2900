//! The mail that came back within a report: whole, its header, or its beginning in a text.
//!
//! *Standards*: RFC 3464, section 2 (third part), RFC 6522, RFC 6533 (`message/global`, `message/global-headers`).

use super::decoded;
use crate::headers::{Header, HeaderLimits};
use crate::message_id::MessageId;
use crate::parse::Parsed;
use crate::part::Part;

/// What is looked at of a returned mail's header. Ours are far below; gateways add a few.
const HEADER_LIMITS: HeaderLimits = HeaderLimits { bytes_max: 128 * 1024, fields_max: 500 };
/// Parts in which a returned mail is looked for.
const PARTS_MAX: usize = 10;

/// The Message-ID of the mail that a part of the report holds.
pub(super) fn message_id(raw: &[u8], parsed: &Parsed) -> Option<MessageId> {
    let labelled = parsed.parts.iter().filter(|part| is_returned(part)).take(PARTS_MAX);
    labelled.map(|part| decoded(raw, part, HEADER_LIMITS.bytes_max)).find_map(|octets| of_header(&octets))
}

/// The Message-ID of the mail that begins in a text, after empty lines.
pub(super) fn of_text(text: &str) -> Option<MessageId> {
    let start = text.trim_start_matches(['\r', '\n', ' ', '\t']);
    of_header(start.as_bytes())
}

fn is_returned(part: &Part) -> bool {
    part.is_message()
        || matches!(
            part.content_type.as_str(),
            "text/rfc822-headers" | "message/rfc822-headers" | "message/global-headers" | "text/rfc822"
        )
}

fn of_header(octets: &[u8]) -> Option<MessageId> {
    let start = octets.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let header = Header::read(octets.get(start..)?, HEADER_LIMITS);
    MessageId::parse(&header.text("Message-ID")?)
}
