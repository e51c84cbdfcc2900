//! The DNS ports answered from a zone, in memory: no socket, no waiting. To [`Direct`] every address is a server of that
//! zone, but for those that were given a zone of their own.

use std::{
    collections::HashMap,
    future,
    net::IpAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use guichet_sys::dns::{
    Answer, Direct, Dns, DnsError, DnsFuture, DnsLimits, InquiryLimits, RecordType, Reply, Resolver, Source,
    Statement, StatementFuture,
};

use crate::{Found, StillClock, Zone};

/// Answers from a [`Zone`], and counts how often it was asked.
#[derive(Debug)]
pub struct FakeDns {
    zone: RwLock<Zone>,
    servers: HashMap<IpAddr, Zone>,
    questions: AtomicUsize,
}

impl FakeDns {
    /// Serves `zone`.
    #[must_use]
    pub fn new(zone: Zone) -> Arc<Self> {
        Self::with_servers(zone, HashMap::new())
    }

    /// Serves `zone`, but these servers, asked directly, say what their own zone says.
    #[must_use]
    pub fn with_servers(zone: Zone, servers: HashMap<IpAddr, Zone>) -> Arc<Self> {
        Arc::new(Self { zone: RwLock::new(zone), servers, questions: AtomicUsize::new(0) })
    }

    /// From now on serves this instead.
    pub fn publish(&self, zone: Zone) {
        *self.zone.write().unwrap_or_else(PoisonError::into_inner) = zone;
    }

    /// A source that asks this, with default limits.
    #[must_use]
    pub fn source(self: &Arc<Self>) -> Source {
        let limits = InquiryLimits { private_servers: true, ..InquiryLimits::default() };
        Source::new(self.clone(), self.clone(), limits)
    }

    /// How many questions came so far.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }

    /// A resolver with default limits and a clock that stands still.
    #[must_use]
    pub fn resolver(zone: Zone) -> Arc<Resolver> {
        Arc::new(Resolver::new(Self::new(zone), Arc::new(StillClock::default()), DnsLimits::default()))
    }
}

impl Dns for FakeDns {
    fn query<'a>(&'a self, name: &'a str, record_type: RecordType) -> DnsFuture<'a> {
        self.questions.fetch_add(1, Ordering::Relaxed);
        let zone = self.zone.read().unwrap_or_else(PoisonError::into_inner);
        let answer = match zone.find(name, record_type) {
            Found::Records(records) => Answer::Records(records),
            Found::NoRecords => Answer::NoRecords,
            Found::NoSuchName => Answer::NoSuchName,
            Found::ServFail | Found::Alias(_) => {
                return Box::pin(future::ready(Err(DnsError::TryAgain("SERVFAIL".into()))));
            }
            Found::Silence => return Box::pin(future::pending()),
        };
        let ttl_secs = zone.answer_ttl_secs();
        Box::pin(future::ready(Ok(Reply { answer, ttl_secs })))
    }
}

impl Direct for FakeDns {
    fn ask<'a>(&'a self, server: IpAddr, name: &'a str, record_type: RecordType) -> StatementFuture<'a> {
        self.questions.fetch_add(1, Ordering::Relaxed);
        let zone = self.zone.read().unwrap_or_else(PoisonError::into_inner);
        let zone = self.servers.get(&server).unwrap_or(&zone);
        let statement = match zone.find_here(name, record_type) {
            Found::Records(mut records) => {
                records.sort();
                Statement::Answer(Answer::Records(records))
            }
            Found::Alias(target) => Statement::Alias(target.into()),
            Found::NoRecords => Statement::Answer(Answer::NoRecords),
            Found::NoSuchName => Statement::Answer(Answer::NoSuchName),
            Found::ServFail => return Box::pin(future::ready(Err(DnsError::TryAgain("SERVFAIL".into())))),
            Found::Silence => {
                return Box::pin(future::ready(Err(DnsError::TryAgain("no answer in time".into()))));
            }
        };
        Box::pin(future::ready(Ok(statement)))
    }
}
