//! What a driver meets beside the dialogue: TLS, backpressure, early talkers, time, the graceful stop.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::*;
use super::start;

/// A session that accepts whatever is asked, and all that came out of it.
pub(super) struct Session {
    pub(super) receiver: Receiver,
    pub(super) now: Instant,
    pub(super) out: Vec<Output>,
}

impl Session {
    pub(super) fn new(limits: Limits) -> Self {
        Self::with(StartTls::Offered, limits)
    }

    fn with(starttls: StartTls, limits: Limits) -> Self {
        let now = start();
        let settings = Settings { host: "mx.example".to_owned(), starttls, limits };
        let mut receiver = Receiver::new(settings, now);
        receiver.connected("192.0.2.1:4321".parse().expect("an address"));
        let mut session = Self { receiver, now, out: Vec::new() };
        session.drain();
        session
    }

    /// Up to where content is awaited.
    pub(super) fn in_data(limits: Limits) -> Self {
        let mut session = Self::new(limits);
        session.say("EHLO client.example\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@mx.example>\r\nDATA\r\n");
        session
    }

    /// Sends `text`; returns the replies to it.
    pub(super) fn say(&mut self, text: &str) -> String {
        self.receiver.input(text.as_bytes());
        self.drain()
    }

    pub(super) fn pass(&mut self, secs: u64) -> String {
        self.now += Duration::from_secs(secs);
        self.receiver.tick(self.now);
        self.drain()
    }

    pub(super) fn drain(&mut self) -> String {
        let mut replies = String::new();
        while let Some(output) = self.receiver.poll() {
            match &output {
                Output::Ask(_) | Output::BodyEnd(_) => self.receiver.answer(Answer::Accept),
                Output::Send(bytes) => replies.push_str(&String::from_utf8_lossy(bytes)),
                _ => {}
            }
            self.out.push(output);
        }
        replies
    }

    pub(super) fn is_closed(&self) -> bool {
        self.out.last() == Some(&Output::Close)
    }

    /// Seconds until the deadline.
    pub(super) fn patience_secs(&self) -> Option<u64> {
        self.receiver.deadline().map(|deadline| (deadline - self.now).as_secs())
    }
}

#[test]
fn commands_injected_behind_starttls_close_the_session() {
    let mut session = Session::new(Limits::default());
    session.say("EHLO client.example\r\n");
    let said = session.say("STARTTLS\r\nMAIL FROM:<x@example.org>\r\n");
    assert!(said.starts_with("421 4.7.0 "), "{said}");
    assert!(session.is_closed());
    assert!(!session.out.contains(&Output::StartTls));
}

#[test]
fn clear_bytes_during_the_handshake_close_the_session() {
    let mut session = Session::new(Limits::default());
    session.say("EHLO client.example\r\nSTARTTLS\r\n");
    assert_eq!(session.out.last(), Some(&Output::StartTls));
    assert!(!session.receiver.wants_input());
    assert_eq!(session.say("NOOP\r\n"), "");
    assert!(session.is_closed());
}

#[test]
fn starttls_is_offered_only_with_a_certificate() {
    let mut session = Session::with(StartTls::Absent, Limits::default());
    assert!(!session.say("EHLO client.example\r\n").contains("STARTTLS"));
    assert!(session.say("STARTTLS\r\n").starts_with("502 5.5.1 "));
}

#[test]
fn tls_in_the_clear_is_hung_up_on() {
    let mut session = Session::new(Limits::default());
    assert!(session.say("\u{16}\u{3}\u{1}").starts_with("421 4.7.0 "));
    assert!(session.is_closed());
}

#[test]
fn http_is_hung_up_on_even_ill_formed() {
    for request in ["GET / HTTP/1.0\n", "GET /\rx", &format!("GET /{}", "x".repeat(3000)), "SSH-2.0-x\r\n"] {
        let mut session = Session::new(Limits::default());
        assert!(session.say(request).starts_with("421 4.7.0 "), "{request}");
        assert!(session.is_closed());
    }
}

#[test]
fn an_ill_formed_bdat_ends_the_session() {
    let long = format!("BDAT 5 {}", "x".repeat(3000));
    for line in [
        "BDAT 5\nQUIT\r\n",
        "BDAT\r\n",
        "BDAT 5 LAST x\r\n",
        "BDAT 99999999999999999999\r\n",
        "BDAT -1\r\n",
        &long,
    ] {
        let mut session = Session::new(Limits::default());
        assert!(session.say(line).starts_with("501 5.5.4 "), "{line}");
        assert!(session.is_closed());
    }
}

