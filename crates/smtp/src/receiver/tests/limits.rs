//! Promise 9, limit by limit: what each costs its overstepper.

use super::super::*;
use super::driving::Session;

const HELLO: &str = "EHLO client.example\r\n";
const MAIL: &str = "MAIL FROM:<a@example.org>\r\n";
const RCPT: &str = "RCPT TO:<b@mx.example>\r\n";
const ONE_MAIL: &str = "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@mx.example>\r\nDATA\r\nx\r\n.\r\n";

#[test]
fn promise_9_recipients_are_bounded_and_the_others_come_later() {
    let limits = Limits::default();
    assert!(limits.recipients_max >= 100, "RFC 5321, section 4.5.3.1.8");
    let mut session = Session::new(limits);
    session.say(HELLO);
    session.say(MAIL);
    let said = session.say(&RCPT.repeat(130));
    assert_eq!(said.matches("250 2.1.5 ").count(), 100);
    assert_eq!(said.matches("452 4.5.3 ").count(), 30);
    assert!(session.say("DATA\r\n").starts_with("354"), "the mail goes to those that fit in");
}

#[test]
fn promise_9_errors_are_bounded() {
    let mut session = Session::new(Limits { errors_max: 3, ..Limits::default() });
    assert_eq!(session.say("FOO\r\nFOO\r\nFOO\r\n").matches("500 5.5.1 ").count(), 3);
    assert!(!session.is_closed());
    assert!(session.say("NOOP\r\n").starts_with("421 4.7.0 "));
    assert!(session.is_closed());
}

#[test]
fn errors_before_an_accepted_mail_are_forgiven() {
    let mut session = Session::new(Limits { errors_max: 3, ..Limits::default() });
    for _ in 0..5 {
        session.say(&format!("{HELLO}FOO\r\nFOO\r\n{ONE_MAIL}"));
    }
    assert!(!session.is_closed());
}

#[test]
fn quit_is_heard_after_too_many_errors() {
    let mut session = Session::new(Limits { errors_max: 1, ..Limits::default() });
    assert!(session.say("FOO\r\nQUIT\r\n").contains("\r\n221 2.0.0 "));
}

#[test]
fn promise_9_commands_without_a_mail_are_bounded() {
    let mut session = Session::new(Limits { commands_max: 5, ..Limits::default() });
    session.say(&format!("{HELLO}{ONE_MAIL}"));
    let said = session.say(&"NOOP\r\n".repeat(6));
    assert_eq!(said.matches("250 2.0.0 OK.").count(), 5);
    assert!(said.contains("421 4.7.0 ") && session.is_closed());
}

#[test]
fn chunks_of_content_are_progress_and_come_joined() {
    let mut session = Session::new(Limits { commands_max: 5, ..Limits::default() });
    session.say(&format!("{HELLO}{MAIL}{RCPT}BDAT 1\r\nx"));
    session.out.clear();
    session.say(&"BDAT 1\r\nx".repeat(20));
    assert_eq!(session.out.first(), Some(&Output::Body(vec![b'x'; 20])));
    let said = session.say(&"BDAT 0\r\n".repeat(3));
    assert!(said.contains("421 4.7.0 "), "empty chunks are none: {said}");
}

#[test]
fn promise_9_transactions_are_bounded() {
    let mut session = Session::new(Limits { transactions_max: 3, ..Limits::default() });
    session.say(HELLO);
    let said = session.say(&ONE_MAIL.repeat(4));
    assert_eq!(said.matches("354").count(), 3);
    assert!(said.contains("421 4.7.0 ") && session.is_closed());
}

#[test]
fn promise_9_an_endless_command_is_given_up() {
    let mut session = Session::new(Limits { skipped_bytes_max: 10_000, ..Limits::default() });
    assert!(session.say(&"x".repeat(5000)).starts_with("500 5.5.6 "));
    assert!(session.say(&"x".repeat(10_000)).starts_with("421 4.7.0 "));
    assert!(session.is_closed());
}

