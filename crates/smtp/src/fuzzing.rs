//! Drives a receiving session with arbitrary bytes and holds it to its promises: for the fuzz target and for proptest.
//!
//! What must hold, else it panics: the session ends or waits, never loops; its backlog and outputs stay within
//! bounds; every reply is well-formed; content adds up between its question and its end.

mod sender;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::{Answer, Limits, Output, Receiver, Settings, StartTls, TlsSession, replies};

pub use sender::fuzz_sender;

/// Octets of one `input`; outputs for one stay below a multiple of it.
const PIECE_BYTES: usize = 64;

/// Feeds `data` to a session: the first byte says how it is cut and how questions are answered.
pub fn fuzz_receiver(data: &[u8]) {
    let Some((&way, data)) = data.split_first() else {
        return;
    };
    let mut session = Session::new(way);
    session.receiver.connected(SocketAddr::from((Ipv4Addr::LOCALHOST, 25)));
    session.drain();
    for piece in data.chunks(usize::from(way % 61) + 1) {
        session.receiver.tick(session.now);
        session.receiver.input(piece);
        session.drain();
        assert!(
            session.is_closed || session.receiver.wants_input(),
            "all was answered, yet it wants no input"
        );
    }
    assert_replies(&session.wire);
    session.end();
}

/// Feeds `data` to the address and header parsers.
pub fn fuzz_parsers(data: &[u8]) {
    let _ = crate::proxy::parse(data);
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(mailbox) = text.parse::<crate::Mailbox>() {
        let written = mailbox.to_string();
        assert!(!written.chars().any(char::is_control), "{written:?}");
        // Quoting may lengthen what stood at the very limit; nothing else may refuse it.
        match written.parse::<crate::Mailbox>() {
            Ok(again) => assert_eq!(again, mailbox),
            Err(error) => assert_eq!(error, crate::AddressError::TooLong),
        }
    }
}

struct Session {
    receiver: Receiver,
    now: Instant,
    way: u8,
    questions: u8,
    wire: Vec<u8>,
    content_bytes: u64,
    is_closed: bool,
}

impl Session {
    #[expect(
        clippy::disallowed_methods,
        reason = "an Instant can't be made otherwise; it is never asked again"
    )]
    fn new(way: u8) -> Self {
        let now = Instant::now();
        let limits = Limits {
            message_bytes_max: 200,
            discard_bytes_max: 400,
            command_bytes_max: 100,
            skipped_bytes_max: 300,
            backlog_bytes_max: PIECE_BYTES,
            recipients_max: 3,
            ..Limits::default()
        };
        let settings = Settings { host: "mx.example".to_owned(), starttls: StartTls::Offered, limits };
        let receiver = Receiver::new(settings, now);
        Self { receiver, now, way, questions: 0, wire: Vec::new(), content_bytes: 0, is_closed: false }
    }

    fn drain(&mut self) {
        let mut outputs = 0;
        while let Some(output) = self.receiver.poll() {
            outputs += 1;
            assert!(outputs <= 8 * PIECE_BYTES, "more comes out than one input can cause");
            assert!(!self.is_closed, "after Close nothing comes out");
            match output {
                Output::Send(bytes) => self.wire.extend_from_slice(&bytes),
                Output::Ask(_) => {
                    assert!(!self.receiver.wants_input(), "a question is open");
                    self.answer();
                }
                Output::Body(piece) => {
                    self.content_bytes += piece.len() as u64;
                    assert!(self.content_bytes <= 200, "content beyond its bound");
                }
                Output::BodyEnd(envelope) => {
                    assert!(!envelope.recipients.is_empty());
                    self.content_bytes = 0;
                    self.answer();
                }
                Output::BodyAbandoned => self.content_bytes = 0,
                Output::StartTls => self.receiver.tls(TlsSession {
                    version: String::new(),
                    cipher: String::new(),
                    server_name: None,
                }),
                Output::Close => self.is_closed = true,
            }
        }
    }

    /// One question in so many is refused.
    fn answer(&mut self) {
        self.questions = self.questions.wrapping_add(1);
        let refuses = self.way > 127 && self.questions.is_multiple_of(self.way % 7 + 2);
        self.receiver.answer(if refuses { Answer::Reply(replies::local_trouble()) } else { Answer::Accept });
    }

    /// Whatever state it is in, time ends it.
    fn end(mut self) {
        if let Some(deadline) = self.receiver.deadline() {
            self.receiver.tick(deadline + Duration::from_secs(1));
            self.drain();
        }
        assert!(self.is_closed, "a silent session must end");
    }
}

fn assert_replies(wire: &[u8]) {
    for line in wire.split_inclusive(|&byte| byte == b'\n') {
        let text = line.strip_suffix(b"\r\n").unwrap_or(b"");
        let is_reply = matches!(text, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', ..]);
        assert!(
            is_reply && text.len() <= 510 && text.iter().all(|&byte| matches!(byte, b' '..=b'~')),
            "{text:?}"
        );
    }
}
