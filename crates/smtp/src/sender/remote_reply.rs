//! What the remote answered, made fit to be kept and shown.
//!
//! What must hold: the text is one line of at most [`SenderLimits::reply_text_bytes_max`](super::SenderLimits) octets
//! without a control character or one that turns the direction of writing; the status' class is the code's.
//!
//! *Standards*: RFC 5321, section 4.2; RFC 2034 and 3463 (enhanced status codes).
//!
//! *Security*: the text is a stranger's. It goes into logs, tickets and terminals.

use std::fmt;

/// A reply of the remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteReply {
    /// 200 to 599.
    pub code: u16,
    /// The enhanced status, if there is one of the code's class.
    pub status: Option<EnhancedStatus>,
    /// The words, all lines as one, without code and status.
    pub text: String,
}

/// `class.subject.detail` (RFC 3463).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnhancedStatus {
    class: u8,
    subject: u16,
    detail: u16,
}

impl RemoteReply {
    /// `2xx`.
    pub fn is_positive(&self) -> bool {
        self.class() == 2
    }

    /// `3xx`: go on.
    pub fn is_intermediate(&self) -> bool {
        self.class() == 3
    }

    /// `4xx` or `5xx`.
    pub fn is_refusal(&self) -> bool {
        self.code >= 400
    }

    /// `5xx`.
    pub fn is_permanent(&self) -> bool {
        self.class() == 5
    }

    /// The remote closes (RFC 5321, section 3.8).
    pub(super) fn is_farewell(&self) -> bool {
        self.code == 421
    }

    /// Authentication is missing, too weak, wrong, or wants encryption (RFC 4954, section 6).
    pub(super) fn is_about_rights(&self) -> bool {
        matches!(self.code, 530 | 534 | 535 | 538)
    }

    fn class(&self) -> u16 {
        self.code / 100
    }

    /// From the lines' texts; what exceeds `text_bytes_max` is left out.
    pub(super) fn new(code: u16, lines: &[String], text_bytes_max: usize) -> Self {
        let class = u8::try_from(code / 100).unwrap_or_default();
        let status =
            lines.first().and_then(|line| EnhancedStatus::split(line, class)).map(|(status, _)| status);
        let mut text = String::new();
        for line in lines {
            let words = EnhancedStatus::split(line, class).map_or(line.as_str(), |(_, words)| words).trim();
            if !text.is_empty() && !words.is_empty() {
                text.push(' ');
            }
            text.extend(words.chars().map(harmless));
            if text.len() > text_bytes_max {
                break;
            }
        }
        text.truncate(text.floor_char_boundary(text_bytes_max));
        Self { code, status, text }
    }
}

/// On one line: code, status, words.
impl fmt::Display for RemoteReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        if self.text.is_empty() { Ok(()) } else { write!(f, " {}", self.text) }
    }
}

impl EnhancedStatus {
    /// Class 2, 4 or 5; subject and detail up to 999.
    pub fn new(class: u8, subject: u16, detail: u16) -> Option<Self> {
        let known = matches!(class, 2 | 4 | 5) && subject <= 999 && detail <= 999;
        known.then_some(Self { class, subject, detail })
    }

    /// 2, 4 or 5.
    pub fn class(self) -> u8 {
        self.class
    }

    /// What it is about, such as 1 for addresses.
    pub fn subject(self) -> u16 {
        self.subject
    }

    /// What precisely.
    pub fn detail(self) -> u16 {
        self.detail
    }

    /// Splits a line that begins with a status of this class.
    fn split(line: &str, class: u8) -> Option<(Self, &str)> {
        let (word, words) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let mut numbers = word.split('.').map(number);
        let (first, subject, detail) = (numbers.next()??, numbers.next()??, numbers.next()??);
        let status = Self::new(u8::try_from(first).ok()?, subject, detail)?;
        (numbers.next().is_none() && status.class == class).then_some((status, words))
    }
}

/// `1*3DIGIT`.
fn number(digits: &str) -> Option<u16> {
    let plain = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// Such as `5.1.1`.
impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// A character that could end a line, move a cursor, or turn the text around it becomes `?`; a tab becomes a space.
pub(super) fn harmless(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{61c}'
        | '\u{feff}' => '?',
        c if c.is_control() => '?',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: u16, lines: &[&str], status: Option<&str>, text: &str) {
        let lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
        let reply = RemoteReply::new(code, &lines, 40);
        assert_eq!(reply.status.map(|status| status.to_string()).as_deref(), status);
        assert_eq!(reply.text, text);
    }

    #[test]
    fn the_status_is_told_apart_from_the_words() {
        check(550, &["5.1.1 Nobody.", "5.1.1 Sorry."], Some("5.1.1"), "Nobody. Sorry.");
        check(250, &["2.0.0"], Some("2.0.0"), "");
        check(451, &["4.7.650 Slow down"], Some("4.7.650"), "Slow down");
        check(550, &["5.1.1\tNobody"], Some("5.1.1"), "Nobody");
    }

    #[test]
    fn what_is_no_status_of_the_codes_class_stays_in_the_words() {
        check(550, &["4.1.1 Nobody"], None, "4.1.1 Nobody");
        check(250, &["5.0.0 fine"], None, "5.0.0 fine");
        check(550, &["5.1 x"], None, "5.1 x");
        check(550, &["5.1.1.1 x"], None, "5.1.1.1 x");
        check(550, &["5.1.1234 x"], None, "5.1.1234 x");
        check(550, &["5.+1.1 x"], None, "5.+1.1 x");
        check(550, &["#5.1.1 x"], None, "#5.1.1 x");
        check(354, &["3.0.0 x"], None, "3.0.0 x");
    }

    #[test]
    fn words_can_neither_break_a_line_nor_turn_it() {
        check(550, &["a\u{1b}[31m\rb\0\u{202e}c\u{85}\td"], None, "a?[31m?b??c? d");
        check(550, &["", "", "x", ""], None, "x");
    }

    #[test]
    fn words_are_cut_at_a_whole_character() {
        check(550, &[&"é".repeat(21)], None, &"é".repeat(20));
        check(550, &[&format!("x{}", "é".repeat(21))], None, &format!("x{}", "é".repeat(19)));
    }
}
