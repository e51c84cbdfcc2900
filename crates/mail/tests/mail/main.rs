//! What mail of the world does, and what must be seen here instead. Cases are numbered as in the project's list of cases.

mod addresses;
mod automatic;
mod cases;
mod corpora;
mod header_table;
mod html;
mod limits;
mod never_panics;
mod records;
mod structure;
mod transfer;
mod verdicts;

use guichet_mail::{ParseLimits, Parsed};

/// Parses a mail written with bare line feeds, as CRLF.
fn read(mail: &str) -> Parsed {
    read_octets(mail.replace('\n', "\r\n").as_bytes())
}

fn read_octets(raw: &[u8]) -> Parsed {
    guichet_mail::parse(raw, &ParseLimits::default())
}

/// The whole text of one part.
fn text_of(raw: &[u8], parsed: &Parsed, index: u32) -> String {
    let part = &parsed.parts[index as usize];
    let body = &raw[part.body_start as usize..part.body_end as usize];
    guichet_mail::decode_text(&guichet_mail::decode_part(body, part.encoding), part.charset.as_deref())
}
