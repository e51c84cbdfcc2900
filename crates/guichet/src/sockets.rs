//! The sockets that the server listens on, bound before anything is made on disk.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::config::Configuration;

/// Why an address can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {address} can't be listened on ({error}); {advice}")]
pub(crate) struct BindError {
    key: &'static str,
    address: SocketAddr,
    error: io::Error,
    advice: &'static str,
}

/// Bound and listening; what connects waits until it is accepted.
#[derive(Debug)]
pub(crate) struct Sockets {
    /// Where mail comes in.
    pub(crate) smtp: Vec<TcpListener>,
    /// Where the API answers.
    pub(crate) http: TcpListener,
}

impl Sockets {
    /// Binds all that the configuration names, or none.
    pub(crate) async fn bind(configuration: &Configuration) -> Result<Self, BindError> {
        let mut smtp = Vec::new();
        for address in &configuration.smtp.listen.0 {
            smtp.push(bind("smtp.listen", *address).await?);
        }
        let http = bind("http.listen", configuration.http.listen).await?;
        Ok(Self { smtp, http })
    }

    /// Where they are.
    pub(crate) fn addresses(&self) -> io::Result<Addresses> {
        let smtp = self.smtp.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?;
        Ok(Addresses { smtp, http: self.http.local_addr()? })
    }
}

/// Where somebody finds them: the real ports where the configuration left them open.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    /// Of mail.
    pub(crate) smtp: Vec<SocketAddr>,
    /// Of the API.
    pub(crate) http: SocketAddr,
}

async fn bind(key: &'static str, address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => "stop the program that has this port, or set another",
            io::ErrorKind::PermissionDenied => {
                "ports below 1024 need root or CAP_NET_BIND_SERVICE; see resources/guichet.service"
            }
            io::ErrorKind::AddrNotAvailable => "set an address that this machine has",
            _ => "set another address",
        };
        BindError { key, address, error, advice }
    })
}

/// Where somebody on this machine reaches a socket that is bound to all addresses.
pub(crate) fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    SocketAddr::new(ip, bound.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named_with_its_setting() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let error = bind("smtp.listen", address).await.unwrap_err().to_string();
        let start = format!("smtp.listen: {address} can't be listened on (Address already in use");
        assert!(error.starts_with(&start), "{error}");
        assert!(error.ends_with("stop the program that has this port, or set another"), "{error}");
    }

    #[test]
    fn an_address_for_all_is_reached_through_the_loopback() {
        for (bound, reached) in
            [("0.0.0.0:25", "127.0.0.1:25"), ("[::]:25", "[::1]:25"), ("192.0.2.1:25", "192.0.2.1:25")]
        {
            assert_eq!(reachable(bound.parse().unwrap()), reached.parse().unwrap());
        }
    }
}
