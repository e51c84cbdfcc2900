//! Which servers take the mail for a domain, and where they are.
//!
//! *Must hold*: absence is told from trouble: a domain that doesn't exist is refused at once, one that DNS can't tell of is
//! tried again. Mail never goes to a server that is no better than ourselves.
//!
//! *Standards*: RFC 5321, section 5.1 (MX, implicit MX, order, loops); RFC 7505 (null MX).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use guichet_mail::DomainName;
use guichet_sys::Random;
use guichet_sys::dns::{DnsError, Mx, Resolver};

use crate::judge::Judgement;
use crate::ourselves::Ourselves;
use crate::settings::Settings;

/// MX records that are looked at, the most preferred first; a domain with more doesn't need them all.
const SERVERS_MAX: usize = 10;
/// Addresses of one server that are looked at, of each family.
const ADDRESSES_PER_SERVER_MAX: usize = 4;
/// The stage at which DNS decides.
const DNS: &str = "dns";

/// A server to be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) host: String,
    /// In the order in which they are tried.
    pub(crate) addresses: Vec<SocketAddr>,
}

/// Finds servers.
pub(crate) struct Servers {
    resolver: Arc<Resolver>,
    random: Arc<dyn Random>,
    ourselves: Ourselves,
    hostname: DomainName,
    port: u16,
}

/// One host with its preference, and what DNS said of its addresses.
struct Candidate {
    preference: u16,
    host: String,
    addresses: Result<Vec<IpAddr>, DnsError>,
}

impl Servers {
    pub(crate) fn new(settings: &Settings, resolver: Arc<Resolver>, random: Arc<dyn Random>) -> Self {
        Self {
            resolver,
            random,
            ourselves: Ourselves::new(settings),
            hostname: settings.hostname.clone(),
            port: settings.port,
        }
    }

    /// The servers of a domain, the best first; at least one, with at least one address.
    pub(crate) async fn of_domain(&self, domain: &DomainName) -> Result<Vec<Server>, Judgement> {
        let mut candidates = Vec::new();
        for mx in self.exchangers(domain).await? {
            let addresses = self.addresses(&mx.exchange).await;
            candidates.push(Candidate { preference: mx.preference, host: mx.exchange.into(), addresses });
        }
        self.better_than_ourselves(domain, &mut candidates)?;
        let trouble = candidates.iter().find_map(|one| one.addresses.as_ref().err().cloned());
        let servers: Vec<Server> = candidates.into_iter().filter_map(|one| self.server(one)).collect();
        if servers.is_empty() {
            return Err(no_address(domain, trouble));
        }
        Ok(servers)
    }

