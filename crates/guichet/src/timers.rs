//! The worker that wakes what is due: snoozed tickets.
//!
//! It holds nothing: what is due stands in the store, so a start after the time finds it.

use std::sync::Arc;
use std::time::Duration;

use guichet_desk::{Desk, Error};
use guichet_sys::Clock;
use tokio::time::sleep;

use crate::stop::Stop;

/// How many timers run before it listens for the stop again.
const AT_ONCE: usize = 100;
/// The longest sleep: a clock that was set is noticed within it.
const SLEEP_MAX: Duration = Duration::from_mins(1);
/// The rest after a trouble, and the shortest between two looks.
const REST: Duration = Duration::from_secs(1);

/// Runs what is due until the server stops.
pub(crate) async fn run(desk: Desk, clock: Arc<dyn Clock>, mut stop: Stop) {
    let mut changes = desk.timer_changes();
    loop {
        let pause = match look(&desk, clock.as_ref()).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "what is due wakes a little later");
                REST
            }
        };
        tokio::select! {
            () = stop.wait() => return,
            // The desk that we hold lives as long as we do.
            _ = changes.changed() => {}
            () = sleep(pause) => {}
        }
    }
}

/// Runs what is due now; answers how long nothing will be.
async fn look(desk: &Desk, clock: &dyn Clock) -> Result<Duration, Error> {
    let now = clock.now();
    if desk.run_due_timers(now, AT_ONCE).await? == AT_ONCE {
        return Ok(Duration::ZERO);
    }
    let Some(next) = desk.next_timer()? else { return Ok(SLEEP_MAX) };
    let wait = Duration::try_from(next.duration_since(now)).unwrap_or_default();
    Ok(wait.clamp(REST, SLEEP_MAX))
}
