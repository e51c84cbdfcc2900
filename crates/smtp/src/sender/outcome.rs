//! How a transaction, or the connection itself, ended.
//!
//! What must hold: only a refusal of this very mail is permanent. A refusal of the connection is not: another host of
//! the domain may take the mail, and the trouble may be ours (a password, an address on a list). So `5xx` to the
//! greeting, EHLO, STARTTLS and AUTH means: try the next host, and later again. The one exception is `521` as
//! greeting, by which a host says that it never takes mail (RFC 7504).
//!
//! A connection lost after the whole mail was sent leaves its fate unknown: it counts as temporary, since a mail that
//! arrives twice is better than one that doesn't.
//!
//! *Standards*: RFC 5321, sections 4.2.1, 4.2.4.2; RFC 7504.

use std::fmt;

use super::remote_reply::{EnhancedStatus, RemoteReply};
use super::reply_reader::ReplyFault;

/// Where in its course the session was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Not connected yet: the driver's part.
    Connect,
    /// Waiting for the greeting.
    Greeting,
    /// EHLO or HELO.
    Hello,
    /// STARTTLS, and the handshake.
    StartTls,
    /// AUTH.
    Auth,
    /// Connected, between transactions.
    Idle,
    /// RSET.
    Reset,
    /// MAIL FROM, and what is checked before it is sent.
    MailFrom,
    /// RCPT TO.
    RcptTo,
    /// DATA.
    Data,
    /// The content, up to its dot.
    Content,
    /// The content was sent whole, its final reply has not come.
    FinalReply,
    /// QUIT.
    Quit,
}

/// How one transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionResult {
    /// The step that decided.
    pub stage: Stage,
    /// What it decided.
    pub outcome: Outcome,
}

/// The fate of a mail in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The remote has taken the mail over.
    Accepted(RemoteReply),
    /// The remote said no.
    Refused(RemoteReply),
    /// The remote can't take such a mail; nothing was sent.
    Unsendable(Unsendable),
    /// The connection failed before the remote decided.
    Lost(ConnectionFailure),
}

/// Why a mail can't be sent to this remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// Larger than the remote's SIZE.
    #[error(
        "The mail has {size} bytes, and the recipient's server takes at most {size_max}. Please send less, or a link."
    )]
    TooLarge {
        /// Octets of the mail.
        size: u64,
        /// Octets that the remote takes.
        size_max: u64,
    },
    /// Eight-bit content, and no 8BITMIME.
    #[error("The recipient's server takes only seven-bit mail, and this one has eight-bit content.")]
    EightBit,
    /// An address or header field beyond ASCII, and no SMTPUTF8.
    #[error(
        "The recipient's server doesn't know international addresses. Please use an address in plain ASCII."
    )]
    SmtpUtf8,
}

/// Why the connection can't be used, or not any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionFailure {
    /// When it happened.
    pub stage: Stage,
    /// What happened.
    pub cause: FailureCause,
}

/// What happened to the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureCause {
    /// It could not be made; in the words of the system.
    NotConnected(String),
    /// The remote refused it, or says (`421`) that it closes.
    Refused(RemoteReply),
    /// TLS is required, and the remote doesn't offer it.
    TlsMissing,
    /// The handshake failed; in the words of the TLS library.
    Handshake(String),
    /// Octets came in the clear behind the reply to STARTTLS: somebody tries to slip commands' answers into the
    /// secured session (RFC 3207, section 6).
    Injection,
    /// We have credentials, and the remote offers no mechanism that we know.
    AuthMissing,
    /// We have credentials that must not be sent in the clear, and there is no TLS.
    AuthInClear,
    /// What came is no SMTP.
    Garbage(ReplyFault),
    /// A reply that makes no sense here, or that nobody asked for.
    OutOfTurn(RemoteReply),
    /// The remote closed without a word.
    Closed,
    /// The remote kept silent for too long.
    TimedOut,
    /// The driver ended it.
    Abandoned,
}

impl TransactionResult {
    /// Whether the remote has taken the mail over.
    pub fn is_accepted(&self) -> bool {
        matches!(self.outcome, Outcome::Accepted(_))
    }

    /// Whether trying again is useless. Replies about *our* rights to send (`530`, `534`, `535`, `538`) don't judge the
    /// mail and are temporary.
    pub fn is_permanent(&self) -> bool {
        match &self.outcome {
            Outcome::Accepted(_) => false,
            Outcome::Refused(reply) => reply.is_permanent() && !reply.is_about_rights(),
            Outcome::Unsendable(_) => true,
            Outcome::Lost(failure) => failure.is_permanent(),
        }
    }

    /// Whether trying again may help.
    pub fn is_temporary(&self) -> bool {
        !self.is_accepted() && !self.is_permanent()
    }

    /// Whether the mail may have been delivered although nobody said so.
    pub fn is_unknown(&self) -> bool {
        match &self.outcome {
            Outcome::Lost(failure) => {
                self.stage == Stage::FinalReply && !matches!(failure.cause, FailureCause::Refused(_))
            }
            _ => false,
        }
    }

    /// The remote's reply, if it was one that decided.
    pub fn reply(&self) -> Option<&RemoteReply> {
        match &self.outcome {
            Outcome::Accepted(reply) | Outcome::Refused(reply) => Some(reply),
            Outcome::Unsendable(_) => None,
            Outcome::Lost(failure) => failure.reply(),
        }
    }

