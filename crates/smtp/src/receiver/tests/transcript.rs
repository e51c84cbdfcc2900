//! Reads and replays transcripts.
//!
//! A line of a transcript begins with what it is:
//! - `C:` the client sends this line and CRLF; `C-` the same without CRLF. `\r`, `\n`, `\0`, `\xff`, `\\` are escapes.
//!   Lines that follow each other are one write.
//! - `S:` the server sends this line.
//! - `Q:` the machine asks this; `A:` is the answer, by the name of a standard reply. Without one: accept.
//! - `B:`, `B-` content, escaped as with `C`.
//! - `E:` the content ends: protocol, reverse path, recipients. `A:` may follow.
//! - `X:` something else comes out: `abandoned`, `starttls`, `close`.
//! - `T:` the driver reports a finished handshake. `!shutdown` the driver asks for the graceful stop.
//! - `** greeted`, `** hello`, `** extensions` stand for the lines that most transcripts begin with.
//! - `L:` a limit, `name=value`. `#` a remark.
//!
//! What comes out between two writes is compared as three streams: replies, content, all else.

use super::start;
use std::collections::VecDeque;

use super::super::*;
use crate::envelope::BodyType;

const GREETED: &str = "Q: connect 192.0.2.1:4321\nS: 220 mx.example ESMTP\n";
const EXTENSIONS: &str = "S: 250-mx.example\nS: 250-PIPELINING\nS: 250-SIZE 50000000\nS: 250-STARTTLS\n\
    S: 250-ENHANCEDSTATUSCODES\nS: 250-8BITMIME\nS: 250-DSN\nS: 250-CHUNKING\nS: 250-SMTPUTF8\nS: 250 HELP\n";
const HELLO: &str = "** greeted\nC: EHLO client.example\nQ: hello Ehlo client.example\n** extensions\n";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Outcome {
    wire: Vec<u8>,
    content: Vec<u8>,
    events: Vec<String>,
    sends: usize,
}

#[derive(Clone, Debug)]
enum Act {
    Write(Vec<u8>),
    Tls,
    Shutdown,
}

#[derive(Debug)]
struct Step {
    act: Option<Act>,
    answers: VecDeque<Option<String>>,
    expected: Outcome,
}

/// When the driver answers questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    AtOnce,
    /// Only when the whole write has been given to the machine.
    Late,
}

pub(super) fn replay(text: &str) {
    let text = text.replace("** hello\n", HELLO).replace("** greeted\n", GREETED);
    let (limits, steps) = parse(&text.replace("** extensions\n", EXTENSIONS));
    let longest = steps.iter().map(|step| written(step).len()).sum::<usize>();
    run(&limits, &steps, &|bytes, _| vec![bytes.to_vec()], Answers::AtOnce, "whole");
    run(
        &limits,
        &steps,
        &|bytes, _| bytes.chunks(1).map(<[u8]>::to_vec).collect(),
        Answers::AtOnce,
        "byte by byte",
    );
    run(
        &limits,
        &steps,
        &|bytes, _| bytes.chunks(1).map(<[u8]>::to_vec).collect(),
        Answers::Late,
        "late answers",
    );
    for cut in 1..longest {
        let split = |bytes: &[u8], before: usize| match cut.checked_sub(before) {
            Some(at) if at < bytes.len() => vec![bytes[..at].to_vec(), bytes[at..].to_vec()],
            _ => vec![bytes.to_vec()],
        };
        run(&limits, &steps, &split, Answers::AtOnce, &format!("cut at {cut}"));
    }
}

fn written(step: &Step) -> &[u8] {
    match &step.act {
        Some(Act::Write(bytes)) => bytes,
        _ => &[],
    }
}

type Split<'a> = &'a dyn Fn(&[u8], usize) -> Vec<Vec<u8>>;

