//! The records of a domain: as they should be, as they are, as they were last seen.

use std::sync::Arc;
use std::time::Duration;

use guichet_accounts::{Accounts, DkimState, Domain, Error};
use guichet_desk::Desk;
use guichet_mail::DomainName;
use guichet_store::{OrganisationId, Store, record};
use guichet_sys::Clock;
use guichet_sys::dns::Source;
use guichet_sys::tls::ClientTls;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::check::{Check, Look, State};
use crate::dkim_keys;
use crate::expected;
use crate::keys;
use crate::policy;
use crate::record::{Expected, Need, Purpose};
use crate::running::Running;
use crate::server::ServerReport;
use crate::settings::Settings;
use crate::watched::Watched;

/// Looks at one time; further ones wait. A look is a few questions one after the other and takes hardly anything but time,
/// most of it where name servers are mute, and of one organisation there are two: it takes many to fill all places.
const LOOKS_MAX: usize = 64;
/// Seconds that a look may take; what is not known then counts as unreachable.
const LOOK_SECS_MAX: u64 = 20;
/// Seconds for which a result is shared with whoever asks next.
const SHARED_SECS: i64 = 10;

/// What this crate stands on.
pub struct Backends {
    /// Where results are kept.
    pub store: Store,
    /// Tells admins; the accounts are reached through it.
    pub desk: Desk,
    /// Asks name servers.
    pub source: Source,
    /// Dates looks.
    pub clock: Arc<dyn Clock>,
    /// Judges the certificate of our own mail server.
    pub tls: ClientTls,
}

/// The records of domains. Cheap to clone; clones share looks under way.
#[derive(Clone)]
pub struct Domains(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) backends: Backends,
    pub(crate) settings: Settings,
    running: Running,
    places: Semaphore,
    /// The last look at this server; whoever looks holds it.
    pub(crate) server: tokio::sync::Mutex<Option<Arc<ServerReport>>>,
}

/// What a look at a domain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// When.
    pub checked_at: Timestamp,
    /// Each record that is expected, with what was found.
    pub records: Vec<(Expected, Look)>,
}

/// A record that is expected, with the last look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What should stand there.
    pub expected: Expected,
    /// What was found, and when; `None` before the first look.
    pub last: Option<(Look, Timestamp)>,
}

/// Whether a domain may be switched on; each error is a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// To receive: its MX was seen.
    pub receives: Result<(), String>,
    /// To send: the records of its DKIM keys were seen.
    pub sends: Result<(), String>,
}

/// Who wants a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Person,
    Watch,
}

impl Domains {
    /// Over these.
    #[must_use]
    pub fn new(settings: Settings, backends: Backends) -> Self {
        let (running, places) = (Running::default(), Semaphore::new(LOOKS_MAX));
        Self(Arc::new(Inner { backends, settings, running, places, server: tokio::sync::Mutex::default() }))
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        self.0.backends.desk.accounts()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.backends.store
    }

    /// As exact as it is kept, so that a look has one time, told at once or read later.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.0.backends.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// The records that should stand for a domain of this organisation.
    pub fn expected(&self, organisation: OrganisationId, domain: &Domain) -> Result<Vec<Expected>, Error> {
        expected::expected(self.accounts(), &self.0.settings, organisation, domain)
    }

    /// The same with the last look at each.
    pub fn records(&self, organisation: OrganisationId, name: &DomainName) -> Result<Vec<Checked>, Error> {
        let domain = self.accounts().domain(organisation, name)?;
        let watched = self.watched(organisation, name)?.unwrap_or_default();
        let last = |expected: &Expected| {
            watched.record(expected).zip(watched.checked).map(|(record, at)| (record.look.clone(), at))
        };
        let expected = self.expected(organisation, &domain)?;
        Ok(expected.into_iter().map(|expected| Checked { last: last(&expected), expected }).collect())
    }

    /// Looks at the records of a domain now, unless somebody did a moment ago.
    pub async fn check(&self, organisation: OrganisationId, name: &DomainName) -> Result<Arc<Report>, Error> {
        self.look(organisation, name, Cause::Person).await
    }

    /// Whether a domain may be switched on, by a look now.
    pub async fn readiness(
        &self,
        organisation: OrganisationId,
        name: &DomainName,
    ) -> Result<Readiness, Error> {
        let report = self.check(organisation, name).await?;
        let domain = self.accounts().domain(organisation, name)?;
        let unproven = || format!("`{name}` is not proven yet: publish its proof first");
        if !domain.is_verified() {
            return Ok(Readiness { receives: Err(unproven()), sends: Err(unproven()) });
        }
        let is_signing = |expected: &Expected| {
            expected.purpose == Purpose::Dkim
                && expected.signer.as_ref().is_some_and(|signer| signer.state == DkimState::Signing)
        };
        let is_mx = |expected: &Expected| expected.purpose == Purpose::Mx && expected.need == Need::Receiving;
        Ok(Readiness { receives: report.ready(name, is_mx), sends: report.ready(name, is_signing) })
    }

