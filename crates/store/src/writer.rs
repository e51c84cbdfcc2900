//! The one writer: a thread that takes all submissions that wait, makes one change of them, applies it, answers.
//!
//! While the disk works at one group, the next gathers: the busier the store, the larger the groups and the cheaper
//! each commit. *Invariant:* nobody is answered, and nobody sees a row, before the row is durable.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use crate::batch::Batch;
use crate::commit::{CommitError, Receipt};
use crate::engine::{Engine, Failure};
use crate::evaluate::{Evaluation, Refused};
use crate::events::Watchers;

/// Submissions in one group.
const GROUP_SUBMISSIONS_MAX: usize = 512;
/// Bytes of one group, past which it takes no further submission.
const GROUP_BYTES_MAX: usize = 2 << 20;

type Answer = Result<Vec<Receipt>, CommitError>;
/// One who waits for an answer.
type Caller = oneshot::Sender<Answer>;

/// What the writer is asked.
pub(crate) enum Request {
    Commit(Submission),
    /// A reader found the engine broken.
    Mend,
    /// The store closes: answered when nothing is left to repeat.
    Close(oneshot::Sender<()>),
}

/// Batches that belong together, and who waits for them.
pub(crate) struct Submission {
    batches: Vec<Batch>,
    bytes: usize,
    answer: Caller,
}

impl Submission {
    pub(crate) fn new(batches: Vec<Batch>) -> (Self, oneshot::Receiver<Answer>) {
        let (answer, receiver) = oneshot::channel();
        let bytes = batches.iter().map(Batch::bytes).sum();
        (Self { batches, bytes, answer }, receiver)
    }
}

/// Starts the thread. It ends when it is told to close, or when no sender is left.
pub(crate) fn start(
    engine: Box<dyn Engine>,
    requests: mpsc::Receiver<Request>,
    watchers: Arc<Watchers>,
) -> io::Result<JoinHandle<()>> {
    let writer = Writer { engine, watchers, told: 0 };
    thread::Builder::new().name("store-writer".into()).spawn(move || writer.run(requests))
}

struct Writer {
    engine: Box<dyn Engine>,
    watchers: Arc<Watchers>,
    /// The version of the last change that the watchers heard of.
    told: u64,
}

impl Writer {
    fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut closing = None;
        while closing.is_none()
            && let Some(first) = requests.blocking_recv()
        {
            let group = gather(first, &mut requests, &mut closing);
            // A panic drops the callers, who so hear that the store failed, and the engine's files, which are opened
            // anew: nothing of the group that is not durable can be seen or built upon.
            if catch_unwind(AssertUnwindSafe(|| self.commit(group))).is_err() {
                tracing::error!("the store's writer panicked; its files are opened again");
            }
        }
        requests.close();
        if let Err(failure) = self.engine.close() {
            // Nothing is lost: the next start repeats the journal.
            tracing::warn!(%failure, "the store was not closed cleanly");
        }
        drop(self);
        if let Some(closed) = closing {
            // Whoever asked may have left.
            let _ = closed.send(());
        }
    }

    fn commit(&mut self, group: Vec<Submission>) {
        let mut group = group.into_iter();
        let mut accepted = Vec::with_capacity(group.len());
        // A caller that left finds its batches committed, or not, when it comes again: hence no care for it.
        match self.apply(&mut group, &mut accepted) {
            Ok(()) => {
                for (caller, receipts) in accepted {
                    let _ = caller.send(Ok(receipts));
                }
            }
            Err(failure) => {
                tracing::error!(%failure, "commits failed");
                if let Err(failure) = self.ready() {
                    tracing::error!(%failure, "the store's files don't open; the next use tries again");
                }
                let untried = group.map(|submission| submission.answer);
                for caller in accepted.into_iter().map(|(caller, _)| caller).chain(untried) {
                    let _ = caller.send(Err(failure.clone().into()));
                }
            }
        }
    }

    /// Applies a group. Who conflicts is answered here, the others are `accepted`.
    fn apply(
        &mut self,
        group: &mut impl Iterator<Item = Submission>,
        accepted: &mut Vec<(Caller, Vec<Receipt>)>,
    ) -> Result<(), Failure> {
        let version = self.ready()? + 1;
        let view = self.engine.views().view()?;
        let mut evaluation = Evaluation::new(&*view, version);
        for Submission { batches, answer, .. } in group {
            match evaluation.add(batches) {
                Ok(receipts) => accepted.push((answer, receipts)),
                Err(refused) => drop(answer.send(Err(refused.into()))),
            }
        }
        let (change, heads) = evaluation.finish()?;
        drop(view);
        if change.is_empty() {
            return Ok(());
        }
        self.engine.apply(&change)?;
        for (owner, head) in heads {
            self.watchers.tell(owner, head);
        }
        self.told = version;
        Ok(())
    }

    /// The engine's version, opened anew where that is needed: what was refused may come to stand by that, and
    /// the watchers hear of it here.
    fn ready(&mut self) -> Result<u64, Failure> {
        let version = self.engine.ready()?;
        if version != self.told {
            self.watchers.tell_all(&self.engine.views().view()?)?;
            self.told = version;
        }
        Ok(version)
    }
}

impl From<Refused> for CommitError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Conflict => Self::Conflict,
            Refused::Unavailable(cause) => Self::from(Failure::from(cause)),
        }
    }
}

/// The submissions that wait, from `first` on, up to the limits of a group.
fn gather(
    first: Request,
    requests: &mut mpsc::Receiver<Request>,
    closing: &mut Option<oneshot::Sender<()>>,
) -> Vec<Submission> {
    let mut group = Vec::new();
    let mut bytes = 0;
    let mut next = Some(first);
    while let Some(request) = next {
        match request {
            Request::Commit(submission) => {
                bytes += submission.bytes;
                group.push(submission);
            }
            Request::Mend => {}
            Request::Close(closed) => {
                *closing = Some(closed);
                break;
            }
        }
        let full = group.len() >= GROUP_SUBMISSIONS_MAX || bytes >= GROUP_BYTES_MAX;
        next = if full { None } else { requests.try_recv().ok() };
    }
    group
}
