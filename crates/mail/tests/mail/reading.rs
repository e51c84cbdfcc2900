//! Short ways to a parsed mail.

use guichet_mail::{ParseLimits, Parsed};

/// Parses a mail written with bare line feeds, as CRLF.
pub(crate) fn read(mail: &str) -> Parsed {
    read_octets(mail.replace('\n', "\r\n").as_bytes())
}

pub(crate) fn read_octets(raw: &[u8]) -> Parsed {
    guichet_mail::parse(raw, &ParseLimits::default())
}

/// The whole text of one part.
pub(crate) fn text_of(raw: &[u8], parsed: &Parsed, index: u32) -> String {
    let part = &parsed.parts[index as usize];
    let body = &raw[part.body_start as usize..part.body_end as usize];
    guichet_mail::decode_text(&guichet_mail::decode_part(body, part.encoding), part.charset.as_deref())
}
