//! What the server needs from outside before it touches its data: sockets, DNS, the operator's certificate, its name.

use guichet_mail::DomainName;
use guichet_sys::dns::Hickory;
use guichet_sys::tls::{TlsMaterial, TlsSource};

use crate::config::Configuration;
use crate::failure::Failure;
use crate::machine;
use crate::sockets::Sockets;

/// Obtained without changing anything on disk, so that a start that fails here leaves nothing behind.
pub(crate) struct Outside {
    /// Bound and listening.
    pub(crate) sockets: Sockets,
    /// Where DNS is asked.
    pub(crate) dns: Hickory,
    /// The certificate, where the operator gave one.
    pub(crate) given_tls: Option<TlsMaterial>,
    /// Our own name.
    pub(crate) host_name: DomainName,
}

impl Outside {
    /// Obtains all of it.
    pub(crate) async fn obtain(configuration: &Configuration) -> Result<Self, Failure> {
        Ok(Self {
            sockets: Sockets::bind(configuration).await?,
            dns: dns(configuration)?,
            given_tls: given_tls(configuration)?,
            host_name: configuration.smtp.hostname.clone().unwrap_or_else(machine::host_name),
        })
    }
}

/// Where DNS is asked.
pub(crate) fn dns(configuration: &Configuration) -> Result<Hickory, Failure> {
    let servers: Vec<&str> = configuration.dns.servers.iter().map(|server| server.0.as_str()).collect();
    if servers.is_empty() {
        return Ok(Hickory::of_system());
    }
    Ok(Hickory::with_servers(&servers)?)
}

fn given_tls(configuration: &Configuration) -> Result<Option<TlsMaterial>, Failure> {
    match (&configuration.tls.certificate, &configuration.tls.key) {
        (Some(chain), Some(key)) if needs_tls(configuration) => {
            let source = TlsSource::Files { chain: chain.clone(), key: key.clone() };
            Ok(Some(TlsMaterial::load(&source)?))
        }
        _ => Ok(None),
    }
}

fn needs_tls(configuration: &Configuration) -> bool {
    configuration.smtp.starttls || configuration.http.tls
}

/// The certificate to show: the operator's, else one of our own making in the data directory; none where nothing
/// speaks TLS.
pub(crate) fn tls(
    configuration: &Configuration,
    given: Option<TlsMaterial>,
    host_name: &DomainName,
) -> Result<Option<TlsMaterial>, Failure> {
    if given.is_some() || !needs_tls(configuration) {
        return Ok(given);
    }
    let data_dir = configuration.data_dir.clone();
    let own = TlsSource::SelfSigned { data_dir, host_names: vec![host_name.to_string()] };
    Ok(Some(TlsMaterial::load(&own)?))
}
