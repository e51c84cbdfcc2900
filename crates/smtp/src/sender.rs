//! The sending session: a pure machine.
//!
//! A driver connects (and with [`TlsWish::Implicit`] shakes hands first), gives what it reads to
//! [`input`](Sender::input) and after each call carries out all that [`poll`](Sender::poll) gives. On
//! [`Ready`](SenderOutput::Ready) it [begins](Sender::begin) a transaction or [quits](Sender::quit); on
//! [`WantBody`](SenderOutput::WantBody) it gives the content by [`body`](Sender::body) and
//! [`body_end`](Sender::body_end). It reads all the time, also while it writes content, and waits no longer than
//! [`wait`](Sender::wait) says.
//!
//! What must hold: each `begin` gets exactly one [`Done`](SenderOutput::Done), whatever happens. After
//! [`Failed`](SenderOutput::Failed) nothing but [`Close`](SenderOutput::Close) comes. The same bytes, however they are
//! cut into inputs, give the same results. Nothing is sent that the remote can't take, as far as it said so.
//!
//! *Standards*: RFC 5321, sections 3, 4.1 to 4.5; RFC 1870, 2920, 3207, 3461, 4954, 6152, 6531.
//!
//! *Security*: every byte of the remote's is a stranger's; all that is kept of it is bounded by [`SenderLimits`].
//! Addresses and names come as types that can't hold a line's end. A password is never sent in the clear unless
//! allowed, and stands in no `Debug`.

mod auth;
mod body;
mod extensions;
mod hello;
mod limits;
mod outcome;
mod output;
mod parameters;
mod remote_reply;
mod reply_reader;
mod settings;
mod step;
mod stuffing;
mod transaction;

use std::collections::VecDeque;
use std::time::Duration;

pub use auth::Credentials;
pub use extensions::{Extensions, SizeLimit};
pub use limits::{SenderLimits, Wait};
pub use outcome::{ConnectionFailure, FailureCause, Outcome, Stage, TransactionResult, Unsendable};
pub use output::SenderOutput;
pub use remote_reply::{EnhancedStatus, RemoteReply};
pub use reply_reader::ReplyFault;
pub use settings::{SenderSettings, TlsWish};
pub use transaction::{Dsn, Transaction};

use reply_reader::{RawReply, ReplyReader};
use step::Step;
use stuffing::DotStuffer;
use transaction::Running;

/// One session's machine. See the module's head for the order of calls.
#[derive(Debug)]
pub struct Sender {
    settings: SenderSettings,
    phase: Phase,
    /// What the replies to come will answer, in order; never empty in [`Phase::Replies`], always else.
    awaited: VecDeque<Step>,
    reader: ReplyReader,
    outputs: VecDeque<SenderOutput>,
    greeting_name: Option<String>,
    hello_name: Option<String>,
    extensions: Extensions,
    is_secured: bool,
    transaction: Option<Running>,
    /// The remote still holds a sender or recipient of a transaction that came to nothing.
    reset_due: bool,
    waits: u64,
}

/// Whose turn it is.
#[derive(Debug)]
enum Phase {
    /// The remote's: replies are to come.
    Replies,
    /// The driver's: TLS.
    Handshake,
    /// The driver's: a transaction, or the end.
    Ready,
    /// The driver's: content.
    Body(DotStuffer),
    /// Nobody's.
    Closed,
}

impl Sender {
    /// A session on a connection just made; with [`TlsWish::Implicit`] the handshake is done already.
    pub fn new(settings: SenderSettings) -> Self {
        Self {
            phase: Phase::Replies,
            awaited: VecDeque::from([Step::Greeting]),
            reader: ReplyReader::new(&settings.limits),
            outputs: VecDeque::new(),
            greeting_name: None,
            hello_name: None,
            extensions: Extensions::default(),
            is_secured: settings.tls == TlsWish::Implicit,
            transaction: None,
            reset_due: false,
            waits: 0,
            settings,
        }
    }

    /// Bytes came from the remote.
    pub fn input(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while matches!(self.phase, Phase::Replies | Phase::Ready | Phase::Body(_)) {
            match self.reader.next(&mut rest) {
                None => return,
                Some(Ok(reply)) => self.take(reply),
                Some(Err(fault)) => self.fail(FailureCause::Garbage(fault)),
            }
        }
        if matches!(self.phase, Phase::Handshake) && !rest.is_empty() {
            self.fail(FailureCause::Injection);
        }
    }

    /// The remote has closed, or the connection broke. All that was read before must have been given to
    /// [`input`](Self::input): a remote that refuses in the midst of the content often closes at once, and writing
    /// fails before its words are read.
    pub fn closed(&mut self) {
        self.fail(FailureCause::Closed);
    }

    /// The time that [`wait`](Self::wait) allows is over.
    pub fn timed_out(&mut self) {
        self.fail(FailureCause::TimedOut);
    }

    /// No transaction is to come: says QUIT and closes. When it isn't [`Ready`](SenderOutput::Ready), whatever is under
    /// way is given up.
    pub fn quit(&mut self) {
        match self.phase {
            Phase::Ready => self.command(Step::Quit, b"QUIT\r\n"),
            _ => self.fail(FailureCause::Abandoned),
        }
    }

    /// What to do next; `None` when there is nothing until the next event.
    pub fn poll(&mut self) -> Option<SenderOutput> {
        self.outputs.pop_front()
    }

