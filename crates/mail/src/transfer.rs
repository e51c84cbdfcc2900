//! Transfer encodings, undone piece by piece, so that a large part streams out of the raw mail in bounded memory.
//!
//! All decoders are tolerant: damaged input yields what can be read of it, and [`PartDecoder::is_damaged`] says so.
//!
//! *Standards*: RFC 2045, section 6 (base64, quoted-printable); uuencode after POSIX.

use std::borrow::Cow;

use crate::part::TransferEncoding;

/// The longest line that quoted-printable or uuencode is held back for, in octets. RFC 2045 allows 76 and 61; a longer run is
/// decoded in pieces.
const HELD_BYTES_MAX: usize = 1024;

/// Undoes a transfer encoding: pieces in, pieces out. At most one line (1 KB) is held between two calls.
#[derive(Debug)]
pub struct PartDecoder {
    state: State,
    is_damaged: bool,
}

#[derive(Debug)]
enum State {
    Identity,
    Base64(Base64),
    QuotedPrintable(Vec<u8>),
    Uuencode { held: Vec<u8>, phase: UuPhase },
}

#[derive(Debug, Default)]
struct Base64 {
    bits: u32,
    /// Characters of the group read so far, 0 to 3.
    filled: u8,
    /// Padding seen: whatever follows within the group is left out.
    padded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UuPhase {
    Before,
    Within,
    After,
}

impl PartDecoder {
    /// A decoder at the beginning of a part's body.
    pub fn new(encoding: TransferEncoding) -> Self {
        let state = match encoding {
            TransferEncoding::Identity => State::Identity,
            TransferEncoding::Base64 => State::Base64(Base64::default()),
            TransferEncoding::QuotedPrintable => State::QuotedPrintable(Vec::new()),
            TransferEncoding::Uuencode => State::Uuencode { held: Vec::new(), phase: UuPhase::Before },
        };
        Self { state, is_damaged: false }
    }

    /// Decodes one piece and appends the result to `out`: never more octets than went in, but for the line held before.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        match &mut self.state {
            State::Identity => out.extend_from_slice(input),
            State::Base64(base64) => self.is_damaged |= base64.push(input, out),
            State::QuotedPrintable(held) => {
                let damaged = each_line(held, input, |line| quoted_printable_line(line, out));
                self.is_damaged |= damaged;
            }
            State::Uuencode { held, phase } => {
                let damaged = each_line(held, input, |line| uuencode_line(line, phase, out));
                self.is_damaged |= damaged;
            }
        }
    }

    /// Says that the part is over: what was held back comes out.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        match &mut self.state {
            State::Identity => {}
            State::Base64(base64) => self.is_damaged |= base64.finish(out),
            State::QuotedPrintable(held) => {
                let line = std::mem::take(held);
                self.is_damaged |= quoted_printable_line(&line, out);
            }
            State::Uuencode { held, phase } => {
                let line = std::mem::take(held);
                self.is_damaged |= uuencode_line(&line, phase, out) || *phase != UuPhase::After;
            }
        }
    }

    /// Whether anything so far was not as the encoding wants it.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}

/// Undoes a transfer encoding of a body that lies in memory whole.
pub fn decode_part(body: &[u8], encoding: TransferEncoding) -> Cow<'_, [u8]> {
    decode_checked(body, encoding).0
}

/// As [`decode_part`], and whether the encoding was damaged.
pub(crate) fn decode_checked(body: &[u8], encoding: TransferEncoding) -> (Cow<'_, [u8]>, bool) {
    if encoding == TransferEncoding::Identity {
        return (Cow::Borrowed(body), false);
    }
    let mut decoder = PartDecoder::new(encoding);
    let mut out = Vec::with_capacity(body.len());
    decoder.push(body, &mut out);
    decoder.finish(&mut out);
    (Cow::Owned(out), decoder.is_damaged())
}

impl Base64 {
    /// Octets outside the alphabet are left out (RFC 2045, section 6.8); white space is no damage.
    fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> bool {
        let mut damaged = false;
        for &byte in input {
            match BASE64_VALUES.get(usize::from(byte)).copied().unwrap_or(BAD) {
                BAD if byte == b'=' => self.pad(out),
                BAD => damaged |= !byte.is_ascii_whitespace(),
                value => {
                    // Several encoded pieces glued together: after padding a new group begins.
                    self.padded = false;
                    self.bits = self.bits << 6 | u32::from(value);
                    self.filled += 1;
                    if self.filled == 4 {
                        let [_, a, b, c] = self.bits.to_be_bytes();
                        out.extend_from_slice(&[a, b, c]);
                        (self.bits, self.filled) = (0, 0);
                    }
                }
            }
        }
        damaged
    }

