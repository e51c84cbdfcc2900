//! Who listens: one reader of the log for each organisation that somebody listens to, and its listeners.
//!
//! *Must hold*: a listener joins before it reads the log for what it missed, so nothing falls between the two; a reader
//! that can't read ends, and its listeners with it, who come back with their cursors.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use guichet_accounts::Actor;
use guichet_desk::{Desk, Error, Log, LoggedEvent};
use guichet_web::limits::too_busy;
use guichet_web::{Kind, Problem};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::wiring::Limits;

/// The gauge of open streams.
pub(super) const STREAMS: &str = "guichet_http_event_streams";
/// When to come again after too many listened, in seconds.
const RETRY_SECS: u32 = 30;

/// All listeners.
#[derive(Clone)]
pub(crate) struct Hub(Arc<Inner>);

struct Inner {
    desk: Desk,
    stop: watch::Receiver<bool>,
    limits: Limits,
    audience: Mutex<Audience>,
}

#[derive(Default)]
struct Audience {
    /// By the number of the organisation.
    channels: HashMap<u32, Channel>,
    listeners: usize,
    /// Ended when the hub goes.
    readers: JoinSet<()>,
}

struct Channel {
    sender: broadcast::WeakSender<Arc<LoggedEvent>>,
    listeners: usize,
}

/// A listener's place; it is free again when this is dropped.
pub(super) struct Seat {
    /// Everything that happens in the organisation from now on.
    pub(super) events: broadcast::Receiver<Arc<LoggedEvent>>,
    /// The server stops.
    pub(super) stop: watch::Receiver<bool>,
    organisation: u32,
    hub: Hub,
}

impl Hub {
    pub(crate) fn new(desk: Desk, stop: watch::Receiver<bool>, limits: Limits) -> Self {
        Self(Arc::new(Inner { desk, stop, limits, audience: Mutex::default() }))
    }

    /// A place among the listeners of the actor's organisation.
    pub(super) fn join(&self, actor: &Actor) -> Result<Seat, Failure> {
        let organisation = actor.organisation.get();
        let mut audience = self.audience();
        self.check(&audience, organisation)?;
        let known = audience.channels.get(&organisation).and_then(|channel| channel.sender.upgrade());
        let events = match known {
            Some(sender) => sender.subscribe(),
            None => self.start(&mut audience, actor)?,
        };
        audience.listeners += 1;
        if let Some(channel) = audience.channels.get_mut(&organisation) {
            channel.listeners += 1;
        }
        metrics::gauge!(STREAMS).increment(1.0);
        Ok(Seat { events, stop: self.0.stop.clone(), organisation, hub: self.clone() })
    }

    fn check(&self, audience: &Audience, organisation: u32) -> Result<(), Problem> {
        let limits = &self.0.limits;
        let own = audience.channels.get(&organisation).map_or(0, |channel| channel.listeners);
        if own >= limits.streams_per_organisation_max {
            let detail = format!("the organisation has {own} event streams open");
            return Err(Problem::new(Kind::TooManyRequests, detail).retry_after_secs(RETRY_SECS));
        }
        if audience.listeners >= limits.streams_max {
            return Err(too_busy("too many event streams are open"));
        }
        Ok(())
    }

    /// Starts the reader of an organisation that nobody reads yet.
    fn start(
        &self,
        audience: &mut Audience,
        actor: &Actor,
    ) -> Result<broadcast::Receiver<Arc<LoggedEvent>>, Error> {
        let (desk, reader) = (self.0.desk.clone(), Actor::system(actor.organisation));
        // The watch comes first: what is committed after the head was read is told.
        let grown = desk.watch(&reader)?;
        let cursor = desk.events_head(&reader)?;
        let (sender, events) = broadcast::channel(self.0.limits.events_waiting_max);
        let channel = audience.channels.entry(actor.organisation.get());
        let channel = channel.or_insert(Channel { sender: sender.downgrade(), listeners: 0 });
        channel.sender = sender.downgrade();
        // Those that have ended are taken out, so that the set stays as small as the audience.
        while audience.readers.try_join_next().is_some() {}
        let stop = self.0.stop.clone();
        audience.readers.spawn(async move {
            if let Err(error) = read(&desk, &reader, cursor, grown, stop, &sender).await {
                tracing::warn!(%error, "the log can't be read; its listeners will come again");
            }
        });
        Ok(events)
    }

    fn audience(&self) -> MutexGuard<'_, Audience> {
        self.0.audience.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut audience = self.hub.audience();
        audience.listeners = audience.listeners.saturating_sub(1);
        metrics::gauge!(STREAMS).decrement(1.0);
        if let Some(channel) = audience.channels.get_mut(&self.organisation) {
            channel.listeners = channel.listeners.saturating_sub(1);
            if channel.listeners == 0 {
                audience.channels.remove(&self.organisation);
            }
        }
    }
}

/// Reads the log as it grows, until nobody listens any more or the server stops.
async fn read(
    desk: &Desk,
    reader: &Actor,
    mut cursor: u64,
    mut grown: watch::Receiver<u64>,
    mut stop: watch::Receiver<bool>,
    sender: &broadcast::Sender<Arc<LoggedEvent>>,
) -> Result<(), Error> {
    loop {
        tokio::select! {
            told = grown.wait_for(|head| *head > cursor) => if told.is_err() { return Ok(()) },
            () = sender.closed() => return Ok(()),
            _ = stop.wait_for(|stopping| *stopping) => return Ok(()),
        }
        // A log that was cut below the cursor ends the reader: its listeners hear `resync` when they come again.
        let Log::Events { events, cursor: read } = desk.events(reader, cursor)? else {
            return Ok(());
        };
        cursor = read;
        for event in events {
            // Fails when the last listener has gone just now, which ends the next turn.
            let _ = sender.send(Arc::new(event));
        }
    }
}
