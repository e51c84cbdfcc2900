//! The tasks that make up the running server: started together, ended together.
//!
//! *Must hold*: none ends before the server stops without the server ending too, with a word and an exit code; a stop
//! takes a bounded time, and a second signal makes it short.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio::task::{Id, JoinSet};

use crate::failure::Failure;
use crate::signals::Signals;
use crate::stop::{self, Stop, Stopper};

/// How long tasks may take to finish what they have begun, in seconds: longer than each of them takes by itself.
const STOP_SECS_MAX: u64 = 40;

/// What runs as long as the server.
pub(crate) struct Tasks {
    set: JoinSet<()>,
    names: HashMap<Id, &'static str>,
    stopper: Stopper,
    stop: Stop,
}

impl Tasks {
    /// None yet.
    pub(crate) fn new() -> Self {
        let (stopper, stop) = stop::channel();
        Self { set: JoinSet::new(), names: HashMap::new(), stopper, stop }
    }

    /// What a task waits for so as to end.
    pub(crate) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Starts one more.
    pub(crate) fn start(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let started = self.set.spawn(task);
        self.names.insert(started.id(), name);
    }

    /// Returns when a signal came and the tasks have ended, or when one of them ended by itself.
    pub(crate) async fn run(mut self, signals: &mut Signals) -> Result<(), Failure> {
        let outcome = tokio::select! {
            () = signals.next() => Ok(()),
            name = self.next_ended() => Err(Failure::Ended(name)),
        };
        tracing::info!("stopping: what has begun is finished; a second signal ends it at once");
        self.stopper.stop();
        tokio::select! {
            () = async { while self.set.join_next().await.is_some() {} } => {}
            () = signals.next() => tracing::warn!("stopped at once"),
            () = tokio::time::sleep(Duration::from_secs(STOP_SECS_MAX)) => {
                tracing::warn!("stopped with work unfinished after {STOP_SECS_MAX} s");
            }
        }
        outcome
    }

    async fn next_ended(&mut self) -> &'static str {
        let id = match self.set.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => {
                tracing::error!(%error, "a task broke");
                error.id()
            }
            None => return "the server",
        };
        self.names.get(&id).copied().unwrap_or("a task")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_by_itself_ends_the_server_with_its_name() {
        for broken in [false, true] {
            let mut tasks = Tasks::new();
            let mut stop = tasks.stop();
            tasks.start("the long one", async move { stop.wait().await });
            tasks.start("the short one", async move { assert!(!broken) });
            let failure = tasks.run(&mut Signals::catch().unwrap()).await.unwrap_err();
            assert_eq!(failure.to_string(), "the short one ended by itself; the log says why");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn promise_9_a_task_that_does_not_stop_is_left() {
        let mut tasks = Tasks::new();
        tasks.start("the deaf one", std::future::pending());
        tasks.start("the short one", async {});
        assert!(tasks.run(&mut Signals::catch().unwrap()).await.is_err());
    }
}
