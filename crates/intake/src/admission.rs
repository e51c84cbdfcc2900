//! Who may connect: bounds on connections over all and from one client.
//!
//! What must hold: a place is given back however a connection ends.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use guichet_sys::{ClientPlace, Clients};

use crate::metrics;
use crate::settings::Settings;

/// Counts connections.
#[derive(Debug)]
pub(crate) struct Admission {
    connections_max: usize,
    connections: AtomicUsize,
    clients: Arc<Clients>,
}

/// One of the connections over all.
#[derive(Debug)]
pub(crate) struct ConnectionPlace(Arc<Admission>);

impl Admission {
    pub(crate) fn new(settings: &Settings) -> Arc<Self> {
        Arc::new(Self {
            connections_max: settings.connections_max,
            connections: AtomicUsize::new(0),
            clients: Clients::new(settings.connections_per_address_max),
        })
    }

    /// A connection has come; `None` if there are too many.
    pub(crate) fn connection(self: &Arc<Self>) -> Option<ConnectionPlace> {
        let one_more = |open: usize| (open < self.connections_max).then_some(open + 1);
        self.connections.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        metrics::connection_opened();
        Some(ConnectionPlace(self.clone()))
    }

    /// It is from this client; `None` if it has too many.
    pub(crate) fn client(&self, address: IpAddr) -> Option<ClientPlace> {
        self.clients.place(address)
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
        metrics::connection_closed();
    }
}

#[cfg(test)]
mod tests {
    use guichet_mail::DomainName;

    use super::*;

    #[test]
    fn promise_9_connections_are_bounded_and_places_given_back() {
        let mut settings = Settings::new(DomainName::parse("mx.example").unwrap());
        settings.connections_max = 2;
        let admission = Admission::new(&settings);
        let _one = admission.connection().unwrap();
        let two = admission.connection().unwrap();
        assert!(admission.connection().is_none());
        drop(two);
        assert!(admission.connection().is_some());
    }
}
