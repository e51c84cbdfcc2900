//! A server without sockets: *Acme* with mail and people, *Other* with an admin and nothing else.

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use guichet_accounts::{
    Accounts, DomainChange, NewChannel, NewPerson, NewToken, PersonId, Role, Scope, Scopes, Secret, TeamId,
    Vault, VerdictPolicy,
};
use guichet_desk::{Arrival, Desk, Destination, Notification, Outcome, Reading, Received, Recipient};
use guichet_mail::{
    AuthResult, DmarcAlignment, DmarcPolicy, DmarcVerdict, DomainName, MailAddress, Verdicts,
};
use guichet_store::{OrganisationId, Store};
use guichet_sys::tls::ClientTls;
use guichet_testkit::{CountingRandom, FakeDns, StillClock, Zone};
use guichet_web::Proxies;
use serde_json::Value;
use tokio::sync::watch;
use tower::ServiceExt;

use crate::{Limits, Wiring, router};

pub(super) const JSON: &str = "application/json";
/// The one proxy that is trusted.
pub(super) const PROXY: &str = "10.0.0.1";
/// Where people reach the server.
pub(super) const PUBLIC_URL: &str = "https://desk.example";

pub(super) struct World {
    pub(super) store: Store,
    pub(super) desk: Desk,
    pub(super) dns: Arc<FakeDns>,
    pub(super) router: Router,
    pub(super) stop: watch::Sender<bool>,
    pub(super) clock: StillClock,
    pub(super) acme: OrganisationId,
    pub(super) other: OrganisationId,
    pub(super) billing: TeamId,
    pub(super) sales: TeamId,
    pub(super) admin_id: PersonId,
    pub(super) agent_id: PersonId,
    /// Tokens with every scope.
    pub(super) admin: String,
    pub(super) agent: String,
    pub(super) stranger: String,
    support: Recipient,
    billing_channel: Recipient,
}

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The problem that it must be.
    pub(super) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(problem["type"].as_str().unwrap().starts_with("urn:guichet:problem:"), "{problem}");
        assert!(!problem["title"].as_str().unwrap().is_empty());
        problem
    }
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    pub(super) async fn with(limits: Limits) -> Self {
        let store = Store::memory();
        let base_domain = DomainName::parse("desk.example").unwrap();
        let accounts = Accounts::new(store.clone(), Vault::new([1; 32]), base_domain);
        let acme = accounts.create_organisation("acme", "Acme").await.unwrap().id;
        let other = accounts.create_organisation("other", "Other").await.unwrap().id;
        let domain = DomainName::parse("acme.example").unwrap();
        accounts.add_domain(acme, &domain, None).await.unwrap();
        let sends = DomainChange { sends: Some(true), ..DomainChange::default() };
        accounts.change_domain(acme, &domain, sends).await.unwrap();
        accounts.ensure_token_key([2; 32]).await.unwrap();
        let billing = accounts.create_team(acme, "Acme billing").await.unwrap().id;
        let sales = accounts.create_team(acme, "Acme sales").await.unwrap().id;
        let admin_id = person(&accounts, acme, "admin@acme.example", Role::Admin, vec![]).await;
        let agent_id = person(&accounts, acme, "agent@acme.example", Role::Agent, vec![billing]).await;
        let stranger_id = person(&accounts, other, "admin@other.example", Role::Admin, vec![]).await;
        let support = channel(&accounts, acme, "support@acme.example", None).await;
        let billing_channel = channel(&accounts, acme, "billing@acme.example", Some(billing)).await;
        let desk = Desk::new(store.clone(), accounts.clone(), Arc::new(CountingRandom::default()));
        let (stop, stopping) = watch::channel(false);
        let clock = StillClock::default();
        let dns = FakeDns::new(Zone::new());
        let router = router(Wiring {
            desk: desk.clone(),
            domains: domains(&store, &desk, &dns),
            clock: Arc::new(clock.clone()),
            random: Arc::new(CountingRandom::default()),
            public_url: PUBLIC_URL.to_owned(),
            sign_ups_per_hour_max: 100,
            protected_names: vec!["paypal".to_owned()],
            proxies: Proxies::new(|address| address.to_string() == PROXY),
            authserv_id: DomainName::parse("mx.desk.example").unwrap(),
            readiness: Arc::new(|| Ok(())),
            metrics: Arc::new(|| "guichet_up 1\n".to_owned()),
            stop: stopping,
            limits,
        });
        Self {
            admin: token(&accounts, acme, admin_id, Scopes::all(), 1).await,
            agent: token(&accounts, acme, agent_id, Scopes::all(), 2).await,
            stranger: token(&accounts, other, stranger_id, Scopes::all(), 3).await,
            store,
            desk,
            dns,
            router,
            stop,
            clock,
            acme,
            other,
            billing,
            sales,
            admin_id,
            agent_id,
            support,
            billing_channel,
        }
    }

    /// A token of the admin with these scopes; `number` tells it from others.
    pub(super) async fn token_with(&self, scopes: impl IntoIterator<Item = Scope>, number: u8) -> String {
        token(self.desk.accounts(), self.acme, self.admin_id, scopes.into_iter().collect(), number).await
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: head.status, headers: head.headers, body }
    }

    /// `GET` as the admin.
    pub(super) async fn get(&self, path: &str) -> Answer {
        self.get_as(&self.admin, path).await
    }

    pub(super) async fn get_as(&self, token: &str, path: &str) -> Answer {
        self.send(request(Method::GET, path, token)).await
    }

    /// `PATCH` as the admin.
    pub(super) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.patch_as(&self.admin, path, body).await
    }

    pub(super) async fn patch_as(&self, token: &str, path: &str, body: Value) -> Answer {
        let mut request = request(Method::PATCH, path, token);
        *request.body_mut() = Body::from(body.to_string());
        request.headers_mut().insert("content-type", JSON.parse().unwrap());
        self.send(request).await
    }

    /// `POST` as the admin.
    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_as(&self.admin, path, body).await
    }

    pub(super) async fn post_as(&self, token: &str, path: &str, body: Value) -> Answer {
        self.send(posting(path, token, &body)).await
    }

    /// Something on the board of *Acme*.
    pub(super) async fn notice(&self) {
        let new = guichet_desk::NewNotice {
            kind: guichet_desk::NoticeKind::Alert,
            subject: "acme should look".to_owned(),
            text: "Look.".to_owned(),
        };
        let now = guichet_sys::Clock::now(&self.clock);
        self.desk.put_notice(self.acme, new, now).await.unwrap();
    }

    /// A mail to `support@`, of no team, becomes a ticket; answers its number.
    pub(super) async fn mail(&self, raw: &str) -> u64 {
        self.receive(raw.as_bytes(), self.support.clone(), Verdicts::default()).await
    }

    /// A mail to `billing@`, of the agent's team.
    pub(super) async fn mail_to_billing(&self, raw: &str) -> u64 {
        self.receive(raw.as_bytes(), self.billing_channel.clone(), Verdicts::default()).await
    }

    /// A mail of any octets, as they are.
    pub(super) async fn mail_octets(&self, raw: &[u8]) -> u64 {
        self.receive(raw, self.support.clone(), Verdicts::default()).await
    }

    /// A mail with these verdicts; answers the number of its ticket, or of its message in quarantine.
    pub(super) async fn mail_judged(&self, raw: &str, verdicts: Verdicts) -> u64 {
        self.receive(raw.as_bytes(), self.support.clone(), verdicts).await
    }

    /// A mail whose author is proven.
    pub(super) async fn mail_proven(&self, raw: &str) -> u64 {
        self.mail_proven_of("customer.example", raw).await
    }

    /// A mail behind which this domain stands.
    pub(super) async fn mail_proven_of(&self, domain: &str, raw: &str) -> u64 {
        let dmarc = DmarcVerdict {
            result: AuthResult::Pass,
            domain: Some(domain.to_owned()),
            aligned_by: Some(DmarcAlignment::Dkim),
            ..DmarcVerdict::default()
        };
        self.mail_judged(raw, Verdicts { dmarc, ..Verdicts::default() }).await
    }

    /// A forged mail under a policy that keeps it aside; answers the message's number.
    pub(super) async fn quarantined(&self, raw: &str) -> u64 {
        let accounts = self.desk.accounts();
        accounts.set_policy(self.acme, VerdictPolicy::Quarantine, vec![]).await.unwrap();
        let dmarc = DmarcVerdict {
            result: AuthResult::Fail,
            domain: Some("customer.example".to_owned()),
            policy: Some(DmarcPolicy::Reject),
            ..DmarcVerdict::default()
        };
        self.mail_judged(raw, Verdicts { dmarc, ..Verdicts::default() }).await
    }

    async fn receive(&self, raw: &[u8], recipient: Recipient, verdicts: Verdicts) -> u64 {
        let mut writer = self.store.blobs().writer();
        writer.write(raw).unwrap();
        let arrival = Arrival {
            received: "2026-01-01T00:00:00Z".parse().unwrap(),
            reverse_path: "ana@customer.example".to_owned(),
            recipients: vec![recipient],
            client: Ipv4Addr::new(192, 0, 2, 7).into(),
            helo: "mx.customer.example".to_owned(),
            tls: Some("TLSv1.3 TLS13_AES_256_GCM_SHA384".to_owned()),
            trace: "Authentication-Results: mx.desk.example; none\r\nReceived: from mx.customer.example\r\n"
                .to_owned(),
            verdicts,
            raw: writer.finish().unwrap(),
            reading: Reading::of(raw),
            notification: Notification::default(),
        };
        let Received::Kept(kept) = self.desk.receive(&arrival).await.unwrap() else { panic!("refused") };
        match kept[0].outcome {
            Outcome::Created { ticket } | Outcome::Joined { ticket } | Outcome::Reported { ticket, .. } => {
                ticket
            }
            Outcome::Quarantined { message } => message,
            Outcome::Duplicate { .. } => panic!("a duplicate"),
        }
    }
}

