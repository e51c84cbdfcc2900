//! What the server asks: typed look-ups through a shared cache, with bounds on waiting and on load.
//!
//! *Must hold*: a question that the cache can answer makes no system call and takes no permit; one that it
//! can't waits at most `lookup_secs_max` for permit and answer together; an answer is kept no longer than its
//! time to live; trouble is never kept.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use tokio::{sync::Semaphore, time::timeout};

use super::{
    Answer, Dns, DnsError, Mx, Record, RecordType,
    cache::{Cache, Outcome},
    name::{canonical, reverse_name},
};
use crate::Clock;

/// The bounds of a [`Resolver`].
#[derive(Clone, Copy, Debug)]
pub struct DnsLimits {
    /// Longest wait for one answer, in seconds, the wait for a free place included.
    pub lookup_secs_max: u64,
    /// Most questions on their way at one time.
    pub lookups_max: usize,
    /// Most names remembered per record type.
    pub cache_entries_max: usize,
    /// Longest time that an answer is remembered, in seconds, whatever its time to live says.
    pub cache_secs_max: u32,
    /// Longest time that an absence is remembered, in seconds (RFC 2308 section 5 advises one to three hours).
    pub absence_secs_max: u32,
}

impl Default for DnsLimits {
    fn default() -> Self {
        Self {
            lookup_secs_max: 5,
            lookups_max: 256,
            cache_entries_max: 16_384,
            cache_secs_max: 86_400,
            absence_secs_max: 900,
        }
    }
}

/// Answers from the cache or through a [`Dns`]. One for the whole server, shared by `Arc`.
pub struct Resolver {
    dns: Arc<dyn Dns>,
    clock: Arc<dyn Clock>,
    limits: DnsLimits,
    permits: Semaphore,
    txt: Cache<Box<[u8]>>,
    a: Cache<Ipv4Addr>,
    aaaa: Cache<Ipv6Addr>,
    mx: Cache<Mx>,
    ptr: Cache<Box<str>>,
}

impl Resolver {
    /// A resolver with an empty cache.
    #[must_use]
    pub fn new(dns: Arc<dyn Dns>, clock: Arc<dyn Clock>, limits: DnsLimits) -> Self {
        let entries_max = limits.cache_entries_max;
        Self {
            dns,
            clock,
            limits,
            permits: Semaphore::new(limits.lookups_max),
            txt: Cache::new(entries_max),
            a: Cache::new(entries_max),
            aaaa: Cache::new(entries_max),
            mx: Cache::new(entries_max),
            ptr: Cache::new(entries_max),
        }
    }

    /// The TXT records of `name`, each with its character-strings joined.
    pub async fn txt(&self, name: &str) -> Result<Arc<[Box<[u8]>]>, DnsError> {
        let pick = |record| if let Record::Txt(text) = record { Some(text) } else { None };
        self.find(&self.txt, name, RecordType::Txt, pick).await
    }

    /// The IPv4 addresses of `name`.
    pub async fn ipv4(&self, name: &str) -> Result<Arc<[Ipv4Addr]>, DnsError> {
        let pick = |record| if let Record::A(address) = record { Some(address) } else { None };
        self.find(&self.a, name, RecordType::A, pick).await
    }

    /// The IPv6 addresses of `name`.
    pub async fn ipv6(&self, name: &str) -> Result<Arc<[Ipv6Addr]>, DnsError> {
        let pick = |record| if let Record::Aaaa(address) = record { Some(address) } else { None };
        self.find(&self.aaaa, name, RecordType::Aaaa, pick).await
    }

    /// The mail exchangers of `name`, most preferred first.
    pub async fn mx(&self, name: &str) -> Result<Arc<[Mx]>, DnsError> {
        let pick = |record| if let Record::Mx(mx) = record { Some(mx) } else { None };
        self.find(&self.mx, name, RecordType::Mx, pick).await
    }

    /// The names that `address` claims for itself; unproven until they resolve back.
    pub async fn ptr(&self, address: IpAddr) -> Result<Arc<[Box<str>]>, DnsError> {
        let pick = |record| if let Record::Ptr(name) = record { Some(name) } else { None };
        self.find(&self.ptr, &reverse_name(address), RecordType::Ptr, pick).await
    }

    async fn find<T>(
        &self,
        cache: &Cache<T>,
        name: &str,
        record_type: RecordType,
        pick: impl Fn(Record) -> Option<T>,
    ) -> Outcome<T> {
        let name = canonical(name).ok_or(DnsError::BadName)?;
        if let Some(outcome) = cache.get(&name, self.clock.now().as_second()) {
            return outcome;
        }
        let reply = self.ask(&name, record_type).await?;
        let (outcome, secs_max) = match reply.answer {
            Answer::Records(records) => {
                let records: Arc<[T]> = records.into_iter().filter_map(pick).collect();
                let outcome = if records.is_empty() { Err(DnsError::NoRecords) } else { Ok(records) };
                (outcome, self.limits.cache_secs_max)
            }
            Answer::NoRecords => (Err(DnsError::NoRecords), self.limits.absence_secs_max),
            Answer::NoSuchName => (Err(DnsError::NoSuchName), self.limits.absence_secs_max),
        };
        let ttl_secs = reply.ttl_secs.min(secs_max);
        if ttl_secs > 0 {
            let expires = self.clock.now().as_second().saturating_add(i64::from(ttl_secs));
            cache.insert(&name, outcome.clone(), expires);
        }
        outcome
    }

    async fn ask(&self, name: &str, record_type: RecordType) -> Result<super::Reply, DnsError> {
        let secs_max = self.limits.lookup_secs_max;
        let question = async {
            // The semaphore is never closed; were it, asking without a permit would still be right.
            let _permit = self.permits.acquire().await;
            self.dns.query(name, record_type).await
        };
        let reply = timeout(Duration::from_secs(secs_max), question)
            .await
            .unwrap_or_else(|_| Err(DnsError::TryAgain(format!("no answer within {secs_max} s").into())));
        if let Err(error) = &reply {
            tracing::debug!(name, %record_type, %error, "look-up failed");
        }
        reply
    }
}
