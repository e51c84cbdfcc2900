//! What the API is built over, handed in by whoever wires the server.

use std::sync::Arc;

use guichet_desk::Desk;
use guichet_domains::Domains;
use guichet_mail::DomainName;
use guichet_sys::{Clock, Random};
use guichet_web::Proxies;
use tokio::sync::watch;

/// Everything that the API needs of the server around it.
pub struct Wiring {
    /// The help desk; the accounts are reached through it.
    pub desk: Desk,
    /// The records of domains in DNS.
    pub domains: Domains,
    /// Dates changes.
    pub clock: Arc<dyn Clock>,
    /// Makes secrets.
    pub random: Arc<dyn Random>,
    /// Where people reach the server, for links in mails: `https://desk.example`, without a path.
    pub public_url: String,
    /// Sign-ups of all together within an hour; further ones hear to come later.
    pub sign_ups_per_hour_max: u32,
    /// Names that the operator protects: a claim that looks like one waits with a warning.
    pub protected_names: Vec<String>,
    /// Whom is believed what they say of their clients.
    pub proxies: Proxies,
    /// The name under which the SMTP door writes `Authentication-Results`: what bears it inside a mail is forged and
    /// not shown.
    pub authserv_id: DomainName,
    /// Whether the server can work: the store answers and the disk has room. The text says what is missing. Called at
    /// each `/readyz` on an async thread, so it must be quick.
    pub readiness: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// The metrics in Prometheus' text format. Called at each `/metrics` on an async thread.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Becomes `true` when the server stops: event streams end. When its sender goes, that counts as well.
    pub stop: watch::Receiver<bool>,
    /// The bounds.
    pub limits: Limits,
}

/// The bounds of the API. The defaults are those of the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a request's body.
    pub body_bytes_max: usize,
    /// Seconds for a request's body to arrive.
    pub body_secs_max: u64,
    /// Seconds until the answer begins.
    pub request_secs_max: u64,
    /// Requests at one time, all organisations together; streams of events and bodies under way don't count.
    pub requests_max: usize,
    /// Seconds for a whole upload to arrive; between two pieces of it, `body_secs_max`.
    pub upload_secs_max: u64,
    /// Uploads at one time, all organisations together.
    pub uploads_max: usize,
    /// Requests for a new password that are being carried out at one time, all organisations together.
    pub resets_max: usize,
    /// Mails and attachments on their way out at one time, all organisations together.
    pub downloads_max: usize,
    /// Message bodies decoded and cleaned at one time; the next wait.
    pub renderings_max: usize,
    /// Event streams of one organisation at one time.
    pub streams_per_organisation_max: usize,
    /// Event streams at one time, all organisations together.
    pub streams_max: usize,
    /// Events that wait for a slow listener before it is cut.
    pub events_waiting_max: usize,
    /// Seconds between two signs of life on a quiet event stream; its token is looked at anew each time.
    pub keep_alive_secs: u64,
    /// Seconds for which a mail can be taken back before it leaves, where the request does not say.
    pub undo_secs: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 1 << 20,
            body_secs_max: 10,
            request_secs_max: 30,
            requests_max: 256,
            upload_secs_max: 600,
            uploads_max: 32,
            resets_max: 16,
            downloads_max: 128,
            renderings_max: 4,
            streams_per_organisation_max: 200,
            streams_max: 2_000,
            events_waiting_max: 1_024,
            keep_alive_secs: 15,
            undo_secs: 10,
        }
    }
}
