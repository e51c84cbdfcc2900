//! The body of a mail: its two texts, its pictures and its files, as MIME wants them nested.
//!
//! ```text
//! mixed            only with files
//!   alternative    only with HTML
//!     text
//!     related      only with pictures that the HTML shows
//!       html
//!       picture ...
//!   file ...
//! ```
//!
//! *Standards*: RFC 2046, section 5.1; RFC 2387 (related); RFC 2392 (`cid:`).

use std::io::{self, Write};

use data_encoding::BASE32_NOPAD;

use super::transfer::{TextEncoding, base64};
use super::{Attachment, Outgoing, Quoted, TextBody, markdown, markdown_text, params, quote};
use crate::message_id::MessageId;

/// Octets of the digest that a boundary shows: enough that no two are alike, short enough for a line.
const BOUNDARY_DIGEST_BYTES: usize = 15;

/// What is ready to be written.
pub(super) struct Content<'a> {
    text: String,
    html: Option<String>,
    /// What the HTML shows, with its Content-ID.
    pictures: Vec<(String, Attachment<'a>)>,
    files: Vec<Attachment<'a>>,
    boundaries: Boundaries,
}

/// A multipart's place in the tree.
#[derive(Clone, Copy)]
enum Level {
    Mixed,
    Alternative,
    Related,
}

/// The delimiters of one mail: different for each mail and each level. They begin with `=_`, which neither
/// quoted-printable nor base64 can have, and everything between them is one of the two.
struct Boundaries(String);

impl Boundaries {
    fn new(id: &MessageId) -> Self {
        let digest = blake3::hash(id.as_str().as_bytes());
        let bytes = digest.as_bytes().get(..BOUNDARY_DIGEST_BYTES).unwrap_or_default();
        Self(BASE32_NOPAD.encode(bytes).to_ascii_lowercase())
    }

    fn of(&self, level: Level) -> String {
        let mark = match level {
            Level::Mixed => 'm',
            Level::Alternative => 'a',
            Level::Related => 'r',
        };
        format!("=_{mark}_{}", self.0)
    }
}

impl<'a> Content<'a> {
    /// Makes the texts and sorts the attachments.
    pub(super) fn new(mail: &mut Outgoing<'a>) -> Self {
        let has_html = matches!(mail.text, TextBody::Markdown(_));
        let (mut pictures, mut files) = (Vec::new(), Vec::new());
        for attachment in std::mem::take(&mut mail.attachments) {
            let id = attachment.content_id.as_deref().and_then(params::content_id).map(str::to_owned);
            match id.filter(|_| has_html) {
                Some(id) => pictures.push((id, attachment)),
                None => files.push(attachment),
            }
        }
        let has_part = |id: &str| pictures.iter().any(|(known, _)| known == id);
        let quoted = mail.quoted.as_ref();
        let (text, html) = match &mail.text {
            TextBody::Plain(text) => (text_of(text, quoted), None),
            TextBody::Markdown(source) => {
                let source = lines_of(source);
                let html = html_of(&markdown::to_html(&source, &has_part), quoted, &has_part);
                (text_of(&markdown_text::to_text(&source), quoted), Some(html))
            }
        };
        let boundaries = Boundaries::new(&mail.message_id);
        Self { text, html, pictures, files, boundaries }
    }

    /// Writes the fields that describe the body, the empty line and the body.
    pub(super) fn write(mut self, out: &mut dyn Write) -> io::Result<()> {
        let files = std::mem::take(&mut self.files);
        if files.is_empty() {
            return self.write_texts(out);
        }
        let boundary = self.begin("multipart/mixed", Level::Mixed, out)?;
        self.write_texts(out)?;
        for file in files {
            write!(out, "--{boundary}\r\n")?;
            write_attachment(file, None, out)?;
        }
        write!(out, "--{boundary}--\r\n")
    }

    fn write_texts(self, out: &mut dyn Write) -> io::Result<()> {
        let Some(html) = &self.html else {
            return write_text("text/plain", &self.text, out);
        };
        let boundary = self.begin("multipart/alternative", Level::Alternative, out)?;
        write_text("text/plain", &self.text, out)?;
        write!(out, "--{boundary}\r\n")?;
        if self.pictures.is_empty() {
            write_text("text/html", html, out)?;
        } else {
            let related = self.begin("multipart/related; type=\"text/html\"", Level::Related, out)?;
            write_text("text/html", html, out)?;
            for (id, picture) in self.pictures {
                write!(out, "--{related}\r\n")?;
                write_attachment(picture, Some(&id), out)?;
            }
            write!(out, "--{related}--\r\n")?;
        }
        write!(out, "--{boundary}--\r\n")
    }

    /// Writes the header of a multipart and the first delimiter.
    fn begin(&self, kind: &str, level: Level, out: &mut dyn Write) -> io::Result<String> {
        let boundary = self.boundaries.of(level);
        write!(out, "Content-Type: {kind};\r\n boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n")?;
        Ok(boundary)
    }
}

fn write_text(media_type: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    let encoding = TextEncoding::of(text);
    write!(out, "Content-Type: {media_type}; charset=utf-8\r\n")?;
    write!(out, "Content-Transfer-Encoding: {}\r\n\r\n", encoding.name())?;
    encoding.write(text, out)
}

/// Writes a file, or the picture with this Content-ID.
fn write_attachment(mut file: Attachment<'_>, id: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let name = params::file_name(&file.name);
    params::content_type(&file.content_type, &name).write(out)?;
    let kind = if id.is_some() { "inline" } else { "attachment" };
    params::content_disposition(kind, &name).write(out)?;
    if let Some(id) = id {
        write!(out, "Content-ID: <{id}>\r\n")?;
    }
    out.write_all(b"Content-Transfer-Encoding: base64\r\n\r\n")?;
    base64(&mut file.content, out)
}

/// The author's text and the quotation.
fn text_of(text: &str, quoted: Option<&Quoted>) -> String {
    let mut out = lines_of(text).trim_end().to_owned();
    if let Some(quoted) = quoted {
        if !out.is_empty() {
            out.push_str("\n\n");
        }
        out.push_str(&lines_of(&quote::to_text(quoted)));
    }
    out
}

/// A whole HTML document.
fn html_of(text: &str, quoted: Option<&Quoted>, has_part: &dyn Fn(&str) -> bool) -> String {
    let quoted = quoted.map(|quoted| lines_of(&quote::to_html(quoted, has_part))).unwrap_or_default();
    let gap = if quoted.is_empty() { "" } else { "<br>\n" };
    format!(
        "<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"></head>\n<body>\n{text}{gap}{quoted}</body>\n</html>\n"
    )
}

/// Text whose lines end in `\n`, without any other control but the tab.
fn lines_of(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
            }
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
