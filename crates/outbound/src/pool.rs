//! Connections that wait a few seconds for their next mail.
//!
//! *Must hold*: no more than `idle_connections_max` wait, none longer than `idle_secs_max`; a mail that needs a proven
//! certificate never goes over a connection that proved nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use guichet_sys::tls::Proof;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::limits::Limits;
use crate::queue::Destination;

/// Idle connections by destination, the longest idle first.
pub(crate) struct Pool {
    idle: Mutex<Idle>,
    idle_max: Duration,
    connections_max: usize,
    mails_max: u32,
}

#[derive(Default)]
struct Idle {
    by_destination: HashMap<Destination, Vec<(Instant, Connection)>>,
    count: usize,
}

impl Pool {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            idle: Mutex::default(),
            idle_max: Duration::from_secs(limits.idle_secs_max.into()),
            connections_max: limits.idle_connections_max,
            mails_max: limits.mails_per_connection_max,
        }
    }

    /// The connection that was used last: it is the likeliest to live.
    pub(crate) fn take(&self, destination: &Destination, proof: Proof) -> Option<Connection> {
        let mut idle = self.idle();
        let Idle { by_destination, count } = &mut *idle;
        let waiting = by_destination.get_mut(destination)?;
        let fits = |connection: &Connection| proof == Proof::None || connection.remote.proof == proof;
        let at = waiting.iter().rposition(|(_, connection)| fits(connection))?;
        let (_, connection) = waiting.remove(at);
        *count -= 1;
        if waiting.is_empty() {
            by_destination.remove(destination);
        }
        Some(connection)
    }

    /// Keeps a connection for the next mail; gives it back where it has to end.
    pub(crate) fn keep(&self, destination: &Destination, connection: Connection) -> Option<Connection> {
        let mut idle = self.idle();
        let is_good = connection.is_ready() && connection.mails < self.mails_max;
        if !is_good || idle.count >= self.connections_max {
            return Some(connection);
        }
        idle.count += 1;
        let waiting = idle.by_destination.entry(destination.clone()).or_default();
        waiting.push((Instant::now(), connection));
        None
    }

    /// Takes out what has waited long enough.
    pub(crate) fn expired(&self, now: Instant) -> Vec<Connection> {
        self.take_out(|since| now.duration_since(since) >= self.idle_max)
    }

    /// Takes out everything.
    pub(crate) fn all(&self) -> Vec<Connection> {
        self.take_out(|_| true)
    }

    fn take_out(&self, is_over: impl Fn(Instant) -> bool) -> Vec<Connection> {
        let mut idle = self.idle();
        let mut out = Vec::new();
        for waiting in idle.by_destination.values_mut() {
            out.extend(
                waiting.extract_if(.., |(since, _)| is_over(*since)).map(|(_, connection)| connection),
            );
        }
        idle.by_destination.retain(|_, waiting| !waiting.is_empty());
        idle.count -= out.len();
        out
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
