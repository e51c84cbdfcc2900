//! The receiving session: a pure machine.
//!
//! A driver calls [`connected`](Receiver::connected) once and then, for whatever happens, first
//! [`tick`](Receiver::tick) with the time and then the method for the event; after each it carries out all that
//! [`poll`](Receiver::poll) gives. It sleeps until [`deadline`](Receiver::deadline) at most, and reads from the
//! socket only while [`wants_input`](Receiver::wants_input).
//!
//! A client that doesn't read its replies is the driver's to notice: writing needs a time limit of its own.
//!
//! What must hold: the same bytes, however they are cut into inputs, give the same replies, questions and
//! content (only the octet at which an endless refused body is given up may differ). While a question is open nothing behind it is looked at. Replies are sent when all input is used
//! up, so a pipelined group gets one write (RFC 2920, section 3.2).
//!
//! *Standards*: RFC 5321, sections 3 and 4.1 to 4.5; the extensions named at the head of the crate.
//!
//! *Security*: bytes after STARTTLS in the clear end the session (RFC 3207, section 6); a refused chunk or body
//! is read to its end, never as commands; the costs of a session are bounded by [`Limits`](crate::Limits).

mod answers;
mod commands;
mod content;
mod pace;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use crate::address::ReversePath;
use crate::command::ChunkHead;
use crate::envelope::{Envelope, Hello, Recipient, TlsSession};
use crate::limits::Limits;
use crate::line::LineReader;
use crate::parameters::MailParameters;
use crate::replies;
use crate::reply::{Code, Reply};
use content::{Chunk, Chunks, Dotted};
use pace::Pace;

/// What a session is set to; shared by all sessions of one listener.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our own name, for the greeting and EHLO: ASCII, no spaces.
    pub host: String,
    /// Whether TLS can be had.
    pub starttls: StartTls,
    /// Bounds.
    pub limits: Limits,
}

/// Whether STARTTLS is advertised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTls {
    /// There is a certificate.
    Offered,
    /// There is none.
    Absent,
}

/// What the driver must do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Write these bytes to the client.
    Send(Vec<u8>),
    /// Decide this and [answer](Receiver::answer). No input is processed before.
    Ask(Question),
    /// A piece of the mail's content, dots unstuffed. In order; together they are the mail to the byte.
    Body(Vec<u8>),
    /// The content is complete and well-formed; this is its transaction. Must be [answered](Receiver::answer):
    /// the reply is the client's final word on the mail. `Answer::Accept` only when it is durable.
    BodyEnd(Box<Envelope>),
    /// The content given so far must be dropped: it is too large, ill-formed, or was taken back. The client's
    /// answer is the machine's business.
    BodyAbandoned,
    /// Write what was sent so far, then shake hands as TLS server and report with [`tls`](Receiver::tls). If that
    /// fails just drop the connection.
    StartTls,
    /// Write what was sent so far and close. Content without a [`BodyEnd`](Output::BodyEnd) must be dropped.
    Close,
}

/// What policy must decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Is this client served at all? A `421` closes at once; another refusal leaves it only QUIT
    /// (RFC 5321, section 3.1).
    Connect(SocketAddr),
    /// EHLO or HELO; may come several times.
    Hello(Hello),
    /// MAIL FROM: a new transaction begins; what was kept of the one before is void unless it reached its
    /// [`Output::BodyEnd`].
    Mail {
        /// The sender.
        reverse_path: ReversePath,
        /// Its parameters. A `size` over the limit was refused already.
        parameters: MailParameters,
    },
    /// RCPT TO: one more recipient.
    Recipient(Recipient),
    /// DATA or the first BDAT: is there room for the content?
    Body {
        /// Octets expected, as declared with SIZE or the chunk's own size, whichever is more.
        size: Option<u64>,
    },
}

/// The answer to an [`Output::Ask`] or [`Output::BodyEnd`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes, with the standard sentence.
    Accept,
    /// This reply: a positive one accepts, another refuses. A `421` also closes.
    Reply(Reply),
}

