//! What a driver must be able to rely on, beside the dialogue.

use std::time::Duration;

use super::super::*;
use super::transcript::{drain, settings, transaction};

/// A session that has read `said`, and what came out of it.
fn session(tls: TlsWish, said: &str) -> (Sender, Vec<String>) {
    let mut sender = Sender::new(settings(tls));
    sender.input(said.as_bytes());
    let (_, events) = drain(&mut sender);
    (sender, events)
}

const OFFERS_TLS: &str = "220 mx.example\r\n250-mx.example\r\n250 STARTTLS\r\n";
const READY: &str = "220 mx.example\r\n250-mx.example\r\n250 PIPELINING\r\n";

fn failure(sender: &mut Sender) -> ConnectionFailure {
    loop {
        if let SenderOutput::Failed(failure) = sender.poll().expect("a failure") {
            return failure;
        }
    }
}

#[test]
fn what_comes_in_the_clear_behind_the_go_ahead_for_tls_is_an_attack() {
    let (mut sender, _) = session(TlsWish::IfOffered, OFFERS_TLS);
    sender.input(b"220 go\r\n250 injected\r\n");
    let found = failure(&mut sender);
    assert_eq!((found.stage, &found.cause), (Stage::StartTls, &FailureCause::Injection));
    assert!(found.is_temporary() && !found.is_of_tls());
    assert_eq!(sender.poll(), Some(SenderOutput::Close));

    let (mut sender, _) = session(TlsWish::Required, OFFERS_TLS);
    sender.input(b"220 go\r\n");
    sender.input(b"2");
    assert_eq!(failure(&mut sender).cause, FailureCause::Injection);
}

#[test]
fn a_failed_handshake_tells_that_the_clear_may_be_tried() {
    let (mut sender, _) = session(TlsWish::IfOffered, OFFERS_TLS);
    sender.input(b"220 go\r\n");
    sender.tls_failed(&"ü".repeat(1000));
    let found = failure(&mut sender);
    assert!(found.is_of_tls() && found.is_temporary());
    assert!(found.to_string().len() < 600);
    for ends in [Sender::closed, Sender::timed_out] {
        let (mut sender, _) = session(TlsWish::IfOffered, OFFERS_TLS);
        ends(&mut sender);
        assert!(failure(&mut sender).is_of_tls());
    }
    let (sender, events) = session(TlsWish::Never, OFFERS_TLS);
    assert_eq!((events, sender.is_secured()), (vec!["ready".to_owned()], false));
}

#[test]
fn a_handshake_is_reported_once_and_only_when_asked_for() {
    let (mut sender, _) = session(TlsWish::IfOffered, READY);
    sender.tls_started();
    sender.tls_failed("no");
    assert_eq!((sender.poll(), sender.is_secured()), (None, false));
}

#[test]
fn each_transaction_has_one_result_whatever_the_driver_does() {
    let (mut sender, _) = session(TlsWish::IfOffered, "220 mx.example\r\n");
    sender.begin(&transaction("a@us.example b@mx.example"));
    assert!(drain(&mut sender).1[0].starts_with("temporarily refused at MAIL FROM"));
    sender.quit();
    let (_, events) = drain(&mut sender);
    assert!(events[0].starts_with("failed temporarily at EHLO") && events[1] == "close", "{events:?}");
    sender.begin(&transaction("a@us.example b@mx.example"));
    assert!(drain(&mut sender).1[0].starts_with("temporarily refused at MAIL FROM"));
    sender.closed();
    sender.timed_out();
    sender.quit();
    sender.body(b"x");
    sender.body_end();
    sender.input(b"421 x\r\n");
    assert_eq!(sender.poll(), None);
}

/// A whole session's replies, with the stage that waits for each.
const COURSE: [(&str, Stage); 6] = [
    ("220 mx.example\r\n", Stage::Greeting),
    ("250 mx.example\r\n", Stage::Hello),
    ("250 ok\r\n", Stage::MailFrom),
    ("250 ok\r\n", Stage::RcptTo),
    ("354 go\r\n", Stage::Data),
    ("250 taken\r\n", Stage::FinalReply),
];

