//! The SMTP door: listeners, limits, policy, verdicts.
//!
//! [`Intake`] accepts connections, drives a [`guichet_smtp::Receiver`] for each, asks
//! [`Accounts`](guichet_accounts::Accounts) whose address a recipient is, has the mail verified and parsed, and hands
//! it to [`Desk::receive`], whose answer becomes the client's. It decides nothing about tickets.
//!
//! # What must hold
//! - `250` is said only after [`Desk::receive`] returned; trouble of ours is `4xx`, its cause is in the log alone.
//! - A connection is one task; a mail adds none, but for the blocking work on a large one.
//! - Every count, size and wait is bounded by [`Settings`] or a constant with a name.

mod admission;
mod body;
mod connection;
mod listener;
mod metrics;
mod outcome;
mod permits;
mod policy;
mod proxied;
mod reception;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod trace;
mod transport;
mod trouble;

use std::sync::Arc;

use guichet_desk::Desk;
use guichet_mailauth::Verifier;
use guichet_store::Store;
use guichet_sys::Clock;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use listener::Door;
pub use settings::{Network, SessionLimits, Settings};

/// What the door stands on.
#[derive(Clone)]
pub struct Backends {
    /// Where bodies are spooled; the desk's own store.
    pub store: Store,
    /// What becomes of mail; its accounts say whose address an address is.
    pub desk: Desk,
    /// Who checks the sender.
    pub verifier: Arc<Verifier>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// TLS for STARTTLS; without it none is offered.
    pub tls: Option<TlsAcceptor>,
}

/// The SMTP door.
pub struct Intake {
    settings: Settings,
    backends: Backends,
}

/// How the door closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Sessions that were open when the stop began and came to an end by themselves.
    pub finished: usize,
    /// Sessions that were cut since they took longer than `stop_secs_max`. None of them had heard `250` for what it
    /// was sending.
    pub cut: usize,
}

impl Intake {
    /// A door that is not open yet.
    pub fn new(settings: Settings, backends: Backends) -> Self {
        Self { settings, backends }
    }

    /// Takes mail on these listeners, until `stop` holds `true` or its sender is gone; then accepts no more, lets every
    /// session finish the mail it is at, and returns after `stop_secs_max` at the latest.
    ///
    /// Dropping the future cuts all sessions.
    pub async fn serve(self, listeners: Vec<TcpListener>, stop: watch::Receiver<bool>) -> Stopped {
        metrics::describe();
        Door::new(self.settings, &self.backends, stop).run(listeners).await
    }
}
