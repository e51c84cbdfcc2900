//! The real DNS: hickory as a stub resolver, over UDP with TCP where an answer is cut short.
//!
//! *Must hold*: a machine without a usable `resolv.conf` starts all the same; every question is then
//! [`DnsError::TryAgain`]. Hickory's own cache, search list and hosts file are off: the cache is
//! [`Resolver`](super::Resolver)'s, and mail asks for absolute names.
//!
//! *Security*: answers are believed as the configured server gives them; DNSSEC is that server's to check.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts},
    lookup::Lookup,
    net::{DnsError as HickoryDnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, RecordType as HickoryRecordType},
    },
    system_conf::read_system_conf,
};

use super::{Answer, Dns, DnsError, DnsFuture, Mx, Record, RecordType, Reply};

/// How long one attempt at one server may take, in seconds; the whole is bounded by `DnsLimits`.
const ATTEMPT_SECS_MAX: u64 = 2;
/// Further attempts after the first.
const ATTEMPTS_MORE_MAX: usize = 1;
/// What to keep an absence for where the server sent no SOA to say so, in seconds.
const ABSENCE_SECS_DEFAULT: u32 = 30;

/// A server in the configuration that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "dns.servers: {0:?} is neither an address (192.0.2.53) nor address and port (192.0.2.53:5353, [2001:db8::53]:53)"
)]
pub struct BadServer(pub String);

/// Asks the configured servers, or those of the system.
pub struct Hickory {
    /// Absent where neither configuration nor system names a usable server.
    resolver: Option<TokioResolver>,
}

impl Hickory {
    /// Asks `servers` (each `ip` or `ip:port`), in that order.
    pub fn with_servers<S: AsRef<str>>(servers: &[S]) -> Result<Self, BadServer> {
        let servers = servers.iter().map(|server| parse_server(server.as_ref())).collect::<Result<_, _>>()?;
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        Ok(Self { resolver: build(config, ResolverOpts::default()) })
    }

    /// Asks the servers of `/etc/resolv.conf`. Where there are none, says so once; every question then fails
    /// as transient.
    #[must_use]
    pub fn of_system() -> Self {
        let resolver = match read_system_conf() {
            Ok((config, options)) if !config.name_servers().is_empty() => build(config, options),
            Ok(_) => {
                tracing::warn!("/etc/resolv.conf names no DNS server; set dns.servers");
                None
            }
            Err(error) => {
                tracing::warn!(%error, "/etc/resolv.conf can't be used; set dns.servers");
                None
            }
        };
        Self { resolver }
    }
}

fn build(config: ResolverConfig, mut options: ResolverOpts) -> Option<TokioResolver> {
    options.timeout = Duration::from_secs(ATTEMPT_SECS_MAX);
    options.attempts = ATTEMPTS_MORE_MAX;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.edns0 = true;
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        .with_options(options)
        .build()
        .inspect_err(|error| tracing::warn!(%error, "the DNS resolver can't be set up; set dns.servers"))
        .ok()
}

fn parse_server(text: &str) -> Result<NameServerConfig, BadServer> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(NameServerConfig::udp_and_tcp(ip));
    }
    let address: SocketAddr = text.parse().map_err(|_| BadServer(text.to_owned()))?;
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()]
        .map(|mut connection| {
            connection.port = address.port();
            connection
        })
        .to_vec();
    Ok(NameServerConfig::new(address.ip(), true, connections))
}

impl Dns for Hickory {
    fn query<'a>(&'a self, name: &'a str, record_type: RecordType) -> DnsFuture<'a> {
        Box::pin(async move {
            let Some(resolver) = &self.resolver else {
                return Err(DnsError::TryAgain("no DNS server is configured".into()));
            };
            let question = question(name)?;
            match resolver.lookup(question.clone(), hickory_type(record_type)).await {
                Ok(lookup) => Ok(reply(&lookup, &question)),
                Err(error) => absence(error),
            }
        })
    }
}

