//! The deliverer: takes due deliveries from the desk, signs them, and brings them out.
//!
//! The desk owns a delivery's states; this crate knows how mail reaches a server and what its answers mean. Three ways lead
//! out: to the servers of a domain or to a smart host, to the desk of this server itself, and nowhere (capture).
//!
//! # What must hold
//! - An attempt that was begun is recorded, and nothing is sent that could not be recorded (promise 6).
//! - Nobody waits behind a destination that is slow or refuses.
//! - Every count, size and wait is bounded by [`Limits`], [`SessionLimits`] or a constant with a name.

mod ahead;
mod connection;
mod content;
mod deliver;
mod dial;
mod judge;
mod limits;
mod local;
mod metrics;
mod ourselves;
mod pool;
mod queue;
mod record;
mod remote;
mod scheduler;
mod servers;
mod settings;
mod signatures;
mod signing;
#[cfg(test)]
mod tests;
mod transport;
mod trouble;

use std::sync::Arc;

use guichet_desk::Desk;
use guichet_store::Store;
use guichet_sys::dns::Resolver;
use guichet_sys::tls::ClientTls;
use guichet_sys::{Clock, Random};
use tokio::sync::watch;
use tokio::task::JoinSet;

use ahead::sign_ahead;
use deliver::Deliverer;
pub use limits::Limits;
use scheduler::Scheduler;
pub use settings::{Credentials, LocalNetworks, Mode, Security, SessionLimits, Settings, SmartHost};

/// What the deliverer stands on.
#[derive(Clone)]
pub struct Backends {
    /// The desk's own store: asked for room before anything is sent.
    pub store: Store,
    /// Whose deliveries they are, and who takes mail for domains of this server.
    pub desk: Desk,
    /// Where mail servers are looked up.
    pub resolver: Arc<Resolver>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The order of servers that are equally good.
    pub random: Arc<dyn Random>,
    /// TLS as a client.
    pub tls: ClientTls,
}

/// The deliverer.
pub struct Outbound {
    settings: Settings,
    backends: Backends,
}

/// How the deliverer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Deliveries that were under way when the stop began and came to an end.
    pub finished: usize,
    /// Deliveries that were cut since they took longer than `stop_secs_max`; they are due again at the next start.
    pub cut: usize,
}

impl Outbound {
    /// A deliverer that has not begun.
    pub fn new(settings: Settings, backends: Backends) -> Self {
        Self { settings, backends }
    }

    /// Delivers until `stop` holds `true` or its sender is gone; then begins nothing new, lets what is under way
    /// end, and returns after `stop_secs_max` at the latest.
    pub async fn run(self, stop: watch::Receiver<bool>) -> Stopped {
        metrics::describe();
        let deliverer = Arc::new(Deliverer::new(&self.settings, self.backends));
        // Set apart, since signing keeps a thread busy for a moment. It ends with the set.
        let mut ahead = JoinSet::new();
        ahead.spawn(sign_ahead(Arc::clone(&deliverer)));
        Scheduler::new(self.settings, deliverer).run(stop).await
    }
}
