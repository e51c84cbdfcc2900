//! The content of DATA: finds its end and takes the dot stuffing out, byte-exact and without holding lines.
//!
//! What must hold: only CRLF.CRLF ends the content; the CRLF before the dot belongs to it. Content with a CR or
//! an LF alone is ill-formed; it is still followed to its true end, for nothing in it may become a command.
//! Any other octet is content, NUL included (RFC 5321, section 4.1.1.4, lets content hold all of ASCII, and
//! mail kept whole can be judged later), and so are eight-bit ones without 8BITMIME.
//!
//! *Standards*: RFC 5321, sections 2.3.8, 4.1.1.4, 4.5.2 (transparency).
//!
//! *Security*: SMTP smuggling lives on ends other than CRLF.CRLF, such as `\n.\n`, `\n.\r\n`, `\r\n.\n`,
//! `\r.\r` and `\r\n.\r\r\n`.

/// Follows one content through its pieces.
#[derive(Debug, Default)]
pub(crate) struct DotScanner {
    at: At,
    ill_formed: bool,
}

/// Where in a line the scanner stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// At the start, or after CRLF.
    #[default]
    LineStart,
    /// After a dot at a line's start.
    Dot,
    /// After such a dot and a CR.
    DotCr,
    /// Within a line.
    Within,
    /// After a CR within a line.
    Cr,
    /// After CRLF.CRLF.
    End,
}

impl DotScanner {
    /// Appends the content in `input` to `content` and returns what follows its end: empty unless
    /// [`is_ended`](Self::is_ended).
    pub(crate) fn scan<'a>(&mut self, input: &'a [u8], content: &mut Vec<u8>) -> &'a [u8] {
        let mut rest = input;
        while self.at != At::End && !rest.is_empty() {
            rest = match self.at {
                At::Within => self.within_line(rest, content),
                _ => self.one_byte(rest, content),
            };
        }
        rest
    }

    /// Whether CRLF.CRLF was seen.
    pub(crate) fn is_ended(&self) -> bool {
        self.at == At::End
    }

    /// Whether a CR or an LF alone was seen.
    pub(crate) fn is_ill_formed(&self) -> bool {
        self.ill_formed
    }

    /// The fast way: up to the next CR or LF in one piece.
    fn within_line<'a>(&mut self, rest: &'a [u8], content: &mut Vec<u8>) -> &'a [u8] {
        let Some(found) = memchr::memchr2(b'\r', b'\n', rest) else {
            content.extend_from_slice(rest);
            return &[];
        };
        let (text, rest) = rest.split_at(found);
        content.extend_from_slice(text);
        self.one_byte(rest, content)
    }

    fn one_byte<'a>(&mut self, input: &'a [u8], content: &mut Vec<u8>) -> &'a [u8] {
        let Some((&byte, rest)) = input.split_first() else {
            return input;
        };
        let (next, is_content) = match (self.at, byte) {
            (At::LineStart, b'.') => (At::Dot, false),
            (At::Dot, b'\r') => (At::DotCr, false),
            (At::DotCr, b'\n') => (At::End, false),
            (At::Cr, b'\n') => (At::LineStart, true),
            (At::LineStart | At::Within, b'\r') => (At::Cr, true),
            (At::LineStart | At::Dot | At::Within, b'\n') | (At::DotCr | At::Cr, _) => {
                self.ill_formed = true;
                (if byte == b'\r' { At::Cr } else { At::Within }, true)
            }
            (At::LineStart | At::Dot | At::Within, _) => (At::Within, true),
            (At::End, _) => return input,
        };
        self.at = next;
        if is_content {
            content.push(byte);
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Content, whether it is ill-formed, what follows it; `None` without an end.
    fn scan(pieces: &[&[u8]]) -> Option<(Vec<u8>, bool, Vec<u8>)> {
        let (mut scanner, mut content, mut after) = (DotScanner::default(), Vec::new(), Vec::new());
        for piece in pieces {
            after.extend_from_slice(scanner.scan(piece, &mut content));
        }
        scanner.is_ended().then(|| (content, scanner.is_ill_formed(), after))
    }

    #[track_caller]
    fn check(input: &[u8], expected: Option<(&[u8], &[u8])>) {
        let expected = expected.map(|(content, after)| (content.to_vec(), false, after.to_vec()));
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(scan(&bytes), expected, "byte by byte");
        for cut in 0..=input.len() {
            assert_eq!(scan(&[&input[..cut], &input[cut..]]), expected, "cut at {cut}");
        }
    }

    #[test]
    fn content_ends_at_crlf_dot_crlf() {
        check(b".\r\n", Some((b"", b"")));
        check(b"a\r\n.\r\nQUIT\r\n", Some((b"a\r\n", b"QUIT\r\n")));
        check(b"\r\n.\r\n", Some((b"\r\n", b"")));
        check(b"a\r\n.", None);
        check(b"a\r\n.\r", None);
        check(b"a.\r\n", None);
    }

    #[test]
    fn stuffed_dots_are_taken_out() {
        check(b"..\r\n...\r\n.a\r\n.\r\n", Some((b".\r\n..\r\na\r\n", b"")));
        check(b"a.\r\n..b.\r\n.\r\n", Some((b"a.\r\n.b.\r\n", b"")));
    }

    #[test]
    fn nul_and_eight_bit_are_content() {
        check(b"\x00\xff.\r\n.\x00\r\n.\r\n", Some((b"\x00\xff.\r\n\x00\r\n", b"")));
    }

    #[test]
    fn no_other_spelling_of_the_end_is_one() {
        let spellings: [&[u8]; 16] = [
            b"\n.\n",
            b"\n.\r\n",
            b"\r\n.\n",
            b"\r.\r",
            b"\r\n.\r",
            b"\r.\r\n",
            b"\r.\n",
            b"\n.\r",
            b"\r\n.\r\r\n",
            b"\n\n.\n\n",
            b"\r\r.\r\r",
            b"\r\n.\n\r\n",
            b"\r\n\r.\r\n",
            b"\n\r.\r\n",
            b"\r\n.\r\0\n",
            b"\r\0\n.\r\n",
        ];
        for spelling in spellings {
            let input = [b"a", spelling, b"MAIL FROM:<x@example.org>\r\n.\r\nNOOP\r\n"].concat();
            for cut in 0..=input.len() {
                let (_, ill_formed, after) = scan(&[&input[..cut], &input[cut..]]).expect("the true end");
                assert!(ill_formed, "{spelling:?}");
                assert_eq!(after, b"NOOP\r\n", "{spelling:?}");
            }
        }
    }

    #[test]
    fn a_dot_with_nul_before_the_crlf_is_no_end() {
        check(b"a\r\n.\0\r\nMAIL\r\n.\r\n", Some((b"a\r\n\0\r\nMAIL\r\n", b"")));
        check(b"a\r\n\0.\r\n.\r\n", Some((b"a\r\n\0.\r\n", b"")));
    }
}
