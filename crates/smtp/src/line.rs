//! Framing of commands: where one line ends and the next begins.
//!
//! What must hold: only CRLF ends a line. A line with a CR or an LF alone, or one that is too long, is refused
//! once, as soon as that is seen, and everything up to its CRLF is skipped: no tail of it becomes a command.
//!
//! *Standards*: RFC 5321, sections 2.3.8 (lines), 4.5.3.1.4 (length).
//!
//! *Security*: a server that takes a bare LF for a line's end sees commands where the sender's own server saw
//! text; that is SMTP smuggling.

/// Why a line is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineFault {
    /// A CR or an LF alone.
    BareLineEnd,
    /// More octets than a command may have.
    TooLong,
    /// Refused before, and still without an end.
    Endless,
}

/// What the reader found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The line without its CRLF; of a refused one the beginning.
    pub(crate) bytes: Vec<u8>,
    /// Why it is refused, if it is.
    pub(crate) fault: Option<LineFault>,
}

/// Gathers one line from whatever pieces it comes in.
#[derive(Debug)]
pub(crate) struct LineReader {
    line_bytes_max: usize,
    skipped_bytes_max: usize,
    held: Vec<u8>,
    skipping: Option<Skip>,
}

/// A refused line whose CRLF is still to come.
#[derive(Clone, Copy, Debug, Default)]
struct Skip {
    bytes: usize,
    after_cr: bool,
}

impl LineReader {
    /// A reader for lines of `line_bytes_max` octets, CRLF included.
    pub(crate) fn new(line_bytes_max: usize, skipped_bytes_max: usize) -> Self {
        Self { line_bytes_max, skipped_bytes_max, held: Vec::new(), skipping: None }
    }

    /// Takes bytes off the front of `input` up to the end, or the refusal, of a line; `None` when all were taken
    /// without either.
    pub(crate) fn next(&mut self, input: &mut &[u8]) -> Option<Line> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            let found = if self.skipping.is_some() { self.skip(byte) } else { self.gather(byte) };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Whether the next byte begins a line.
    pub(crate) fn is_between_lines(&self) -> bool {
        self.held.is_empty() && self.skipping.is_none()
    }

    fn gather(&mut self, byte: u8) -> Option<Line> {
        let after_cr = self.held.last() == Some(&b'\r');
        let fault = match byte {
            b'\n' if after_cr => {
                self.held.pop();
                return Some(Line { bytes: std::mem::take(&mut self.held), fault: None });
            }
            b'\n' => LineFault::BareLineEnd,
            _ if after_cr => LineFault::BareLineEnd,
            // At least the LF of a CRLF must still fit in.
            _ if self.held.len() + 1 >= self.line_bytes_max => LineFault::TooLong,
            _ => {
                self.held.push(byte);
                return None;
            }
        };
        self.skipping = Some(Skip { bytes: 1, after_cr: byte == b'\r' });
        Some(Line { bytes: std::mem::take(&mut self.held), fault: Some(fault) })
    }

    fn skip(&mut self, byte: u8) -> Option<Line> {
        let mut skip = self.skipping.take()?;
        if skip.after_cr && byte == b'\n' {
            return None;
        }
        skip.bytes += 1;
        skip.after_cr = byte == b'\r';
        if skip.bytes > self.skipped_bytes_max {
            return Some(Line { bytes: Vec::new(), fault: Some(LineFault::Endless) });
        }
        self.skipping = Some(skip);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], cut: usize) -> Vec<(String, Option<LineFault>)> {
        let mut reader = LineReader::new(16, 40);
        let mut found = Vec::new();
        for mut piece in [&input[..cut], &input[cut..]] {
            while let Some(line) = reader.next(&mut piece) {
                found.push((String::from_utf8_lossy(&line.bytes).into_owned(), line.fault));
            }
        }
        found
    }

    #[track_caller]
    fn check(input: &[u8], expected: &[(&str, Option<LineFault>)]) {
        let expected: Vec<_> = expected.iter().map(|&(text, fault)| (text.to_owned(), fault)).collect();
        for cut in 0..=input.len() {
            assert_eq!(lines(input, cut), expected, "cut at {cut}");
        }
    }

    #[test]
    fn crlf_ends_a_line_and_nothing_else_does() {
        use LineFault::BareLineEnd;
        check(b"NOOP\r\n\r\nQUIT\r\nre", &[("NOOP", None), ("", None), ("QUIT", None)]);
        check(b"A\nQUIT\r\nB\r\n", &[("A", Some(BareLineEnd)), ("B", None)]);
        check(b"A\rQUIT\r\nB\r\n", &[("A\r", Some(BareLineEnd)), ("B", None)]);
        check(b"A\r\r\nB\r\n", &[("A\r", Some(BareLineEnd)), ("B", None)]);
        check(b"A\n\r\nB\r\n", &[("A", Some(BareLineEnd)), ("B", None)]);
        check(b"\nA\n\nQUIT\n\r\nB\r\n", &[("", Some(BareLineEnd)), ("B", None)]);
    }

    #[test]
    fn the_tail_of_an_overlong_line_is_no_command() {
        check(b"12345678901234\r\nB\r\n", &[("12345678901234", None), ("B", None)]);
        check(b"123456789012345\r\nB\r\n", &[("123456789012345", Some(LineFault::TooLong)), ("B", None)]);
        check(
            b"123456789012345QUIT\nQUIT\rQUIT\r\nB\r\n",
            &[("123456789012345", Some(LineFault::TooLong)), ("B", None)],
        );
    }

    #[test]
    fn an_endless_line_is_given_up() {
        let mut reader = LineReader::new(16, 40);
        let bytes = [b'x'; 56];
        let mut input = &bytes[..];
        assert_eq!(reader.next(&mut input).and_then(|line| line.fault), Some(LineFault::TooLong));
        assert_eq!(reader.next(&mut input).and_then(|line| line.fault), Some(LineFault::Endless));
        assert!(input.is_empty());
    }
}
