//! Reads and replays transcripts.
//!
//! A line of a transcript begins with what it is:
//! - `S:` the remote sends this line and CRLF. Lines that follow each other are one write.
//! - `C:` we send this line.
//! - `X:` something else comes out: `ready`, `body wanted`, `starttls`, `close`, or the end of a transaction or of the
//!   connection with its judgement, stage, status and words.
//! - `!` the driver acts: `begin <sender> <recipient> options`, `body text` (escapes: `\r`, `\n`), `end`, `quit`,
//!   `closed`, `timed out`, `tls`, `tls failed why`.
//! - `** hello` stands for the lines that most transcripts begin with, `** mail` for a mail up to its content.
//! - `L:` a setting, `name=value`. `#` a remark.

use super::super::*;
use crate::parameters::{Notify, OriginalRecipient, Return};

const HELLO: &str = "S: 220 mx.example ESMTP\nC: EHLO us.example\nS: 250-mx.example\nS: 250-PIPELINING\n\
    S: 250-SIZE 1000\nS: 250 8BITMIME\nX: ready\n";
const MAIL: &str = "!begin a@us.example b@mx.example\nC: MAIL FROM:<a@us.example> SIZE=10\n\
    C: RCPT TO:<b@mx.example>\nC: DATA\n";

#[derive(Clone, Debug)]
enum Act {
    Read(Vec<u8>),
    Drive(String),
}

#[derive(Debug)]
struct Step {
    act: Option<Act>,
    wire: String,
    events: Vec<String>,
}

type Split<'a> = &'a dyn Fn(&[u8], usize) -> Vec<Vec<u8>>;

pub(super) fn settings(tls: TlsWish) -> SenderSettings {
    let helo = "us.example".parse().expect("a name");
    SenderSettings { helo, tls, credentials: None, limits: SenderLimits::default() }
}

pub(super) fn replay(text: &str) {
    let (settings, steps) = parse(&text.replace("** hello\n", HELLO).replace("** mail\n", MAIL));
    let length = steps.iter().map(|step| read(step).len()).sum::<usize>();
    run(&settings, &steps, &|bytes, _| vec![bytes.to_vec()], "whole");
    run(&settings, &steps, &|bytes, _| bytes.chunks(1).map(<[u8]>::to_vec).collect(), "byte by byte");
    for cut in 1..length {
        let split = |bytes: &[u8], before: usize| match cut.checked_sub(before) {
            Some(at) if at < bytes.len() => vec![bytes[..at].to_vec(), bytes[at..].to_vec()],
            _ => vec![bytes.to_vec()],
        };
        run(&settings, &steps, &split, &format!("cut at {cut}"));
    }
}

fn read(step: &Step) -> &[u8] {
    match &step.act {
        Some(Act::Read(bytes)) => bytes,
        _ => &[],
    }
}

fn run(settings: &SenderSettings, steps: &[Step], split: Split<'_>, how: &str) {
    let mut sender = Sender::new(settings.clone());
    let mut before = 0;
    for (number, step) in steps.iter().enumerate() {
        match &step.act {
            Some(Act::Read(bytes)) => {
                for piece in split(bytes, before) {
                    sender.input(&piece);
                }
                before += bytes.len();
            }
            Some(Act::Drive(what)) => drive(&mut sender, what),
            None => {}
        }
        let (wire, events) = drain(&mut sender);
        let expected = format!("{}{}", step.wire, step.events.join("\n"));
        assert_eq!(
            format!("{wire}{}", events.join("\n")),
            expected,
            "step {number} of the transcript, {how}"
        );
    }
}

fn drive(sender: &mut Sender, what: &str) {
    let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
    match (verb, rest) {
        ("begin", _) => sender.begin(&transaction(rest)),
        ("body", _) => sender.body(rest.replace("\\r", "\r").replace("\\n", "\n").as_bytes()),
        ("end", _) => sender.body_end(),
        ("quit", _) => sender.quit(),
        ("closed", _) => sender.closed(),
        ("timed", _) => sender.timed_out(),
        ("tls", "") => sender.tls_started(),
        ("tls", _) => sender.tls_failed(rest.trim_start_matches("failed ")),
        _ => panic!("what shall the driver do? {what}"),
    }
}

