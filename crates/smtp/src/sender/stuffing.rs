//! Dot stuffing: content on its way to the wire.
//!
//! What must hold: only [`end`](DotStuffer::end) writes CRLF.CRLF; every line on the wire ends in CRLF. Content has
//! only CRLF by construction; should a CR or an LF stand alone all the same, it becomes CRLF, since what else some
//! servers take for a line's end is how mails are smuggled.
//!
//! *Standards*: RFC 5321, sections 2.3.8, 4.1.1.4, 4.5.2 (transparency).

/// Follows one content through its pieces.
#[derive(Debug, Default)]
pub(super) struct DotStuffer {
    at: At,
}

/// What was written last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Nothing, or CRLF.
    #[default]
    LineStart,
    /// CRLF, for a CR whose LF may follow.
    AfterCr,
    /// Something else.
    Within,
}

impl DotStuffer {
    /// Appends content to the wire.
    pub(super) fn push(&mut self, content: &[u8], wire: &mut Vec<u8>) {
        let mut rest = content;
        while let Some((&byte, after)) = rest.split_first() {
            rest = match byte {
                b'\n' if self.at == At::AfterCr => {
                    self.at = At::LineStart;
                    after
                }
                b'\r' | b'\n' => {
                    wire.extend_from_slice(b"\r\n");
                    self.at = if byte == b'\r' { At::AfterCr } else { At::LineStart };
                    after
                }
                _ => self.text(rest, wire),
            };
        }
    }

    /// Appends the end.
    pub(super) fn end(self, wire: &mut Vec<u8>) {
        if self.at == At::Within {
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b".\r\n");
    }

    /// Up to the next CR or LF in one piece.
    fn text<'a>(&mut self, rest: &'a [u8], wire: &mut Vec<u8>) -> &'a [u8] {
        if self.at != At::Within && rest.starts_with(b".") {
            wire.push(b'.');
        }
        self.at = At::Within;
        let (text, rest) = rest.split_at(memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len()));
        wire.extend_from_slice(text);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &[u8], expected: &[u8]) {
        for cut in 0..=content.len() {
            let (mut stuffer, mut wire) = (DotStuffer::default(), Vec::new());
            stuffer.push(&content[..cut], &mut wire);
            stuffer.push(&content[cut..], &mut wire);
            stuffer.end(&mut wire);
            assert_eq!(wire.escape_ascii().to_string(), expected.escape_ascii().to_string(), "cut at {cut}");
        }
    }

    #[test]
    fn dots_are_doubled_at_the_start_of_lines_alone() {
        check(b".\r\n..\r\na.b\r\n.c\r\n", b"..\r\n...\r\na.b\r\n..c\r\n.\r\n");
        check(b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n.\r\n");
    }

    #[test]
    fn a_missing_last_line_end_is_added() {
        check(b"", b".\r\n");
        check(b"a", b"a\r\n.\r\n");
        check(b".", b"..\r\n.\r\n");
        check(b"\r\n", b"\r\n.\r\n");
        check(b"a\r", b"a\r\n.\r\n");
    }

    #[test]
    fn a_cr_or_lf_alone_becomes_a_line_end() {
        check(b"a\n.\nb\r.\rc\r\n", b"a\r\n..\r\nb\r\n..\r\nc\r\n.\r\n");
        check(b"a\r\r\n.\r\n", b"a\r\n\r\n..\r\n.\r\n");
        check(b"a\n\r\n", b"a\r\n\r\n.\r\n");
        check(b"a\n\r.\r\n", b"a\r\n\r\n..\r\n.\r\n");
    }

    #[test]
    fn any_other_octet_is_content() {
        check(b"\0\xff.\r\n", b"\0\xff.\r\n.\r\n");
    }
}