    /// The enhanced status: the remote's, or where it said none and we decided, ours.
    pub fn status(&self) -> Option<EnhancedStatus> {
        match &self.outcome {
            Outcome::Accepted(reply) | Outcome::Refused(reply) => reply.status,
            Outcome::Unsendable(Unsendable::TooLarge { .. }) => EnhancedStatus::new(5, 3, 4),
            Outcome::Unsendable(Unsendable::EightBit) => EnhancedStatus::new(5, 6, 3),
            Outcome::Unsendable(Unsendable::SmtpUtf8) => EnhancedStatus::new(5, 6, 7),
            Outcome::Lost(failure) => failure.status(),
        }
    }
}

/// For people: the remote's words, or ours.
impl fmt::Display for TransactionResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Accepted(reply) | Outcome::Refused(reply) => reply.fmt(f),
            Outcome::Unsendable(why) => why.fmt(f),
            Outcome::Lost(failure) => {
                failure.fmt(f)?;
                let warning = " The whole mail had been sent, so it may have arrived; it is sent once more.";
                f.write_str(if self.is_unknown() { warning } else { "" })
            }
        }
    }
}

impl ConnectionFailure {
    /// For the driver: no connection could be made. `why` is for people.
    pub fn not_connected(why: impl Into<String>) -> Self {
        Self { stage: Stage::Connect, cause: FailureCause::NotConnected(why.into()) }
    }

    /// Whether this host will never take mail. Anything else is temporary; see the module's head.
    pub fn is_permanent(&self) -> bool {
        self.stage == Stage::Greeting && self.reply().is_some_and(|reply| reply.code == 521)
    }

    /// Whether trying again may help.
    pub fn is_temporary(&self) -> bool {
        !self.is_permanent()
    }

    /// Whether TLS itself is what failed: who merely prefers it may connect anew with
    /// [`TlsWish::Never`](super::TlsWish::Never). Never so after an injection.
    pub fn is_of_tls(&self) -> bool {
        use FailureCause::{Closed, Handshake, Refused, TimedOut};
        self.stage == Stage::StartTls && matches!(self.cause, Handshake(_) | Refused(_) | Closed | TimedOut)
    }

    /// The remote's reply, if there was one.
    pub fn reply(&self) -> Option<&RemoteReply> {
        match &self.cause {
            FailureCause::Refused(reply) | FailureCause::OutOfTurn(reply) => Some(reply),
            _ => None,
        }
    }

    /// The enhanced status: the remote's, or ours.
    pub fn status(&self) -> Option<EnhancedStatus> {
        let (subject, detail) = match &self.cause {
            FailureCause::Refused(reply) => return reply.status,
            FailureCause::NotConnected(_) => (4, 1),
            FailureCause::TlsMissing => (7, 10),
            FailureCause::Handshake(_) | FailureCause::Injection => (7, 5),
            FailureCause::AuthMissing | FailureCause::AuthInClear => (7, 0),
            FailureCause::Garbage(_) | FailureCause::OutOfTurn(_) => (5, 0),
            FailureCause::Closed | FailureCause::TimedOut | FailureCause::Abandoned => (4, 2),
        };
        EnhancedStatus::new(4, subject, detail)
    }
}

/// For people.
impl fmt::Display for ConnectionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            FailureCause::NotConnected(why) => write!(f, "No connection could be made: {why}."),
            FailureCause::Refused(reply) if reply.is_farewell() => {
                write!(f, "The server ended the connection ({}): {reply}", self.stage)
            }
            FailureCause::Refused(reply) => write!(f, "{} was refused: {reply}", self.stage),
            FailureCause::TlsMissing => f.write_str("TLS is required, and the server doesn't offer it."),
            FailureCause::Handshake(why) => write!(f, "TLS could not be agreed on: {why}."),
            FailureCause::Injection => {
                f.write_str("Something was slipped in before TLS began: the connection may be under attack.")
            }
            FailureCause::AuthMissing => f.write_str(
                "The server offers no way to sign in that we know (PLAIN, LOGIN). Please check its settings.",
            ),
            FailureCause::AuthInClear => f.write_str(
                "The password is not sent without TLS. Please set TLS for this server, or allow it.",
            ),
            FailureCause::Garbage(fault) => {
                write!(f, "The server doesn't speak SMTP ({}): {fault}.", self.stage)
            }
            FailureCause::OutOfTurn(reply) => {
                write!(f, "The server's answer makes no sense ({}): {reply}", self.stage)
            }
            FailureCause::Closed => write!(f, "The server closed the connection ({}).", self.stage),
            FailureCause::TimedOut => write!(f, "The server did not answer in time ({}).", self.stage),
            FailureCause::Abandoned => write!(f, "The connection was given up ({}).", self.stage),
        }
    }
}

/// As the command's name, or in words.
impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connection",
            Self::Greeting => "greeting",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Idle => "idle",
            Self::Reset => "RSET",
            Self::MailFrom => "MAIL FROM",
            Self::RcptTo => "RCPT TO",
            Self::Data => "DATA",
            Self::Content => "content",
            Self::FinalReply => "end of content",
            Self::Quit => "QUIT",
        })
    }
}