/// One session's machine. See the module's head for the order of calls.
#[derive(Debug)]
pub struct Receiver {
    settings: Settings,
    stage: Stage,
    /// The question that the driver owes an answer to.
    open: Option<Open>,
    /// Input that waits behind the open question.
    backlog: Vec<u8>,
    lines: LineReader,
    /// Replies not yet given to the driver.
    replies: Vec<u8>,
    outputs: VecDeque<Output>,
    peer: Option<SocketAddr>,
    access: Access,
    early_talker: bool,
    stopping: bool,
    tls: Option<TlsSession>,
    hello: Option<Hello>,
    transaction: Option<Transaction>,
    tally: Tally,
    pace: Pace,
}

/// What the next byte of input is.
#[derive(Debug)]
enum Stage {
    /// Too early: the client has not been greeted.
    Greeting,
    /// Part of a command.
    Commands,
    /// Content of DATA.
    Data(Dotted),
    /// Content of a BDAT chunk.
    Chunk(Chunk),
    /// None of ours: the driver shakes hands.
    Handshake,
    /// Nothing; the session is over.
    Closed,
}

/// How the connection itself was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Granted,
    /// Greeted with a refusal: only QUIT is left (RFC 5321, section 3.1).
    Refused,
}

/// A question, with what its answer will need.
#[derive(Debug)]
enum Open {
    Connect,
    Hello(Hello),
    Mail(ReversePath, MailParameters),
    Recipient(Recipient),
    Data,
    Chunk(ChunkHead),
    BodyEnd,
}

/// A mail between MAIL FROM and its final reply.
#[derive(Debug)]
struct Transaction {
    envelope: Envelope,
    /// Once the first BDAT was accepted; only BDAT lets commands come between the pieces of the content.
    chunks: Option<Chunks>,
}

/// What the client has cost so far. All but `transactions` begin anew with each accepted mail.
#[derive(Debug, Default)]
struct Tally {
    commands: u32,
    errors: u32,
    discarded_bytes: u64,
    transactions: u32,
}

impl Receiver {
    /// A session that waits for [`connected`](Self::connected).
    pub fn new(settings: Settings, now: Instant) -> Self {
        let limits = &settings.limits;
        Self {
            lines: LineReader::new(limits.command_bytes_max, limits.skipped_bytes_max),
            settings,
            stage: Stage::Greeting,
            open: None,
            backlog: Vec::new(),
            replies: Vec::new(),
            outputs: VecDeque::new(),
            peer: None,
            access: Access::Granted,
            early_talker: false,
            stopping: false,
            tls: None,
            hello: None,
            transaction: None,
            tally: Tally::default(),
            pace: Pace::new(now),
        }
    }

    /// The client has connected. `peer` is its address, from the PROXY header where there is one.
    pub fn connected(&mut self, peer: SocketAddr) {
        if self.peer.is_none() {
            self.peer = Some(peer);
            self.ask(Open::Connect, Question::Connect(peer));
        }
    }

    /// Bytes came from the client: at most [`Limits::backlog_bytes_max`], and only while
    /// [`wants_input`](Self::wants_input).
    pub fn input(&mut self, bytes: &[u8]) {
        match self.stage {
            Stage::Closed => return,
            // The driver handed over what it should have given to TLS, or the client won't wait for it.
            Stage::Handshake => return self.close(),
            Stage::Greeting => self.early_talker |= !bytes.is_empty(),
            Stage::Commands | Stage::Data(_) | Stage::Chunk(_) => {}
        }
        let rest = if self.backlog.is_empty() { self.run(bytes) } else { bytes };
        self.settle(rest);
    }

    /// The handshake after [`Output::StartTls`] is done. Everything said in the clear is forgotten (RFC 3207,
    /// section 4.2).
    pub fn tls(&mut self, session: TlsSession) {
        if matches!(self.stage, Stage::Handshake) {
            self.tls = Some(session);
            self.hello = None;
            self.transaction = None;
            self.stage = Stage::Commands;
            self.pace.await_command();
            self.settle(&[]);
        }
    }

    /// Answers the open question; without one, nothing happens.
    pub fn answer(&mut self, answer: Answer) {
        let Some(open) = self.open.take() else { return };
        self.pace.await_command();
        match answer {
            Answer::Accept => self.accepted(open, None),
            Answer::Reply(reply) if reply.is_positive() => self.accepted(open, Some(reply)),
            Answer::Reply(reply) => self.refused(&open, reply),
        }
        let backlog = std::mem::take(&mut self.backlog);
        let rest = self.run(&backlog);
        self.settle(rest);
    }

