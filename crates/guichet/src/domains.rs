//! The records of domains, as this server is configured to expect and to ask for them.

use std::sync::Arc;

use guichet_desk::Desk;
use guichet_domains::{Backends, Domains, MtaStsMode, Settings};
use guichet_mail::DomainName;
use guichet_store::Store;
use guichet_sys::Clock;
use guichet_sys::dns::{Dns, HickoryDirect, InquiryLimits, Source};
use guichet_sys::tls::{ClientTls, TlsError};

use crate::config::{Configuration, PolicyMode};

/// How long one name server is waited for, over either transport, in milliseconds.
const ANSWER_MILLIS_MAX: u64 = 3_000;

/// Over these, asking through `dns` who the name servers are.
pub(crate) fn open(
    configuration: &Configuration,
    host_name: &DomainName,
    store: &Store,
    desk: &Desk,
    dns: Arc<dyn Dns>,
    clock: &Arc<dyn Clock>,
) -> Result<Domains, TlsError> {
    let limits = InquiryLimits {
        private_servers: configuration.domains.private_name_servers,
        ..InquiryLimits::default()
    };
    let direct = HickoryDirect::new(configuration.domains.name_servers_port.port(), ANSWER_MILLIS_MAX);
    let backends = Backends {
        store: store.clone(),
        desk: desk.clone(),
        source: Source::new(dns, Arc::new(direct), limits),
        clock: Arc::clone(clock),
        tls: ClientTls::load(configuration.outbound.ca_certificates.as_deref())?,
    };
    Ok(Domains::new(settings(configuration, host_name), backends))
}

fn settings(configuration: &Configuration, host_name: &DomainName) -> Settings {
    let defaults = Settings::new(host_name.clone());
    let configured = &configuration.domains;
    let mx_hosts = Some(configured.mx_hosts.clone()).filter(|hosts| !hosts.is_empty());
    Settings {
        mx_hosts: mx_hosts.unwrap_or(defaults.mx_hosts),
        sending_addresses: configured.sending_addresses.iter().map(|address| address.0).collect(),
        smart_host: configuration.outbound.smart_host.as_ref().map(|smart_host| smart_host.host.to_string()),
        web_host: web_host(configuration).unwrap_or(defaults.web_host),
        mta_sts: match configured.mta_sts {
            PolicyMode::None => MtaStsMode::None,
            PolicyMode::Testing => MtaStsMode::Testing,
            PolicyMode::Enforce => MtaStsMode::Enforce,
        },
        ..Settings::new(host_name.clone())
    }
}

/// The host of `http.public_url`, where that has a name.
fn web_host(configuration: &Configuration) -> Option<DomainName> {
    DomainName::parse(configuration.http.public_url.as_ref()?.host()).ok()
}

/// Over a DNS in which nothing is.
#[cfg(test)]
pub(crate) fn in_memory(store: &Store, desk: &Desk) -> Domains {
    struct Nowhere;

    impl Dns for Nowhere {
        fn query<'a>(
            &'a self,
            _name: &'a str,
            _record_type: guichet_sys::dns::RecordType,
        ) -> guichet_sys::dns::DnsFuture<'a> {
            let answer = guichet_sys::dns::Answer::NoSuchName;
            Box::pin(std::future::ready(Ok(guichet_sys::dns::Reply { answer, ttl_secs: 0 })))
        }
    }

    let direct = HickoryDirect::new(53, ANSWER_MILLIS_MAX);
    let backends = Backends {
        store: store.clone(),
        desk: desk.clone(),
        source: Source::new(Arc::new(Nowhere), Arc::new(direct), InquiryLimits::default()),
        clock: Arc::new(guichet_sys::SystemClock),
        tls: ClientTls::load(None).unwrap(),
    };
    Domains::new(Settings::new(DomainName::parse("mx.desk.localhost").unwrap()), backends)
}
