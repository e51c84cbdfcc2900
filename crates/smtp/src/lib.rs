//! SMTP itself: pure session machines and the wire format.
//!
//! Nothing here opens a socket, reads a clock or asks DNS. A driver feeds bytes, times and answers to a
//! [`Receiver`] (mail in) or a [`Sender`] (mail out) and carries out what it [polls](Receiver::poll); so the whole
//! protocol is tested by transcripts, at every split of the bytes, and the two by talking to each other.
//!
//! *Standards*: RFC 5321 (SMTP), 1870 (SIZE), 2034 and 3463 (enhanced status codes), 2920 (PIPELINING),
//! 3030 (CHUNKING, receiving), 3207 (STARTTLS), 3461 (DSN), 3848 (protocol names), 4954 (AUTH, sending), 6152
//! (8BITMIME), 6531 (SMTPUTF8).
//!
//! *Security*: every byte is a stranger's. What must hold: nothing panics, every buffer has a named bound
//! in [`Limits`] or [`SenderLimits`], and no byte of a body is ever taken for a command.

mod address;
mod bdat;
mod command;
mod data;
mod envelope;
#[doc(hidden)]
pub mod fuzzing;
mod limits;
mod line;
mod parameters;
pub mod proxy;
mod receiver;
pub mod replies;
mod reply;
mod sender;

pub use address::{AddressError, Domain, ForwardPath, Host, Mailbox, ReversePath};
pub use envelope::{BodyType, Envelope, Hello, HelloVerb, Protocol, Recipient, TlsSession};
pub use limits::Limits;
pub use parameters::{MailParameters, Notify, OriginalRecipient, RecipientParameters, Return};
pub use receiver::{Answer, Output, Question, Receiver, Settings, StartTls};
pub use reply::{Code, Reply, Status};
pub use sender::{
    ConnectionFailure, Credentials, Dsn, EnhancedStatus, Extensions, FailureCause, Outcome, RemoteReply,
    ReplyFault, Sender, SenderLimits, SenderOutput, SenderSettings, SizeLimit, Stage, TlsWish, Transaction,
    TransactionResult, Unsendable, Wait,
};