    /// It is now `now`: call before each other event, and at the [`deadline`](Self::deadline).
    pub fn tick(&mut self, now: Instant) {
        self.pace.advance(now);
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            match self.stage {
                Stage::Handshake => self.close(),
                _ => self.close_with(&replies::timed_out()),
            }
        }
    }

    /// Graceful stop: a mail whose content has begun is finished, then the client hears `421 4.3.2`.
    pub fn shutdown(&mut self) {
        self.stopping = true;
        self.settle(&[]);
    }

    /// What to do next; `None` when there is nothing until the next event.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`tick`](Self::tick) must be called at the latest. `None` while the machine waits for the driver.
    pub fn deadline(&self) -> Option<Instant> {
        let limits = &self.settings.limits;
        match self.stage {
            _ if self.open.is_some() => None,
            Stage::Greeting | Stage::Closed => None,
            Stage::Handshake => self.pace.handshake_deadline(limits),
            Stage::Commands => self.pace.command_deadline(limits),
            Stage::Data(_) | Stage::Chunk(_) => self.pace.body_deadline(limits),
        }
    }

    /// Whether the driver may read from the client: false while a question is open, a handshake is due, or the
    /// session is over.
    pub fn wants_input(&self) -> bool {
        self.is_listening()
    }

    /// Whether the client spoke before it was greeted, which RFC 5321, section 4.3.1, forbids and bulk mailers do.
    pub fn early_talker(&self) -> bool {
        self.early_talker
    }

    /// Works through input until it is used up, a question is asked or the session leaves SMTP; returns what is
    /// left of it.
    fn run<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        let mut rest = input;
        loop {
            self.stop_if_due();
            if !self.is_listening() || rest.is_empty() {
                return rest;
            }
            rest = match self.stage {
                Stage::Data(_) => self.read_data(rest),
                Stage::Chunk(_) => self.read_chunk(rest),
                _ => self.read_command(rest),
            };
        }
    }

    /// After each event: keeps what input is left for later and gives the driver the replies.
    fn settle(&mut self, rest: &[u8]) {
        self.stop_if_due();
        if matches!(self.stage, Stage::Closed | Stage::Handshake) {
            return;
        }
        if self.backlog.len() + rest.len() > self.settings.limits.backlog_bytes_max {
            return self.close_with(&replies::backlog_full());
        }
        self.backlog.extend_from_slice(rest);
        if self.open.is_none() {
            self.flush();
        }
    }

    fn is_listening(&self) -> bool {
        self.open.is_none() && matches!(self.stage, Stage::Commands | Stage::Data(_) | Stage::Chunk(_))
    }

    /// Graceful stop, at the boundary of commands and not within a mail's content.
    fn stop_if_due(&mut self) {
        let within_mail = self.chunks().is_some();
        if self.stopping && self.open.is_none() && !within_mail && matches!(self.stage, Stage::Commands) {
            self.close_with(&replies::shutting_down());
        }
    }

    fn ask(&mut self, open: Open, question: Question) {
        self.open = Some(open);
        self.outputs.push_back(Output::Ask(question));
    }

    /// Replies to a command. A permanent refusal counts as the client's error; 421 is the last word.
    fn say(&mut self, reply: &Reply) {
        if reply.code() == Code::ServiceUnavailable {
            return self.close_with(reply);
        }
        if reply.is_permanent() {
            self.tally.errors += 1;
        }
        reply.write_to(&mut self.replies);
    }

    fn flush(&mut self) {
        if !self.replies.is_empty() {
            self.outputs.push_back(Output::Send(std::mem::take(&mut self.replies)));
        }
    }

    fn close_with(&mut self, reply: &Reply) {
        reply.write_to(&mut self.replies);
        self.flush();
        self.close();
    }

    fn close(&mut self) {
        if !matches!(self.stage, Stage::Closed) {
            self.stage = Stage::Closed;
            self.open = None;
            self.transaction = None;
            self.backlog = Vec::new();
            self.outputs.push_back(Output::Close);
        }
    }
}

#[cfg(test)]
mod tests;
