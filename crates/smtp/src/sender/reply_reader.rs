//! Framing of replies: lines, and which of them belong together.
//!
//! What must hold: whatever comes, no more than one reply's worth of [`SenderLimits`] is held, and the same bytes give
//! the same replies and the same fault at every split.
//!
//! Leniency: a bare LF ends a line too, and a code may stand without a space behind it, since some servers write such.
//! A bare CR is text. Text may be of any octets.
//!
//! *Standards*: RFC 5321, section 4.2 (replies), 4.2.1 (multi-line).

use super::limits::SenderLimits;

/// Why what came is no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyFault {
    /// A line that doesn't begin with a code from 200 to 599.
    #[error("a line without a reply code")]
    NoCode,
    /// The lines of one reply have different codes.
    #[error("a reply with two codes")]
    MixedCodes,
    /// See [`SenderLimits::reply_line_bytes_max`].
    #[error("an endless line")]
    LineTooLong,
    /// See [`SenderLimits::reply_lines_max`].
    #[error("a reply of too many lines")]
    TooManyLines,
    /// See [`SenderLimits::reply_bytes_max`].
    #[error("a reply too long")]
    TooLong,
}

/// A reply as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RawReply {
    /// 200 to 599.
    pub(super) code: u16,
    /// What stands behind the codes, line by line; at least one.
    pub(super) lines: Vec<String>,
}

/// Gathers one reply from whatever pieces it comes in.
#[derive(Debug)]
pub(super) struct ReplyReader {
    line_bytes_max: usize,
    lines_max: usize,
    bytes_max: usize,
    /// The line under way.
    held: Vec<u8>,
    code: Option<u16>,
    lines: Vec<String>,
    bytes: usize,
}

/// Whether more lines of a reply follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Inner,
    Last,
}

impl ReplyReader {
    pub(super) fn new(limits: &SenderLimits) -> Self {
        Self {
            line_bytes_max: limits.reply_line_bytes_max,
            lines_max: limits.reply_lines_max,
            bytes_max: limits.reply_bytes_max,
            held: Vec::new(),
            code: None,
            lines: Vec::new(),
            bytes: 0,
        }
    }

    /// Takes bytes off the front of `input` up to the end of a reply; `None` when all were taken without. After a fault
    /// the reader is of no use.
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Option<Result<RawReply, ReplyFault>> {
        while !input.is_empty() {
            let end = memchr::memchr(b'\n', input).map(|at| at + 1);
            let (piece, rest) = input.split_at(end.unwrap_or(input.len()));
            if self.held.len() + piece.len() > self.line_bytes_max {
                return Some(Err(ReplyFault::LineTooLong));
            }
            *input = rest;
            self.held.extend_from_slice(piece);
            if end.is_some() {
                match self.line_ended() {
                    Ok(Place::Inner) => {}
                    Ok(Place::Last) => return self.taken().map(Ok),
                    Err(fault) => return Some(Err(fault)),
                }
            }
        }
        None
    }

    /// Octets held: at most a line over a reply's.
    pub(super) fn held_bytes(&self) -> usize {
        self.held.len() + self.lines.iter().map(String::len).sum::<usize>()
    }

    fn line_ended(&mut self) -> Result<Place, ReplyFault> {
        let held = std::mem::take(&mut self.held);
        let (code, place, text) = split(&held).ok_or(ReplyFault::NoCode)?;
        self.bytes += held.len();
        if self.code.is_some_and(|first| first != code) {
            return Err(ReplyFault::MixedCodes);
        }
        if self.bytes > self.bytes_max {
            return Err(ReplyFault::TooLong);
        }
        if self.lines.len() >= self.lines_max {
            return Err(ReplyFault::TooManyLines);
        }
        self.code = Some(code);
        self.lines.push(decoded(text));
        Ok(place)
    }

    fn taken(&mut self) -> Option<RawReply> {
        self.bytes = 0;
        Some(RawReply { code: self.code.take()?, lines: std::mem::take(&mut self.lines) })
    }
}

/// What is no UTF-8 becomes `?`: the usual replacement character would make up to three octets of one, and break the
/// bound.
fn decoded(text: &[u8]) -> String {
    let mut decoded = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        decoded.push_str(chunk.valid());
        decoded.push_str(if chunk.invalid().is_empty() { "" } else { "?" });
    }
    decoded
}

/// Splits a line, its end included, into code, place and text.
fn split(line: &[u8]) -> Option<(u16, Place, &[u8])> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (&[high @ b'2'..=b'5', middle @ b'0'..=b'9', low @ b'0'..=b'9'], rest) =
        line.split_first_chunk::<3>()?
    else {
        return None;
    };
    let digit = |byte: u8| u16::from(byte - b'0');
    let code = digit(high) * 100 + digit(middle) * 10 + digit(low);
    match rest.split_first() {
        None => Some((code, Place::Last, rest)),
        Some((b' ' | b'\t', text)) => Some((code, Place::Last, text)),
        Some((b'-', text)) => Some((code, Place::Inner, text)),
        Some(_) => None,
    }
}
