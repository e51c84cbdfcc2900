//! One session as a pure machine: what the server said goes in, what to do next comes out.
//!
//! *Standards*: RFC 5321; RFC 2920 (pipelining): where offered, `MAIL`, `RCPT` and `DATA` go in one write, and the
//! `QUIT` that ends a connection goes with the end of the mail.

/// What the caller does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// The reply is not whole yet.
    Wait,
    /// Greet.
    Hello,
    /// Say these of the three commands of the envelope.
    Commands(std::ops::Range<usize>),
    /// Say the mail.
    Body,
    /// The mail was accepted.
    Accepted,
    /// The goodbye was answered.
    Closed,
    /// The server said no, with this line.
    Refused(String),
}

/// Where the session stands: which reply is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Greeting,
    Hello,
    /// So many of the envelope's three commands are answered.
    Commands(usize),
    Body,
    Quit,
}

#[derive(Debug)]
pub(crate) struct Session {
    step: Step,
    pipelining: bool,
    /// What was heard and not yet taken.
    heard: Vec<u8>,
}

/// A reply that is longer is not one.
const REPLY_BYTES_MAX: usize = 16 * 1024;

impl Session {
    pub(crate) fn new() -> Self {
        Self { step: Step::Greeting, pipelining: false, heard: Vec::with_capacity(1024) }
    }

    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        self.heard.extend(bytes);
    }

    /// Takes the replies heard so far; to be called until it says [`Next::Wait`].
    pub(crate) fn next(&mut self) -> Next {
        let mut taken = 0;
        let next = loop {
            let left = self.heard.get(taken..).unwrap_or_default();
            let Some(bytes) = reply_bytes(left) else {
                let endless = left.len() > REPLY_BYTES_MAX;
                break if endless { Next::Refused("a reply without an end".to_owned()) } else { Next::Wait };
            };
            let reply = left.get(..bytes).unwrap_or_default();
            taken += bytes;
            let offers = reply.windows(10).any(|word| word.eq_ignore_ascii_case(b"PIPELINING"));
            let next = if self.step.expected().iter().any(|code| reply.starts_with(code.as_bytes())) {
                self.good(offers)
            } else {
                Some(Next::Refused(String::from_utf8_lossy(reply).trim_end().to_owned()))
            };
            if let Some(next) = next {
                break next;
            }
        };
        self.heard.drain(..taken);
        next
    }

    /// The next mail goes over this connection.
    pub(crate) fn again(&mut self) -> Next {
        self.step = Step::Commands(0);
        Next::Commands(if self.pipelining { 0..3 } else { 0..1 })
    }

    /// `QUIT` was said with the end of the mail.
    pub(crate) fn quit(&mut self) {
        self.step = Step::Quit;
    }

    /// What follows the reply that was hoped for; nothing where more replies are under way.
    fn good(&mut self, offers_pipelining: bool) -> Option<Next> {
        match self.step {
            Step::Greeting => {
                self.step = Step::Hello;
                Some(Next::Hello)
            }
            Step::Hello => {
                self.pipelining = offers_pipelining;
                Some(self.again())
            }
            Step::Commands(2) => {
                self.step = Step::Body;
                Some(Next::Body)
            }
            Step::Commands(answered) => {
                self.step = Step::Commands(answered + 1);
                (!self.pipelining).then_some(Next::Commands(answered + 1..answered + 2))
            }
            Step::Body => Some(Next::Accepted),
            Step::Quit => Some(Next::Closed),
        }
    }
}

impl Step {
    fn expected(self) -> &'static [&'static str] {
        match self {
            Self::Greeting => &["220"],
            Self::Hello | Self::Body | Self::Commands(0) => &["250"],
            Self::Commands(1) => &["250", "251"],
            Self::Commands(_) => &["354"],
            Self::Quit => &["221"],
        }
    }
}

/// How many bytes the first reply has, all its lines together, if it is whole.
fn reply_bytes(heard: &[u8]) -> Option<usize> {
    let mut end = 0;
    for line in heard.split_inclusive(|byte| *byte == b'\n') {
        end += line.len();
        if line.ends_with(b"\n") && line.get(3) != Some(&b'-') {
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Next, Session};

    fn hear(session: &mut Session, text: &str) -> Next {
        session.hear(text.as_bytes());
        session.next()
    }

    #[test]
    fn pipelines_where_offered() {
        let mut session = Session::new();
        assert_eq!(hear(&mut session, "220 mx.example ES"), Next::Wait);
        assert_eq!(hear(&mut session, "MTP\r\n"), Next::Hello);
        assert_eq!(hear(&mut session, "250-mx.example\r\n250-PIPELINING\r\n"), Next::Wait);
        assert_eq!(hear(&mut session, "250 8BITMIME\r\n"), Next::Commands(0..3));
        assert_eq!(hear(&mut session, "250 2.1.0 ok\r\n250 2.1.5 ok\r\n"), Next::Wait);
        assert_eq!(hear(&mut session, "354 go\r\n"), Next::Body);
        assert_eq!(hear(&mut session, "250 2.0.0 ticket #1\r\n"), Next::Accepted);
        assert_eq!(session.again(), Next::Commands(0..3));
    }

    #[test]
    fn one_command_at_a_time_otherwise() {
        let mut session = Session::new();
        assert_eq!(hear(&mut session, "220 mx\r\n"), Next::Hello);
        assert_eq!(hear(&mut session, "250 mx\r\n"), Next::Commands(0..1));
        assert_eq!(hear(&mut session, "250 ok\r\n"), Next::Commands(1..2));
        assert_eq!(hear(&mut session, "250 ok\r\n"), Next::Commands(2..3));
        assert_eq!(hear(&mut session, "354 go\r\n"), Next::Body);
        session.quit();
        assert_eq!(hear(&mut session, "221 bye\r\n"), Next::Closed);
    }

    #[test]
    fn a_refusal_is_told_with_its_words() {
        let mut session = Session::new();
        assert_eq!(hear(&mut session, "421 4.7.0 full\r\n"), Next::Refused("421 4.7.0 full".into()));
    }
}