pub(super) fn request(method: Method, path: &str, token: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    request.header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap()
}

/// A `POST` of JSON.
pub(super) fn posting(path: &str, token: &str, body: &Value) -> Request<Body> {
    let mut request = request(Method::POST, path, token);
    *request.body_mut() = Body::from(body.to_string());
    request.headers_mut().insert("content-type", JSON.parse().unwrap());
    request
}

/// A small mail of Ana's; what it says has *acme* in it, so that a leak would be seen.
pub(super) fn mail(id: &str) -> String {
    format!(
        "From: Ana <ana@customer.example>\r\nTo: support@acme.example\r\nSubject: acme {id}\r\n\
         Message-ID: <{id}@customer.example>\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n\r\nDear acme\r\n"
    )
}

pub(super) async fn person(
    accounts: &Accounts,
    organisation: OrganisationId,
    address: &str,
    role: Role,
    teams: Vec<TeamId>,
) -> PersonId {
    let address = MailAddress::parse(address).unwrap();
    let wanted = NewPerson { name: address.to_string(), address, role, teams };
    accounts.add_person(organisation, wanted).await.unwrap().id
}

async fn channel(
    accounts: &Accounts,
    organisation: OrganisationId,
    address: &str,
    team: Option<TeamId>,
) -> Recipient {
    let wanted = NewChannel { address: MailAddress::parse(address).unwrap(), name: "acme".to_owned(), team };
    let channel = accounts.create_channel(organisation, wanted).await.unwrap().id;
    let destination = Destination::Channel { channel, tag: None };
    Recipient { organisation, destination, address: address.to_owned() }
}

pub(super) async fn token(
    accounts: &Accounts,
    organisation: OrganisationId,
    person: PersonId,
    scopes: Scopes,
    number: u8,
) -> String {
    let secret = Secret::from_random([number; 32]);
    let wanted = NewToken { person, name: "test".to_owned(), scopes };
    accounts.create_token(organisation, wanted, &secret).await.unwrap();
    secret.reveal().to_owned()
}

pub(super) fn domains(store: &Store, desk: &Desk, dns: &Arc<FakeDns>) -> guichet_domains::Domains {
    let backends = guichet_domains::Backends {
        store: store.clone(),
        desk: desk.clone(),
        source: dns.source(),
        clock: Arc::new(StillClock::default()),
        tls: ClientTls::load(None).unwrap(),
    };
    let host_name = DomainName::parse("mx.desk.example").unwrap();
    guichet_domains::Domains::new(guichet_domains::Settings::new(host_name), backends)
}
