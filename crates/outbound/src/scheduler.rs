//! The one who decides what goes out next, and keeps the deliveries that are under way.
//!
//! *Must hold*: reading the due-table takes up a tenth of the time at most, however much is due; a row that came in behind the
//! place read last is found all the same, by reading the last seconds again and everything now and then; time is the
//! clock's, tokio only waits. Mail of a suspended organisation is passed over, and nobody's waits behind it.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use guichet_desk::{Due, Error};
use guichet_mail::DomainName;
use guichet_store::OrganisationId;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet, yield_now};
use tokio::time::{Instant, sleep, timeout};

use crate::Stopped;
use crate::deliver::Deliverer;
use crate::metrics;
use crate::queue::{Destination, Offered, Place, Queue, Reached, Reference};
use crate::settings::{Mode, Settings};

/// Rows read at once; between two such readings others have their turn.
const PAGE_ROWS: usize = 500;
/// A commit may take this long from choosing its time to being seen; so far back rows are read again.
const COMMIT_MAX: SignedDuration = SignedDuration::from_secs(5);
/// How often everything due is read from the start, for what took longer still.
const SWEEP: SignedDuration = SignedDuration::from_mins(5);
/// The longest sleep: a clock that was set is noticed within it, and so are a disk with room again, connections that
/// have waited long enough and mail that nobody told of.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// Reading rests so many times as long as it took.
const REST_FACTOR: u32 = 9;
/// The shortest rest from reading.
const REST_MIN: Duration = Duration::from_millis(1);
/// The rest from reading while there is no room for what would be read.
const REST_FULL: Duration = Duration::from_millis(100);
/// What waiting connections get to take leave when the server stops.
const FAREWELL_MAX: Duration = Duration::from_secs(2);

/// What one reading of the due-table found out once.
#[derive(Default)]
struct Known {
    destinations: HashMap<DomainName, Destination>,
    held_back: HashMap<OrganisationId, bool>,
}

/// Decides what goes out next.
pub(crate) struct Scheduler {
    deliverer: Arc<Deliverer>,
    settings: Settings,
    queue: Queue,
    jobs: JoinSet<Reached>,
    under_way: HashMap<Id, (Destination, Reference)>,
    /// Connections that take leave.
    farewells: JoinSet<()>,
    /// Everything up to here was read.
    read_to: Place,
    /// Everything up to here is so old that no row can come in before it.
    settled: Place,
    sweep_at: Timestamp,
    /// The latest time that the clock showed since it was last set back.
    latest: Timestamp,
    /// When the first row behind `read_to` is due.
    next_due: Option<Timestamp>,
    is_read_due: bool,
    read_not_before: Instant,
    is_blocked: bool,
}

impl Scheduler {
    pub(crate) fn new(settings: Settings, deliverer: Arc<Deliverer>) -> Self {
        let per_minute = settings.mails_per_minute.map_or(0, std::num::NonZeroU32::get);
        let pace_micros = 60_000_000_i64.checked_div(per_minute.into()).unwrap_or_default();
        Self {
            queue: Queue::new(settings.limits.clone(), SignedDuration::from_micros(pace_micros)),
            deliverer,
            settings,
            jobs: JoinSet::new(),
            under_way: HashMap::new(),
            farewells: JoinSet::new(),
            read_to: None,
            settled: None,
            sweep_at: Timestamp::MIN,
            latest: Timestamp::MIN,
            next_due: None,
            is_read_due: true,
            read_not_before: Instant::now(),
            is_blocked: false,
        }
    }