fn run(limits: &Limits, steps: &[Step], split: Split<'_>, answers: Answers, how: &str) {
    let now = start();
    let settings =
        Settings { host: "mx.example".to_owned(), starttls: StartTls::Offered, limits: limits.clone() };
    let mut receiver = Receiver::new(settings, now);
    receiver.connected("192.0.2.1:4321".parse().expect("an address"));
    let mut before = 0;
    for (number, step) in steps.iter().enumerate() {
        let mut outcome = Outcome::default();
        let mut script = step.answers.clone();
        match &step.act {
            Some(Act::Write(bytes)) => {
                for piece in split(bytes, before) {
                    receiver.input(&piece);
                    if answers == Answers::AtOnce {
                        drain(&mut receiver, &mut script, &mut outcome);
                    }
                }
                before += bytes.len();
            }
            Some(Act::Tls) => receiver.tls(TlsSession {
                version: "TLSv1.3".to_owned(),
                cipher: "TLS13_AES_128_GCM_SHA256".to_owned(),
                server_name: None,
            }),
            Some(Act::Shutdown) => receiver.shutdown(),
            None => {}
        }
        drain(&mut receiver, &mut script, &mut outcome);
        if how == "whole" {
            assert!(outcome.sends <= 1, "step {number}: replies to one write must be one write");
        }
        outcome.sends = 0;
        assert_eq!(show(&outcome), show(&step.expected), "step {number} of the transcript, {how}");
        assert!(script.is_empty(), "step {number}, {how}: an answer was not asked for");
    }
}

/// Carries out what the machine wants until it is quiet.
fn drain(receiver: &mut Receiver, script: &mut VecDeque<Option<String>>, outcome: &mut Outcome) {
    while let Some(output) = receiver.poll() {
        match output {
            Output::Send(bytes) => {
                outcome.sends += 1;
                outcome.wire.extend_from_slice(&bytes);
            }
            Output::Body(piece) => outcome.content.extend_from_slice(&piece),
            Output::BodyAbandoned => {
                outcome.content.clear();
                outcome.events.push("X: abandoned".to_owned());
            }
            Output::StartTls => outcome.events.push("X: starttls".to_owned()),
            Output::Close => outcome.events.push("X: close".to_owned()),
            Output::Ask(question) => {
                outcome.events.push(format!("Q: {}", show_question(&question)));
                receiver.answer(next_answer(script));
            }
            Output::BodyEnd(envelope) => {
                outcome.events.push(format!("E: {}", show_envelope(&envelope)));
                receiver.answer(next_answer(script));
            }
        }
    }
}

fn next_answer(script: &mut VecDeque<Option<String>>) -> Answer {
    let Some(Some(name)) = script.pop_front() else {
        return Answer::Accept;
    };
    Answer::Reply(match name.as_str() {
        "ticket" => Reply::new(Code::Ok, crate::Status::new(0, 0), "ticket #1042"),
        "unknown_mailbox" => replies::unknown_mailbox(),
        "no_room" => replies::no_room(),
        "local_trouble" => replies::local_trouble(),
        "no_service" => replies::no_service(),
        "blocked" => replies::blocked(),
        "too_many_connections" => replies::too_many_connections(),
        other => panic!("no such answer: {other}"),
    })
}

fn show(outcome: &Outcome) -> String {
    let Outcome { wire, content, events, .. } = outcome;
    format!(
        "{}\ncontent: {}\n{}",
        wire.escape_ascii().to_string().replace(r"\r\n", "\n"),
        content.escape_ascii(),
        events.join("\n")
    )
}

