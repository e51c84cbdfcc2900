//! Bodies written down in ASCII: quoted-printable for texts, base64 for files and for texts that are hardly ASCII.
//!
//! Neither ever has `=_`, with which our boundaries begin: `=` is followed by a digit, a line break or the end.
//!
//! *Standards*: RFC 2045, sections 6.7 and 6.8.

use std::io::{self, Read, Write};

use data_encoding::{BASE64, HEXUPPER};

/// The longest line of either encoding, without its line break.
const LINE_BYTES_MAX: usize = 76;
/// Octets that make one line of base64.
const BASE64_LINE_BYTES: usize = 57;
/// Lines of base64 that are read and written at a time: 15 KB in, 20 KB out.
const BASE64_LINES: usize = 256;
/// One octet in so many beyond ASCII makes quoted-printable the longer encoding, and nothing to be read in any case.
const ASCII_SHARE: usize = 6;

/// How a text is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextEncoding {
    QuotedPrintable,
    Base64,
}

impl TextEncoding {
    /// The shorter one.
    pub(crate) fn of(text: &str) -> Self {
        let beyond = text.bytes().filter(|byte| !byte.is_ascii()).count();
        if beyond * ASCII_SHARE > text.len() { Self::Base64 } else { Self::QuotedPrintable }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::QuotedPrintable => "quoted-printable",
            Self::Base64 => "base64",
        }
    }

    /// Writes a text whose lines end in `\n`.
    pub(crate) fn write(self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::QuotedPrintable => quoted_printable(text, out),
            Self::Base64 => base64(&mut text.replace('\n', "\r\n").as_bytes(), out),
        }
    }
}

/// Streams octets as base64.
pub(crate) fn base64(content: &mut dyn Read, out: &mut dyn Write) -> io::Result<()> {
    let mut buffer = vec![0; BASE64_LINE_BYTES * BASE64_LINES];
    let mut lines = String::new();
    for round in 0_u64.. {
        let filled = fill(content, &mut buffer)?;
        if filled == 0 && round == 0 {
            // An empty body still has its line, or the delimiter would follow the header at once.
            return out.write_all(b"\r\n");
        }
        let read = buffer.get(..filled).unwrap_or_default();
        lines.clear();
        for line in read.chunks(BASE64_LINE_BYTES) {
            BASE64.encode_append(line, &mut lines);
            lines.push_str("\r\n");
        }
        out.write_all(lines.as_bytes())?;
        if filled < buffer.len() {
            break;
        }
    }
    Ok(())
}

/// Reads until the buffer is full or the reader at its end, so that only the last line may be short.
fn fill(content: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match content.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn quoted_printable(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let mut encoded = Vec::new();
    for line in text.split('\n') {
        encoded.clear();
        quoted_printable_line(line.as_bytes(), &mut encoded);
        out.write_all(&encoded)?;
    }
    Ok(())
}

/// Encodes one line and its line break.
fn quoted_printable_line(line: &[u8], out: &mut Vec<u8>) {
    let mut column = 0;
    for (at, &byte) in line.iter().enumerate() {
        let is_last = at + 1 == line.len();
        let is_plain = match byte {
            b'=' => false,
            // White space at the end of a line is lost on the way.
            b' ' | b'\t' => !is_last,
            // Programs that keep mail in mbox files write `>From`; a lone dot ends a mail sent by careless ones.
            b'F' if at == 0 => !line.starts_with(b"From "),
            b'.' if at == 0 => false,
            byte => byte.is_ascii_graphic(),
        };
        let bytes = if is_plain { 1 } else { 3 };
        // The last octet may fill the line; before any other there must be room for the soft break.
        if column + bytes + usize::from(!is_last) > LINE_BYTES_MAX {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        if is_plain {
            out.push(byte);
        } else {
            let mut escape = [b'='; 3];
            let [_, digits @ ..] = &mut escape;
            HEXUPPER.encode_mut(&[byte], digits);
            out.extend_from_slice(&escape);
        }
        column += bytes;
    }
    out.extend_from_slice(b"\r\n");
}
