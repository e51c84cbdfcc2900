//! Reads a stream of server-sent events.
//!
//! *Standards*: WHATWG HTML, 9.2 (server-sent events), as far as our server uses it.

use std::io::BufRead;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::wait::ANSWER_SECS_MAX;

/// One event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Event {
    /// What to send as `Last-Event-ID` to go on after it.
    pub id: String,
    /// Its kind; empty where the server named none.
    pub event: String,
    /// What it tells.
    pub data: Value,
}

/// An open stream. To wait for an event longer than [`ANSWER_SECS_MAX`] is an error.
pub struct Events {
    from: Box<dyn BufRead + Send>,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Events").finish_non_exhaustive()
    }
}

impl Events {
    pub(crate) fn new(from: Box<dyn BufRead + Send>) -> Self {
        Self { from }
    }

    /// The next event; comments, which keep the connection open, are passed over.
    pub fn next_event(&mut self) -> Result<Event> {
        let end = Instant::now() + Duration::from_secs(ANSWER_SECS_MAX);
        let mut event = Event::default();
        let mut data = String::new();
        loop {
            if Instant::now() > end {
                bail!("no event within {ANSWER_SECS_MAX} s");
            }
            let mut line = String::new();
            if self.from.read_line(&mut line).context("waiting for an event")? == 0 {
                bail!("the event stream ended");
            }
            let line = line.trim_end_matches(['\r', '\n']);
            if line.is_empty() {
                if data.is_empty() {
                    continue;
                }
                event.data = serde_json::from_str(&data).with_context(|| format!("event data {data:?}"))?;
                return Ok(event);
            }
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "id" => value.clone_into(&mut event.id),
                "event" => value.clone_into(&mut event.event),
                "data" => data.push_str(value),
                _ => {}
            }
        }
    }

    /// The next event that `wanted` says yes to.
    pub fn find(&mut self, wanted: impl Fn(&Event) -> bool) -> Result<Event> {
        loop {
            let event = self.next_event()?;
            if wanted(&event) {
                return Ok(event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Events;

    #[test]
    fn comments_pass_and_fields_are_kept() {
        let text = ": hello\n\nid: 7\nevent: ticket.created\ndata: {\"ticket\":1}\n\nid: 8\ndata: {}\n\n";
        let mut events = Events::new(Box::new(text.as_bytes()));
        let first = events.next_event().unwrap();
        assert_eq!((first.id.as_str(), first.event.as_str()), ("7", "ticket.created"));
        assert_eq!(first.data, json!({"ticket": 1}));
        assert_eq!(events.find(|event| event.id == "8").unwrap().event, "");
        assert!(events.next_event().is_err());
    }
}
