//! Which addresses are this machine's own, or nobody's: no mail is sent there.
//!
//! A domain whose MX names `127.0.0.1` makes senders attack themselves, and one that names us without being ours makes
//! mail turn in circles.
//!
//! *Standards*: RFC 5321, section 5.1; RFC 6890 (special addresses).

use std::net::{IpAddr, SocketAddr, UdpSocket};

use crate::settings::{LocalNetworks, Settings};

/// Knows our own addresses.
pub(crate) struct Ourselves {
    own: Vec<SocketAddr>,
    is_wildcard: bool,
    local_networks: LocalNetworks,
}

impl Ourselves {
    pub(crate) fn new(settings: &Settings) -> Self {
        let canonical = |address: &SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
        let own: Vec<SocketAddr> = settings.own_addresses.iter().map(canonical).collect();
        Self {
            is_wildcard: own.iter().any(|address| address.ip().is_unspecified()),
            own,
            local_networks: settings.local_networks,
        }
    }

    /// Whether a mail that goes there comes back, or goes nowhere.
    pub(crate) fn is(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self.local_networks {
            LocalNetworks::Allowed => false,
            LocalNetworks::Refused => {
                is_nobodys(address)
                    || self.own.iter().any(|own| own.ip() == address)
                    || (self.is_wildcard && is_of_this_machine(address))
            }
        }
    }

    /// Whether we take mail at exactly this address and port.
    pub(crate) fn listens_at(&self, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        let mut own = self.own.iter().filter(|own| own.port() == address.port());
        own.any(|own| own.ip() == ip || (own.ip().is_unspecified() && is_of_this_machine(ip)))
    }
}

/// Addresses that mean this machine, this link, or no single host.
fn is_nobodys(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_loopback()
                || v4.octets().first() == Some(&0)
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.is_link_local()
        }
        IpAddr::V6(v6) => {
            v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || v6.is_unicast_link_local()
        }
    }
}

/// The system lets a socket be bound to its own addresses alone.
fn is_of_this_machine(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use guichet_mail::DomainName;

    use super::*;

    fn ourselves(own: &[&str]) -> Ourselves {
        let mut settings = Settings::new(DomainName::parse("mx.example").unwrap());
        settings.own_addresses = own.iter().map(|address| address.parse().unwrap()).collect();
        Ourselves::new(&settings)
    }

    #[test]
    fn no_mail_goes_to_this_machine_or_to_nobody() {
        let ourselves = ourselves(&["198.51.100.25:2525", "[2001:db8::25]:2525"]);
        for address in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.1.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "fe80::1",
            "ff02::1",
            "198.51.100.25",
            "::ffff:198.51.100.25",
            "2001:db8::25",
        ] {
            assert!(ourselves.is(address.parse().unwrap()), "{address}");
        }
        for address in ["198.51.100.26", "2001:db8::26", "10.0.0.1", "fd00::1"] {
            assert!(!ourselves.is(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn another_server_of_this_machine_is_not_ours() {
        let at = |own: &str, address: &str| ourselves(&[own]).listens_at(address.parse().unwrap());
        assert!(at("127.0.0.1:2525", "127.0.0.1:2525") && at("127.0.0.1:2525", "[::ffff:127.0.0.1]:2525"));
        assert!(at("0.0.0.0:2525", "127.0.0.1:2525") && at("[::]:2525", "127.0.0.1:2525"));
        assert!(!at("127.0.0.1:2525", "127.0.0.1:25") && !at("0.0.0.0:2525", "127.0.0.1:25"));
        assert!(!at("127.0.0.1:25", "127.0.0.2:25") && !at("0.0.0.0:25", "192.0.2.1:25"));
    }

    #[test]
    fn who_listens_everywhere_asks_the_system() {
        assert!(!ourselves(&["0.0.0.0:25"]).is("192.0.2.1".parse().unwrap()));
        assert!(is_of_this_machine("127.0.0.1".parse().unwrap()));
    }
}
