//! What the SMTP door is set to: its name and every bound that is not a single session's.
//!
//! What must hold: no bound is optional and none means "without limit"; the defaults suit a server on the open
//! internet. The bounds of one session are [`SessionLimits`].

use std::net::IpAddr;

use guichet_mail::DomainName;

pub use guichet_smtp::Limits as SessionLimits;

/// Settings of the SMTP door.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Our own name: in the greeting, in `Received`, and as the authserv-id of `Authentication-Results`.
    pub hostname: DomainName,
    /// Bounds of one session. `message_bytes_max` is the size of the largest mail.
    pub session: SessionLimits,
    /// Proxies whose connections begin with a PROXY header, always.
    pub proxies: Vec<Network>,
    /// Connections at one time over all addresses; one more hears `421 4.7.0`.
    pub connections_max: usize,
    /// Connections at one time from one client, an IPv4 address or an IPv6 /64; one more hears `421 4.7.0`.
    pub connections_per_address_max: usize,
    /// Bytes of all mails that are on their way in at one time, as declared or as received, whichever is more;
    /// past it a mail hears `452 4.3.1`.
    pub bytes_in_flight_max: u64,
    /// Bytes of memory that verifying and parsing large mails may take at one time; further ones wait.
    pub parse_bytes_max: u64,
    /// Seconds that a mail waits for that memory; then it hears `452 4.3.1`.
    pub parse_wait_secs_max: u32,
    /// Seconds that a client may take to read a reply; then the connection is closed.
    pub write_secs_max: u32,
    /// Seconds that a proxy may take to send its PROXY header; then the connection is closed.
    pub proxy_secs_max: u32,
    /// Seconds that sessions may take to finish the mail they are at once the server stops; then they are cut.
    pub stop_secs_max: u32,
}

impl Settings {
    /// The defaults, under this name.
    pub fn new(hostname: DomainName) -> Self {
        Self {
            hostname,
            session: SessionLimits::default(),
            proxies: Vec::new(),
            connections_max: 1000,
            connections_per_address_max: 100,
            bytes_in_flight_max: 1_000_000_000,
            parse_bytes_max: 128_000_000,
            parse_wait_secs_max: 120,
            write_secs_max: 120,
            proxy_secs_max: 10,
            stop_secs_max: 30,
        }
    }

    /// Whether connections from there begin with a PROXY header.
    pub(crate) fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(address))
    }
}

/// A network of IP addresses: those that share their leading bits with one (RFC 4632, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Any address of the network.
    pub address: IpAddr,
    /// How many leading bits count; more than the address has count as all of them.
    pub prefix_bits: u8,
}

impl Network {
    /// Whether an address lies in it. An IPv4 address mapped into IPv6 is an IPv4 address.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let host_bits = 32_u32.saturating_sub(self.prefix_bits.into());
                (ours.to_bits() ^ theirs.to_bits()).checked_shr(host_bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let host_bits = 128_u32.saturating_sub(self.prefix_bits.into());
                (ours.to_bits() ^ theirs.to_bits()).checked_shr(host_bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_what_shares_its_leading_bits() {
        for (network, bits, address, expected) in [
            ("10.1.2.3", 8, "10.200.0.1", true),
            ("10.1.2.3", 8, "11.0.0.1", false),
            ("192.0.2.1", 32, "192.0.2.1", true),
            ("192.0.2.1", 32, "192.0.2.2", false),
            ("192.0.2.1", 255, "192.0.2.2", false),
            ("0.0.0.0", 0, "203.0.113.9", true),
            ("10.0.0.0", 8, "::ffff:10.0.0.1", true),
            ("0.0.0.0", 0, "2001:db8::1", false),
            ("2001:db8::", 32, "2001:db8:ffff::1", true),
            ("2001:db8::", 32, "2001:db9::1", false),
            ("::", 0, "2001:db8::1", true),
        ] {
            let network = Network { address: network.parse().unwrap(), prefix_bits: bits };
            assert_eq!(network.contains(address.parse().unwrap()), expected, "{network:?} {address}");
        }
    }
}