#[test]
fn promise_6_a_lost_connection_is_never_taken_for_a_delivery() {
    for (answers, (_, stage)) in COURSE.iter().enumerate() {
        for lose in [Sender::closed, Sender::timed_out, Sender::quit] {
            let (mut sender, mut done) = (Sender::new(settings(TlsWish::Never)), Vec::new());
            for (said, _) in &COURSE[..answers] {
                sender.input(said.as_bytes());
                follow(&mut sender, &mut done);
            }
            assert_eq!(sender.stage(), *stage);
            lose(&mut sender);
            follow(&mut sender, &mut done);
            assert_eq!(done.len(), usize::from(answers >= 2), "one result, if a transaction was begun");
            for result in done {
                assert!(result.is_temporary() && result.stage == *stage);
                assert_eq!(result.is_unknown(), *stage == Stage::FinalReply);
            }
        }
    }
}

/// Sends one mail without content; what it came to.
fn follow(sender: &mut Sender, done: &mut Vec<TransactionResult>) {
    while let Some(output) = sender.poll() {
        match output {
            SenderOutput::Ready => sender.begin(&transaction("a@us.example b@mx.example")),
            SenderOutput::WantBody => sender.body_end(),
            SenderOutput::Done(result) => done.push(result),
            _ => {}
        }
    }
}

#[test]
fn content_that_breaks_off_is_not_ended() {
    let (mut sender, _) = session(TlsWish::IfOffered, READY);
    sender.begin(&transaction("a@us.example b@mx.example"));
    sender.input(b"250 ok\r\n250 ok\r\n354 go\r\n");
    sender.body(b"half of it\r\n");
    sender.quit();
    let (wire, events) = drain(&mut sender);
    assert!(wire.ends_with("DATA\nhalf of it\n"), "{wire}");
    assert!(events[0].starts_with("temporarily refused at content"), "{events:?}");
}

#[test]
fn content_is_ignored_while_nobody_wants_it() {
    let (mut sender, _) = session(TlsWish::IfOffered, READY);
    sender.body(b"x");
    sender.body_end();
    assert_eq!(sender.poll(), None);
}

#[test]
fn each_step_has_its_own_wait_and_bytes_do_not_prolong_it() {
    let mut sender = Sender::new(settings(TlsWish::IfOffered));
    let secs = |sender: &Sender| sender.wait().map(|wait| wait.time.as_secs());
    let first = sender.wait();
    assert_eq!(first.map(|wait| wait.time), Some(Duration::from_mins(5)));
    sender.input(b"220-mx.exa");
    assert_eq!(sender.wait(), first);
    sender.input(b"mple\r\n220 x\r\n");
    assert_ne!(sender.wait(), first);
    assert_eq!(secs(&sender), Some(300));
    sender.input(b"250 mx.example\r\n");
    assert_eq!(sender.wait(), None, "the driver's turn");
    sender.begin(&transaction("a@us.example b@mx.example"));
    sender.input(b"250 ok\r\n250 ok\r\n");
    assert_eq!((sender.stage(), secs(&sender)), (Stage::Data, Some(120)));
    sender.input(b"354 go\r\n");
    let block = sender.wait();
    assert_eq!(secs(&sender), Some(180));
    sender.body(b"x");
    assert!(block != sender.wait() && secs(&sender) == Some(180));
    sender.body_end();
    assert_eq!((sender.stage(), secs(&sender)), (Stage::FinalReply, Some(600)));
    sender.input(b"250 ok\r\n");
    sender.quit();
    assert_eq!(secs(&sender), Some(10));
    sender.timed_out();
    assert_eq!(sender.wait(), None);
}

#[test]
fn the_remotes_names_show_a_loop() {
    let (sender, _) = session(TlsWish::IfOffered, "220 us.example ESMTP\r\n250 Other.example hi\r\n");
    assert_eq!((sender.greeting_name(), sender.hello_name()), (Some("us.example"), Some("Other.example")));
    let (sender, _) = session(TlsWish::IfOffered, "220\r\n250 \u{fc}.example\r\n");
    assert_eq!((sender.greeting_name(), sender.hello_name()), (None, None));
}

