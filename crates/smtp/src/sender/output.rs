//! What the machine wants of its driver.

use std::fmt;

use super::outcome::{ConnectionFailure, TransactionResult};

/// What the driver must do next.
#[derive(Clone, PartialEq, Eq)]
pub enum SenderOutput {
    /// Write these bytes to the remote. `Debug` shows only how many: there may be a password in them.
    Send(Vec<u8>),
    /// Write what was sent so far, then shake hands as TLS client and report with
    /// [`tls_started`](super::Sender::tls_started) or [`tls_failed`](super::Sender::tls_failed). Nothing that was read
    /// before may reach the TLS library: it belongs to [`input`](super::Sender::input), which takes it for an attack.
    StartTls,
    /// A transaction may begin.
    Ready,
    /// The content may come.
    WantBody,
    /// The end of the transaction that was begun last. [`Ready`](Self::Ready) follows if there may be another.
    Done(TransactionResult),
    /// The connection can't be used any more.
    Failed(ConnectionFailure),
    /// Write what was sent so far and close; how that ends doesn't matter.
    Close,
}

impl SenderOutput {
    /// Whether the driver is to go on with the session: without a meaning once that has failed.
    pub(super) fn is_request(&self) -> bool {
        matches!(self, Self::Ready | Self::WantBody | Self::StartTls)
    }
}

impl fmt::Debug for SenderOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(bytes) => write!(f, "Send({} bytes)", bytes.len()),
            Self::StartTls => f.write_str("StartTls"),
            Self::Ready => f.write_str("Ready"),
            Self::WantBody => f.write_str("WantBody"),
            Self::Done(result) => f.debug_tuple("Done").field(result).finish(),
            Self::Failed(failure) => f.debug_tuple("Failed").field(failure).finish(),
            Self::Close => f.write_str("Close"),
        }
    }
}
