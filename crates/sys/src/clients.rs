//! How many connections each client has: a bound that keeps one of them from taking every place.
//!
//! *Must hold*: a place is given back however a connection ends. A client is an IPv4 address or an IPv6 /64, since whoever
//! has one address of a /64 has all of them (RFC 4291, section 2.5.4).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const CLIENT_BITS_OF_IPV6: u128 = u128::MAX << 64;

/// Counts the connections of each client.
#[derive(Debug)]
pub struct Clients {
    connections_max: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// One of a client's connections.
#[derive(Debug)]
pub struct ClientPlace {
    clients: Arc<Clients>,
    client: IpAddr,
}

impl Clients {
    /// So many connections for each.
    pub fn new(connections_max: usize) -> Arc<Self> {
        Arc::new(Self { connections_max, open: Mutex::default() })
    }

    /// A place for a connection from this address; `None` if the client has too many.
    pub fn place(self: &Arc<Self>, address: IpAddr) -> Option<ClientPlace> {
        let client = client_of(address);
        let mut open = self.open();
        let count = open.get(&client).copied().unwrap_or(0);
        if count >= self.connections_max {
            return None;
        }
        open.insert(client, count + 1);
        Some(ClientPlace { clients: self.clone(), client })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ClientPlace {
    fn drop(&mut self) {
        let mut open = self.clients.open();
        if let Some(count) = open.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.client);
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
    use super::*;

    #[test]
    fn promise_9_a_client_is_an_address_or_a_64() {
        let clients = Clients::new(1);
        let client = |address: &str| clients.place(address.parse().unwrap());
        let place = client("192.0.2.1").unwrap();
        assert!(client("::ffff:192.0.2.1").is_none());
        assert!(client("192.0.2.2").is_some());
        drop(place);
        assert!(client("192.0.2.1").is_some());
        let _place = client("2001:db8::1").unwrap();
        assert!(client("2001:db8::ffff:2").is_none());
        assert!(client("2001:db8:0:1::1").is_some());
        assert_eq!(clients.open().len(), 1, "who has left is forgotten");
    }
}
