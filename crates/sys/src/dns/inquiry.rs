//! What a zone's own name servers say: found through the recursive resolver, asked one by one, past every cache.
//!
//! A recursive resolver remembers for as long as a time to live says; who has just published a record, and who is to be
//! warned that one is gone, wants to know what stands there now. So an [`Inquiry`] finds the zone that a name is in and
//! that zone's servers, asks several of them the same, and compares. What it has heard it remembers for its own short life,
//! so that records of one zone, and an SPF record that is read for several addresses, cost their questions once.
//!
//! *Must hold*: one inquiry asks at most `questions_max` questions, whoever causes them, and none of them twice; a server
//! that kept silent once is not asked again; absence is believed only where every server that answered says so.
//!
//! *Standards*: RFC 1034 4.2 (zones), 4.3.2 (answers); RFC 2181 6.1 (a zone's own data is its servers').
//!
//! *Security*: name servers may be a stranger's and name any address: those of this machine and of private networks are
//! not asked unless configuration says so.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::future::{BoxFuture, join_all};
use tokio::sync::Mutex;

use super::{
    Answer, Direct, Dns, DnsError, DnsFuture, Record, RecordType, Reply, Statement,
    name::{canonical, is_private},
};

/// The bounds of an [`Inquiry`].
#[derive(Clone, Copy, Debug)]
pub struct InquiryLimits {
    /// Questions of one inquiry, to anybody.
    pub questions_max: usize,
    /// Name servers of one zone that are asked the same. Two at least show whether they agree.
    pub servers_max: usize,
    /// Aliases followed from one zone into the next.
    pub aliases_max: usize,
    /// Whether name servers of this machine and of private networks are asked too.
    pub private_servers: bool,
}

impl Default for InquiryLimits {
    fn default() -> Self {
        Self { questions_max: 200, servers_max: 3, aliases_max: 6, private_servers: false }
    }
}

/// What the servers of a name say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Records of the type asked for, in order; aliases were followed.
    Records(Vec<Record>),
    /// The name is there, the type is not.
    NoRecords,
    /// The name is not there.
    NoSuchName,
    /// It is an alias, and so is what it leads to, without an end.
    AliasLoop,
    /// Servers of one zone say different things: the name of each, and what it says.
    Disagree(Vec<(Box<str>, Finding)>),
    /// Nobody who has authority could be asked; a sentence.
    Unreachable(Box<str>),
}

/// Begins inquiries. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    dns: Arc<dyn Dns>,
    direct: Arc<dyn Direct>,
    limits: InquiryLimits,
}

impl Source {
    /// Finds name servers through `dns`, without a cache of ours, and asks them through `direct`.
    #[must_use]
    pub fn new(dns: Arc<dyn Dns>, direct: Arc<dyn Direct>, limits: InquiryLimits) -> Self {
        Self { dns, direct, limits }
    }

    /// A new inquiry, which knows nothing yet and may ask its whole number of questions.
    #[must_use]
    pub fn inquiry(&self) -> Inquiry {
        let questions_left = AtomicUsize::new(self.limits.questions_max);
        Inquiry {
            source: self.clone(),
            questions_left,
            answers: Mutex::default(),
            findings: Mutex::default(),
            silent: Mutex::default(),
        }
    }
}

/// A name server of a zone.
#[derive(Clone, Debug)]
struct Server {
    name: Box<str>,
    addresses: Vec<IpAddr>,
}

type Servers = Result<Vec<Server>, Box<str>>;
/// A canonical name and what is asked of it.
type Question = (Box<str>, RecordType);

/// Some questions that belong together, such as all about one domain.
pub struct Inquiry {
    source: Source,
    questions_left: AtomicUsize,
    /// What the recursive resolver said; each took one of the questions.
    answers: Mutex<HashMap<Question, Result<Answer, DnsError>>>,
    /// What the own servers said.
    findings: Mutex<HashMap<Question, Finding>>,
    /// Who did not answer.
    silent: Mutex<HashSet<IpAddr>>,
}

impl Inquiry {
    /// What the own servers of `name` say.
    pub async fn ask(&self, name: &str, record_type: RecordType) -> Finding {
        let Some(name) = canonical(name) else {
            return Finding::Unreachable(format!("`{name}` is not a DNS name").into());
        };
        let question = (Box::from(name), record_type);
        if let Some(known) = self.findings.lock().await.get(&question) {
            return known.clone();
        }
        let finding = self.follow(&question.0, record_type, self.source.limits.aliases_max).await;
        self.findings.lock().await.insert(question, finding.clone());
        finding
    }

