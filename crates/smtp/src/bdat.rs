//! The content of BDAT: sized chunks, in which only the line ends need a look.
//!
//! What must hold: outside BINARYMIME, which is not offered, content is lines ended by CRLF (RFC 3030, section
//! 2; RFC 6152), so a CR or an LF alone makes it ill-formed wherever chunks are cut. A last line needs no end.
//!
//! *Security*: content relayed by DATA later must not gain an end on the way.

/// Looks at the line ends of one content through its chunks.
#[derive(Debug, Default)]
pub(crate) struct LineEnds {
    after_cr: bool,
    ill_formed: bool,
}

impl LineEnds {
    /// Looks at the next piece; pieces need not be whole chunks.
    pub(crate) fn look_at(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while !self.ill_formed && !rest.is_empty() {
            if self.after_cr {
                self.after_cr = false;
                let Some(after) = rest.strip_prefix(b"\n") else {
                    self.ill_formed = true;
                    return;
                };
                rest = after;
            }
            let Some(found) = memchr::memchr2(b'\r', b'\n', rest) else {
                return;
            };
            let (_, tail) = rest.split_at(found);
            match tail.split_first() {
                Some((b'\r', after)) => (self.after_cr, rest) = (true, after),
                _ => self.ill_formed = true,
            }
        }
    }

    /// Whether a CR or an LF alone was seen.
    pub(crate) fn is_ill_formed(&self) -> bool {
        self.ill_formed
    }

    /// The same at the end of the content, where a CR can no longer get its LF.
    pub(crate) fn is_ill_formed_at_end(&self) -> bool {
        self.ill_formed || self.after_cr
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &[u8], ill_formed: bool) {
        for cut in 0..=content.len() {
            let mut ends = LineEnds::default();
            ends.look_at(&content[..cut]);
            ends.look_at(&content[cut..]);
            assert_eq!(ends.is_ill_formed_at_end(), ill_formed, "cut at {cut}");
        }
    }

    #[test]
    fn lines_end_in_crlf_in_chunks_too() {
        check(b"", false);
        check(b"a\r\n\r\nb\r\n.\r\nc", false);
        for content in [&b"a\nb"[..], b"a\rb", b"\r\r\n", b"a\r\n\n", b"a\r", b"\n", b"\n\r"] {
            check(content, true);
        }
    }
}