    /// The MTA-STS policy for requests to this host: `mta-sts.` before a domain of ours that is verified and receives. One
    /// of mode `none` is served too: senders that know a former one give it up (RFC 8461 8.3).
    pub fn mta_sts_policy(&self, host: &str) -> Result<Option<String>, Error> {
        let Some(domain) = host.strip_prefix("mta-sts.").and_then(|name| DomainName::parse(name).ok()) else {
            return Ok(None);
        };
        let is_hosted = self.accounts().is_hosted(&domain)?;
        Ok(is_hosted.then(|| policy::text(&self.0.settings)))
    }

    pub(crate) fn watched(
        &self,
        organisation: OrganisationId,
        name: &DomainName,
    ) -> Result<Option<Watched>, Error> {
        let bytes = self.store().of(organisation).snapshot()?.peek(&keys::watched(name))?;
        bytes.map(|bytes| record::decode(&bytes).map_err(|_| Error::Damaged("look at a domain"))).transpose()
    }

    pub(crate) async fn look(
        &self,
        organisation: OrganisationId,
        name: &DomainName,
        cause: Cause,
    ) -> Result<Arc<Report>, Error> {
        // What is not there has no lock either.
        self.accounts().domain(organisation, name)?;
        let last = self.0.running.of(organisation, name);
        let mut last = last.lock().await;
        let now = self.now();
        if let Some(report) = last.as_ref().filter(|report| is_fresh(report.checked_at, now)) {
            return Ok(Arc::clone(report));
        }
        let domain = self.accounts().domain(organisation, name)?;
        if domain.alias_of.is_none() && !name.is_within(self.accounts().base_domain()) {
            // A crash may have come between the domain and its keys.
            dkim_keys::ensure_own(self.accounts(), organisation, name).await?;
        }
        let expected = self.expected(organisation, &domain)?;
        let mut report = Report { checked_at: now, records: self.look_at(organisation, expected).await };
        self.draw_consequences(organisation, &domain, &mut report, cause).await?;
        let report = Arc::new(report);
        *last = Some(Arc::clone(&report));
        Ok(report)
    }

    /// One record after the other, so that each knows what the one before learnt of the zone.
    async fn look_at(&self, organisation: OrganisationId, expected: Vec<Expected>) -> Vec<(Expected, Look)> {
        let theirs = self.0.running.places.of(organisation);
        // Neither semaphore is ever closed.
        let _their_place = theirs.acquire().await;
        let _place = self.0.places.acquire().await;
        let mut looks = Vec::with_capacity(expected.len());
        let looking = async {
            let Backends { source, clock, .. } = &self.0.backends;
            let check = Check::begin(source, clock, &self.0.settings, self.accounts().base_domain()).await;
            for record in &expected {
                looks.push(check.look(record).await);
            }
        };
        // What is unfinished then is filled in below.
        let _ = timeout(Duration::from_secs(LOOK_SECS_MAX), looking).await;
        let unfinished = || Look {
            state: State::Unreachable,
            found: Vec::new(),
            advice: format!("The name servers did not answer within {LOOK_SECS_MAX} s."),
        };
        let looks = looks.into_iter().map(Some).chain(std::iter::repeat_with(|| None));
        expected
            .into_iter()
            .zip(looks)
            .map(|(expected, look)| (expected, look.unwrap_or_else(unfinished)))
            .collect()
    }
}

/// Whether a result of then is shared now, whichever way the clock was set meanwhile.
pub(crate) fn is_fresh(checked_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(checked_at).abs() < SignedDuration::from_secs(SHARED_SECS)
}

impl Report {
    /// Whether every record of this kind is fine, and there is one.
    fn ready(&self, name: &DomainName, is_it: impl Fn(&Expected) -> bool) -> Result<(), String> {
        let mut records = self.records.iter().filter(|(expected, _)| is_it(expected)).peekable();
        if records.peek().is_none() {
            return Err(format!("`{name}` has no such records"));
        }
        match records.find(|(_, look)| look.state != State::Ok) {
            None => Ok(()),
            Some((expected, look)) => Err(format!(
                "the {} record of {} is {}: {}",
                expected.purpose.as_str(),
                expected.name,
                look.state.as_str(),
                look.advice
            )),
        }
    }
}
