//! What a child process writes, line by line: kept, and to be waited on.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// So many lines are kept, the newest.
const LINES_MAX: usize = 10_000;

/// The lines of one stream, read by a thread of its own so that the child never blocks on a full pipe.
#[derive(Debug, Clone)]
pub struct Output(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<String>,
    /// How many were let go before those.
    dropped: usize,
    ended: bool,
}

impl State {
    fn push(&mut self, line: String) {
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.lines.push_back(line);
    }

    /// The lines from the one with that number on, those let go counted.
    fn since(&self, number: usize) -> impl Iterator<Item = &str> {
        self.lines.iter().skip(number.saturating_sub(self.dropped)).map(String::as_str)
    }
}

impl Output {
    /// Reads the stream to its end.
    pub fn of(stream: impl Read + Send + 'static) -> Self {
        let output = Self(Arc::default());
        let writer = output.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                writer.lock().push(String::from_utf8_lossy(&line).trim_end().to_owned());
                writer.0.more.notify_all();
            }
            writer.lock().ended = true;
            writer.0.more.notify_all();
        });
        output
    }

    /// What there is so far.
    pub fn lines(&self) -> Vec<String> {
        self.lock().lines.iter().cloned().collect()
    }

    /// The first line, past or to come, that `look` finds something in. An error when the stream ends without it or
    /// after `secs_max` seconds; it then shows the lines.
    pub fn find<T>(&self, what: &str, secs_max: u64, look: impl Fn(&str) -> Option<T>) -> Result<T> {
        let end = Instant::now() + Duration::from_secs(secs_max);
        let mut seen = 0;
        let mut state = self.lock();
        loop {
            if let Some(found) = state.since(seen).find_map(&look) {
                return Ok(found);
            }
            seen = state.dropped + state.lines.len();
            let left = end.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                let why = if state.ended { "the output ended" } else { "time is up" };
                bail!("{what}: {why}; it said:\n{}", state.since(0).collect::<Vec<_>>().join("\n"));
            }
            state = self.0.more.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Output;

    #[test]
    fn finds_a_line_and_says_what_there_was_instead() {
        let output = Output::of("SMTP: 127.0.0.1:25\r\nReady.\n".as_bytes());
        let port = output.find("port", 10, |line| line.strip_prefix("SMTP: ").map(str::to_owned)).unwrap();
        assert_eq!(port, "127.0.0.1:25");
        let error =
            output.find("token", 10, |line| line.strip_prefix("token").map(str::to_owned)).unwrap_err();
        assert!(
            error.to_string().ends_with("the output ended; it said:\nSMTP: 127.0.0.1:25\nReady."),
            "{error}"
        );
    }
}
