//! How long a client may take.
//!
//! What must hold: time counts only while the client is to act; a question's answer begins it anew. A body has two
//! bounds: no long silence, and an average rate, so that a byte now and then doesn't hold a session for ever.
//!
//! *Standards*: RFC 5321, section 4.5.3.2.

use std::time::{Duration, Instant};

use crate::limits::Limits;

/// The session's clock: as late as the last tick.
#[derive(Debug)]
pub(super) struct Pace {
    now: Instant,
    /// Since when a command, or a handshake, is waited for.
    waiting_since: Instant,
    body: Option<BodyPace>,
}

#[derive(Debug)]
struct BodyPace {
    since: Instant,
    last_input: Instant,
    bytes: u64,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { now, waiting_since: now, body: None }
    }

    /// Time never goes back.
    pub(super) fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// The client is to send a command, or to shake hands.
    pub(super) fn await_command(&mut self) {
        self.waiting_since = self.now;
    }

    /// Content is to come: the first, or one more chunk of the same.
    pub(super) fn await_content(&mut self) {
        let now = self.now;
        let body = self.body.get_or_insert(BodyPace { since: now, last_input: now, bytes: 0 });
        body.last_input = now;
    }

    /// Content came, wanted or not.
    pub(super) fn count_content(&mut self, bytes: usize) {
        if let Some(body) = &mut self.body {
            body.last_input = self.now;
            body.bytes = body.bytes.saturating_add(bytes as u64);
        }
    }

    /// The content is over.
    pub(super) fn end_content(&mut self) {
        self.body = None;
        self.await_command();
    }

    pub(super) fn command_deadline(&self, limits: &Limits) -> Option<Instant> {
        self.waiting_since.checked_add(secs(limits.command_secs_max))
    }

    pub(super) fn handshake_deadline(&self, limits: &Limits) -> Option<Instant> {
        self.waiting_since.checked_add(secs(limits.handshake_secs_max))
    }

    /// The earlier of silence and of falling below the average rate.
    pub(super) fn body_deadline(&self, limits: &Limits) -> Option<Instant> {
        let body = self.body.as_ref()?;
        let earned_secs = body.bytes / u64::from(limits.body_bytes_per_sec_min.max(1));
        let by_silence = body.last_input.checked_add(secs(limits.body_idle_secs_max))?;
        let by_rate = body
            .since
            .checked_add(secs(limits.body_grace_secs))
            .and_then(|grace_end| grace_end.checked_add(Duration::from_secs(earned_secs)));
        Some(by_rate.map_or(by_silence, |by_rate| by_rate.min(by_silence)))
    }
}

fn secs(count: u32) -> Duration {
    Duration::from_secs(u64::from(count))
}
