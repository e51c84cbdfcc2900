//! What the deliverer counts, by name. Nothing here tells one recipient or organisation from another.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

const ATTEMPTS: &str = "guichet_outbound_attempts_total";
const ATTEMPT_SECONDS: &str = "guichet_outbound_attempt_seconds";
const LATENCY_SECONDS: &str = "guichet_outbound_due_to_delivered_seconds";
const DUE_SCAN_SECONDS: &str = "guichet_outbound_due_scan_seconds";
const WAITING: &str = "guichet_outbound_deliveries_waiting";
const UNDER_WAY: &str = "guichet_outbound_deliveries_under_way";
const CONNECTIONS: &str = "guichet_outbound_connections_total";
const CONNECTIONS_OPEN: &str = "guichet_outbound_connections_open";
const TLS_HANDSHAKES: &str = "guichet_outbound_tls_handshakes_total";
const RECORDING_FAILED: &str = "guichet_outbound_recording_failed_total";

/// Tells the recorder what each metric means.
pub(crate) fn describe() {
    describe_counter!(ATTEMPTS, "Attempts to deliver a mail, by what came of them.");
    describe_histogram!(ATTEMPT_SECONDS, Unit::Seconds, "From the beginning of an attempt to its outcome.");
    describe_histogram!(LATENCY_SECONDS, Unit::Seconds, "From when a delivery was due to when it was taken.");
    describe_histogram!(DUE_SCAN_SECONDS, Unit::Seconds, "How long it took to find what is due.");
    describe_gauge!(WAITING, "Due deliveries that are known in memory and not begun.");
    describe_gauge!(UNDER_WAY, "Deliveries under way.");
    describe_counter!(CONNECTIONS, "Connections to mail servers that were made.");
    describe_gauge!(CONNECTIONS_OPEN, "Connections to mail servers that are open.");
    describe_counter!(TLS_HANDSHAKES, "TLS handshakes with mail servers, by outcome.");
    describe_counter!(
        RECORDING_FAILED,
        "Times that the outcome of an attempt could not be recorded at once."
    );
}

/// An attempt came to an end `secs` after it began.
pub(crate) fn attempted(fate: &'static str, secs: f64) {
    counter!(ATTEMPTS, "fate" => fate).increment(1);
    histogram!(ATTEMPT_SECONDS).record(secs.max(0.0));
}

/// A mail was taken `secs` after it was due.
pub(crate) fn delivered(secs: f64) {
    histogram!(LATENCY_SECONDS).record(secs.max(0.0));
}

/// What is due was found within `secs`.
pub(crate) fn due_scanned(secs: f64) {
    histogram!(DUE_SCAN_SECONDS).record(secs);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a double; exact up to 2^53")]
pub(crate) fn queue(waiting: usize, under_way: usize) {
    gauge!(WAITING).set(waiting as f64);
    gauge!(UNDER_WAY).set(under_way as f64);
}

pub(crate) fn connection_opened() {
    counter!(CONNECTIONS).increment(1);
    gauge!(CONNECTIONS_OPEN).increment(1);
}

pub(crate) fn connection_closed() {
    gauge!(CONNECTIONS_OPEN).decrement(1);
}

pub(crate) fn tls_handshake(outcome: &'static str) {
    counter!(TLS_HANDSHAKES, "outcome" => outcome).increment(1);
}

pub(crate) fn recording_failed() {
    counter!(RECORDING_FAILED).increment(1);
}
