//! One SMTP reply: code, enhanced status, lines of text.
//!
//! What must hold: whatever a [`Reply`] is made from, it is written as well-formed reply lines: printable
//! ASCII, no CR or LF within a line, none over 512 octets (RFC 5321, section 4.5.3.1.5), and an enhanced
//! status whose class is the code's (RFC 2034, section 4).

use std::borrow::Cow;
use std::fmt;

/// Octets of text in one reply line: 512, less `250-`, the longest status (`5.999.999 `) and CRLF.
const TEXT_BYTES_MAX: usize = 512 - 4 - 10 - 2;
/// Lines of one reply; further text is left out.
const LINES_MAX: usize = 32;

/// Reply codes of RFC 5321, section 4.2, and of the extensions in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Code {
    /// 214, help text.
    Help = 214,
    /// 220, the greeting, or go on with TLS.
    Ready = 220,
    /// 221, the answer to QUIT.
    Closing = 221,
    /// 250, done.
    Ok = 250,
    /// 252, the answer to VRFY.
    CannotVerify = 252,
    /// 354, the content may come.
    StartMailInput = 354,
    /// 421, and the connection is closed.
    ServiceUnavailable = 421,
    /// 450, mailbox busy or held back by policy for now.
    MailboxBusy = 450,
    /// 451, trouble of ours.
    LocalError = 451,
    /// 452, no room, or too many recipients.
    InsufficientStorage = 452,
    /// 500, command not recognised.
    SyntaxError = 500,
    /// 501, syntax error in an argument.
    ArgumentError = 501,
    /// 502, known but not offered.
    NotImplemented = 502,
    /// 503, bad sequence.
    BadSequence = 503,
    /// 550, mailbox unavailable, or refused by policy.
    MailboxUnavailable = 550,
    /// 552, too large.
    ExceededStorage = 552,
    /// 553, mailbox name not allowed.
    MailboxNameNotAllowed = 553,
    /// 554, transaction failed, or no service for this client.
    TransactionFailed = 554,
    /// 555, parameter not recognised.
    ParameterNotRecognised = 555,
}

impl Code {
    /// The three digits.
    pub const fn number(self) -> u16 {
        self as u16
    }
}

/// The subject and detail of an enhanced status code (RFC 3463); its class comes from the reply's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    subject: u16,
    detail: u16,
}

impl Status {
    /// `Status::new(1, 1)` is `X.1.1`. Numbers over 999, which RFC 3463 doesn't know, count as 0.
    pub const fn new(subject: u16, detail: u16) -> Self {
        const fn known(number: u16) -> u16 {
            if number > 999 { 0 } else { number }
        }
        Self { subject: known(subject), detail: known(detail) }
    }
}

/// A reply, ready for the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    code: Code,
    status: Option<Status>,
    /// Never empty; each line printable ASCII of at most `TEXT_BYTES_MAX` octets.
    lines: Vec<Cow<'static, str>>,
}

impl Reply {
    /// A reply with an enhanced status. An LF in `text` begins a new line, an overlong line is folded, and
    /// every other character that can't be printed in ASCII becomes `?`.
    pub fn new(code: Code, status: Status, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, status: Some(status), lines: clean_lines(text.into()) }
    }

    /// For the replies that carry none: greeting, EHLO, HELO, 354 (RFC 2034, section 4).
    pub(crate) fn without_status(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, status: None, lines: clean_lines(text.into()) }
    }

    /// The reply code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// `2xx` or `3xx`.
    pub fn is_positive(&self) -> bool {
        self.code.number() < 400
    }

    /// `4xx`: the sender will try again.
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code.number())
    }

    /// `5xx`: the sender gives up.
    pub fn is_permanent(&self) -> bool {
        self.code.number() >= 500
    }

    /// Appends the reply lines, CRLF included.
    pub fn write_to(&self, wire: &mut Vec<u8>) {
        wire.extend_from_slice(self.to_string().as_bytes());
    }
}

/// As on the wire, CRLF included.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.number();
        let last = self.lines.len().saturating_sub(1);
        for (at, line) in self.lines.iter().enumerate() {
            write!(f, "{code}{}", if at == last { ' ' } else { '-' })?;
            if let Some(Status { subject, detail }) = self.status {
                write!(f, "{}.{subject}.{detail} ", code / 100)?;
            }
            write!(f, "{line}\r\n")?;
        }
        Ok(())
    }
}

fn clean_lines(text: Cow<'static, str>) -> Vec<Cow<'static, str>> {
    let printable = |c: char| matches!(c, ' '..='~');
    if text.len() <= TEXT_BYTES_MAX && text.chars().all(printable) {
        return vec![text];
    }
    let lines = text.split('\n').flat_map(|line| {
        let ascii: Vec<char> = line.chars().map(|c| if printable(c) { c } else { '?' }).collect();
        let mut folded: Vec<Cow<'static, str>> =
            ascii.chunks(TEXT_BYTES_MAX).map(|piece| Cow::Owned(piece.iter().collect())).collect();
        if folded.is_empty() {
            folded.push(Cow::Borrowed(""));
        }
        folded
    });
    lines.take(LINES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_carries_the_status_on_each_line() {
        let reply = Reply::new(Code::MailboxUnavailable, Status::new(1, 1), "Nobody here.\nSorry.");
        assert_eq!(reply.to_string(), "550-5.1.1 Nobody here.\r\n550 5.1.1 Sorry.\r\n");
        assert!(reply.is_permanent() && !reply.is_transient() && !reply.is_positive());
    }

    #[test]
    fn no_text_can_break_out_of_its_reply() {
        let reply = Reply::new(Code::Ok, Status::new(0, 0), "done\r\n250 forged\u{0}\u{e9}\t");
        assert_eq!(reply.to_string(), "250-2.0.0 done?\r\n250 2.0.0 250 forged???\r\n");
    }

    #[test]
    fn overlong_text_is_folded_and_bounded() {
        let reply = Reply::new(Code::LocalError, Status::new(999, 1000), "x".repeat(100_000));
        let wire = reply.to_string();
        assert!(wire.split_inclusive("\r\n").all(|line| line.len() <= 512 && line.starts_with("451")));
        assert_eq!(wire.lines().count(), LINES_MAX);
        assert_eq!(wire.matches("451 ").count(), 1, "only the last line has a space after its code");
    }

    #[test]
    fn a_reply_without_text_is_still_a_line() {
        assert_eq!(Reply::new(Code::Ok, Status::new(0, 0), "").to_string(), "250 2.0.0 \r\n");
    }
}
