//! Who may connect: bounds on connections over all and from one client.
//!
//! What must hold: a place is given back however a connection ends. A client is an IPv4 address or an IPv6 /64, since
//! whoever has one address of a /64 has all of them (RFC 4291, section 2.5.4).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::metrics;
use crate::settings::Settings;

const CLIENT_BITS_OF_IPV6: u128 = u128::MAX << 64;

/// Counts connections.
#[derive(Debug)]
pub(crate) struct Admission {
    connections_max: usize,
    per_client_max: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    connections: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// One of the connections over all.
#[derive(Debug)]
pub(crate) struct ConnectionPlace(Arc<Admission>);

/// One of a client's connections.
#[derive(Debug)]
pub(crate) struct ClientPlace {
    admission: Arc<Admission>,
    client: IpAddr,
}

impl Admission {
    pub(crate) fn new(settings: &Settings) -> Arc<Self> {
        Arc::new(Self {
            connections_max: settings.connections_max,
            per_client_max: settings.connections_per_address_max,
            open: Mutex::default(),
        })
    }

    /// A connection has come; `None` if there are too many.
    pub(crate) fn connection(self: &Arc<Self>) -> Option<ConnectionPlace> {
        let mut open = self.open();
        if open.connections >= self.connections_max {
            return None;
        }
        open.connections += 1;
        metrics::connection_opened();
        Some(ConnectionPlace(self.clone()))
    }

    /// It is from this client; `None` if it has too many.
    pub(crate) fn client(self: &Arc<Self>, address: IpAddr) -> Option<ClientPlace> {
        let client = client_of(address);
        let mut open = self.open();
        let count = open.by_client.get(&client).copied().unwrap_or(0);
        if count >= self.per_client_max {
            return None;
        }
        open.by_client.insert(client, count + 1);
        Some(ClientPlace { admission: self.clone(), client })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.0.open().connections -= 1;
        metrics::connection_closed();
    }
}

impl Drop for ClientPlace {
    fn drop(&mut self) {
        let mut open = self.admission.open();
        if let Some(count) = open.by_client.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                open.by_client.remove(&self.client);
            }
        }
    }
}

fn client_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & CLIENT_BITS_OF_IPV6).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use guichet_mail::DomainName;

    use super::*;

    fn admission(connections_max: usize, per_client_max: usize) -> Arc<Admission> {
        let mut settings = Settings::new(DomainName::parse("mx.example").unwrap());
        settings.connections_max = connections_max;
        settings.connections_per_address_max = per_client_max;
        Admission::new(&settings)
    }

    #[test]
    fn promise_9_connections_are_bounded_and_places_given_back() {
        let admission = admission(2, 9);
        let _one = admission.connection().unwrap();
        let two = admission.connection().unwrap();
        assert!(admission.connection().is_none());
        drop(two);
        assert!(admission.connection().is_some());
    }

    #[test]
    fn promise_9_a_client_is_an_address_or_a_64() {
        let admission = admission(9, 1);
        let client = |address: &str| admission.client(address.parse().unwrap());
        let place = client("192.0.2.1").unwrap();
        assert!(client("::ffff:192.0.2.1").is_none());
        assert!(client("192.0.2.2").is_some());
        drop(place);
        assert!(client("192.0.2.1").is_some());
        let _place = client("2001:db8::1").unwrap();
        assert!(client("2001:db8::ffff:2").is_none());
        assert!(client("2001:db8:0:1::1").is_some());
        assert_eq!(admission.open().by_client.len(), 1, "who has left is forgotten");
    }
}