pub(super) fn transaction(words: &str) -> Transaction {
    let mut words = words.split(' ');
    let mut path = || words.next().expect("a path").trim_matches(['<', '>']).replace('_', " ");
    let mut transaction = Transaction {
        reverse_path: crate::ReversePath::parse(&path()).expect("a sender"),
        recipient: crate::ForwardPath::parse(&path()).expect("a recipient"),
        size: 10,
        eight_bit: false,
        smtputf8: false,
        dsn: None,
    };
    for option in words {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = value.replace('_', " ");
        let dsn = |transaction: &mut Transaction, set: &dyn Fn(&mut Dsn)| {
            set(transaction.dsn.get_or_insert_default());
        };
        match name {
            "size" => transaction.size = value.parse().expect("a number"),
            "8bit" => transaction.eight_bit = true,
            "utf8" => transaction.smtputf8 = true,
            "envid" => dsn(&mut transaction, &|dsn| dsn.envid = Some(value.clone())),
            "ret" => {
                let part = if value == "full" { Return::Full } else { Return::Headers };
                dsn(&mut transaction, &|dsn| dsn.ret = Some(part));
            }
            "notify" => {
                let has = |word| value.contains(word);
                let when = Notify { success: has("success"), failure: has("failure"), delay: has("delay") };
                dsn(&mut transaction, &|dsn| dsn.notify = Some(when));
            }
            "orcpt" => {
                let (address_type, address) = value.split_once(';').expect("type;address");
                let (address_type, address) = (address_type.to_owned(), address.to_owned());
                let original = OriginalRecipient { address_type, address };
                dsn(&mut transaction, &|dsn| dsn.orcpt = Some(original.clone()));
            }
            other => panic!("no such option: {other}"),
        }
    }
    transaction
}

/// What is written, as lines, and all else.
pub(super) fn drain(sender: &mut Sender) -> (String, Vec<String>) {
    let (mut wire, mut events) = (Vec::new(), Vec::new());
    while let Some(output) = sender.poll() {
        events.push(match output {
            SenderOutput::Send(bytes) => {
                wire.extend(bytes);
                continue;
            }
            SenderOutput::Done(result) => show(&result),
            SenderOutput::Failed(failure) => {
                let how = if failure.is_permanent() { "permanently" } else { "temporarily" };
                let status = failure.status().map_or("-".to_owned(), |status| status.to_string());
                format!("failed {how} at {}: {status} {failure}", failure.stage)
            }
            SenderOutput::Ready => "ready".to_owned(),
            SenderOutput::WantBody => "body wanted".to_owned(),
            SenderOutput::StartTls => "starttls".to_owned(),
            SenderOutput::Close => "close".to_owned(),
        });
    }
    (String::from_utf8(wire).expect("text").replace("\r\n", "\n"), events)
}

fn show(result: &TransactionResult) -> String {
    let how = match (result.is_accepted(), result.is_permanent(), result.is_unknown()) {
        (true, ..) => "accepted",
        (_, true, _) => "permanently refused",
        (_, _, true) => "unknown",
        _ => "temporarily refused",
    };
    let status = result.status().map_or("-".to_owned(), |status| status.to_string());
    format!("{how} at {}: {status} {result}", result.stage)
}

fn parse(text: &str) -> (SenderSettings, Vec<Step>) {
    let mut settings = settings(TlsWish::IfOffered);
    let new_step = |act| Step { act, wire: String::new(), events: Vec::new() };
    let mut steps = vec![new_step(None)];
    let mut read_last = false;
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let (kind, rest) = line.split_at(2.min(line.len()));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let reads = kind == "S:";
        if reads && !read_last {
            steps.push(new_step(Some(Act::Read(Vec::new()))));
        }
        read_last = reads;
        if let Some(what) = line.strip_prefix('!') {
            steps.push(new_step(Some(Act::Drive(what.to_owned()))));
            continue;
        }
        let step = steps.last_mut().expect("there is always one");
        match (kind, &mut step.act) {
            ("L:", _) => set(&mut settings, rest),
            ("S:", Some(Act::Read(bytes))) => bytes.extend(format!("{rest}\r\n").bytes()),
            ("C:", _) => step.wire.extend([rest, "\n"]),
            ("X:", _) => step.events.push(rest.to_owned()),
            _ => panic!("what is this line? {line}"),
        }
    }
    (settings, steps)
}

fn set(settings: &mut SenderSettings, assignment: &str) {
    let (name, value) = assignment.split_once('=').expect("name=value");
    match (name, value) {
        ("tls", "never") => settings.tls = TlsWish::Never,
        ("tls", "required") => settings.tls = TlsWish::Required,
        ("tls", "implicit") => settings.tls = TlsWish::Implicit,
        ("password", _) => settings.credentials = Some(Credentials::new("us", value)),
        ("password in clear", _) => {
            settings.credentials = Some(Credentials::new("us", value).allowed_in_clear());
        }
        _ => panic!("no such setting: {assignment}"),
    }
}
