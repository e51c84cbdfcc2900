//! The crates put together: which port each stands on, and what each is told.

use std::net::SocketAddr;
use std::sync::Arc;

use guichet_accounts::Accounts;
use guichet_api::Wiring;
use guichet_desk::Desk;
use guichet_domains::{Domains, Watch};
use guichet_intake::{Backends, Intake};
use guichet_mail::DomainName;
use guichet_mailauth::Verifier;
use guichet_outbound::Outbound;
use guichet_store::Store;
use guichet_sys::dns::{Hickory, Resolver};
use guichet_sys::tls::{ClientTls, TlsError, TlsMaterial};
use guichet_sys::{Clock, Random, SystemClock, SystemRandom};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::command::Operator;
use crate::config::{Configuration, PublicUrl};
use crate::domains;
use crate::http::{self, Served};
use crate::retention::{self, Ages};
use crate::room;
use crate::stop::Stop;
use crate::timers;
use crate::translate;

/// What mail and the API stand on.
pub(crate) struct House {
    host_name: DomainName,
    store: Store,
    desk: Desk,
    domains: Domains,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    resolver: Arc<Resolver>,
}

impl House {
    /// Over this store, under this name.
    pub(crate) fn new(
        configuration: &Configuration,
        store: Store,
        accounts: Accounts,
        host_name: DomainName,
        dns: Hickory,
    ) -> Result<Self, TlsError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let desk = Desk::new(store.clone(), accounts, Arc::clone(&random));
        let limits = translate::dns_limits(configuration);
        let dns = Arc::new(dns);
        let domains = domains::open(configuration, &host_name, &store, &desk, dns.clone(), &clock)?;
        let resolver = Arc::new(Resolver::new(dns, Arc::clone(&clock), limits));
        Ok(Self { host_name, store, desk, domains, clock, random, resolver })
    }

    /// The SMTP door.
    pub(crate) fn intake(&self, configuration: &Configuration, tls: Option<&TlsMaterial>) -> Intake {
        let resolver = Arc::clone(&self.resolver);
        let limits = translate::verify_limits(configuration);
        let verifier = Arc::new(Verifier::new(resolver, limits, self.host_name.as_str()));
        let backends = Backends {
            store: self.store.clone(),
            desk: self.desk.clone(),
            verifier,
            clock: Arc::clone(&self.clock),
            tls: tls.map(TlsMaterial::acceptor),
        };
        Intake::new(translate::intake_settings(configuration, &self.host_name), backends)
    }

    /// The operator at the command line.
    pub(crate) fn operator(&self, configuration: &Configuration) -> Operator {
        let url = translate::public_url(configuration, &self.host_name, configuration.http.listen.port());
        let (random, clock) = (Arc::clone(&self.random), Arc::clone(&self.clock));
        let operator = Operator::new(self.desk.clone(), self.domains.clone(), random, clock);
        operator.reached_at(&url).sending(configuration.outbound.mode)
    }

    /// The deliverer.
    pub(crate) fn outbound(
        &self,
        configuration: &Configuration,
        own_addresses: Vec<SocketAddr>,
    ) -> Result<Outbound, TlsError> {
        let backends = guichet_outbound::Backends {
            store: self.store.clone(),
            desk: self.desk.clone(),
            resolver: Arc::clone(&self.resolver),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            tls: ClientTls::load(configuration.outbound.ca_certificates.as_deref())?,
        };
        let settings = translate::outbound_settings(configuration, &self.host_name, own_addresses);
        Ok(Outbound::new(settings, backends))
    }

    /// The worker that forgets what is old.
    pub(crate) fn retention(
        &self,
        configuration: &Configuration,
        stop: Stop,
    ) -> impl Future<Output = ()> + use<> {
        let events_days_max = configuration.store.events_days_max.get();
        let trash_days_max = configuration.tickets.trash_days_max.as_ref().map(|days| days.get());
        let ages = Ages { events_days_max, trash_days_max };
        retention::forget(self.desk.clone(), Arc::clone(&self.clock), ages, stop)
    }

    /// The worker that wakes snoozed tickets.
    pub(crate) fn timers(&self, stop: Stop) -> impl Future<Output = ()> + use<> {
        timers::run(self.desk.clone(), Arc::clone(&self.clock), stop)
    }

    /// The worker that gets the room of deleted mail back.
    pub(crate) fn room(&self, stop: Stop) -> impl Future<Output = ()> + use<> {
        room::reclaim(self.desk.clone(), stop)
    }

    /// The worker that watches over the records of domains in DNS.
    pub(crate) fn watch(&self, stop: &Stop) -> impl Future<Output = ()> + use<> {
        Watch::new(self.domains.clone()).run(stop.receiver())
    }

    /// All that HTTP answers, and how; `port` is where.
    pub(crate) fn http(
        &self,
        configuration: &Configuration,
        tls: Option<&TlsMaterial>,
        port: u16,
        metrics: PrometheusHandle,
        stop: &Stop,
    ) -> Served {
        let public_url = translate::public_url(configuration, &self.host_name, port);
        let tls = tls.filter(|_| configuration.http.tls).map(|tls| tls.acceptor_of(http::PROTOCOL));
        let router = self.api(configuration, &public_url, metrics, stop);
        Served { router, tls, limits: translate::http_limits(configuration) }
    }

    fn api(
        &self,
        configuration: &Configuration,
        public_url: &PublicUrl,
        metrics: PrometheusHandle,
        stop: &Stop,
    ) -> axum::Router {
        let undo_secs = configuration.outbound.undo_secs.small();
        let store = self.store.clone();
        guichet_api::router(Wiring {
            desk: self.desk.clone(),
            domains: self.domains.clone(),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            public_url: public_url.to_string(),
            sign_ups_per_hour_max: configuration.signup.per_hour_max.small(),
            protected_names: configuration.claims.protected.iter().map(DomainName::to_unicode).collect(),
            proxies: translate::proxies(configuration),
            authserv_id: self.host_name.clone(),
            readiness: Arc::new(move || readiness(&store)),
            metrics: Arc::new(move || metrics.render()),
            stop: stop.receiver(),
            limits: guichet_api::Limits { undo_secs, ..guichet_api::Limits::default() },
        })
    }
}

/// Whether mail can be taken now; a sentence for the operator if not.
fn readiness(store: &Store) -> Result<(), String> {
    if !store.is_writable() {
        return Err("the store takes no changes; the log says why".to_owned());
    }
    if !store.has_room_for(0) {
        return Err("the disk has less free space than disk_reserve_bytes_min; make room".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_whose_store_takes_no_changes_is_not_ready() {
        let store = Store::memory();
        assert_eq!(readiness(&store), Ok(()));
        store.close().await;
        assert_eq!(readiness(&store), Err("the store takes no changes; the log says why".to_owned()));
    }
}