    /// Delivers until the stop.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) -> Stopped {
        let mut changes = self.deliverer.desk.queue_changes();
        let mut stopping = pin!(async { stop.wait_for(|stopping| *stopping).await.map(|_| ()) });
        loop {
            self.read_if_due().await;
            self.begin();
            self.dismiss_idle();
            let pause = self.pause();
            tokio::select! {
                biased;
                _ = &mut stopping => break,
                Some(ended) = self.jobs.join_next_with_id() => self.ended(ended),
                Some(_) = self.farewells.join_next() => {}
                // The desk that we hold lives as long as we do.
                _ = changes.changed() => self.is_read_due = true,
                // A commit whose author went away is told of by nobody.
                () = sleep(pause) => self.is_read_due = true,
            }
        }
        self.finish().await
    }

    async fn finish(mut self) -> Stopped {
        let open = self.jobs.len();
        let all_ended = async { while self.jobs.join_next().await.is_some() {} };
        let _ = timeout(Duration::from_secs(self.settings.limits.stop_secs_max.into()), all_ended).await;
        let cut = self.jobs.len();
        self.jobs.shutdown().await;
        for connection in self.deliverer.remotes.pool.all() {
            self.farewells.spawn(connection.quit());
        }
        let all_gone = async { while self.farewells.join_next().await.is_some() {} };
        let _ = timeout(FAREWELL_MAX, all_gone).await;
        Stopped { finished: open - cut, cut }
    }

    /// Begins as many deliveries as may be under way.
    fn begin(&mut self) {
        let now = self.deliverer.clock.now();
        while self.jobs.len() < self.settings.limits.deliveries_max
            && self.queue.waiting() > 0
            && self.may_send()
            && let Some(next) = self.queue.next(now)
        {
            let who = (next.destination.clone(), next.reference.clone());
            let deliverer = self.deliverer.clone();
            let job = self.jobs.spawn(async move { deliverer.deliver(next).await });
            self.under_way.insert(job.id(), who);
        }
        metrics::queue(self.queue.waiting(), self.jobs.len());
    }

    /// Nothing is sent that could not be recorded.
    fn may_send(&mut self) -> bool {
        let may_send = self.deliverer.may_send();
        if may_send == self.is_blocked {
            self.is_blocked = !may_send;
            if may_send {
                tracing::info!("sending goes on");
            } else {
                tracing::error!(
                    "nothing is sent: the store takes no changes, or the disk is full; make room"
                );
            }
        }
        may_send
    }

    fn ended(&mut self, ended: Result<(Id, Reached), JoinError>) {
        let (id, reached) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "a delivery ended by a panic");
                (error.id(), Reached::Unknown)
            }
        };
        if let Some((destination, reference)) = self.under_way.remove(&id) {
            self.queue.ended(&destination, &reference, &reached, self.deliverer.clock.now());
        }
        self.is_read_due = true;
    }

    /// Takes leave of connections that have waited long enough.
    fn dismiss_idle(&mut self) {
        for connection in self.deliverer.remotes.pool.expired(Instant::now()) {
            self.farewells.spawn(connection.quit());
        }
    }

    /// How long nothing has to be done, unless something happens.
    fn pause(&self) -> Duration {
        let now = self.deliverer.clock.now();
        let at = [self.next_due, self.queue.wakes_at()].into_iter().flatten().min();
        let until = at.map_or(SLEEP_MAX, |at| at.duration_since(now).try_into().unwrap_or_default());
        let until_read = self.read_not_before.saturating_duration_since(Instant::now());
        let pause = if self.is_read_due { until_read } else { until.max(until_read) };
        pause.min(SLEEP_MAX)
    }

    async fn read_if_due(&mut self) {
        let now = self.deliverer.clock.now();
        self.mind_the_clock(now);
        if now >= self.sweep_at {
            self.settled = None;
            self.sweep_at = now.saturating_add(SWEEP).unwrap_or(Timestamp::MAX);
            self.queue.tidy(now);
            self.is_read_due = true;
        }
        let is_due = self.is_read_due || self.next_due.is_some_and(|at| at <= now);
        if !is_due || Instant::now() < self.read_not_before {
            return;
        }
        let began = Instant::now();
        self.is_read_due = false;
        if let Err(error) = self.read(now).await {
            tracing::error!(%error, "what is due can't be read; it is tried again");
            self.is_read_due = true;
            self.read_not_before = began + SLEEP_MAX;
            return;
        }
        metrics::due_scanned(began.elapsed().as_secs_f64());
        let rest_min = if self.queue.has_room() { REST_MIN } else { REST_FULL };
        self.read_not_before = Instant::now() + (began.elapsed() * REST_FACTOR).max(rest_min);
    }

    /// Times that lie ahead mean nothing any more once the clock was set back, and rows come in before those read.
    fn mind_the_clock(&mut self, now: Timestamp) {
        if self.latest.duration_since(now) > COMMIT_MAX {
            tracing::warn!(%now, before = %self.latest, "the clock was set back");
            self.queue.forget_times();
            self.sweep_at = now;
            self.latest = now;
        }
        self.latest = self.latest.max(now);
    }

    async fn read(&mut self, now: Timestamp) -> Result<(), Error> {
        if let Some((destination, place)) = self.queue.refill() {
            self.refill(&destination, place, now).await?;
        }
        let mut known = Known::default();
        let mut place = self.settled;
        let settled_before = now.saturating_sub(COMMIT_MAX).unwrap_or(Timestamp::MIN);
        while self.queue.has_room() {
            let page = self.deliverer.desk.due(place, now, PAGE_ROWS)?;
            let is_last = page.len() < PAGE_ROWS;
            for due in page {
                self.offer(&due, place, &mut known)?;
                place = Some(due.cursor);
                self.read_to = self.read_to.max(place);
                if due.at <= settled_before {
                    self.settled = place;
                }
            }
            if is_last {
                break;
            }
            yield_now().await;
        }
        self.next_due = self.deliverer.desk.next_due(self.read_to)?;
        Ok(())
    }

    /// Offers what was left for want of room, up to where there is none again.
    async fn refill(&mut self, destination: &Destination, from: Place, now: Timestamp) -> Result<(), Error> {
        let mut known = Known::default();
        let mut place = from;
        loop {
            let page = self.deliverer.desk.due(place, now, PAGE_ROWS)?;
            let is_last = page.len() < PAGE_ROWS;
            for due in page {
                if Some(due.cursor) > self.read_to {
                    return Ok(());
                }
                let (to, offered) = self.offer(&due, place, &mut known)?;
                if to == *destination && offered == Offered::Left {
                    return Ok(());
                }
                place = Some(due.cursor);
            }
            if is_last {
                return Ok(());
            }
            yield_now().await;
        }
    }

    fn offer(
        &mut self,
        due: &Due,
        before: Place,
        known: &mut Known,
    ) -> Result<(Destination, Offered), Error> {
        let destination = match known.destinations.get(&due.domain).cloned() {
            Some(destination) => destination,
            None => self.destination(&due.domain)?,
        };
        known.destinations.entry(due.domain.clone()).or_insert_with(|| destination.clone());
        let is_held_back = match known.held_back.get(&due.organisation).copied() {
            Some(is_held_back) => is_held_back,
            None => self.holds_back(due.organisation)?,
        };
        known.held_back.insert(due.organisation, is_held_back);
        if is_held_back {
            // It stays where it is, and is found by reading everything anew once the organisation goes on.
            return Ok((destination, Offered::HeldBack));
        }
        Ok((destination.clone(), self.queue.offer(destination, due, before)))
    }

    /// Whether nothing of an organisation goes out now: it is suspended, or can't be read, which is nobody else's trouble.
    fn holds_back(&self, organisation: OrganisationId) -> Result<bool, Error> {
        use guichet_accounts::Error::{Damaged, NotFound};
        match self.deliverer.desk.accounts().is_suspended(organisation) {
            Err(error @ (Damaged(_) | NotFound { .. })) => {
                tracing::error!(%organisation, %error, "its mail is not sent");
                Ok(true)
            }
            known => Ok(known?),
        }
    }

    fn destination(&self, domain: &DomainName) -> Result<Destination, Error> {
        Ok(if self.settings.mode == Mode::Capture {
            Destination::Nowhere
        } else if self.deliverer.desk.accounts().is_hosted(domain)? {
            Destination::Local
        } else if self.settings.smart_host.is_some() {
            Destination::SmartHost
        } else {
            Destination::Domain(domain.clone())
        })
    }
}
