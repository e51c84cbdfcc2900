//! The parts of a message that are not its text, as JSON.

use guichet_desk::StoredMessage;
use guichet_mail::{Disposition, Part, TransferEncoding};
use serde::Serialize;
use utoipa::ToSchema;

/// Pictures that every browser draws and none runs. No SVG, which may hold script.
const SAFE_IMAGES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// The media type to serve a picture with, if it is one that is safe to be shown.
pub(super) fn safe_image(content_type: &str) -> Option<&'static str> {
    SAFE_IMAGES.into_iter().find(|safe| *safe == content_type)
}

/// A part of a message: a file, a picture, a message within.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attachment {
    /// Its number in the mail, as IMAP gives it.
    #[schema(example = "2.1")]
    part: String,
    /// Its file name, fit to be shown and saved.
    #[schema(required, example = "invoice-7.pdf")]
    name: Option<String>,
    /// Its media type as the sender calls it. It is not served under it unless it is a safe image.
    #[schema(example = "application/pdf")]
    content_type: String,
    /// How many octets it has, decoded; of base64 about so many.
    #[schema(example = 48_213)]
    size_bytes: u64,
    /// Whether it belongs to the text: a picture that the HTML shows.
    #[schema(example = false)]
    inline: bool,
    /// Its Content-ID without brackets.
    #[schema(required, example = "logo@customer.example")]
    content_id: Option<String>,
    /// Where it is; null while the mail is in quarantine.
    #[schema(required, example = "/api/v1/messages/7/parts/2.1")]
    url: Option<String>,
}

/// The parts of a message that are not its text.
pub(super) fn attachments(message: &StoredMessage) -> Vec<Attachment> {
    let content = &message.record.content;
    let numbered = (0..).zip(&content.parts);
    numbered
        .filter(|(index, _)| !content.body.contains(*index))
        .map(|(_, part)| shape(message, part))
        .collect()
}

fn shape(message: &StoredMessage, part: &Part) -> Attachment {
    let is_picture = part.is_image() && part.content_id.is_some();
    Attachment {
        part: part.id.to_string(),
        name: part.name.clone(),
        content_type: part.content_type.clone(),
        size_bytes: size_bytes(part),
        inline: part.disposition == Disposition::Inline
            || (part.disposition == Disposition::Unstated && is_picture),
        content_id: part.content_id.clone(),
        url: url(message, part),
    }
}

/// Where a part is served.
fn url(message: &StoredMessage, part: &Part) -> Option<String> {
    (message.ticket != 0).then(|| format!("/api/v1/messages/{}/parts/{}", message.number, part.id))
}

/// Where the picture with this Content-ID is served so that a page may show it.
pub(super) fn picture_url(message: &StoredMessage, content_id: &str) -> Option<String> {
    let parts = &message.record.content.parts;
    let part = parts.iter().find(|part| {
        part.content_id.as_deref() == Some(content_id) && safe_image(&part.content_type).is_some()
    })?;
    url(message, part).map(|url| format!("{url}?inline"))
}

/// Base64 as mail has it: 57 octets on a line of 76 characters and CRLF.
fn size_bytes(part: &Part) -> u64 {
    match part.encoding {
        TransferEncoding::Base64 => part.encoded_bytes().saturating_mul(57).div_ceil(78),
        TransferEncoding::Identity | TransferEncoding::QuotedPrintable | TransferEncoding::Uuencode => {
            part.encoded_bytes()
        }
    }
}
