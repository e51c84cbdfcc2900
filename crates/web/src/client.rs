//! Who is at the other end: the peer of the connection, or whom a trusted proxy names.
//!
//! *Must hold*: what a peer says of others counts only where that peer is a trusted proxy; of what it says, only the
//! right-most address that is no trusted proxy itself, since whatever stands left of it may be invented.
//!
//! *Standards*: RFC 7239 (`Forwarded`), `X-Forwarded-For` and `X-Forwarded-Proto` as proxies have them.
//!
//! *Security*: a proxy that writes one of the two fields passes the other on as a stranger sent it. Where both are there
//! and name different clients, neither is believed, and the proxy itself counts as the client.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use crate::forwarded::{self, Hop};

/// The other end of a connection, as the server sees it; whoever accepts connections puts it into each request's
/// extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Whether the connection is TLS.
    pub is_encrypted: bool,
}

/// Who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// From which address.
    pub address: IpAddr,
    /// Whether it came by HTTPS, to us or to the proxy before us.
    pub is_encrypted: bool,
}

/// Says which addresses are trusted proxies.
#[derive(Clone)]
pub struct Proxies(Arc<dyn Fn(IpAddr) -> bool + Send + Sync>);

impl Proxies {
    /// Those for which this is true.
    pub fn new(are_trusted: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(are_trusted))
    }

    /// None at all.
    pub fn none() -> Self {
        Self::new(|_| false)
    }

    fn trust(&self, address: IpAddr) -> bool {
        (self.0)(address)
    }

    /// Who sent a request with these header fields over a connection to this peer.
    fn client(&self, peer: Peer, headers: &HeaderMap) -> Client {
        let address = peer.address.to_canonical();
        let unproxied = Client { address, ..Client::from(peer) };
        if !self.trust(address) {
            return unproxied;
        }
        let (standard, customary) = (forwarded::standard(headers), forwarded::customary(headers));
        match (standard, customary) {
            (None, None) => unproxied,
            (Some(hops), None) | (None, Some(hops)) => self.behind(unproxied, &hops),
            (Some(one), Some(other)) => {
                let (one, other) = (self.behind(unproxied, &one), self.behind(unproxied, &other));
                if one.address == other.address { one } else { unproxied }
            }
        }
    }

    /// From the nearest proxy outwards, as long as whoever speaks is trusted.
    fn behind(&self, nearest: Client, hops: &[Hop]) -> Client {
        let mut client = nearest;
        for hop in hops.iter().rev() {
            client.is_encrypted = hop.is_encrypted.unwrap_or(client.is_encrypted);
            let Some(address) = hop.address else { break };
            client.address = address;
            if !self.trust(address) {
                break;
            }
        }
        client
    }
}

impl From<Peer> for Client {
    fn from(peer: Peer) -> Self {
        Self { address: peer.address, is_encrypted: peer.is_encrypted }
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxies")
    }
}

/// Middleware: finds out who sent the request, for all that comes after it.
pub async fn identify(State(proxies): State<Proxies>, mut request: Request, next: Next) -> Response {
    if let Some(peer) = request.extensions().get::<Peer>().copied() {
        let client = proxies.client(peer, request.headers());
        request.extensions_mut().insert(client);
    }
    next.run(request).await
}

/// A request that came over no connection, as tests send them, comes from `0.0.0.0`.
impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let nowhere = Client { address: Ipv4Addr::UNSPECIFIED.into(), is_encrypted: false };
        Ok(parts.extensions.get::<Client>().copied().unwrap_or(nowhere))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn client(peer: &str, fields: &[(&'static str, &str)]) -> (String, bool) {
        let proxies = Proxies::new(|address| matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10));
        let headers: HeaderMap = fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect();
        let peer = Peer { address: peer.parse().unwrap(), is_encrypted: false };
        let client = proxies.client(peer, &headers);
        (client.address.to_string(), client.is_encrypted)
    }

    fn address(peer: &str, fields: &[(&'static str, &str)]) -> String {
        client(peer, fields).0
    }

    #[test]
    fn nobody_is_believed_but_a_trusted_proxy() {
        for field in [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1;proto=https")] {
            assert_eq!(client("198.51.100.9", &[field]), ("198.51.100.9".to_owned(), false));
            assert_eq!(address(PROXY, &[field]), "192.0.2.1");
        }
        assert_eq!(address(PROXY, &[]), PROXY);
        assert_eq!(address("::ffff:10.0.0.1", &[("x-forwarded-for", "192.0.2.1")]), "192.0.2.1");
    }

    #[test]
    fn what_a_stranger_put_left_of_the_truth_is_not_looked_at() {
        let invented = "203.0.113.66, 192.0.2.1";
        assert_eq!(address(PROXY, &[("x-forwarded-for", invented)]), "192.0.2.1");
        let chain = "203.0.113.66, 192.0.2.1, 10.0.0.2";
        assert_eq!(address(PROXY, &[("x-forwarded-for", chain)]), "192.0.2.1");
        let forwarded = "for=203.0.113.66;proto=https, for=\"[2001:db8::1]:4711\";proto=http, for=10.0.0.2";
        assert_eq!(client(PROXY, &[("forwarded", forwarded)]), ("2001:db8::1".to_owned(), false));
        let twice = [("x-forwarded-for", "203.0.113.66"), ("x-forwarded-for", "192.0.2.1")];
        let mut headers = HeaderMap::new();
        for (name, value) in twice {
            headers.append(name, HeaderValue::from_static(value));
        }
        let peer = Peer { address: PROXY.parse().unwrap(), is_encrypted: false };
        let proxies = Proxies::new(|address| address.to_string() == PROXY);
        assert_eq!(proxies.client(peer, &headers).address.to_string(), "192.0.2.1");
    }

    #[test]
    fn a_quote_that_a_stranger_opens_hides_nobody() {
        assert_eq!(address(PROXY, &[("x-forwarded-for", "\", 192.0.2.1")]), "192.0.2.1");
        assert_eq!(address(PROXY, &[("forwarded", "for=\"x, for=192.0.2.1")]), "192.0.2.1");
        let quoted = "for=\"x, for=\"[2001:db8::1]:4711\";proto=https";
        assert_eq!(client(PROXY, &[("forwarded", quoted)]), ("2001:db8::1".to_owned(), true));
    }

    #[test]
    fn who_has_no_name_is_who_brought_him() {
        for hidden in ["unknown", "_hidden", "\"_SEVKISEK\"", "nonsense", "192.0.2.1.5", ""] {
            let field = format!("for=203.0.113.66, for={hidden}");
            assert_eq!(address(PROXY, &[("forwarded", &field)]), PROXY, "{hidden}");
            let field = format!("203.0.113.66, {hidden}, 10.0.0.2");
            assert_eq!(address(PROXY, &[("x-forwarded-for", &field)]), "10.0.0.2", "{hidden}");
        }
    }

    #[test]
    fn two_fields_that_differ_are_not_believed() {
        let fields = [("forwarded", "for=203.0.113.66"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(address(PROXY, &fields), PROXY);
        let fields = [("forwarded", "for=192.0.2.1"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(address(PROXY, &fields), "192.0.2.1");
    }

    #[test]
    fn https_to_the_proxy_is_https() {
        assert!(client(PROXY, &[("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "https")]).1);
        assert!(!client(PROXY, &[("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "http")]).1);
        assert!(client(PROXY, &[("forwarded", "For=192.0.2.1;Proto=HTTPS")]).1);
        assert!(!client("192.0.2.1", &[("x-forwarded-proto", "https")]).1);
    }
}
