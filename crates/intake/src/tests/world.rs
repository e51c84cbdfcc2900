//! A server with two organisations behind its door.

use std::io::{self, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use guichet_accounts::{Accounts, Actor, Channel, NewChannel, Vault};
use guichet_desk::{Desk, StoredMessage, TicketQuery};
use guichet_mail::{DomainName, MailAddress};
use guichet_mailauth::{Limits, Verifier};
use guichet_store::{Options, OrganisationId, Store};
use guichet_testkit::{CountingRandom, FakeDns, StillClock, Zone};
use tempfile::TempDir;
use tokio::io::DuplexStream;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::client::Client;
use crate::admission::Admission;
use crate::connection::{self, Ends, Shared};
use crate::{Backends, Intake, Settings, Stopped};

/// What a pipe between client and server holds.
const PIPE_BYTES: usize = 64 << 10;

pub(super) struct World {
    pub(super) backends: Backends,
    pub(super) settings: Settings,
    pub(super) demo: OrganisationId,
    pub(super) other: OrganisationId,
    pub(super) support: Channel,
    /// Says when to stop.
    pub(super) stop: watch::Sender<bool>,
    sessions: JoinSet<io::Result<()>>,
    doors: JoinSet<Stopped>,
    shared: Option<Arc<Shared>>,
}

impl World {
    /// *Demo* with `support@demo.example`, *Other* with `support@other.example`.
    pub(super) async fn new() -> Self {
        Self::over(Store::memory(), Zone::new()).await
    }

    pub(super) async fn with_dns(zone: Zone) -> Self {
        Self::over(Store::memory(), zone).await
    }

    /// On a disk of which so many bytes are not for mail.
    pub(super) async fn on_disk(folder: &TempDir, disk_reserve_bytes_min: u64) -> Self {
        let options = Options { disk_reserve_bytes_min, ..Options::default() };
        Self::over(Store::open(folder.path(), &options).unwrap(), Zone::new()).await
    }

    async fn over(store: Store, zone: Zone) -> Self {
        let accounts = Accounts::new(store.clone(), Vault::new([1; 32]), domain_name("desk.example"));
        let demo = accounts.create_organisation("demo", "Demo").await.unwrap().id;
        let other = accounts.create_organisation("other", "Other").await.unwrap().id;
        for (organisation, domain) in [(demo, "demo.example"), (other, "other.example")] {
            accounts.add_domain(organisation, &domain_name(domain), None).await.unwrap();
        }
        let hostname = domain_name("mx.example");
        let verifier = Verifier::new(FakeDns::resolver(zone), Limits::default(), hostname.as_str());
        let backends = Backends {
            desk: Desk::new(store.clone(), accounts.clone(), Arc::new(CountingRandom::default())),
            store,
            verifier: Arc::new(verifier),
            clock: Arc::new(StillClock::default()),
            tls: None,
        };
        let support = channel(&accounts, demo, "support@demo.example").await;
        channel(&accounts, other, "support@other.example").await;
        Self {
            settings: Settings::new(hostname),
            backends,
            demo,
            other,
            support,
            stop: watch::Sender::new(false),
            sessions: JoinSet::new(),
            doors: JoinSet::new(),
            shared: None,
        }
    }

    pub(super) fn accounts(&self) -> &Accounts {
        self.backends.desk.accounts()
    }

    /// A further connection to one and the same server, from 192.0.2.1 to 198.51.100.25.
    pub(super) fn connect(&mut self) -> Client<DuplexStream> {
        self.connect_from([192, 0, 2, 1].into(), PIPE_BYTES)
    }

    pub(super) fn connect_from(&mut self, client: Ipv4Addr, pipe_bytes: usize) -> Client<DuplexStream> {
        let shared = self.shared.get_or_insert_with(|| {
            let admission = Admission::new(&self.settings);
            Arc::new(Shared::new(&self.settings, &self.backends, admission))
        });
        let (ours, theirs) = tokio::io::duplex(pipe_bytes);
        let ends = Ends { client: SocketAddr::new(client.into(), 4321), local: [198, 51, 100, 25].into() };
        let (shared, stop) = (shared.clone(), self.stop.subscribe());
        self.sessions.spawn(async move { connection::serve(ours, ends, &[], shared, stop).await });
        Client::new(theirs)
    }

    pub(super) async fn greeted(&mut self) -> Client<DuplexStream> {
        Client::greeted(self.connect().into_stream()).await
    }

    /// How the next session to end has ended.
    pub(super) async fn ended(&mut self) -> io::Result<()> {
        self.sessions.join_next().await.unwrap().unwrap()
    }

    /// Opens two doors on loopback.
    pub(super) async fn open(&mut self) -> [SocketAddr; 2] {
        let listeners = [listener().await, listener().await];
        let addresses = listeners.each_ref().map(|listener| listener.local_addr().unwrap());
        let intake = Intake::new(self.settings.clone(), self.backends.clone());
        self.doors.spawn(intake.serve(listeners.into(), self.stop.subscribe()));
        addresses
    }

    /// How the doors have closed.
    pub(super) async fn closed(&mut self) -> Stopped {
        self.doors.join_next().await.unwrap().unwrap()
    }

    /// Numbers of an organisation's tickets, oldest first.
    pub(super) fn tickets(&self, organisation: OrganisationId) -> Vec<u64> {
        let query = TicketQuery { limit: 200, ..TicketQuery::default() };
        let page = self.backends.desk.tickets(&Actor::system(organisation), &query).unwrap();
        let mut numbers: Vec<u64> = page.items.iter().map(|ticket| ticket.number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// The only message of a ticket.
    pub(super) fn message(&self, organisation: OrganisationId, ticket: u64) -> StoredMessage {
        let actor = Actor::system(organisation);
        let mut page = self.backends.desk.messages(&actor, ticket, None, 10).unwrap();
        assert_eq!(page.items.len(), 1);
        page.items.remove(0)
    }

    /// The raw mail of that message.
    pub(super) fn raw(&self, organisation: OrganisationId, ticket: u64) -> String {
        let message = self.message(organisation, ticket);
        let mut raw = String::new();
        let mut reader = self.backends.desk.raw(&Actor::system(organisation), &message).unwrap();
        reader.read_to_string(&mut raw).unwrap();
        raw
    }
}

pub(super) async fn channel(accounts: &Accounts, organisation: OrganisationId, address: &str) -> Channel {
    let wanted = NewChannel { address: mail_address(address), name: "Help".to_owned(), team: None };
    accounts.create_channel(organisation, wanted).await.unwrap()
}

pub(super) fn domain_name(text: &str) -> DomainName {
    DomainName::parse(text).unwrap()
}

pub(super) fn mail_address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

pub(super) async fn dial(address: SocketAddr) -> Client<TcpStream> {
    Client::new(TcpStream::connect(address).await.unwrap())
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}
