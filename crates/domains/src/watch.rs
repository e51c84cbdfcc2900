//! The worker that looks at every domain by itself, by a table of due times that outlives a restart.
//!
//! *Must hold*: one round looks at a bounded number of domains; a domain whose look fails altogether waits its turn
//! again, so that it does not keep others from theirs; a domain that is gone leaves the table.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use guichet_accounts::Error;
use guichet_mail::DomainName;
use guichet_store::{Direction, OrganisationId, record};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::check::State;
use crate::consequences::broken_notice;
use crate::decisions::tell_declined;
use crate::domains::{Cause, Domains, Report};
use crate::keys;
use crate::watched::{Watched, is_too_late, soon};

/// Seconds between two searches for domains that nobody watches yet.
const ENROL_SECS: i64 = 300;
/// Domains looked at in one round.
const ROUND_MAX: usize = 64;
/// Of these, at one time; people who ask for a look find places too.
const AT_ONCE_MAX: usize = 4;
/// Longest wait between two rounds, in seconds: a domain that a person brought in may be due meanwhile.
const PAUSE_SECS_MAX: i64 = 60;
/// Shortest, in seconds.
const PAUSE_SECS_MIN: i64 = 1;

/// Looks at every domain by itself. One of them runs on a server.
pub struct Watch {
    domains: Domains,
    enrolled: Option<Timestamp>,
}

impl Watch {
    /// Over these domains.
    #[must_use]
    pub fn new(domains: Domains) -> Self {
        describe();
        Self { domains, enrolled: None }
    }

