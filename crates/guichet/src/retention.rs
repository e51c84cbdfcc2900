//! The worker that forgets what has had its time: events that are older than the operator wants them to keep, uploads that
//! nobody used, requests that nobody will repeat any more.

use std::sync::Arc;
use std::time::Duration;

use guichet_desk::{Desk, Error, UPLOAD_HOURS};
use guichet_sys::Clock;
use jiff::SignedDuration;
use tokio::time::{MissedTickBehavior, interval};

use crate::stop::Stop;

/// How often it looks, in seconds.
const SWEEP_SECS: u64 = 3_600;
/// Hours for which a repeated request is recognised, at least a day whatever the time zone.
const IDEMPOTENCY_HOURS: i64 = 48;

/// Forgets now and then, until the server stops.
pub(crate) async fn forget(desk: Desk, clock: Arc<dyn Clock>, days_max: u64, mut stop: Stop) {
    let age = SignedDuration::from_hours(24 * days_max.cast_signed());
    let mut ticks = interval(Duration::from_secs(SWEEP_SECS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.wait() => return,
            _ = ticks.tick() => {}
        }
        tokio::select! {
            () = stop.wait() => return,
            swept = sweep(&desk, clock.as_ref(), age) => if let Err(error) = swept {
                tracing::warn!(%error, "what is old is kept until the next look");
            }
        }
    }
}

async fn sweep(desk: &Desk, clock: &dyn Clock, events_age: SignedDuration) -> Result<(), Error> {
    let now = clock.now();
    let before = |age: SignedDuration| now.checked_sub(age).ok();
    let uploads_age = SignedDuration::from_hours(i64::from(UPLOAD_HOURS));
    let idempotency_age = SignedDuration::from_hours(IDEMPOTENCY_HOURS);
    // Before the calendar began there was nothing.
    let (Some(events), Some(uploads), Some(requests)) =
        (before(events_age), before(uploads_age), before(idempotency_age))
    else {
        return Ok(());
    };
    for organisation in desk.accounts().organisations()? {
        while desk.forget_events(organisation.id, events).await? {}
        while desk.forget_uploads(organisation.id, uploads).await? {}
        while desk.forget_idempotency(organisation.id, requests).await? {}
    }
    Ok(())
}
