//! The worker that gets the room of deleted mail back, a step at a time, so that mail coming in hardly notices.

use std::time::Duration;

use guichet_desk::Desk;
use tokio::time::sleep;

use crate::stop::Stop;
use crate::workers::every;

/// How often it looks, in seconds.
const LOOK_SECS: u64 = 300;
/// How long it rests after each step, in milliseconds: a step copies some megabytes and syncs them, so at most a quarter
/// of a common disk is busy with it.
const REST_MILLIS: u64 = 200;

/// Gets room back now and then, until the server stops.
pub(crate) async fn reclaim(desk: Desk, stop: Stop) {
    every(LOOK_SECS, stop, || reclaim_all(desk.clone())).await;
}

async fn reclaim_all(desk: Desk) {
    loop {
        match desk.sweep_blobs().await {
            Ok(true) => sleep(Duration::from_millis(REST_MILLIS)).await,
            Ok(false) => return,
            Err(error) => return tracing::warn!(%error, "the room of deleted mail comes back later"),
        }
    }
}
