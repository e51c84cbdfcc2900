//! The deliverer: takes due deliveries from the desk, signs them, and brings them out.
//!
//! The desk owns a delivery's states; this crate knows how mail reaches a server and what its answers mean.

mod limits;
mod settings;

use std::sync::Arc;

use guichet_desk::Desk;
use guichet_store::Store;
use guichet_sys::dns::Resolver;
use guichet_sys::tls::ClientTls;
use guichet_sys::{Clock, Random};
use tokio::sync::watch;

pub use limits::Limits;
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
    pub async fn run(self, mut stop: watch::Receiver<bool>) -> Stopped {
        let _ = (&self.settings, &self.backends);
        let _ = stop.wait_for(|stopping| *stopping).await;
        Stopped { finished: 0, cut: 0 }
    }
}
