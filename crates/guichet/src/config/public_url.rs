//! Where people reach the server: the beginning of each link that it writes into a mail.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use guichet_mail::DomainName;

use super::value::Value;

/// `https://desk.example`: a scheme and a host, in the form in which a browser says where a page comes from (RFC 6454 6.2):
/// lower case, no port that the scheme has anyway, nothing after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicUrl(String);

impl PublicUrl {
    /// Of a server of this name and port that speaks HTTPS, or does not.
    pub(crate) fn of(host: &DomainName, port: u16, is_encrypted: bool) -> Self {
        Self::new(if is_encrypted { "https" } else { "http" }, host.as_str(), Some(port))
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, without the port.
    pub(crate) fn host(&self) -> &str {
        let authority = self.0.split_once("://").map_or("", |(_, authority)| authority);
        match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => host,
            _ => authority,
        }
    }

    fn new(scheme: &str, host: &str, port: Option<u16>) -> Self {
        let usual = if scheme == "https" { 443 } else { 80 };
        let port = port.filter(|port| *port != usual).map_or_else(String::new, |port| format!(":{port}"));
        Self(format!("{scheme}://{host}{port}"))
    }
}

impl Value for PublicUrl {
    fn expected() -> String {
        "a scheme and a host without a path, as in `https://desk.example`".to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = ["https", "http"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let port = port
            .map(|port| port.parse().ok().filter(|port| *port != 0))
            .map_or(Some(None), |p| p.map(Some))?;
        Some(Self::new(scheme, &host_of(host)?, port))
    }
}

fn host_of(text: &str) -> Option<String> {
    if let Some(literal) = text.strip_prefix('[') {
        let address: Ipv6Addr = literal.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    let address = text.parse::<Ipv4Addr>().map(|address| address.to_string());
    address.ok().or_else(|| DomainName::parse(text).ok().map(|name| name.to_string()))
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_form_of_an_origin() {
        for (text, url) in [
            ("https://desk.example", "https://desk.example"),
            ("HTTPS://Desk.Example/", "https://desk.example"),
            ("https://desk.example:443", "https://desk.example"),
            ("https://desk.example:8443", "https://desk.example:8443"),
            ("http://127.0.0.1:80/", "http://127.0.0.1"),
            ("http://[2001:DB8::1]:8080", "http://[2001:db8::1]:8080"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(PublicUrl::read(text).unwrap().as_str(), url, "{text}");
        }
        for (text, host) in [
            ("https://desk.example", "desk.example"),
            ("http://127.0.0.1:81", "127.0.0.1"),
            ("http://[::1]:8080", "[::1]"),
            ("http://[::1]", "[::1]"),
        ] {
            assert_eq!(PublicUrl::read(text).unwrap().host(), host);
        }
        let host = DomainName::parse("localhost").unwrap();
        assert_eq!(PublicUrl::of(&host, 8080, false).to_string(), "http://localhost:8080");
        assert_eq!(PublicUrl::of(&host, 443, true).to_string(), "https://localhost");
    }

    #[test]
    fn anything_more_or_less_is_refused() {
        for text in [
            "desk.example",
            "ftp://desk.example",
            "https://",
            "https://desk.example/panel",
            "https://desk.example?x",
            "https://user@desk.example",
            "https://desk.example:0",
            "https://desk.example:99999",
            "https://desk example",
            "https://[::1",
        ] {
            assert_eq!(PublicUrl::read(text), None, "{text}");
        }
    }
}