#[test]
fn promise_9_input_behind_a_question_is_bounded() {
    let mut session = Session::new(Limits { backlog_bytes_max: 1000, ..Limits::default() });
    session.receiver.input(HELLO.as_bytes());
    session.receiver.input(&[b'x'; 1000]);
    assert!(matches!(session.receiver.poll(), Some(Output::Ask(_))));
    assert_eq!(session.receiver.poll(), None);
    session.receiver.input(b"x");
    assert!(matches!(session.receiver.poll(), Some(Output::Send(said)) if said.starts_with(b"421 4.7.0 ")));
    assert_eq!(session.receiver.poll(), Some(Output::Close));
}

#[test]
fn promise_9_an_endless_refused_body_is_given_up() {
    let limits = Limits { message_bytes_max: 1000, discard_bytes_max: 5000, ..Limits::default() };
    let mut session = Session::in_data(limits);
    assert_eq!(session.say(&"x".repeat(2000)), "");
    assert_eq!(session.out.last(), Some(&Output::BodyAbandoned), "the driver frees its room at once");
    assert_eq!(session.say(&"x".repeat(5000)), "");
    assert!(session.say("x").starts_with("552 5.3.4 "));
    assert!(session.is_closed());
}

#[test]
fn promise_9_a_silent_client_is_let_go() {
    let mut session = Session::new(Limits::default());
    assert_eq!(session.patience_secs(), Some(300));
    session.pass(299);
    session.say("NOOP\r\n");
    assert_eq!(session.pass(299), "");
    assert!(session.pass(1).starts_with("421 4.4.2 "));
    assert!(session.is_closed());
    assert_eq!(session.receiver.deadline(), None);
}

#[test]
fn promise_9_a_command_byte_now_and_then_is_no_command() {
    let mut session = Session::new(Limits::default());
    for _ in 0..29 {
        session.pass(10);
        session.say("x");
    }
    assert!(session.pass(10).starts_with("421 4.4.2 "));
}

#[test]
fn promise_9_a_handshake_is_bounded_and_ends_without_a_word() {
    let mut session = Session::new(Limits::default());
    session.say("EHLO client.example\r\nSTARTTLS\r\n");
    assert_eq!(session.patience_secs(), Some(60));
    assert_eq!(session.pass(60), "");
    assert!(session.is_closed());
}

#[test]
fn promise_9_silence_in_a_body_is_bounded() {
    let mut session = Session::in_data(Limits { body_grace_secs: 3600, ..Limits::default() });
    assert_eq!(session.patience_secs(), Some(180));
    session.pass(179);
    session.say("x");
    assert_eq!(session.patience_secs(), Some(180));
    assert!(session.pass(180).starts_with("421 4.4.2 "));
    assert!(session.is_closed());
}

#[test]
fn promise_9_a_slow_body_is_bounded_by_its_rate() {
    let mut session = Session::in_data(Limits::default());
    for _ in 0..11 {
        session.pass(10);
        session.say("x");
    }
    assert_eq!(session.patience_secs(), Some(10), "120 seconds of grace are nearly used up");
    session.say(&"x".repeat(5120));
    assert_eq!(session.patience_secs(), Some(20), "5,131 bytes are worth 10 seconds");
    assert!(session.pass(20).starts_with("421 4.4.2 "));
}

#[test]
fn promise_9_small_chunks_do_not_renew_the_grace() {
    let mut session = Session::new(Limits::default());
    session.say(HELLO);
    session.say(MAIL);
    session.say(RCPT);
    for _ in 0..11 {
        session.say("BDAT 1\r\nx");
        session.pass(10);
    }
    session.say("BDAT 1\r\n");
    assert_eq!(session.patience_secs(), Some(10));
}

#[test]
fn the_next_mail_has_its_own_grace() {
    let mut session = Session::in_data(Limits::default());
    session.pass(110);
    session.say("x\r\n.\r\n");
    session.say(MAIL);
    session.say(RCPT);
    session.say("DATA\r\n");
    assert_eq!(session.patience_secs(), Some(120));
}

#[test]
fn a_refused_chunk_is_still_under_the_clock() {
    let mut session = Session::new(Limits::default());
    session.say(HELLO);
    session.say(MAIL);
    session.say(RCPT);
    session.say("BDAT 100\r\na\nb");
    assert_eq!(session.out.last(), Some(&Output::BodyAbandoned));
    assert_eq!(session.patience_secs(), Some(120));
}
