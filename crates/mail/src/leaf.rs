//! One leaf of the MIME tree described from its header.
//!
//! *Security*: names are for showing and saving, so nothing in them may leave a directory or mislead the eye.

use crate::display::one_line;
use crate::headers::Header;
use crate::params::Structured;
use crate::part::{Disposition, Part, PartId, TransferEncoding};
use crate::structure::Kind;

/// The longest file name in characters: what file systems of today take, with room for a suffix.
const NAME_CHARS_MAX: usize = 120;
/// The longest content type, charset or Content-ID in characters.
const LABEL_CHARS_MAX: usize = 200;

/// What is known of a leaf when its header has been read.
pub(crate) struct Leaf<'a> {
    pub(crate) header: &'a Header<'a>,
    pub(crate) content_type: Option<&'a Structured>,
    /// The multipart around it.
    pub(crate) kind: Kind,
    /// Its IMAP number.
    pub(crate) path: &'a [u32],
}

/// Describes a leaf; where its body ends is not known yet.
pub(crate) fn read(leaf: &Leaf<'_>, header_start: u64, body_start: u64) -> Part {
    let field = |name: &str| leaf.header.text(name);
    let disposition = field("Content-Disposition").map(|text| Structured::parse(&text));
    let declared = leaf.content_type;
    let name = disposition
        .as_ref()
        .and_then(|value| value.decoded("filename"))
        .or_else(|| declared.and_then(|value| value.decoded("name")));
    Part {
        id: PartId::new(leaf.path),
        content_type: content_type(declared, leaf.kind),
        charset: declared
            .and_then(|value| value.label("charset"))
            .map(|charset| label(&charset))
            .filter(|charset| !charset.is_empty()),
        name: name.and_then(|name| safe_name(&name)),
        disposition: disposition.as_ref().map_or(Disposition::Unstated, disposition_of),
        content_id: field("Content-ID").and_then(|text| content_id(&text)),
        encoding: field("Content-Transfer-Encoding")
            .map_or(TransferEncoding::Identity, |text| TransferEncoding::parse(&text)),
        header_start,
        body_start,
        body_end: body_start,
    }
}

/// Type and subtype. Absent: text, or a message within a digest (RFC 2046, section 5.1.5). A multipart here is one that could
/// not be followed, and is shown as text. `text` alone and the like are taken as what they must mean.
fn content_type(declared: Option<&Structured>, kind: Kind) -> String {
    let value = declared.map_or("", |value| value.value.as_str());
    let is_token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"[]?=".contains(&byte))
    };
    match value.split_once('/').map(|(main, sub)| (main.trim(), sub.trim())) {
        None if value.is_empty() && kind == Kind::Digest => "message/rfc822".to_owned(),
        None if matches!(value, "" | "text" | "plain") => "text/plain".to_owned(),
        None if value == "html" => "text/html".to_owned(),
        Some(("multipart", _)) => "text/plain".to_owned(),
        Some(("text", "htm" | "x-html")) => "text/html".to_owned(),
        Some(("text", sub)) if !is_token(sub) => "text/plain".to_owned(),
        Some((main, sub)) if is_token(main) && is_token(sub) && value.len() <= LABEL_CHARS_MAX => {
            format!("{main}/{sub}")
        }
        _ => "application/octet-stream".to_owned(),
    }
}

fn disposition_of(value: &Structured) -> Disposition {
    match value.value.as_str() {
        "inline" => Disposition::Inline,
        // Outlook and others write an empty one.
        "" => Disposition::Unstated,
        _ => Disposition::Attachment,
    }
}

fn label(text: &str) -> String {
    one_line(text, LABEL_CHARS_MAX).to_lowercase()
}

fn content_id(text: &str) -> Option<String> {
    let inner = text.trim().trim_start_matches('<').trim_end_matches('>');
    Some(one_line(inner, LABEL_CHARS_MAX)).filter(|id| !id.is_empty())
}

/// A name without path, controls, direction marks and characters that file systems refuse; bounded, its extension kept.
pub fn safe_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).find(|piece| !piece.trim().is_empty())?;
    let clean: String = last
        .chars()
        .map(|c| if matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|') { '_' } else { c })
        .collect();
    let line = one_line(&clean, usize::MAX);
    // A leading dot hides a file, a trailing one vanishes on some systems.
    let line = line.trim_matches(['.', ' ']);
    (!line.is_empty()).then(|| shorten(line))
}

/// Cuts the middle out, so that the extension stays.
fn shorten(name: &str) -> String {
    let length = name.chars().count();
    if length <= NAME_CHARS_MAX {
        return name.to_owned();
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let extension = if extension.chars().count() <= 10 { extension } else { "" };
    let keep = NAME_CHARS_MAX - extension.chars().count() - 2;
    let stem: String = name.chars().take(keep).collect();
    if extension.is_empty() { format!("{stem}…") } else { format!("{stem}….{extension}") }
}
