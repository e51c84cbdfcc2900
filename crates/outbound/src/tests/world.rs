//! A desk with a channel, a clock that stands still, DNS as data, and a deliverer that runs.

use std::io::Write as _;
use std::sync::Arc;

use guichet_accounts::{
    Accounts, Actor, DkimAlgorithm, DkimScope, DomainChange, NewChannel, NewDkimKey, Vault,
};
use guichet_desk::{Attempt, DeliveryDetail, DeliveryId, DeliveryState, Desk, Fate, Hold, Target, Writing};
use guichet_mail::compose::Mailbox;
use guichet_mail::{DomainName, MailAddress};
use guichet_mailauth::sign::SigningKey;
use guichet_store::{OrganisationId, Store};
use guichet_sys::tls::ClientTls;
use guichet_sys::{Clock as _, SystemRandom};
use guichet_testkit::{Authority, FakeDns, ScriptedMx, StillClock, Zone};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::{Backends, LocalNetworks, Outbound, Settings, Stopped};

pub(super) struct World {
    pub(super) backends: Backends,
    pub(super) settings: Settings,
    pub(super) organisation: OrganisationId,
    pub(super) channel: guichet_accounts::ChannelId,
    pub(super) clock: StillClock,
    pub(super) authority: Authority,
    stop: watch::Sender<bool>,
    running: JoinSet<Stopped>,
}

impl World {
    /// `support@demo.example` writes; `customer.example` has its MX at 127.0.0.1.
    pub(super) async fn new() -> Self {
        let zone = Zone::new().mx("customer.example", 10, "mx.customer.example");
        Self::with_dns(zone.address("mx.customer.example", "127.0.0.1")).await
    }

    pub(super) async fn with_dns(zone: Zone) -> Self {
        Self::over(Store::memory(), zone).await
    }

    pub(super) async fn over(store: Store, zone: Zone) -> Self {
        let accounts = Accounts::new(store.clone(), Vault::new([1; 32]), domain("desk.example"));
        accounts.ensure_token_key([7; 32]).await.unwrap();
        let organisation = accounts.create_organisation("demo", "Demo").await.unwrap().id;
        accounts.add_domain(organisation, &domain("demo.example"), None).await.unwrap();
        let both = DomainChange { sends: Some(true), receives: Some(true), ..DomainChange::default() };
        accounts.change_domain(organisation, &domain("demo.example"), both).await.unwrap();
        let wanted = NewChannel { address: address("support@demo.example"), name: "Help".into(), team: None };
        let channel = accounts.create_channel(organisation, wanted).await.unwrap().id;
        let (clock, random) = (StillClock::default(), Arc::new(SystemRandom));
        let authority = Authority::new();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(authority.pem().as_bytes()).unwrap();
        let backends = Backends {
            desk: Desk::new(store.clone(), accounts, random.clone()),
            store,
            resolver: FakeDns::resolver(zone),
            clock: Arc::new(clock.clone()),
            random,
            tls: ClientTls::of_file(file.path()).unwrap(),
        };
        let mut settings = Settings::new(domain("mx.demo.example"));
        settings.local_networks = LocalNetworks::Allowed;
        let (stop, running) = (watch::Sender::new(false), JoinSet::new());
        Self { backends, settings, organisation, channel, clock, authority, stop, running }
    }

    /// Gives the channel's domain a key, so that its mail is signed.
    pub(super) async fn with_key(self) -> Self {
        let key = SigningKey::generate_ed25519().unwrap();
        let new = NewDkimKey {
            selector: "s1".to_owned(),
            algorithm: DkimAlgorithm::Ed25519Sha256,
            pkcs8: key.to_pkcs8().into(),
            record: key.record(),
        };
        let scope = DkimScope::Domain(self.organisation, domain("demo.example"));
        self.backends.desk.accounts().put_dkim_keys(&scope, vec![new]).await.unwrap();
        self
    }

