//! What the door counts, by name. Nothing here tells one sender or organisation from another.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

const CONNECTIONS: &str = "guichet_smtp_connections_total";
const CONNECTIONS_OPEN: &str = "guichet_smtp_connections_open";
const CONNECTIONS_REFUSED: &str = "guichet_smtp_connections_refused_total";
const TLS_HANDSHAKES: &str = "guichet_smtp_tls_handshakes_total";
const RECIPIENTS_REFUSED: &str = "guichet_smtp_recipients_refused_total";
const MAILS: &str = "guichet_smtp_mails_total";
const MAILS_DEFERRED: &str = "guichet_smtp_mails_deferred_total";
const MAIL_BYTES: &str = "guichet_smtp_mail_bytes_total";
const MAIL_SECONDS: &str = "guichet_smtp_mail_seconds";
const BYTES_IN_FLIGHT: &str = "guichet_smtp_bytes_in_flight";

/// Tells the recorder what each metric means.
pub(crate) fn describe() {
    describe_counter!(CONNECTIONS, "SMTP connections accepted.");
    describe_gauge!(CONNECTIONS_OPEN, "SMTP connections open now.");
    describe_counter!(CONNECTIONS_REFUSED, "SMTP connections refused, by the bound that was reached.");
    describe_counter!(TLS_HANDSHAKES, "Handshakes after STARTTLS, by outcome.");
    describe_counter!(RECIPIENTS_REFUSED, "Recipients refused, by reason.");
    describe_counter!(MAILS, "Mails that were received whole, by what became of them.");
    describe_counter!(MAILS_DEFERRED, "Mails that the sender was asked to bring again, by reason.");
    describe_counter!(MAIL_BYTES, Unit::Bytes, "Bytes of the mails that were kept.");
    describe_histogram!(MAIL_SECONDS, Unit::Seconds, "From a mail's last octet to its answer.");
    describe_gauge!(BYTES_IN_FLIGHT, Unit::Bytes, "Bytes of the mails that are coming in now.");
}

pub(crate) fn connection_opened() {
    counter!(CONNECTIONS).increment(1);
    gauge!(CONNECTIONS_OPEN).increment(1);
}

pub(crate) fn connection_closed() {
    gauge!(CONNECTIONS_OPEN).decrement(1);
}

pub(crate) fn connection_refused(reason: &'static str) {
    counter!(CONNECTIONS_REFUSED, "reason" => reason).increment(1);
}

pub(crate) fn tls_handshake(outcome: &'static str) {
    counter!(TLS_HANDSHAKES, "outcome" => outcome).increment(1);
}

pub(crate) fn recipient_refused(reason: &'static str) {
    counter!(RECIPIENTS_REFUSED, "reason" => reason).increment(1);
}

/// A mail got its answer `took` after its last octet.
pub(crate) fn mail(outcome: &'static str, took: Duration) {
    counter!(MAILS, "outcome" => outcome).increment(1);
    histogram!(MAIL_SECONDS).record(took.as_secs_f64());
}

pub(crate) fn mail_kept(bytes: u64) {
    counter!(MAIL_BYTES).increment(bytes);
}

pub(crate) fn mail_deferred(reason: &'static str) {
    counter!(MAILS_DEFERRED, "reason" => reason).increment(1);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a double; exact up to 2^53 bytes")]
pub(crate) fn bytes_claimed(bytes: u64) {
    gauge!(BYTES_IN_FLIGHT).increment(bytes as f64);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a double; exact up to 2^53 bytes")]
pub(crate) fn bytes_released(bytes: u64) {
    gauge!(BYTES_IN_FLIGHT).decrement(bytes as f64);
}
