//! The DNS port answered from a zone, in memory: no socket, no waiting.

use std::{
    future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use guichet_sys::dns::{Answer, Dns, DnsError, DnsFuture, DnsLimits, RecordType, Reply, Resolver};

use crate::{Found, StillClock, Zone};

/// Answers from a [`Zone`], and counts how often it was asked.
#[derive(Debug)]
pub struct FakeDns {
    zone: Zone,
    questions: AtomicUsize,
}

impl FakeDns {
    /// Serves `zone`.
    #[must_use]
    pub fn new(zone: Zone) -> Arc<Self> {
        Arc::new(Self { zone, questions: AtomicUsize::new(0) })
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
        let answer = match self.zone.find(name, record_type) {
            Found::Records(records) => Answer::Records(records),
            Found::NoRecords => Answer::NoRecords,
            Found::NoSuchName => Answer::NoSuchName,
            Found::ServFail => return Box::pin(future::ready(Err(DnsError::TryAgain("SERVFAIL".into())))),
            Found::Silence => return Box::pin(future::pending()),
        };
        let ttl_secs = self.zone.answer_ttl_secs();
        Box::pin(future::ready(Ok(Reply { answer, ttl_secs })))
    }
}
