//! The worker that forgets what has had its time: events and trash that are older than the operator wants them to keep,
//! uploads that nobody used, requests that nobody will repeat any more, whom a machine answered long ago. It also finishes
//! what a stop cut short.

use std::sync::Arc;
use std::time::Duration;

use guichet_accounts::{Actor, By, Who};
use guichet_desk::{Desk, Error, UPLOAD_HOURS};
use guichet_store::OrganisationId;
use guichet_sys::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{MissedTickBehavior, interval};

use crate::stop::Stop;

/// How often it looks, in seconds.
const SWEEP_SECS: u64 = 3_600;
/// Hours for which a repeated request is recognised, at least a day whatever the time zone.
const IDEMPOTENCY_HOURS: i64 = 48;
/// Hours for which it is remembered that a machine answered an address: twice what keeps it from doing so again.
const ANSWERED_HOURS: i64 = 48;
/// Hours for which the audit log is kept: two years, so that a question of last year still finds its answer.
const AUDIT_HOURS: i64 = 24 * 730;

/// How long is kept what is kept for some time, in days.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ages {
    /// Events.
    pub(crate) events_days_max: u64,
    /// Tickets in the trash; for ever without it.
    pub(crate) trash_days_max: Option<u64>,
}

/// Forgets now and then, until the server stops.
pub(crate) async fn forget(desk: Desk, clock: Arc<dyn Clock>, ages: Ages, mut stop: Stop) {
    let mut ticks = interval(Duration::from_secs(SWEEP_SECS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.wait() => return,
            _ = ticks.tick() => {}
        }
        tokio::select! {
            () = stop.wait() => return,
            swept = sweep(&desk, clock.as_ref(), ages) => if let Err(error) = swept {
                tracing::warn!(%error, "what is old is kept until the next look");
            }
        }
    }
}

async fn sweep(desk: &Desk, clock: &dyn Clock, ages: Ages) -> Result<(), Error> {
    let now = clock.now();
    for organisation in desk.accounts().organisations()? {
        // What can't be read of one keeps nobody else's.
        if let Err(error) = sweep_one(desk, organisation.id, ages, now).await {
            tracing::warn!(organisation = %organisation.slug, %error, "what is old of an organisation is kept until the next look");
        }
    }
    if let Ok(audit) = now.checked_sub(SignedDuration::from_hours(AUDIT_HOURS)) {
        while desk.accounts().forget_audit(audit).await? {}
    }
    let mut place = None;
    loop {
        place = desk.forget_orphans(place).await?;
        if place.is_none() {
            return Ok(());
        }
    }
}

async fn sweep_one(
    desk: &Desk,
    organisation: OrganisationId,
    ages: Ages,
    now: Timestamp,
) -> Result<(), Error> {
    desk.finish_deletions(organisation, now).await?;
    desk.count_anew(organisation).await?;
    forget_old(desk, organisation, ages, now).await
}

async fn forget_old(
    desk: &Desk,
    organisation: OrganisationId,
    ages: Ages,
    now: Timestamp,
) -> Result<(), Error> {
    let before = |hours: i64| now.checked_sub(SignedDuration::from_hours(hours)).ok();
    let days = |days: u64| before(24 * days.cast_signed());
    let uploads = before(i64::from(UPLOAD_HOURS));
    // Before the calendar began there was nothing.
    let (Some(events), Some(uploads), Some(requests), Some(answers)) =
        (days(ages.events_days_max), uploads, before(IDEMPOTENCY_HOURS), before(ANSWERED_HOURS))
    else {
        return Ok(());
    };
    while desk.forget_events(organisation, events).await? {}
    while desk.forget_uploads(organisation, uploads).await? {}
    while desk.forget_idempotency(organisation, requests).await? {}
    let mut place = desk.forget_answered(organisation, answers, None).await?;
    while place.is_some() {
        place = desk.forget_answered(organisation, answers, place).await?;
    }
    match ages.trash_days_max.and_then(days) {
        Some(trash) => empty_trash(desk, organisation, trash, now).await,
        None => Ok(()),
    }
}

async fn empty_trash(
    desk: &Desk,
    organisation: OrganisationId,
    before: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    let system = Actor::system(organisation);
    let by = By { organisation: Some(organisation), who: Who::System, from: None, at: now };
    let mut place = None;
    loop {
        place = desk.empty_trash(&system, &by, Some(before), place, now).await?.next;
        if place.is_none() {
            return Ok(());
        }
    }
}