    /// How long the remote, or the handshake, or the writing of content, may take. `None` while the machine waits for
    /// the driver.
    pub fn wait(&self) -> Option<Wait> {
        let limits = &self.settings.limits;
        let secs_max = match self.phase {
            Phase::Ready | Phase::Closed => return None,
            Phase::Handshake => limits.handshake_secs_max,
            Phase::Body(_) => limits.block_secs_max,
            Phase::Replies => self.awaited.front()?.secs_max(limits),
        };
        Some(Wait { number: self.waits, time: Duration::from_secs(secs_max.into()) })
    }

    /// Where the session is.
    pub fn stage(&self) -> Stage {
        match self.phase {
            Phase::Replies => self.awaited.front().map_or(Stage::Idle, |step| step.stage()),
            Phase::Handshake => Stage::StartTls,
            Phase::Body(_) => Stage::Content,
            Phase::Ready | Phase::Closed => Stage::Idle,
        }
    }

    /// What the remote offers, by its last answer to EHLO.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Whether TLS is on.
    pub fn is_secured(&self) -> bool {
        self.is_secured
    }

    /// The name by which the remote greeted, printable ASCII. If it is our own, the connection leads back to us.
    pub fn greeting_name(&self) -> Option<&str> {
        self.greeting_name.as_deref()
    }

    /// The name in the remote's last answer to EHLO or HELO, printable ASCII.
    pub fn hello_name(&self) -> Option<&str> {
        self.hello_name.as_deref()
    }

    /// Octets held of a reply under way.
    pub(crate) fn held_bytes(&self) -> usize {
        self.reader.held_bytes()
    }

    fn take(&mut self, mut raw: RawReply) {
        let is_after_hello = !matches!(self.stage(), Stage::Greeting | Stage::Hello | Stage::StartTls);
        if let Some(credentials) = self.settings.credentials.as_ref().filter(|_| is_after_hello) {
            credentials.redact(&mut raw.lines);
        }
        let reply = RemoteReply::new(raw.code, &raw.lines, self.settings.limits.reply_text_bytes_max);
        if reply.is_farewell() {
            return self.fail(FailureCause::Refused(reply));
        }
        self.waits += 1;
        match self.awaited.pop_front() {
            None => self.unasked(reply),
            Some(step) => self.answered(step, reply, &raw.lines),
        }
    }

    fn answered(&mut self, step: Step, reply: RemoteReply, lines: &[String]) {
        // What is said about a failure belongs to the step that was answered, not to the one behind it.
        self.awaited.push_front(step);
        match step {
            Step::Greeting => self.greeted(reply),
            Step::Ehlo => self.ehlo_answered(reply, lines),
            Step::Helo => self.helo_answered(reply),
            Step::StartTls => self.starttls_answered(reply),
            Step::Auth(at) => self.auth_answered(at, reply),
            Step::Reset => self.reset_answered(reply),
            Step::Mail => self.mail_answered(reply),
            Step::Recipient => self.recipient_answered(reply),
            Step::Data => self.data_answered(reply),
            Step::LoneDot => self.lone_dot_answered(reply),
            Step::FinalReply => self.content_answered(reply),
            Step::Quit => self.close(),
        }
    }

    /// A reply while it is not the remote's turn. A refusal in the midst of the content is its final reply, come early;
    /// the connection is of no use after that, since the rest of the content would be taken for commands.
    fn unasked(&mut self, reply: RemoteReply) {
        match (&self.phase, &mut self.transaction) {
            (Phase::Body(_), Some(running)) if reply.is_refusal() => {
                running.refuse(Stage::Content, reply.clone());
                self.fail(FailureCause::Refused(reply));
            }
            _ => self.fail(FailureCause::OutOfTurn(reply)),
        }
    }

    /// Takes the step just answered off, so that the machine stands behind it.
    fn step_done(&mut self) {
        self.awaited.pop_front();
    }

    /// Sends a command, or part of an exchange, whose reply is `step`'s.
    fn command(&mut self, step: Step, wire: &[u8]) {
        self.waits += 1;
        self.phase = Phase::Replies;
        self.awaited.push_back(step);
        self.outputs.push_back(SenderOutput::Send(wire.to_vec()));
    }

    fn ready(&mut self) {
        self.phase = Phase::Ready;
        self.outputs.push_back(SenderOutput::Ready);
    }

    /// Fails the connection of a remote that is to be told so.
    fn give_up(&mut self, cause: FailureCause) {
        self.outputs.push_back(SenderOutput::Send(b"QUIT\r\n".to_vec()));
        self.fail(cause);
    }

    fn fail(&mut self, cause: FailureCause) {
        let stage = self.stage();
        if matches!(self.phase, Phase::Closed) || stage == Stage::Quit {
            return self.close();
        }
        // What the driver was to be asked for, in the same input, is of no use any more.
        self.outputs.retain(|output| !output.is_request());
        let failure = ConnectionFailure { stage, cause };
        if let Some(running) = self.transaction.take() {
            self.outputs.push_back(SenderOutput::Done(running.lost(&failure)));
        }
        self.outputs.push_back(SenderOutput::Failed(failure));
        self.close();
    }

    fn close(&mut self) {
        if !matches!(self.phase, Phase::Closed) {
            self.phase = Phase::Closed;
            self.awaited.clear();
            self.outputs.push_back(SenderOutput::Close);
        }
    }
}

#[cfg(test)]
mod tests;
