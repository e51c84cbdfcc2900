//! Text to cut bodies from, made once: lines of one length, so that any run of lines is a body.
//!
//! What must hold: no line begins with a dot or ends in white space, so what is sent needs no dot-stuffing and is
//! its own relaxed form for DKIM.

use std::ops::Range;

use data_encoding::BASE64;
use guichet_tests::random::Random;

/// A line with its end: 76 characters, as base64 in mail has (RFC 2045, 6.8).
pub(crate) const LINE_BYTES: usize = 78;

/// Different words: enough for text to compress as letters of people do, about threefold.
const WORDS: usize = 4_000;

/// A store of lines.
#[derive(Debug)]
pub(crate) struct Text(Vec<u8>);

impl Text {
    /// Words, as in a letter.
    pub(crate) fn words(bytes: usize, random: &mut Random) -> Self {
        let words: Vec<String> = (0..WORDS).map(|_| word(random)).collect();
        let mut text = Vec::with_capacity(bytes + LINE_BYTES);
        let mut line = String::new();
        while text.len() < bytes {
            // Twice drawn: small numbers, thus the same words, come more often.
            let few = random.below(WORDS) + 1;
            let at = random.below(few);
            line.push_str(words.get(at).map_or("", String::as_str));
            line.push(' ');
            if line.len() >= LINE_BYTES {
                line.truncate(LINE_BYTES - 3);
                text.extend(line.as_bytes());
                text.extend(b".\r\n");
                line.clear();
            }
        }
        Self(text)
    }

    /// Random bytes in base64: what a photograph or an archive looks like to a compressor.
    pub(crate) fn random(bytes: usize, random: &mut Random) -> Self {
        let mut text = Vec::with_capacity(bytes + LINE_BYTES);
        let mut raw = [0; 57];
        while text.len() < bytes {
            random.fill(&mut raw);
            text.extend(BASE64.encode(&raw).as_bytes());
            text.extend(b"\r\n");
        }
        Self(text)
    }

    /// Where a body of about this many bytes, at least a line, may be cut out; anywhere, so that each is another.
    pub(crate) fn cut(&self, bytes: usize, random: &mut Random) -> Range<usize> {
        let lines = self.0.len() / LINE_BYTES;
        let wanted = (bytes / LINE_BYTES).clamp(1, lines);
        let first = random.below(lines - wanted + 1);
        first * LINE_BYTES..(first + wanted) * LINE_BYTES
    }

    pub(crate) fn get(&self, cut: &Range<usize>) -> &[u8] {
        self.0.get(cut.clone()).unwrap_or_default()
    }
}

/// Two to four syllables.
fn word(random: &mut Random) -> String {
    const SYLLABLES: &[&str] = &[
        "ba", "ter", "ni", "lo", "car", "mi", "sen", "du", "ro", "pa", "tion", "ves", "ki", "al", "em", "or",
    ];
    let syllables = 2 + random.below(3);
    (0..syllables).filter_map(|_| SYLLABLES.get(random.below(SYLLABLES.len()))).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::{LINE_BYTES, Text};
    use guichet_tests::random::Random;

    #[test]
    fn every_line_is_fit_to_be_sent_as_it_is() {
        let mut random = Random::new(1);
        for text in [Text::words(10_000, &mut random), Text::random(10_000, &mut random)] {
            for line in text.0.chunks(LINE_BYTES) {
                assert_eq!(line.len(), LINE_BYTES);
                assert!(line.ends_with(b"\r\n") && !line.starts_with(b".") && !line.ends_with(b" \r\n"));
            }
            let cut = text.cut(5_000, &mut random);
            assert_eq!(text.get(&cut).len(), 64 * LINE_BYTES);
            assert_eq!(text.get(&text.cut(1 << 30, &mut random)).len() % LINE_BYTES, 0);
        }
    }
}
