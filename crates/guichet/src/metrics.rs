//! Metrics: recorded everywhere through the `metrics` crate, kept here, shown by the API at `/metrics`.

use std::io;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::failure::Failure;

/// The upper bounds of every histogram's buckets, in seconds: from a commit on a fast disk to a sender's patience.
const BUCKETS_SECS: [f64; 14] =
    [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Starts to record, for the whole process.
pub(crate) fn record() -> Result<PrometheusHandle, Failure> {
    PrometheusBuilder::new()
        .set_buckets(&BUCKETS_SECS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| Failure::System { what: "metrics", error: io::Error::other(error) })
}