fn show_question(question: &Question) -> String {
    match question {
        Question::Connect(peer) => format!("connect {peer}"),
        Question::Hello(hello) => format!("hello {:?} {}", hello.verb, hello.name),
        Question::Mail { reverse_path, parameters } => {
            let shown = [
                Some(format!("mail <{reverse_path}>")),
                parameters.size.map(|size| format!("size={size}")),
                (parameters.body == BodyType::EightBitMime).then(|| "8bitmime".to_owned()),
                parameters.smtputf8.then(|| "smtputf8".to_owned()),
                parameters.ret.map(|ret| format!("ret={ret:?}")),
                parameters.envid.as_ref().map(|envid| format!("envid={envid}")),
            ];
            shown.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        Question::Recipient(recipient) => show_recipient(recipient),
        Question::Body { size } => format!("body {size:?}"),
    }
}

fn show_recipient(recipient: &Recipient) -> String {
    let crate::RecipientParameters { notify, orcpt } = &recipient.parameters;
    let shown = [
        Some(format!("rcpt <{}>", recipient.path)),
        notify.map(|when| format!("success={} failure={} delay={}", when.success, when.failure, when.delay)),
        orcpt.as_ref().map(|original| format!("orcpt={};{}", original.address_type, original.address)),
    ];
    shown.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn show_envelope(envelope: &Envelope) -> String {
    let recipients: Vec<String> = envelope.recipients.iter().map(|one| format!("<{}>", one.path)).collect();
    format!("{} <{}> {}", envelope.protocol(), envelope.reverse_path, recipients.join(" "))
}

fn parse(text: &str) -> (Limits, Vec<Step>) {
    let mut limits = Limits::default();
    let new_step = |act| Step { act, answers: VecDeque::new(), expected: Outcome::default() };
    let mut steps = vec![new_step(None)];
    let mut written_last = false;
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let (kind, rest) = line.split_at(2);
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let writes = matches!(kind, "C:" | "C-");
        if writes && !written_last {
            steps.push(new_step(Some(Act::Write(Vec::new()))));
        }
        written_last = writes;
        let step = steps.last_mut().expect("there is always one");
        match kind {
            "L:" => set_limit(&mut limits, rest),
            "C:" | "C-" => {
                if let Some(Act::Write(bytes)) = &mut step.act {
                    bytes.extend(unescape(rest));
                    bytes.extend_from_slice(if kind == "C:" { b"\r\n" } else { b"" });
                }
            }
            "S:" => step.expected.wire.extend_from_slice(format!("{rest}\r\n").as_bytes()),
            "B:" | "B-" => {
                step.expected.content.extend(unescape(rest));
                step.expected.content.extend_from_slice(if kind == "B:" { b"\r\n" } else { b"" });
            }
            "Q:" | "E:" => {
                step.expected.events.push(line.to_owned());
                step.answers.push_back(None);
            }
            "X:" => step.expected.events.push(line.to_owned()),
            "A:" => *step.answers.back_mut().expect("a question before the answer") = Some(rest.to_owned()),
            "T:" => steps.push(new_step(Some(Act::Tls))),
            "!s" => steps.push(new_step(Some(Act::Shutdown))),
            _ => panic!("what is this line? {line}"),
        }
    }
    (limits, steps)
}

fn set_limit(limits: &mut Limits, assignment: &str) {
    let (name, value) = assignment.split_once('=').expect("name=value");
    let value: u32 = value.parse().expect("a number");
    match name {
        "message_bytes_max" => limits.message_bytes_max = value.into(),
        "discard_bytes_max" => limits.discard_bytes_max = value.into(),
        "command_bytes_max" => limits.command_bytes_max = value as usize,
        "skipped_bytes_max" => limits.skipped_bytes_max = value as usize,
        "recipients_max" => limits.recipients_max = value as usize,
        "transactions_max" => limits.transactions_max = value,
        "commands_max" => limits.commands_max = value,
        "errors_max" => limits.errors_max = value,
        other => panic!("no such limit: {other}"),
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next().expect("an escape") {
            b'r' => b'\r',
            b'n' => b'\n',
            b'0' => 0,
            b'\\' => b'\\',
            b'x' => {
                let digits = [rest.next().expect("hex"), rest.next().expect("hex")];
                u8::from_str_radix(std::str::from_utf8(&digits).expect("hex"), 16).expect("hex")
            }
            other => panic!("no such escape: {}", char::from(other)),
        });
    }
    bytes
}