    fn pad(&mut self, out: &mut Vec<u8>) {
        if !self.padded {
            self.flush(out);
            self.padded = true;
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> bool {
        // Missing padding loses nothing unless a single character is left: six bits are no octet.
        let damaged = self.filled == 1;
        self.flush(out);
        damaged
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        let [_, a, b, _] = (self.bits << (6 * u32::from(4 - self.filled.min(4)))).to_be_bytes();
        match self.filled {
            2 => out.push(a),
            3 => out.extend_from_slice(&[a, b]),
            _ => {}
        }
        (self.bits, self.filled) = (0, 0);
    }
}

const BAD: u8 = 0xFF;

/// The value of each character of the base64 alphabet.
static BASE64_VALUES: [u8; 256] = base64_values();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, with indexes of one octet into 256 values"
)]
const fn base64_values() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [BAD; 256];
    let mut value = 0;
    while value < alphabet.len() {
        values[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    values
}

/// Calls `decode` with each whole line of `held` and `input`, line break included, and holds back what is left.
fn each_line(held: &mut Vec<u8>, input: &[u8], mut decode: impl FnMut(&[u8]) -> bool) -> bool {
    let mut damaged = false;
    let mut rest = input;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let (line, after) = rest.split_at(end + 1);
        rest = after;
        if held.is_empty() {
            damaged |= decode(line);
        } else {
            held.extend_from_slice(line);
            damaged |= decode(held);
            held.clear();
        }
    }
    held.extend_from_slice(rest);
    if held.len() > HELD_BYTES_MAX {
        // Never cut an escape (`=`, `=4`, `= \r`) in two: keep back what may be the beginning of one.
        let keep = held.iter().rev().take(HELD_BYTES_MAX).position(|b| *b == b'=').filter(|p| *p < 3);
        let tail = held.split_off(held.len() - keep.map_or(0, |p| p + 1));
        damaged |= decode(held);
        *held = tail;
    }
    damaged
}

/// Decodes one line, or a piece of an overlong one, of quoted-printable. Malformed escapes stay as they stand (RFC 2045, 6.7).
fn quoted_printable_line(line: &[u8], out: &mut Vec<u8>) -> bool {
    let (text, line_break) = split_line_break(line);
    // White space before a line break was added on the way (rule 3).
    let text = if line_break.is_empty() { text } else { text.trim_ascii_end() };
    let mut damaged = false;
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (plain, escape) = rest.split_at(at);
        out.extend_from_slice(plain);
        match escape {
            [b'='] => return damaged,
            [b'=', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            [equals, after @ ..] => {
                damaged = true;
                out.push(*equals);
                rest = after;
            }
            [] => rest = &[],
        }
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(line_break);
    damaged
}

fn uuencode_line(line: &[u8], phase: &mut UuPhase, out: &mut Vec<u8>) -> bool {
    let (text, _) = split_line_break(line);
    match phase {
        UuPhase::Before if text.starts_with(b"begin ") => *phase = UuPhase::Within,
        UuPhase::Within if text == b"end" => *phase = UuPhase::After,
        UuPhase::Within => return uuencode_octets(text, out),
        UuPhase::Before | UuPhase::After => {}
    }
    false
}

fn uuencode_octets(text: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((&length, groups)) = text.split_first() else {
        return false;
    };
    let wanted = usize::from(length.wrapping_sub(b' ') & 0x3F);
    let before = out.len();
    for group in groups.chunks(4) {
        let six =
            |index: usize| u32::from(group.get(index).copied().unwrap_or(b' ').wrapping_sub(b' ') & 0x3F);
        let [_, a, b, c] = (six(0) << 18 | six(1) << 12 | six(2) << 6 | six(3)).to_be_bytes();
        out.extend_from_slice(&[a, b, c]);
    }
    let damaged = out.len() - before < wanted;
    out.truncate(before + wanted);
    damaged
}

fn split_line_break(line: &[u8]) -> (&[u8], &[u8]) {
    let text = line.strip_suffix(b"\n").map_or(line, |text| text.strip_suffix(b"\r").unwrap_or(text));
    line.split_at(text.len())
}

/// The value of a hexadecimal digit; callers have checked that it is one.
pub(crate) fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}