    /// Works until `stop` says so.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            let pause = tokio::select! {
                _ = stop.wait_for(|stopping| *stopping) => return,
                done = self.round() => match done {
                    Ok(next) => self.pause(next),
                    Err(error) => {
                        tracing::warn!(%error, "the watch over domains waits");
                        Duration::from_secs(PAUSE_SECS_MAX.unsigned_abs())
                    }
                },
            };
            tokio::select! {
                _ = stop.wait_for(|stopping| *stopping) => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    fn pause(&self, next: Option<Timestamp>) -> Duration {
        let secs = next.map_or(PAUSE_SECS_MAX, |at| at.duration_since(self.domains.now()).as_secs());
        Duration::from_secs(secs.clamp(PAUSE_SECS_MIN, PAUSE_SECS_MAX).unsigned_abs())
    }

    /// Looks at what is due now; answers when the next look is due.
    pub async fn round(&mut self) -> Result<Option<Timestamp>, Error> {
        let now = self.domains.now();
        let interval = SignedDuration::from_secs(ENROL_SECS);
        if self.enrolled.is_none_or(|at| now.duration_since(at).abs() >= interval) {
            self.enrol(now).await?;
            self.enrolled = Some(now);
        }
        let due = self.due(now)?;
        stream::iter(due)
            .for_each_concurrent(AT_ONCE_MAX, |(at, organisation, name)| self.look(at, organisation, name))
            .await;
        self.next()
    }

    /// Puts every domain into the table that is not in it.
    async fn enrol(&self, now: Timestamp) -> Result<(), Error> {
        let mut watched = 0;
        for organisation in self.domains.accounts().organisations()? {
            match self.enrol_all_of(organisation.id, now).await {
                Ok(count) => watched += count,
                // Of one organisation; the others' domains have their turn.
                Err(error) => {
                    tracing::warn!(organisation = %organisation.id, %error, "domains can't be watched");
                }
            }
            // So that others on this thread have their turn between two organisations.
            tokio::task::yield_now().await;
        }
        metrics::gauge!("guichet_domains_watched").set(f64::from(watched));
        // Whoever declined a claim tells of it at once; this is for when that was cut short.
        if let Err(error) = tell_declined(&self.domains.0.backends.desk, now).await {
            tracing::warn!(%error, "the admins are told of a declined claim later");
        }
        Ok(())
    }

    /// Enrols the domains of an organisation that are not in the table, or so late that a clock was set back since. How
    /// many it has.
    async fn enrol_all_of(&self, organisation: OrganisationId, now: Timestamp) -> Result<u32, Error> {
        let mut watched = 0;
        for domain in self.domains.accounts().domains(organisation)? {
            watched += 1;
            let known = self.domains.watched(organisation, &domain.name)?;
            match known.map(|known| known.next) {
                None => self.enrol_one(organisation, &domain.name, now).await?,
                Some(Some(next)) if is_too_late(next, now) => {
                    self.postpone(next, organisation, &domain.name).await;
                }
                Some(_) => {}
            }
        }
        Ok(watched)
    }

    async fn enrol_one(
        &self,
        organisation: OrganisationId,
        name: &DomainName,
        now: Timestamp,
    ) -> Result<(), Error> {
        let store = self.domains.store();
        let key = keys::watched(name);
        let mut batch = store.of(organisation).batch();
        batch.check_absent(key.clone());
        batch.put(key, record::encode(&Watched { next: Some(now), ..Watched::default() }));
        let mut table = store.operator().batch();
        table.put(keys::due(now, organisation, name), Vec::new());
        match store.commit(vec![batch, table]).await {
            // Somebody looked at it just now, which put it there.
            Ok(_) | Err(guichet_store::CommitError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn due(&self, now: Timestamp) -> Result<Vec<(Timestamp, OrganisationId, DomainName)>, Error> {
        let rows = self.rows(ROUND_MAX)?;
        Ok(rows.into_iter().filter(|(at, ..)| *at <= now).collect())
    }

    fn next(&self) -> Result<Option<Timestamp>, Error> {
        Ok(self.rows(1)?.into_iter().next().map(|(at, ..)| at))
    }

    /// The first rows of the table.
    fn rows(&self, limit: usize) -> Result<Vec<(Timestamp, OrganisationId, DomainName)>, Error> {
        let snapshot = self.domains.store().operator().snapshot()?;
        let rows = snapshot.scan(&keys::all_due(), Direction::Forward, None)?.take(limit);
        let read = |row: Result<(Vec<u8>, Vec<u8>), _>| row.map(|(key, _)| keys::read_due(&key));
        let rows: Vec<_> = rows.map(read).collect::<Result<_, _>>()?;
        Ok(rows.into_iter().flatten().collect())
    }

    async fn look(&self, at: Timestamp, organisation: OrganisationId, name: DomainName) {
        match self.domains.look(organisation, &name, Cause::Watch).await {
            Ok(report) => {
                count(&report);
                self.settle_row(at, organisation, &name).await;
            }
            Err(Error::NotFound { what: "domain", .. }) => self.forget(at, organisation, &name).await,
            Err(error) => {
                tracing::warn!(domain = %name, %organisation, %error, "a domain can't be looked at");
                metrics::counter!("guichet_domain_checks_total", "outcome" => "failed").increment(1);
                self.postpone(at, organisation, &name).await;
            }
        }
    }

    /// The look has moved the row on. One that stands there all the same would be due for ever.
    async fn settle_row(&self, at: Timestamp, organisation: OrganisationId, name: &DomainName) {
        let row = keys::due(at, organisation, name);
        let stands = self.domains.store().operator().snapshot().and_then(|snapshot| snapshot.peek(&row));
        if stands.is_ok_and(|found| found.is_none()) {
            return;
        }
        let watched = self.domains.watched(organisation, name).ok().flatten();
        if watched.is_some_and(|watched| watched.next == Some(at)) {
            self.postpone(at, organisation, name).await;
        } else {
            self.remove_row(at, organisation, name).await;
        }
    }

    async fn remove_row(&self, at: Timestamp, organisation: OrganisationId, name: &DomainName) {
        let mut table = self.domains.store().operator().batch();
        table.delete(keys::due(at, organisation, name));
        if let Err(error) = self.domains.store().commit(vec![table]).await {
            tracing::warn!(domain = %name, %error, "a row of the watch stays");
        }
    }

    /// A domain that is gone has nothing to be watched, nor to be mended.
    async fn forget(&self, at: Timestamp, organisation: OrganisationId, name: &DomainName) {
        let desk = &self.domains.0.backends.desk;
        if let Err(error) = desk.settle_notice(organisation, &broken_notice(name), self.domains.now()).await {
            tracing::warn!(domain = %name, %error, "the notice of a domain that is gone stays");
        }
        let store = self.domains.store();
        let (mut batch, mut table) = (store.of(organisation).batch(), store.operator().batch());
        batch.delete(keys::watched(name));
        table.delete(keys::due(at, organisation, name));
        if let Err(error) = store.commit(vec![batch, table]).await {
            tracing::warn!(domain = %name, %error, "a domain that is gone is still watched");
        }
    }

    async fn postpone(&self, at: Timestamp, organisation: OrganisationId, name: &DomainName) {
        let store = self.domains.store();
        let next = soon(self.domains.now());
        let watched = self.domains.watched(organisation, name).ok().flatten().unwrap_or_default();
        let (mut batch, mut table) = (store.of(organisation).batch(), store.operator().batch());
        batch.put(keys::watched(name), record::encode(&Watched { next: Some(next), ..watched }));
        table.delete(keys::due(at, organisation, name));
        table.put(keys::due(next, organisation, name), Vec::new());
        if let Err(error) = store.commit(vec![batch, table]).await {
            tracing::warn!(domain = %name, %error, "a look can't be put off");
        }
    }
}

fn describe() {
    metrics::describe_counter!("guichet_domain_checks_total", "Looks at the records of a domain, by outcome");
    metrics::describe_counter!(
        "guichet_domain_records_broken_total",
        "Records that were fine and are so no more"
    );
    metrics::describe_gauge!("guichet_domains_watched", "Domains that are watched");
}

fn count(report: &Report) {
    let lacks = |state| {
        report.records.iter().any(|(expected, look)| expected.need.is_required() && look.state == state)
    };
    let outcome = if lacks(State::Unreachable) {
        "unreachable"
    } else if lacks(State::Missing) || lacks(State::Different) {
        "incomplete"
    } else {
        "complete"
    };
    metrics::counter!("guichet_domain_checks_total", "outcome" => outcome).increment(1);
}