#[test]
fn an_early_talker_is_known_and_served() {
    let settings =
        Settings { host: "mx.example".to_owned(), starttls: StartTls::Absent, limits: Limits::default() };
    let mut receiver = Receiver::new(settings, start());
    assert!(!receiver.wants_input());
    receiver.connected("192.0.2.1:4321".parse().expect("an address"));
    assert!(!receiver.early_talker());
    receiver.input(b"NOOP\r\n");
    assert!(receiver.early_talker());
    assert!(matches!(receiver.poll(), Some(Output::Ask(Question::Connect(_)))));
    receiver.answer(Answer::Accept);
    assert_eq!(receiver.poll(), Some(Output::Send(b"220 mx.example ESMTP\r\n250 2.0.0 OK.\r\n".to_vec())));
    assert_eq!(receiver.poll(), None);
}

#[test]
fn a_client_that_waits_for_its_greeting_is_no_early_talker() {
    let mut session = Session::new(Limits::default());
    session.say("NOOP\r\n");
    assert!(!session.receiver.early_talker());
}

#[test]
fn nothing_is_read_while_a_question_is_open() {
    let mut session = Session::new(Limits::default());
    session.receiver.input(b"EHLO client.example\r\nNOOP\r\n");
    assert!(matches!(session.receiver.poll(), Some(Output::Ask(Question::Hello(_)))));
    assert_eq!(session.receiver.poll(), None);
    assert!(!session.receiver.wants_input());
    assert_eq!(session.receiver.deadline(), None, "the client need not hurry while we think");
    session.receiver.answer(Answer::Accept);
    assert!(session.receiver.wants_input());
    assert!(session.drain().ends_with("250 HELP\r\n250 2.0.0 OK.\r\n"));
}

#[test]
fn an_answer_to_no_question_changes_nothing() {
    let mut session = Session::new(Limits::default());
    session.receiver.answer(Answer::Accept);
    assert_eq!(session.drain(), "");
    assert_eq!(session.say("NOOP\r\n"), "250 2.0.0 OK.\r\n");
}

#[test]
fn content_comes_in_pieces_as_large_as_the_input() {
    let mut session = Session::in_data(Limits::default());
    session.out.clear();
    session.say(&"one line\r\n..another\r\n".repeat(1000));
    let [Output::Body(piece)] = session.out.as_slice() else {
        panic!("one piece, not {}", session.out.len())
    };
    assert_eq!(piece.len(), "one line\r\n.another\r\n".len() * 1000);
}

#[test]
fn a_line_of_content_has_no_bound_and_is_not_held() {
    let mut session = Session::in_data(Limits::default());
    session.out.clear();
    session.say(&"x".repeat(100_000));
    assert!(matches!(session.out.as_slice(), [Output::Body(piece)] if piece.len() == 100_000));
}

#[test]
fn the_graceful_stop_tells_an_idle_client_at_once() {
    let mut session = Session::new(Limits::default());
    session.say("EHLO client.example\r\nMAIL FROM:<a@example.org>\r\nNO");
    session.receiver.shutdown();
    assert!(session.drain().starts_with("421 4.3.2 "));
    assert!(session.is_closed());
}

#[test]
fn the_graceful_stop_lets_a_mail_be_finished() {
    let mut session = Session::in_data(Limits::default());
    session.receiver.shutdown();
    assert_eq!(session.drain(), "");
    let said = session.say("x\r\n.\r\nMAIL FROM:<a@example.org>\r\n");
    let replies: Vec<&str> = said.lines().map(|line| &line[..9]).collect();
    assert_eq!(replies, ["250 2.0.0", "421 4.3.2"]);
    assert!(session.is_closed());
}

#[test]
fn the_graceful_stop_lets_chunks_be_finished() {
    let mut session = Session::new(Limits::default());
    session
        .say("EHLO client.example\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@mx.example>\r\nBDAT 3\r\nx\r\n");
    session.receiver.shutdown();
    assert_eq!(session.drain(), "");
    let said = session.say("BDAT 0 LAST\r\n");
    assert!(said.starts_with("250 2.0.0 ") && said.contains("\r\n421 4.3.2 "), "{said}");
}

#[test]
fn the_graceful_stop_waits_for_an_open_question() {
    let mut session = Session::new(Limits::default());
    session.receiver.input(b"EHLO client.example\r\nNOOP\r\n");
    session.receiver.shutdown();
    assert!(!session.is_closed());
    let said = session.drain();
    assert!(said.contains("250 HELP\r\n421 4.3.2 ") && session.is_closed(), "{said}");
}