    /// The server that the settings name. Whatever is wrong with it is the operator's business, never the mail's.
    pub(crate) async fn of_host(&self, host: &DomainName, port: u16) -> Result<Vec<Server>, Judgement> {
        let addresses = self.addresses(host.as_str()).await.map_err(|error| {
            Judgement::deferred(DNS, "4.4.4", format!("The smart host {host} can't be found: {error}."))
        })?;
        let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, port));
        // By address and port: another server of this machine may have our name.
        let addresses: Vec<SocketAddr> = addresses.filter(|at| !self.ourselves.listens_at(*at)).collect();
        if addresses.is_empty() {
            let text = format!("The smart host {host}:{port} is this server itself: name another.");
            return Err(Judgement::deferred(DNS, "4.4.6", text));
        }
        Ok(vec![Server { host: host.to_string(), addresses }])
    }

    /// The MX records in the order of trying; the domain itself where there are none.
    async fn exchangers(&self, domain: &DomainName) -> Result<Vec<Mx>, Judgement> {
        let found = match self.resolver.mx(domain.as_str()).await {
            Ok(found) => found.to_vec(),
            Err(DnsError::NoRecords) => vec![Mx { preference: 0, exchange: domain.as_str().into() }],
            Err(DnsError::NoSuchName | DnsError::BadName) => {
                let text = format!("There is no domain {domain}. Please check the address.");
                return Err(Judgement::refused(DNS, "5.1.2", text));
            }
            Err(DnsError::TryAgain(why)) => return Err(dns_trouble(domain, &why)),
        };
        let mut usable: Vec<Mx> = found.into_iter().filter(|mx| !mx.exchange.is_empty()).collect();
        if usable.is_empty() {
            let text = format!("The domain {domain} takes no mail, as its owner says in DNS.");
            return Err(Judgement::refused(DNS, "5.1.10", text));
        }
        let mut lots: Vec<(u16, u64, Mx)> =
            usable.drain(..).map(|mx| (mx.preference, self.lot(), mx)).collect();
        lots.sort_unstable();
        lots.truncate(SERVERS_MAX);
        Ok(lots.into_iter().map(|(_, _, mx)| mx).collect())
    }

    /// Drops what is not better than ourselves, where we are among them.
    fn better_than_ourselves(
        &self,
        domain: &DomainName,
        candidates: &mut Vec<Candidate>,
    ) -> Result<(), Judgement> {
        let is_own = |one: &&Candidate| {
            one.host == self.hostname.as_str()
                || one.addresses.iter().flatten().any(|address| self.ourselves.is(*address))
        };
        let Some(own) = candidates.iter().filter(is_own).map(|one| one.preference).min() else {
            return Ok(());
        };
        candidates.retain(|one| one.preference < own);
        if candidates.is_empty() {
            return Err(leads_back(domain));
        }
        Ok(())
    }

    fn server(&self, candidate: Candidate) -> Option<Server> {
        let addresses = candidate.addresses.ok()?;
        let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, self.port)).collect();
        Some(Server { host: candidate.host, addresses })
    }

    /// The addresses of a host, never none: IPv6 and IPv4 in turn, so that a family without a way out costs one
    /// time-out at most.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        let (v6, v4) = tokio::join!(self.resolver.ipv6(host), self.resolver.ipv4(host));
        let (v6, v4) = match (v6, v4) {
            (Err(error), Err(other)) => return Err(if error.is_transient() { error } else { other }),
            (v6, v4) => (v6.unwrap_or_default(), v4.unwrap_or_default()),
        };
        let mut found = Vec::new();
        for at in 0..ADDRESSES_PER_SERVER_MAX {
            found.extend(v6.get(at).copied().map(IpAddr::V6));
            found.extend(v4.get(at).copied().map(IpAddr::V4));
        }
        Ok(found)
    }

    fn lot(&self) -> u64 {
        let mut lot = [0; 8];
        self.random.fill(&mut lot);
        u64::from_ne_bytes(lot)
    }
}

/// The mail would come back to us.
pub(crate) fn leads_back(domain: &DomainName) -> Judgement {
    let text = format!(
        "The mail for {domain} would come back to this server, which doesn't know the domain. \
         If it is yours, add it here; else its DNS is wrong."
    );
    Judgement::refused(DNS, "5.4.6", text)
}

fn no_address(domain: &DomainName, trouble: Option<DnsError>) -> Judgement {
    match trouble {
        Some(DnsError::TryAgain(why)) => dns_trouble(domain, &why),
        // The implicit MX: the domain is there, but nothing at it takes mail.
        Some(DnsError::NoRecords) => {
            let text = format!("The domain {domain} takes no mail: it has neither MX nor address.");
            Judgement::refused(DNS, "5.1.2", text)
        }
        _ => {
            let text =
                format!("The mail servers of {domain} have no address. Its owner has to mend its DNS.");
            Judgement::deferred(DNS, "4.4.4", text)
        }
    }
}

fn dns_trouble(domain: &DomainName, why: &str) -> Judgement {
    Judgement::deferred(DNS, "4.4.3", format!("DNS doesn't answer for {domain}: {why}."))
}

#[cfg(test)]
mod tests;
