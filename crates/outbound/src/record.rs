//! Recording what came of an attempt, until it is recorded.
//!
//! *Must hold* (promise 6): once a server took a mail, nothing but a crash before our commit sends it again. So an attempt that
//! can't be recorded is held, with its lease, and tried again as long as the process lives; meanwhile it takes up one of
//! `deliveries_max`, and nothing new is begun while the store is in trouble.

use std::time::Duration;

use guichet_desk::{Attempt, Desk, Lease};
use tokio::time::sleep;

use crate::metrics;

/// The first pause after a failure; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Returns once it is recorded.
pub(crate) async fn record(desk: &Desk, lease: &Lease, attempt: &Attempt) {
    let mut pause = PAUSE_MIN;
    while let Err(error) = desk.attempted(lease, attempt).await {
        metrics::recording_failed();
        tracing::error!(delivery = %lease.delivery, %error, "an attempt can't be recorded yet; it is tried again");
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