    /// What the servers of one zone say, and those of the zones that aliases lead to. Of two servers one may know where an
    /// alias leads and the other not, so what stands at its end is compared.
    fn follow<'a>(
        &'a self,
        name: &'a str,
        record_type: RecordType,
        aliases_left: usize,
    ) -> BoxFuture<'a, Finding> {
        Box::pin(async move {
            let statements = match self.ask_zone(name, record_type).await {
                Ok(statements) => statements,
                Err(why) => return Finding::Unreachable(why),
            };
            let mut said: Vec<(Box<str>, Finding)> = Vec::with_capacity(statements.len());
            for (server, statement) in &statements {
                let same = statements.iter().zip(&said).find(|((_, other), _)| other == statement);
                let finding = match (same, statement) {
                    (Some((_, (_, finding))), _) => finding.clone(),
                    (None, Statement::Answer(answer)) => finding(answer),
                    (None, Statement::Alias(_)) if aliases_left == 0 => Finding::AliasLoop,
                    (None, Statement::Alias(target)) => {
                        self.follow(target, record_type, aliases_left - 1).await
                    }
                };
                said.push((server.clone(), finding));
            }
            match said.split_first() {
                Some(((_, first), others)) if others.iter().all(|(_, other)| other == first) => first.clone(),
                _ => Finding::Disagree(said),
            }
        })
    }

    /// What the servers of the zone of a name say, each that answers; at least one does.
    async fn ask_zone(
        &self,
        name: &str,
        record_type: RecordType,
    ) -> Result<Vec<(Box<str>, Statement)>, Box<str>> {
        let servers = self.servers(name).await?;
        let said = join_all(servers.iter().map(|server| self.ask_server(server, name, record_type))).await;
        let (mut statements, mut troubles) = (Vec::new(), Vec::new());
        for (server, said) in said {
            match said {
                Ok(statement) => statements.push((server.into(), statement)),
                Err(why) => troubles.push(why),
            }
        }
        if statements.is_empty() {
            let why = troubles.first().map_or("it has no name servers", String::as_str);
            return Err(format!("no name server of {name} answers: {why}").into());
        }
        Ok(statements)
    }

    /// Asks one server, at its next address where the first keeps silent.
    async fn ask_server<'s>(
        &self,
        server: &'s Server,
        name: &str,
        record_type: RecordType,
    ) -> (&'s str, Result<Statement, String>) {
        let mut why = format!("{} has no address that may be asked", server.name);
        for address in &server.addresses {
            if self.silent.lock().await.contains(address) {
                why = format!("{} ({address}) keeps silent", server.name);
                continue;
            }
            if let Err(spent) = self.spend() {
                return (&server.name, Err(spent.to_string()));
            }
            match self.source.direct.ask(*address, name, record_type).await {
                Ok(statement) => return (&server.name, Ok(statement)),
                Err(error) => why = format!("{} ({address}): {error}", server.name),
            }
            self.silent.lock().await.insert(*address);
        }
        (&server.name, Err(why))
    }

    /// The servers of the zone that `name` is in: walks up from it to the first name that has some.
    async fn servers(&self, name: &str) -> Servers {
        let mut zone = name;
        loop {
            match self.recurse(zone, RecordType::Ns).await {
                Ok(Answer::Records(records)) => return self.addresses(zone, &records).await,
                Ok(_) => {}
                Err(error) => {
                    return Err(format!("the name servers of {zone} can't be found: {error}").into());
                }
            }
            match zone.split_once('.') {
                Some((_, parent)) => zone = parent,
                None => return Err(format!("{name} is in no zone that DNS knows").into()),
            }
        }
    }

    async fn addresses(&self, zone: &str, records: &[Record]) -> Servers {
        let mut names: Vec<_> = records
            .iter()
            .filter_map(|record| if let Record::Ns(name) = record { Some(name) } else { None })
            .collect();
        names.sort();
        names.dedup();
        let mut servers = Vec::new();
        for name in names {
            if servers.len() == self.source.limits.servers_max {
                break;
            }
            let addresses = self.addresses_of(name).await;
            if !addresses.is_empty() {
                servers.push(Server { name: name.clone(), addresses });
            }
        }
        if servers.is_empty() {
            return Err(format!("no name server of {zone} has an address that may be asked").into());
        }
        Ok(servers)
    }

    /// One address of each kind that may be asked: IPv4 first, which reaches more.
    async fn addresses_of(&self, host: &str) -> Vec<IpAddr> {
        let mut addresses = Vec::new();
        for record_type in [RecordType::A, RecordType::Aaaa] {
            let Ok(Answer::Records(records)) = self.recurse(host, record_type).await else { continue };
            let found = records.iter().filter_map(|record| match record {
                Record::A(address) => Some(IpAddr::from(*address)),
                Record::Aaaa(address) => Some(IpAddr::from(*address)),
                _ => None,
            });
            let may_be_asked = |address: &IpAddr| self.source.limits.private_servers || !is_private(*address);
            addresses.extend(found.filter(may_be_asked).take(1));
        }
        addresses
    }

    async fn recurse(&self, name: &str, record_type: RecordType) -> Result<Answer, DnsError> {
        let question = (Box::from(name), record_type);
        if let Some(known) = self.answers.lock().await.get(&question) {
            return known.clone();
        }
        self.spend()?;
        let answer = self.source.dns.query(name, record_type).await.map(|reply| reply.answer);
        self.answers.lock().await.insert(question, answer.clone());
        answer
    }

    fn spend(&self) -> Result<(), DnsError> {
        let spent = self
            .questions_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        spent.map(drop).map_err(|_| DnsError::TryAgain("too many questions for one check".into()))
    }
}

fn finding(answer: &Answer) -> Finding {
    match answer {
        Answer::Records(records) => Finding::Records(records.clone()),
        Answer::NoRecords => Finding::NoRecords,
        Answer::NoSuchName => Finding::NoSuchName,
    }
}

/// An inquiry as a resolver's DNS: what checks mail can then check what is published now. Nothing may be remembered.
impl Dns for Inquiry {
    fn query<'a>(&'a self, name: &'a str, record_type: RecordType) -> DnsFuture<'a> {
        Box::pin(async move {
            let answer = match self.ask(name, record_type).await {
                Finding::Records(records) => Answer::Records(records),
                Finding::NoRecords => Answer::NoRecords,
                Finding::NoSuchName => Answer::NoSuchName,
                Finding::AliasLoop => {
                    return Err(DnsError::TryAgain(format!("{name} is an alias without an end").into()));
                }
                Finding::Disagree(_) => {
                    return Err(DnsError::TryAgain(format!("the name servers of {name} disagree").into()));
                }
                Finding::Unreachable(why) => return Err(DnsError::TryAgain(why)),
            };
            Ok(Reply { answer, ttl_secs: 0 })
        })
    }
}