#[test]
fn the_graceful_stop_greets_nobody() {
    let settings =
        Settings { host: "mx.example".to_owned(), starttls: StartTls::Absent, limits: Limits::default() };
    let mut receiver = Receiver::new(settings, start());
    receiver.connected("192.0.2.1:4321".parse().expect("an address"));
    receiver.shutdown();
    receiver.poll();
    receiver.answer(Answer::Accept);
    assert!(matches!(receiver.poll(), Some(Output::Send(reply)) if reply.starts_with(b"421 4.3.2 ")));
}

/// Promise 1: the final reply is the answer of the one who made the mail durable, never the machine's own.
#[test]
fn promise_1_no_250_before_the_driver_answers() {
    let mut session = Session::in_data(Limits::default());
    session.receiver.input(b"x\r\n.\r\n");
    assert_eq!(session.receiver.poll(), Some(Output::Body(b"x\r\n".to_vec())));
    assert!(matches!(session.receiver.poll(), Some(Output::BodyEnd(_))));
    assert_eq!(session.receiver.poll(), None);
    session.pass(100_000);
    assert_eq!(session.receiver.poll(), None, "however long it takes");
    session.receiver.answer(Answer::Reply(replies::local_trouble()));
    assert!(session.drain().starts_with("451 4.3.0 "));
}

/// Fragments that together reach deep into a session.
fn dialogue() -> impl Strategy<Value = Vec<u8>> {
    let fragments = prop::sample::select(vec![
        &b"EHLO x\r\n"[..],
        b"HELO x\r\n",
        b"MAIL FROM:<a@b.example>\r\n",
        b"MAIL FROM:<> SIZE=9\r\n",
        b"RCPT TO:<c@d.example>\r\n",
        b"DATA\r\n",
        b"BDAT 5\r\n",
        b"BDAT 3 LAST\r\n",
        b"BDAT 0 LAST\r\n",
        b"BDAT 18446744073709551615\r\n",
        b"RSET\r\n",
        b"STARTTLS\r\n",
        b"QUIT\r\n",
        b".\r\n",
        b"\r\n.\r\n",
        b"..x\r\n",
        b"\r",
        b"\n",
        b".",
        b"x",
        b"\0",
        b"\xff",
        b"<\"a b\"@c>",
        b"0123456789012345678901234567890123456789012345678901234567890123456789",
    ]);
    let openings = prop::sample::select(vec![
        "",
        "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n",
        "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n",
    ]);
    (any::<u8>(), openings, prop::collection::vec(fragments, 0..60))
        .prop_map(|(way, opening, fragments)| [&[way], opening.as_bytes(), &fragments.concat()].concat())
}

/// Replies, the content that was not abandoned, and all else, when `bytes` come in pieces of these lengths.
fn outcome(bytes: &[u8], lengths: &[usize]) -> (String, Vec<u8>, Vec<Output>) {
    // Injection behind STARTTLS is told by the cut alone; it has tests of its own.
    let limits = Limits { message_bytes_max: 150, ..Limits::default() };
    let mut session = Session::with(StartTls::Absent, limits);
    let (mut replies, mut rest) = (String::new(), bytes);
    for length in lengths.iter().chain(&[bytes.len()]) {
        let (piece, tail) = rest.split_at((*length).min(rest.len()));
        session.receiver.input(piece);
        replies += &session.drain();
        rest = tail;
    }
    let (mut content, mut kept, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for output in session.out {
        match output {
            Output::Body(ref piece) => content.extend(piece),
            Output::BodyAbandoned => content.clear(),
            Output::BodyEnd(_) => kept.append(&mut content),
            Output::Send(_) => continue,
            _ => {}
        }
        if !matches!(output, Output::Body(_)) {
            events.push(output);
        }
    }
    (replies, kept, events)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_reply_depends_on_how_the_bytes_are_cut(
        data in dialogue(),
        lengths in prop::collection::vec(1..40usize, 0..40),
    ) {
        prop_assert_eq!(outcome(&data[1..], &lengths), outcome(&data[1..], &[]));
    }

    #[test]
    fn promise_9_no_dialogue_breaks_a_bound(data in dialogue()) {
        crate::fuzzing::fuzz_receiver(&data);
    }

    #[test]
    fn promise_9_no_bytes_break_a_bound(data in prop::collection::vec(any::<u8>(), 0..2000)) {
        crate::fuzzing::fuzz_receiver(&data);
    }
}
