//! Small tasks that run as long as the server.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use guichet_sys::tls::{Reload, TlsMaterial};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::stop::Stop;

/// How often the certificate's files are looked at, in seconds.
const CERTIFICATE_SECS: u64 = 60;
/// How often samples that nobody fetched are folded into their histograms, in seconds.
const METRICS_SECS: u64 = 5;

/// Takes up a renewed certificate.
pub(crate) async fn watch_certificate(tls: Arc<TlsMaterial>, stop: Stop) {
    let look = || {
        take_up_renewed(&tls);
        ready(())
    };
    every(CERTIFICATE_SECS, stop, look).await;
}

fn take_up_renewed(tls: &TlsMaterial) {
    match tls.reload_if_changed() {
        Ok(Reload::Unchanged) => {}
        Ok(Reload::Reloaded) => {
            tracing::info!(chain = %tls.chain_path().display(), "the renewed certificate is in use");
        }
        Err(error) => tracing::error!(%error, "the certificate in use stays"),
    }
}

/// Keeps what the metrics take in memory bounded.
pub(crate) async fn keep_metrics(metrics: PrometheusHandle, stop: Stop) {
    let fold = || {
        metrics.run_upkeep();
        ready(())
    };
    every(METRICS_SECS, stop, fold).await;
}

/// Does some work at once and then so often, until the server stops, which cuts it off.
pub(crate) async fn every<W: Future<Output = ()>>(secs: u64, mut stop: Stop, mut work: impl FnMut() -> W) {
    let mut ticks = interval(Duration::from_secs(secs));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let forever = async {
        loop {
            ticks.tick().await;
            work().await;
        }
    };
    tokio::select! {
        () = stop.wait() => {}
        () = forever => {}
    }
}
