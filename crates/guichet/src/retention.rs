//! The worker that lets the logs of events forget what is older than the operator wants them to keep.

use std::sync::Arc;
use std::time::Duration;

use guichet_desk::{Desk, Error};
use guichet_sys::Clock;
use jiff::SignedDuration;
use tokio::time::{MissedTickBehavior, interval};

use crate::stop::Stop;

/// How often the logs are looked at, in seconds.
const SWEEP_SECS: u64 = 3_600;

/// Forgets old events now and then, until the server stops.
pub(crate) async fn forget_events(desk: Desk, clock: Arc<dyn Clock>, days_max: u64, mut stop: Stop) {
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
                tracing::warn!(%error, "old events are kept until the next look");
            }
        }
    }
}

async fn sweep(desk: &Desk, clock: &dyn Clock, age: SignedDuration) -> Result<(), Error> {
    // Before the calendar began there were no events.
    let Ok(before) = clock.now().checked_sub(age) else { return Ok(()) };
    for organisation in desk.accounts().organisations()? {
        while desk.forget_events(organisation.id, before).await? {}
    }
    Ok(())
}
