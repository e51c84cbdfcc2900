//! The beginning of a mail's text, for lists.
//!
//! Only as much of the text is decoded as the limits say; what is broken within that is noted.

use crate::charset::decode_text_checked;
use crate::defect::Defect;
use crate::display::one_line;
use crate::html_text::html_to_text;
use crate::parse::ParseLimits;
use crate::part::{Body, Part};
use crate::sanitise::SanitiseLimits;
use crate::transfer::decode_checked;

/// A preview and what was wrong with the text.
#[derive(Default)]
pub(crate) struct Preview {
    pub(crate) text: String,
    pub(crate) defects: Vec<Defect>,
}

/// Reads the first text that says anything.
pub(crate) fn read(raw: &[u8], parts: &[Part], body: &Body, limits: &ParseLimits) -> Preview {
    let mut preview = Preview::default();
    let mut bytes_left = limits.preview_bytes_max;
    for index in &body.text_parts {
        let Some(part) = parts.get(*index as usize) else {
            continue;
        };
        let encoded = raw.get(part.body_start as usize..part.body_end as usize).unwrap_or_default();
        let read = encoded.get(..bytes_left).unwrap_or(encoded);
        bytes_left -= read.len();
        let text = decode(part, read, read.len() < encoded.len(), &mut preview.defects);
        preview.text = one_line(&text, limits.preview_chars_max);
        if !preview.text.is_empty() || bytes_left == 0 {
            break;
        }
    }
    preview
}

/// The beginnings of the texts of a mail as they were written, plain before HTML; whether each is HTML. Of all
/// together at most `bytes_max` encoded octets are decoded.
pub(crate) fn beginnings(raw: &[u8], parts: &[Part], body: &Body, bytes_max: usize) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    let mut bytes_left = bytes_max;
    let indexes = body.text_parts.iter().chain(&body.html_parts);
    let mut texts: Vec<&Part> = indexes.filter_map(|index| parts.get(*index as usize)).collect();
    texts.sort_by_key(|part| part.content_type == "text/html");
    texts.dedup_by_key(|part| part.body_start);
    for part in texts {
        let encoded = raw.get(part.body_start as usize..part.body_end as usize).unwrap_or_default();
        let read = encoded.get(..bytes_left).unwrap_or(encoded);
        bytes_left -= read.len();
        let (octets, _) = decode_checked(read, part.encoding);
        let text = decode_text_checked(&octets, part.charset.as_deref()).text;
        found.push((part.content_type == "text/html", text));
    }
    found
}

fn decode(part: &Part, encoded: &[u8], is_cut: bool, defects: &mut Vec<Defect>) -> String {
    let (octets, is_encoding_broken) = decode_checked(encoded, part.encoding);
    let decoded = decode_text_checked(&octets, part.charset.as_deref());
    // What was cut by ourselves may well end in half a character.
    let text = decoded.text.trim_end_matches(char::REPLACEMENT_CHARACTER);
    if is_encoding_broken && !is_cut && !defects.contains(&Defect::EncodingBroken) {
        defects.push(Defect::EncodingBroken);
    }
    let is_charset_broken = decoded.is_damaged && (!is_cut || text.contains(char::REPLACEMENT_CHARACTER));
    if is_charset_broken && !defects.contains(&Defect::CharsetBroken) {
        defects.push(Defect::CharsetBroken);
    }
    if part.content_type == "text/html" {
        html_to_text(&decoded.text, &SanitiseLimits::default())
    } else {
        decoded.text
    }
}
