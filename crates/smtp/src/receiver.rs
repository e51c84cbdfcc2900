//! The receiving session: a pure machine.
//!
//! A driver calls [`connected`](Receiver::connected) once and then, for whatever happens, first
//! [`tick`](Receiver::tick) with the time and then the method for the event; after each it carries out all that
//! [`poll`](Receiver::poll) gives. It sleeps until [`deadline`](Receiver::deadline) at most, and reads from the
//! socket only while [`wants_input`](Receiver::wants_input).

use std::net::SocketAddr;
use std::time::Instant;

use crate::address::ReversePath;
use crate::envelope::{Envelope, Hello, Recipient, TlsSession};
use crate::limits::Limits;
use crate::parameters::MailParameters;
use crate::reply::Reply;

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
    now: Instant,
}

impl Receiver {
    /// A session that waits for [`connected`](Self::connected).
    pub fn new(settings: Settings, now: Instant) -> Self {
        Self { settings, now }
    }

    /// The client has connected. `peer` is its address, from the PROXY header where there is one.
    pub fn connected(&mut self, peer: SocketAddr) {
        let _ = peer;
    }

    /// Bytes came from the client. Call only while [`wants_input`](Self::wants_input).
    pub fn input(&mut self, bytes: &[u8]) {
        let _ = bytes;
    }

    /// The handshake after [`Output::StartTls`] is done.
    pub fn tls(&mut self, session: TlsSession) {
        let _ = session;
    }

    /// Answers the open question; without one, nothing happens.
    pub fn answer(&mut self, answer: Answer) {
        let _ = answer;
    }

    /// It is now `now`: call before each other event, and at the [`deadline`](Self::deadline).
    pub fn tick(&mut self, now: Instant) {
        self.now = now;
    }

    /// Graceful stop: a mail whose content has begun is finished, then the client hears `421 4.3.2`.
    pub fn shutdown(&mut self) {}

    /// What to do next; `None` when there is nothing until the next event.
    pub fn poll(&mut self) -> Option<Output> {
        None
    }

    /// When [`tick`](Self::tick) must be called at the latest. `None` while the machine waits for the driver.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Whether the driver may read from the client: false while a question is open, a handshake is due, or the
    /// session is over.
    pub fn wants_input(&self) -> bool {
        true
    }

    /// Whether the client spoke before it was greeted, which RFC 5321, section 4.3.1, forbids and bulk mailers do.
    pub fn early_talker(&self) -> bool {
        let _ = &self.settings;
        false
    }
}