    /// Another organisation with a channel of this address.
    pub(super) async fn other_organisation(&self, channel: &str) -> OrganisationId {
        let accounts = self.backends.desk.accounts();
        let address = address(channel);
        let other = accounts.create_organisation("other", "Other").await.unwrap().id;
        accounts.add_domain(other, address.domain(), None).await.unwrap();
        let wanted = NewChannel { address, name: "Other".into(), team: None };
        accounts.create_channel(other, wanted).await.unwrap();
        other
    }

    /// Every server is at the port of this one.
    pub(super) fn start(&mut self, server: &ScriptedMx) {
        self.settings.port = server.address().port();
        self.run();
    }

    pub(super) fn run(&mut self) {
        let outbound = Outbound::new(self.settings.clone(), self.backends.clone());
        self.running.spawn(outbound.run(self.stop.subscribe()));
    }

    pub(super) async fn stop(&mut self) -> Stopped {
        self.stop.send_replace(true);
        self.running.join_next().await.unwrap().unwrap()
    }

    /// A deliverer that knows nothing of the one before.
    pub(super) fn restart(&mut self) {
        self.stop = watch::Sender::new(false);
        self.run();
    }

    /// Writes a mail to these, one delivery each.
    pub(super) async fn write(&self, to: &[&str]) -> Vec<DeliveryId> {
        self.write_text(to, "Dear customer.").await
    }

    pub(super) async fn write_text(&self, to: &[&str], text: &str) -> Vec<DeliveryId> {
        let mailbox = |to: &&str| Mailbox { name: None, address: address(to) };
        let writing = Writing {
            target: Target::New { channel: self.channel, subject: "Hello".to_owned(), team: None },
            to: Some(to.iter().map(mailbox).collect()),
            cc: None,
            bcc: None,
            subject: None,
            text: text.to_owned(),
            quote: false,
            attachments: Vec::new(),
            include_attachments: false,
            channel: None,
            state: None,
            hold: Hold::None,
            contacts: Vec::new(),
            company: None,
            mentions: Vec::new(),
        };
        let now = self.clock.now();
        let written = self.backends.desk.write(&self.actor(), writing, None, None, now).await.unwrap();
        written.deliveries
    }

    pub(super) async fn write_one(&self, to: &str) -> DeliveryId {
        self.write(&[to]).await[0]
    }

    /// The delivery once it was attempted so often and is not being sent.
    pub(super) async fn attempted(&self, id: DeliveryId, times: usize) -> DeliveryDetail {
        let mut changes = self.backends.store.watch(self.organisation).unwrap();
        loop {
            let detail = self.backends.desk.delivery(&self.actor(), id).unwrap();
            if detail.attempts.len() >= times && !detail.is_sending {
                return detail;
            }
            // The lease ends a moment after the change was told.
            if detail.attempts.len() >= times {
                tokio::task::yield_now().await;
            } else {
                changes.changed().await.unwrap();
            }
        }
    }

    /// The one attempt of this delivery, and where it stands after it.
    pub(super) async fn outcome(&self, id: DeliveryId) -> (DeliveryState, Attempt) {
        let mut detail = self.attempted(id, 1).await;
        (detail.delivery.record.state, detail.attempts.remove(0).1)
    }

    /// Writes to `anna@customer.example` and waits for the outcome.
    pub(super) async fn send(&self) -> (DeliveryState, Attempt) {
        let id = self.write_one("anna@customer.example").await;
        self.outcome(id).await
    }

    pub(super) fn actor(&self) -> Actor {
        Actor::system(self.organisation)
    }
}

pub(super) fn domain(text: &str) -> DomainName {
    DomainName::parse(text).unwrap()
}

pub(super) fn address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

/// Stage, code and status.
pub(super) fn said(attempt: &Attempt) -> (&str, Option<u16>, Option<&str>) {
    (attempt.stage.as_str(), attempt.code, attempt.status.as_deref())
}

#[track_caller]
pub(super) fn assert_deferred(attempt: &Attempt) {
    assert!(matches!(attempt.fate, Fate::Deferred(_)), "{attempt:?}");
}
