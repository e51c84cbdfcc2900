//! Reverse DNS: does the name of the client's address lead back to it?
//!
//! *Standards*: RFC 8601 section 3 (*iprev*), results as in its section 2.7.3.
//!
//! *Must hold*: a host name is reported only if it was confirmed; an unconfirmed one is a stranger's claim.

use std::net::IpAddr;

use guichet_mail::verdict::{AuthResult, IprevVerdict};
use guichet_sys::dns::{DnsError, Resolver};

/// Names of one address that are tried; legitimate mail servers have one.
const NAMES_MAX: usize = 5;

/// Checks `client_ip`.
pub(crate) async fn check(resolver: &Resolver, client_ip: IpAddr) -> IprevVerdict {
    let client_ip = client_ip.to_canonical();
    let (result, host, reason) = match confirm(resolver, client_ip).await {
        Ok(Some(host)) => (AuthResult::Pass, Some(host.into()), None),
        Ok(None) => (AuthResult::Fail, None, Some(format!("no name of {client_ip} leads back to it"))),
        Err(error @ DnsError::TryAgain(_)) => (AuthResult::TempError, None, Some(error.to_string())),
        Err(_) => (AuthResult::PermError, None, Some(format!("{client_ip} has no name"))),
    };
    IprevVerdict { result, address: Some(client_ip), host, reason }
}

async fn confirm(resolver: &Resolver, client_ip: IpAddr) -> Result<Option<Box<str>>, DnsError> {
    let names = resolver.ptr(client_ip).await?;
    let mut trouble = None;
    for name in names.iter().take(NAMES_MAX) {
        let leads_back = match client_ip {
            IpAddr::V4(ip) => resolver.ipv4(name).await.map(|addresses| addresses.contains(&ip)),
            IpAddr::V6(ip) => resolver.ipv6(name).await.map(|addresses| addresses.contains(&ip)),
        };
        match leads_back {
            Ok(true) => return Ok(Some(name.clone())),
            Err(error) if error.is_transient() => trouble = Some(error),
            _ => {}
        }
    }
    trouble.map_or(Ok(None), Err)
}

#[cfg(test)]
mod tests {
    use guichet_testkit::{FakeDns, Zone};

    use super::*;

    async fn result(zone: Zone, client_ip: &str) -> IprevVerdict {
        check(&FakeDns::resolver(zone), client_ip.parse().unwrap()).await
    }

    #[tokio::test]
    async fn a_name_that_leads_back_is_believed() {
        let zone = Zone::new().ptr("192.0.2.1", "mx.example.org").address("mx.example.org", "192.0.2.1");
        for client_ip in ["192.0.2.1", "::ffff:192.0.2.1"] {
            let verdict = result(zone.clone(), client_ip).await;
            assert_eq!((verdict.result, verdict.host.as_deref()), (AuthResult::Pass, Some("mx.example.org")));
        }
    }

    #[tokio::test]
    async fn a_claimed_name_is_not_reported() {
        let zone = Zone::new().ptr("192.0.2.1", "mx.bank.example").address("mx.bank.example", "198.51.100.7");
        let verdict = result(zone, "192.0.2.1").await;
        assert_eq!((verdict.result, verdict.host), (AuthResult::Fail, None));
    }

    #[tokio::test(start_paused = true)]
    async fn absence_and_trouble_differ() {
        assert_eq!(result(Zone::new(), "2001:db8::1").await.result, AuthResult::PermError);
        let mute = Zone::new().ptr("192.0.2.1", "mx.example.org").silence("mx.example.org", &[]);
        assert_eq!(result(mute, "192.0.2.1").await.result, AuthResult::TempError);
    }
}
