//! Bringing a mail to another server: over a connection that waits, or over a new one to the first server that listens.
//!
//! *Must hold*: the next server is tried only while nothing was decided about the mail; a connection that died while it waited
//! is nobody's failure.
//!
//! *Standards*: RFC 5321, section 5.1 (which server next).

use std::net::SocketAddr;
use std::sync::Arc;

use guichet_desk::{Fate, Lease};
use guichet_smtp::{
    Dsn, FailureCause, ForwardPath, Notify, Outcome as SmtpOutcome, Return, ReversePath, Stage, Transaction,
    TransactionResult,
};
use guichet_sys::Random;
use guichet_sys::dns::Resolver;
use guichet_sys::tls::ClientTls;

use crate::connection::Connection;
use crate::content::Content;
use crate::deliver::{Outcome, Via};
use crate::dial::{Dialler, Manner};
use crate::judge::{self, Judgement, Verdict};
use crate::pool::Pool;
use crate::queue::{Destination, Reached};
use crate::servers::{Server, Servers, leads_back};
use crate::settings::Settings;
use crate::trouble::Trouble;

/// The servers of others.
pub(crate) struct Remotes {
    pub(crate) pool: Pool,
    settings: Settings,
    servers: Servers,
    dialler: Dialler,
}

/// One mail on its way.
struct Errand<'a, C> {
    lease: &'a Lease,
    destination: &'a Destination,
    manner: Manner,
    transaction: Transaction,
    content: C,
}

impl Remotes {
    pub(crate) fn new(
        settings: &Settings,
        resolver: Arc<Resolver>,
        random: Arc<dyn Random>,
        tls: ClientTls,
    ) -> Self {
        Self {
            pool: Pool::new(&settings.limits),
            servers: Servers::new(settings, resolver, random),
            dialler: Dialler::new(settings, tls),
            settings: settings.clone(),
        }
    }

    /// Sends a mail of `size` octets. `content` gives them anew for each server.
    pub(crate) async fn deliver(
        &self,
        lease: &Lease,
        destination: &Destination,
        size: u64,
        content: impl Fn() -> Result<Content, Trouble>,
    ) -> Result<Outcome, Trouble> {
        let manner = match (destination, &self.settings.smart_host) {
            (Destination::SmartHost, Some(smart_host)) => Manner::to_smart_host(smart_host),
            _ => Manner::to_stranger(self.settings.requires_tls(lease.recipient.domain())),
        };
        let transaction = transaction(lease, size)?;
        let errand = Errand { lease, destination, manner, transaction, content };
        if let Some(outcome) = self.over_waiting_connection(&errand).await? {
            return Ok(outcome);
        }
        match self.servers(&errand).await {
            Ok(servers) => self.to_first_that_listens(&errand, &servers).await,
            Err(judgement) => Ok(Outcome { reached: unreached(&judgement), judgement, via: None }),
        }
    }

    async fn servers<C>(&self, errand: &Errand<'_, C>) -> Result<Vec<Server>, Judgement> {
        match (errand.destination, &self.settings.smart_host) {
            (Destination::SmartHost, Some(smart_host)) => {
                self.servers.of_host(&smart_host.host, smart_host.port).await
            }
            _ => self.servers.of_domain(errand.lease.recipient.domain()).await,
        }
    }

    /// `None` when no connection waits, or the one that did is dead.
    async fn over_waiting_connection<C: Fn() -> Result<Content, Trouble>>(
        &self,
        errand: &Errand<'_, C>,
    ) -> Result<Option<Outcome>, Trouble> {
        let Some(mut connection) = self.pool.take(errand.destination, errand.manner.proof) else {
            return Ok(None);
        };
        let result = connection.transact(&errand.transaction, (errand.content)()?).await;
        let via = via(&connection);
        self.put_back(errand.destination, connection).await;
        if died_waiting(&result) {
            return Ok(None);
        }
        let (Verdict::Final(judgement) | Verdict::NextServer(judgement)) = judge::transaction(&result);
        Ok(Some(Outcome { reached: reached(&result), judgement, via: Some(via) }))
    }

