//! How the configuration's numbers become those of the crates below.
//!
//! *Must hold*: with nothing configured the crates get the defaults that they have themselves, so that a default is not
//! one thing in the reference and another in a test.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use guichet_accounts::SecretBytes;
use guichet_intake::{SessionLimits, Settings};
use guichet_mail::DomainName;
use guichet_outbound::{Credentials, Mode, Security, SmartHost};
use guichet_store::Options;
use guichet_sys::Clients;
use guichet_sys::dns::DnsLimits;
use guichet_web::Proxies;

use crate::config::{self, Configuration, HostPort, OutboundMode, PublicUrl};
use crate::http::HttpLimits;

/// Of a mail that is too large this much is read, as a multiple of the largest, to find its end and refuse it in words.
const DISCARD_FACTOR: u64 = 2;

/// How the store is opened.
pub(crate) fn store_options(configuration: &Configuration) -> Options {
    Options {
        cache_bytes: configuration.store.cache_bytes.length(),
        journal_bytes: configuration.store.journal_bytes.get(),
        disk_reserve_bytes_min: configuration.disk_reserve_bytes_min.get(),
    }
}

/// The SMTP door.
pub(crate) fn intake_settings(configuration: &Configuration, host_name: &DomainName) -> Settings {
    let smtp = &configuration.smtp;
    Settings {
        session: session_limits(configuration),
        proxies: smtp.proxy_protocol_from.clone(),
        connections_max: smtp.connections_max.count(),
        connections_per_address_max: smtp.connections_per_address_max.count(),
        bytes_in_flight_max: smtp.bytes_in_flight_max.get(),
        parse_bytes_max: smtp.parse_bytes_max.get(),
        ..Settings::new(host_name.clone())
    }
}

fn session_limits(configuration: &Configuration) -> SessionLimits {
    let smtp = &configuration.smtp;
    SessionLimits {
        message_bytes_max: smtp.size_max.get(),
        discard_bytes_max: smtp.size_max.get() * DISCARD_FACTOR,
        recipients_max: smtp.recipients_max.count(),
        transactions_max: smtp.transactions_max.small(),
        commands_max: smtp.commands_max.small(),
        errors_max: smtp.errors_max.small(),
        command_secs_max: smtp.command_secs_max.small(),
        body_idle_secs_max: smtp.body_idle_secs_max.small(),
        body_bytes_per_sec_min: smtp.body_bytes_per_sec_min.small(),
        ..SessionLimits::default()
    }
}

/// The deliverer. `own_addresses` are those on which mail comes in.
pub(crate) fn outbound_settings(
    configuration: &Configuration,
    host_name: &DomainName,
    own_addresses: Vec<SocketAddr>,
) -> guichet_outbound::Settings {
    let outbound = &configuration.outbound;
    let defaults = guichet_outbound::Settings::new(host_name.clone());
    guichet_outbound::Settings {
        mode: match outbound.mode {
            OutboundMode::Capture => Mode::Capture,
            OutboundMode::Deliver => Mode::Deliver,
        },
        smart_host: smart_host(configuration),
        require_tls: outbound.require_tls.clone(),
        own_addresses,
        mails_per_minute: NonZeroU32::new(outbound.mails_per_minute_max.small()),
        port: outbound.port.port(),
        limits: guichet_outbound::Limits {
            deliveries_max: outbound.connections_max.count(),
            per_destination_max: outbound.connections_per_destination_max.count(),
            ..defaults.limits
        },
        ..defaults
    }
}

fn smart_host(configuration: &Configuration) -> Option<SmartHost> {
    let outbound = &configuration.outbound;
    let HostPort { host, port } = outbound.smart_host.clone()?;
    let security = match outbound.smart_host_security {
        config::Security::None => Security::None,
        config::Security::StartTls => Security::StartTls,
        config::Security::Tls => Security::Tls,
    };
    let credentials = outbound.smart_host_user.clone().zip(outbound.smart_host_password.clone());
    let credentials = credentials.map(|(user, password)| Credentials {
        user: user.0,
        password: SecretBytes::from(password.0.into_bytes()),
    });
    Some(SmartHost { host, port, security, credentials })
}

/// Look-ups in DNS.
pub(crate) fn dns_limits(configuration: &Configuration) -> DnsLimits {
    DnsLimits {
        lookup_secs_max: configuration.dns.lookup_secs_max.get(),
        lookups_max: configuration.dns.lookups_max.count(),
        cache_entries_max: configuration.dns.cache_entries_max.count(),
        ..DnsLimits::default()
    }
}

/// The examination of one mail.
pub(crate) fn verify_limits(configuration: &Configuration) -> guichet_mailauth::Limits {
    guichet_mailauth::Limits {
        verify_secs_max: configuration.verify.secs_max.get(),
        dkim_signatures_max: configuration.verify.dkim_signatures_max.count(),
    }
}

/// The HTTP server.
pub(crate) fn http_limits(configuration: &Configuration) -> HttpLimits {
    let proxies = configuration.http.trusted_proxies.clone();
    HttpLimits {
        connections_max: configuration.http.connections_max.count(),
        clients: Clients::new(configuration.http.connections_per_address_max.count()),
        // A proxy on this machine need not be trusted to speak for many.
        speaks_for_many: Arc::new(move |address| {
            let address = address.to_canonical();
            address.is_loopback() || proxies.iter().any(|network| network.contains(address))
        }),
        header_secs_max: configuration.http.header_secs_max.get(),
    }
}

/// Whom the API believes what it says of its clients.
pub(crate) fn proxies(configuration: &Configuration) -> Proxies {
    let trusted = configuration.http.trusted_proxies.clone();
    Proxies::new(move |address| trusted.iter().any(|network| network.contains(address)))
}

/// Where people reach the server; `port` is that at which it answers.
pub(crate) fn public_url(configuration: &Configuration, host_name: &DomainName, port: u16) -> PublicUrl {
    let given = configuration.http.public_url.clone();
    given.unwrap_or_else(|| PublicUrl::of(host_name, port, configuration.http.tls))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::configured;

    #[test]
    fn with_nothing_configured_the_crates_get_their_own_defaults() {
        let configuration = configured(&[]);
        let name = DomainName::parse("mx.example.org").unwrap();
        let said = |value: &dyn std::fmt::Debug| format!("{value:?}");
        assert_eq!(said(&intake_settings(&configuration, &name)), said(&Settings::new(name.clone())));
        let outbound = guichet_outbound::Settings {
            mode: Mode::Capture,
            mails_per_minute: NonZeroU32::new(600_000),
            ..guichet_outbound::Settings::new(name.clone())
        };
        assert_eq!(said(&outbound_settings(&configuration, &name, Vec::new())), said(&outbound));
        assert_eq!(said(&store_options(&configuration)), said(&Options::default()));
        assert_eq!(said(&dns_limits(&configuration)), said(&DnsLimits::default()));
        assert_eq!(said(&verify_limits(&configuration)), said(&guichet_mailauth::Limits::default()));
    }

    #[test]
    fn what_is_configured_reaches_the_session() {
        let configuration = configured(&[("smtp.size_max", "1 MB"), ("smtp.errors_max", "3")]);
        let limits = session_limits(&configuration);
        assert_eq!((limits.message_bytes_max, limits.discard_bytes_max), (1_000_000, 2_000_000));
        assert_eq!(limits.errors_max, 3);
    }
}