#[test]
fn promise_7_no_debug_output_has_the_password() {
    let mut settings = settings(TlsWish::Implicit);
    settings.credentials = Some(Credentials::new("somebody", "secret"));
    assert!(!format!("{settings:?}").contains("secret"));
    let mut sender = Sender::new(settings);
    sender.input(b"220 x\r\n250-x\r\n250 AUTH PLAIN\r\n");
    let encoded = "AHNvbWVib2R5AHNlY3JldA==";
    let shown = format!("{sender:?}");
    assert!(!shown.contains("secret") && !shown.contains(encoded) && !shown.contains("somebody"), "{shown}");
    while let Some(output) = sender.poll() {
        let shown = format!("{output:?}");
        assert!(!shown.contains(encoded) && !shown.contains("65, 85, 84, 72"), "{shown}");
    }
}

#[test]
fn a_group_of_commands_leaves_in_one_write() {
    let (mut sender, _) = session(TlsWish::IfOffered, READY);
    sender.begin(&transaction("a@us.example b@mx.example"));
    let Some(SenderOutput::Send(wire)) = sender.poll() else { panic!("the commands") };
    assert!(wire.starts_with(b"MAIL FROM:") && wire.ends_with(b"DATA\r\n"));
    assert_eq!(sender.poll(), None);
}

#[test]
fn a_connection_never_made_is_a_failure_of_the_same_kind() {
    let failure = ConnectionFailure::not_connected("connection refused");
    assert!(failure.is_temporary() && !failure.is_of_tls());
    assert_eq!(failure.to_string(), "No connection could be made: connection refused.");
    assert_eq!(failure.status().map(|status| status.to_string()).as_deref(), Some("4.4.1"));
}

/// A mail's result when the remote gives these answers to MAIL, RCPT, DATA and whatever content there is.
fn result_of(extensions: &str, answers: [&str; 3]) -> TransactionResult {
    let (mut sender, _) = session(TlsWish::Never, &format!("220 x\r\n250-x\r\n250 {extensions}\r\n"));
    let mut done = Vec::new();
    sender.begin(&transaction("a@us.example b@mx.example"));
    for answer in answers {
        follow_once(&mut sender, &mut done);
        if done.is_empty() {
            sender.input(format!("{answer} said\r\n").as_bytes());
        }
    }
    let ends_content = follow_once(&mut sender, &mut done);
    if done.is_empty() {
        assert!(ends_content, "the remote was left waiting for content");
        sender.input(b"250 taken\r\n");
        follow_once(&mut sender, &mut done);
    }
    assert_eq!(done.len(), 1);
    done.remove(0)
}

/// Whether a dot was sent.
fn follow_once(sender: &mut Sender, done: &mut Vec<TransactionResult>) -> bool {
    let mut ends_content = false;
    while let Some(output) = sender.poll() {
        match output {
            SenderOutput::Send(wire) => ends_content |= wire.ends_with(b".\r\n"),
            SenderOutput::WantBody => sender.body_end(),
            SenderOutput::Done(result) => done.push(result),
            _ => {}
        }
    }
    ends_content
}

#[test]
fn a_pipelined_group_has_the_result_that_single_steps_would_have() {
    for mail in ["250", "450", "550"] {
        for recipient in ["250", "450", "550"] {
            for data in ["354", "450", "550"] {
                let answers = [mail, recipient, data];
                let single = result_of("DSN", answers);
                assert_eq!(result_of("PIPELINING", answers), single, "{answers:?}");
                assert_eq!(single.is_accepted(), answers == ["250", "250", "354"]);
                let first = answers.iter().find(|answer| answer.starts_with(['4', '5']));
                assert_eq!(single.is_permanent(), first == Some(&"550"), "{answers:?}");
            }
        }
    }
}
