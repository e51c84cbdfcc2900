//! Word that the server stops, for every task that has to hear it.

use tokio::sync::watch;

/// Says when to stop; every task has its own.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

/// Tells all tasks to stop.
#[derive(Debug)]
pub(crate) struct Stopper(watch::Sender<bool>);

/// A pair of the two.
pub(crate) fn channel() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Tells all of them, now and those that ask later.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// The same for crates that know nothing of ours: it becomes `true` when the server stops.
    pub(crate) fn receiver(&self) -> watch::Receiver<bool> {
        self.0.clone()
    }

    /// Returns once the server stops; also when nobody is left who could say so.
    pub(crate) async fn wait(&mut self) {
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }
}
