//! Drives a sending session with arbitrary bytes of the remote's, and holds it to its promises.
//!
//! What must hold, else it panics: each transaction has one result; after a failure comes the close, after that
//! nothing; what is kept of the remote is bounded and harmless; every command is a line of its own; nothing is sent of
//! a password in the clear.

use crate::{
    Credentials, Dsn, ForwardPath, Host, ReversePath, Sender, SenderLimits, SenderOutput, SenderSettings,
    TlsWish, Transaction,
};

/// Octets of a reply's words that are kept.
const TEXT_BYTES_MAX: usize = 60;
/// Transactions of one session.
const TRANSACTIONS_MAX: u32 = 4;
/// Outputs that one input may cause at most: a result, a failure, a close, what is sent and said between.
const OUTPUTS_MAX: usize = 40;
/// Content that must be stuffed and ended.
const CONTENT: &[u8] = b"Subject: x\r\n\r\n.\r\n..y";

/// Feeds `data` to a session as what the remote says: the first byte says how it is cut and what is wished.
pub fn fuzz_sender(data: &[u8]) {
    let Some((&way, data)) = data.split_first() else { return };
    let Some(mut session) = Session::new(way) else { return };
    for piece in data.chunks(usize::from(way % 31) + 1) {
        session.sender.input(piece);
        session.drain();
        assert!(session.sender.held_bytes() <= 300, "more is held of a reply than allowed");
    }
    if way.is_multiple_of(2) {
        session.sender.closed();
    } else {
        session.sender.timed_out();
    }
    session.drain();
    assert!(session.is_closed && session.sender.wait().is_none(), "nothing is left to wait for");
    assert_eq!(session.begun, session.done, "each transaction has one result");
}

struct Session {
    sender: Sender,
    begun: u32,
    done: u32,
    has_failed: bool,
    is_closed: bool,
    /// Whether content is being sent, which may hold any line.
    in_body: bool,
}

impl Session {
    fn new(way: u8) -> Option<Self> {
        let limits = SenderLimits {
            reply_line_bytes_max: 100,
            reply_lines_max: 8,
            reply_bytes_max: 200,
            reply_text_bytes_max: TEXT_BYTES_MAX,
            ..SenderLimits::default()
        };
        let tls = [TlsWish::Never, TlsWish::IfOffered, TlsWish::Required, TlsWish::Implicit];
        let tls = *tls.get(usize::from(way % 4))?;
        let credentials = (way & 64 != 0).then(|| Credentials::new("us", "secret"));
        let helo: Host = "us.example".parse().ok()?;
        let sender = Sender::new(SenderSettings { helo, tls, credentials, limits });
        Some(Self { sender, begun: 0, done: 0, has_failed: false, is_closed: false, in_body: false })
    }

    fn drain(&mut self) {
        let mut outputs = 0;
        while let Some(output) = self.sender.poll() {
            outputs += 1;
            assert!(outputs <= OUTPUTS_MAX, "more comes out than one input can cause");
            assert!(!self.is_closed, "after Close nothing comes out");
            assert!(!self.has_failed || output == SenderOutput::Close, "after Failed comes Close alone");
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: SenderOutput) {
        match output {
            SenderOutput::Send(bytes) => self.check(&bytes),
            SenderOutput::StartTls => self.sender.tls_started(),
            SenderOutput::Ready if self.begun < TRANSACTIONS_MAX => self.begin(),
            SenderOutput::Ready => self.sender.quit(),
            SenderOutput::WantBody => {
                self.in_body = true;
                CONTENT.chunks(5).for_each(|piece| self.sender.body(piece));
                self.sender.body_end();
            }
            SenderOutput::Done(result) => {
                self.in_body = false;
                self.done += 1;
                assert!(result.reply().is_none_or(|reply| is_harmless(&reply.text)), "{result:?}");
            }
            SenderOutput::Failed(failure) => {
                self.has_failed = true;
                assert!(failure.reply().is_none_or(|reply| is_harmless(&reply.text)), "{failure:?}");
            }
            SenderOutput::Close => self.is_closed = true,
        }
    }

    fn begin(&mut self) {
        let Ok(recipient) = ForwardPath::parse("b@mx.example") else { return };
        let dsn = Some(Dsn { envid: Some("x".to_owned()), ..Dsn::default() });
        let reverse_path = ReversePath::Null;
        self.begun += 1;
        // One more octet each time, so that a small SIZE refuses some.
        let size = u64::from(self.begun);
        self.sender.begin(&Transaction {
            reverse_path,
            recipient,
            size,
            eight_bit: false,
            smtputf8: false,
            dsn,
        });
    }

    fn check(&self, bytes: &[u8]) {
        assert!(bytes.len() <= 2000, "no more leaves than commands and a little content");
        if self.in_body {
            return;
        }
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        assert!(
            text.ends_with("\r\n") && !text.replace("\r\n", "").chars().any(char::is_control),
            "{text:?}"
        );
        assert!(self.sender.is_secured() || !text.starts_with("AUTH"), "a password in the clear");
    }
}

fn is_harmless(text: &str) -> bool {
    text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control)
}