    async fn to_first_that_listens<C: Fn() -> Result<Content, Trouble>>(
        &self,
        errand: &Errand<'_, C>,
        servers: &[Server],
    ) -> Result<Outcome, Trouble> {
        let mut last: Option<Outcome> = None;
        for (host, address) in addresses(servers, self.settings.limits.addresses_tried_max) {
            let (judgement, via, reached) = match self.dialler.dial(host, address, &errand.manner).await {
                Err(failure) => {
                    let judgement = judge::connection(&failure);
                    let via = Via { host: host.to_owned(), address, tls: None };
                    (judgement.clone(), via, unreached(&judgement))
                }
                Ok(connection) if self.is_ourselves(errand.destination, &connection) => {
                    let judgement = leads_back(errand.lease.recipient.domain());
                    return Ok(Outcome { judgement, via: Some(via(&connection)), reached: Reached::Unknown });
                }
                Ok(mut connection) => {
                    let result = connection.transact(&errand.transaction, (errand.content)()?).await;
                    let via = via(&connection);
                    self.put_back(errand.destination, connection).await;
                    match judge::transaction(&result) {
                        Verdict::Final(judgement) => {
                            return Ok(Outcome { judgement, via: Some(via), reached: reached(&result) });
                        }
                        Verdict::NextServer(judgement) => (judgement, via, Reached::Unknown),
                    }
                }
            };
            last = Some(merge(last, Outcome { judgement, via: Some(via), reached }));
        }
        // Every list of servers has an address.
        Ok(last.unwrap_or_else(|| Outcome::ours(Judgement::deferred("dns", "4.4.4", "There is no server."))))
    }

    /// A smart host may have our name, being another server of this machine; that it isn't this one is known already.
    fn is_ourselves(&self, destination: &Destination, connection: &Connection) -> bool {
        let ours = self.settings.hostname.as_str();
        *destination != Destination::SmartHost
            && connection.greeting_name().is_some_and(|name| name.eq_ignore_ascii_case(ours))
    }

    /// Keeps a connection for the next mail, or takes leave.
    async fn put_back(&self, destination: &Destination, connection: Connection) {
        if let Some(connection) = self.pool.keep(destination, connection)
            && connection.is_ready()
        {
            connection.quit().await;
        }
    }
}

/// Where to try, in turn.
fn addresses(servers: &[Server], addresses_max: usize) -> Vec<(&str, SocketAddr)> {
    let mut found = Vec::new();
    for server in servers {
        found.extend(server.addresses.iter().map(|address| (server.host.as_str(), *address)));
    }
    found.truncate(addresses_max);
    found
}

fn transaction(lease: &Lease, size: u64) -> Result<Transaction, Trouble> {
    let is_answered = !lease.reverse_path.is_empty();
    let notify = Notify { success: false, failure: is_answered, delay: is_answered };
    let dsn = Dsn {
        envid: Some(lease.envelope_id.clone()),
        ret: Some(Return::Headers),
        notify: Some(notify),
        orcpt: None,
    };
    Ok(Transaction {
        reverse_path: ReversePath::parse(&lease.reverse_path)?,
        recipient: ForwardPath::parse(&lease.recipient.to_string())?,
        size,
        // We compose seven-bit bodies; only header fields may be UTF-8, and then SMTPUTF8 covers them (RFC 6531, 3.6).
        eight_bit: false,
        smtputf8: lease.needs_smtputf8,
        dsn: Some(dsn),
    })
}

/// A connection that was closed while it waited, or says so as its answer to our first command.
fn died_waiting(result: &TransactionResult) -> bool {
    let SmtpOutcome::Lost(failure) = &result.outcome else { return false };
    let is_first = matches!(result.stage, Stage::MailFrom | Stage::Reset | Stage::Idle);
    is_first
        && matches!(failure.cause, FailureCause::Closed | FailureCause::Refused(_) | FailureCause::Abandoned)
}

fn reached(result: &TransactionResult) -> Reached {
    if matches!(result.outcome, SmtpOutcome::Lost(_)) { Reached::Unknown } else { Reached::Yes }
}

/// Only what passes is a reason to leave the destination alone for a while.
fn unreached(judgement: &Judgement) -> Reached {
    match judgement.fate {
        Fate::Deferred(_) => Reached::No(Arc::new(judgement.clone())),
        _ => Reached::Unknown,
    }
}

/// Of the servers asked so far and one more: what is told, and whether any could be reached.
fn merge(before: Option<Outcome>, later: Outcome) -> Outcome {
    let Some(before) = before else { return later };
    let reached = match (&before.reached, &later.reached) {
        (Reached::No(_), Reached::No(_)) => later.reached.clone(),
        _ => Reached::Unknown,
    };
    let chosen = before.judgement.clone().or_later(later.judgement.clone());
    let via = if chosen == later.judgement { later.via } else { before.via };
    Outcome { judgement: chosen, via, reached }
}

fn via(connection: &Connection) -> Via {
    let remote = &connection.remote;
    Via { host: remote.host.clone(), address: remote.address, tls: connection.tls.clone() }
}
