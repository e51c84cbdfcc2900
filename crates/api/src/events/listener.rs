//! One listener: what it missed, then what happens, as far as its actor may see it.
//!
//! *Security*: the token or session is looked at anew with each sign of life, so one that was taken back or ended, or whose
//! person changed teams, hears nothing of it for longer than that.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use guichet_accounts::{Actor, Scope};
use guichet_desk::{Log, LoggedEvent};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::yield_now;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::frame;
use super::hub::Seat;
use crate::caller::{Credential, authenticate};
use crate::state::Api;

/// The counter of streams that were cut.
pub(super) const CUT: &str = "guichet_http_event_streams_cut_total";

pub(super) struct Listener {
    api: Api,
    actor: Actor,
    credential: Credential,
    seat: Seat,
    /// Everything up to here was told, or is not for this actor.
    cursor: u64,
    waiting: VecDeque<Bytes>,
    alive: Interval,
    is_caught_up: bool,
}

impl Listener {
    pub(super) fn new(api: Api, actor: Actor, credential: Credential, seat: Seat, cursor: u64) -> Self {
        let period = Duration::from_secs(api.wiring.limits.keep_alive_secs);
        let mut alive = tokio::time::interval_at(Instant::now() + period, period);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let waiting = VecDeque::from([frame::opening(cursor)]);
        Self { api, actor, credential, seat, cursor, waiting, alive, is_caught_up: false }
    }

    /// The next frame; none when the stream ends.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.waiting.pop_front() {
                return Some(frame);
            }
            if self.is_caught_up {
                self.listen().await?;
            } else {
                self.catch_up().await?;
            }
        }
    }

    /// Reads one stretch of what was missed, or looks again where it is time to. None when the stream ends.
    async fn catch_up(&mut self) -> Option<()> {
        let is_time = tokio::select! {
            biased;
            _ = self.seat.stop.wait_for(|stopping| *stopping) => return None,
            _ = self.alive.tick() => true,
            () = std::future::ready(()) => false,
        };
        if is_time {
            return self.look_again().await;
        }
        self.read_stretch()?;
        if self.waiting.is_empty() && !self.is_caught_up {
            // Others have their turn, however long the log is of which nothing is for this actor.
            yield_now().await;
        }
        Some(())
    }

    fn read_stretch(&mut self) -> Option<()> {
        match self.api.wiring.desk.events(&self.actor, self.cursor) {
            Ok(Log::Events { events, cursor }) => {
                self.is_caught_up = cursor == self.cursor;
                self.cursor = cursor;
                self.waiting.extend(events.iter().map(frame::event));
                Some(())
            }
            Ok(Log::Resync { cursor }) => {
                self.cursor = cursor;
                self.waiting.push_back(frame::resync(cursor));
                Some(())
            }
            Err(error) => {
                tracing::warn!(%error, "an event stream ends");
                None
            }
        }
    }

    /// Waits for the next event or the next sign of life. None when the stream ends.
    async fn listen(&mut self) -> Option<()> {
        let heard = tokio::select! {
            biased;
            _ = self.seat.stop.wait_for(|stopping| *stopping) => return None,
            _ = self.alive.tick() => None,
            heard = self.seat.events.recv() => Some(heard),
        };
        match heard {
            None => self.look_again().await,
            Some(Ok(event)) => {
                self.hear(&event);
                Some(())
            }
            Some(Err(RecvError::Lagged(_))) => {
                metrics::counter!(CUT).increment(1);
                None
            }
            Some(Err(RecvError::Closed)) => None,
        }
    }

    fn hear(&mut self, logged: &Arc<LoggedEvent>) {
        if logged.sequence <= self.cursor {
            return;
        }
        self.cursor = logged.sequence;
        if logged.event.is_for(&self.actor) {
            self.waiting.push_back(frame::event(logged));
        }
    }

    /// Says that the stream lives, if the token or session still does.
    async fn look_again(&mut self) -> Option<()> {
        let now = self.api.wiring.clock.now();
        let known = authenticate(self.api.accounts(), &self.credential, now).await;
        let actor = known.ok().flatten().filter(|actor| actor.may(Scope::EventsRead))?;
        self.actor = actor;
        self.waiting.push_back(frame::keep_alive(self.cursor));
        Some(())
    }
}