/// Labels go over as bytes: a backslash or a space in a name is itself, no escape.
pub(super) fn question(name: &str) -> Result<Name, DnsError> {
    let mut question = Name::from_labels(name.split('.').map(str::as_bytes))
        .map_err(|error| DnsError::TryAgain(error.to_string().into()))?;
    question.set_fqdn(true);
    Ok(question)
}

pub(super) fn hickory_type(record_type: RecordType) -> HickoryRecordType {
    match record_type {
        RecordType::A => HickoryRecordType::A,
        RecordType::Aaaa => HickoryRecordType::AAAA,
        RecordType::Mx => HickoryRecordType::MX,
        RecordType::Ns => HickoryRecordType::NS,
        RecordType::Ptr => HickoryRecordType::PTR,
        RecordType::Txt => HickoryRecordType::TXT,
    }
}

fn reply(lookup: &Lookup, question: &Name) -> Reply {
    let ttl_secs = lookup.answers().iter().map(|record| record.ttl).min().unwrap_or(0);
    // The servers of another zone, to which an alias leads, say nothing of this one.
    let is_strange = |record: &Record, owner: &Name| matches!(record, Record::Ns(_)) && owner != question;
    let mut records: Vec<_> = lookup
        .answers()
        .iter()
        .filter_map(|found| our_record(&found.data).filter(|record| !is_strange(record, &found.name)))
        .collect();
    records.sort_by_key(|record| if let Record::Mx(mx) = record { mx.preference } else { 0 });
    let answer = if records.is_empty() { Answer::NoRecords } else { Answer::Records(records) };
    Reply { answer, ttl_secs }
}

pub(super) fn our_record(data: &RData) -> Option<Record> {
    match data {
        RData::A(address) => Some(Record::A(address.0)),
        RData::AAAA(address) => Some(Record::Aaaa(address.0)),
        RData::MX(mx) => Some(Record::Mx(Mx { preference: mx.preference, exchange: text(&mx.exchange) })),
        RData::NS(name) => Some(Record::Ns(text(&name.0))),
        RData::PTR(name) => Some(Record::Ptr(text(&name.0))),
        RData::TXT(txt) => Some(Record::Txt(txt.txt_data.concat().into())),
        _ => None,
    }
}

pub(super) fn text(name: &Name) -> Box<str> {
    let mut text = name.to_lowercase().to_ascii();
    if text.ends_with('.') {
        text.pop();
    }
    text.into()
}

fn absence(error: NetError) -> Result<Reply, DnsError> {
    let NetError::Dns(HickoryDnsError::NoRecordsFound(absence)) = error else {
        return Err(DnsError::TryAgain(error.to_string().into()));
    };
    let answer = match absence.response_code {
        ResponseCode::NXDomain => Answer::NoSuchName,
        ResponseCode::NoError => Answer::NoRecords,
        code => return Err(DnsError::TryAgain(code.to_string().into())),
    };
    Ok(Reply { answer, ttl_secs: absence.negative_ttl.unwrap_or(ABSENCE_SECS_DEFAULT) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_addresses_with_or_without_a_port() {
        for text in ["192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353"] {
            assert!(parse_server(text).is_ok(), "{text}");
        }
        let server = parse_server("192.0.2.53:5353").unwrap();
        assert!(server.connections.iter().all(|connection| connection.port == 5353));
    }

    #[test]
    fn what_is_no_address_is_named_to_the_operator() {
        let error = Hickory::with_servers(&["dns.example"]).err().unwrap();
        assert!(error.to_string().contains("\"dns.example\""), "{error}");
    }

    #[tokio::test]
    async fn without_a_server_every_question_is_to_be_asked_again() {
        let dns = Hickory { resolver: None };
        let error = dns.query("example.org", RecordType::A).await.unwrap_err();
        assert!(error.is_transient());
    }
}
