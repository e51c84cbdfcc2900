//! A server at `desk.example`, whose operator publishes what he should, with one organisation.

use std::sync::Arc;

use guichet_accounts::{
    Accounts, Actor, DkimAlgorithm, DkimScope, NewDkimKey, NewOrganisation, NewPerson, ProofCode, Role,
    SecretBytes, Vault,
};
use guichet_desk::{Desk, StoredNotice};
use guichet_mail::{DomainName, MailAddress};
use guichet_mailauth::sign::SigningKey;
use guichet_store::{OrganisationId, Store};
use guichet_sys::Clock;
use guichet_sys::tls::ClientTls;
use guichet_testkit::{CountingRandom, FakeDns, StillClock, Zone};

use crate::{Backends, Domains, Expected, Look, Purpose, Settings, State, Value, Watch};

pub(super) struct World {
    pub(super) dns: Arc<FakeDns>,
    pub(super) clock: StillClock,
    pub(super) store: Store,
    pub(super) domains: Domains,
    pub(super) watch: Watch,
    pub(super) acme: OrganisationId,
}

pub(super) fn name(name: &str) -> DomainName {
    DomainName::parse(name).unwrap()
}

/// Name servers for everything, and the hosts of this server.
pub(super) fn internet() -> Zone {
    Zone::new()
        .ns("desk.example", "ns.provider.example")
        .ns("acme.example", "ns.provider.example")
        .address("ns.provider.example", "192.0.2.53")
        .address("mx.desk.example", "192.0.2.25")
}

/// What the operator publishes, but for the keys.
pub(super) fn operators(zone: Zone) -> Zone {
    ["desk.example", "*.desk.example"].iter().fold(zone, |zone, name| {
        let spf = if name.starts_with('*') {
            "v=spf1 include:desk.example -all"
        } else {
            "v=spf1 ip4:192.0.2.25 -all"
        };
        zone.mx(name, 10, "mx.desk.example").txt(name, spf)
    })
}

/// Publishes what is expected.
pub(super) fn publish(zone: Zone, expected: &Expected) -> Zone {
    match &expected.value {
        Value::Text(text) => zone.txt(&expected.name, text),
        Value::Mx(preference, host) => zone.mx(&expected.name, *preference, host),
        Value::Alias(target) => zone.cname(&expected.name, target),
    }
}

pub(super) fn pair(number: u32) -> Vec<NewDkimKey> {
    let new = |kind: &str| {
        let key = SigningKey::generate_ed25519().unwrap();
        NewDkimKey {
            selector: format!("guichet-{kind}-{number}"),
            algorithm: DkimAlgorithm::Ed25519Sha256,
            record: key.record(),
            pkcs8: SecretBytes::from(key.to_pkcs8()),
        }
    };
    vec![new("a"), new("b")]
}

impl World {
    pub(super) async fn new() -> Self {
        let (store, clock) = (Store::memory(), StillClock::default());
        let accounts = Accounts::new(store.clone(), Vault::new([1; 32]), name("desk.example"));
        accounts.ensure_token_key([7; 32]).await.unwrap();
        accounts.put_dkim_keys(&DkimScope::Base, pair(1)).await.unwrap();
        accounts.ensure_house(clock.now()).await.unwrap();
        let wanted = NewOrganisation { slug: "acme".into(), name: "Acme".into(), home: None };
        let acme = accounts.found_organisation(wanted, clock.now()).await.unwrap().0.id;
        let address = MailAddress::parse("ada@elsewhere.example").unwrap();
        let admin = NewPerson { name: "Ada".into(), address, role: Role::Admin, teams: Vec::new() };
        accounts.add_person(acme, admin).await.unwrap();
        let dns = FakeDns::new(operators(internet()));
        let desk = Desk::new(store.clone(), accounts, Arc::new(CountingRandom::default()));
        let domains = domains(&store, desk, &dns, &clock, Settings::new(name("mx.desk.example")));
        let world = Self { watch: Watch::new(domains.clone()), dns, clock, store, domains, acme };
        world.serve(world.with_base_keys(operators(internet())));
        world
    }

    pub(super) fn accounts(&self) -> Accounts {
        self.domains.accounts().clone()
    }

    pub(super) fn serve(&self, zone: Zone) {
        self.dns.publish(zone);
    }

    /// The base domain's keys as they are to be published now.
    pub(super) fn with_base_keys(&self, zone: Zone) -> Zone {
        self.accounts()
            .base_dkim_records()
            .unwrap()
            .iter()
            .fold(zone, |zone, key| zone.txt(&key.name(), &key.text))
    }

    /// `acme.example` is added, unproven, with keys.
    pub(super) async fn own_domain(&self) -> DomainName {
        let domain = name("acme.example");
        let accounts = self.accounts();
        accounts
            .begin_domain(self.acme, &domain, ProofCode::from_random([3; 20]), self.clock.now())
            .await
            .unwrap();
        accounts.put_dkim_keys(&DkimScope::Domain(self.acme, domain.clone()), pair(1)).await.unwrap();
        domain
    }

    pub(super) fn expected(&self, domain: &DomainName) -> Vec<Expected> {
        let stored = self.accounts().domain(self.acme, domain).unwrap();
        self.domains.expected(self.acme, &stored).unwrap()
    }

    /// All that `domain` needs beside what the operator publishes, but for these.
    pub(super) fn all_but(&self, domain: &DomainName, without: &[Purpose]) -> Zone {
        let zone = self.with_base_keys(operators(internet()));
        let expected = self.expected(domain);
        let wanted = expected.iter().filter(|expected| !without.contains(&expected.purpose));
        wanted.fold(zone, publish)
    }

    /// A look that nobody else's stands in for.
    pub(super) async fn look(&self, domain: &DomainName, purpose: Purpose) -> Look {
        self.clock.advance_secs(60);
        let report = self.domains.check(self.acme, domain).await.unwrap();
        let found = report.records.iter().find(|(expected, _)| expected.purpose == purpose);
        found.unwrap_or_else(|| panic!("{purpose:?} is not expected")).1.clone()
    }

    /// States by purpose.
    pub(super) async fn states(&self, domain: &DomainName) -> Vec<(Purpose, State)> {
        self.clock.advance_secs(60);
        let report = self.domains.check(self.acme, domain).await.unwrap();
        report.records.iter().map(|(expected, look)| (expected.purpose, look.state)).collect()
    }

    /// Moves on and lets the watch work.
    pub(super) async fn after(&mut self, secs: i64) {
        self.clock.advance_secs(secs);
        self.watch.round().await.unwrap();
    }

    pub(super) fn open_notices(&self) -> Vec<StoredNotice> {
        let desk = &self.domains.0.backends.desk;
        desk.notices(&Actor::system(self.acme), false, None, 50).unwrap().items
    }

    /// How many mails wait to leave.
    pub(super) fn mails(&self) -> usize {
        let desk = &self.domains.0.backends.desk;
        desk.due(None, jiff::Timestamp::MAX, 100).unwrap().len()
    }
}

pub(super) fn domains(
    store: &Store,
    desk: Desk,
    dns: &Arc<FakeDns>,
    clock: &StillClock,
    settings: Settings,
) -> Domains {
    let backends = Backends {
        store: store.clone(),
        desk,
        source: dns.source(),
        clock: Arc::new(clock.clone()),
        tls: ClientTls::load(None).unwrap(),
    };
    Domains::new(settings, backends)
}
