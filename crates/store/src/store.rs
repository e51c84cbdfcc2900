//! The store itself: opens an engine, starts its writer, hands out spaces.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot, watch};

use crate::batch::Batch;
use crate::blob::Blobs;
use crate::commit::{CommitError, Receipt};
use crate::disk::{Disk, MemoryDisk, RealDisk};
use crate::engine::{Engine, Failure, MemoryEngine, RedbEngine, Unavailable, View, Views};
use crate::events::Watchers;
use crate::organisation::{OrganisationId, Owner};
use crate::room::Room;
use crate::space::Space;
use crate::writer::{self, Request, Submission};

/// Submissions that wait for the writer; past it, `commit` waits.
const SUBMISSIONS_WAITING_MAX: usize = 1024;

/// How the store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the engine keeps of its file in memory.
    pub cache_bytes: usize,
    /// The size of the journal file. A larger one means fewer checkpoints, a longer repeat after a kill, and more
    /// disk taken from the start.
    pub journal_bytes: u64,
    /// Below this much free disk, new mail is refused; see [`Store::has_room_for`].
    pub disk_reserve_bytes_min: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, journal_bytes: 16 << 20, disk_reserve_bytes_min: 256 << 20 }
    }
}

/// Why a store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has this directory open.
    #[error("the data is in use by another process")]
    InUse,
    /// What the journal holds finds no room on the disk.
    #[error("no room is left on the disk")]
    Full,
    /// The directory can't be made, read or written.
    #[error("the data directory can't be used: {0}")]
    Directory(#[source] io::Error),
    /// Files are missing, or some are older than others: going on from them would lose mail.
    #[error("{0}")]
    NotWhole(&'static str),
    /// The files are there but don't open.
    #[error(transparent)]
    Unavailable(Unavailable),
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Full => Self::Full,
            Failure::NotWhole(what) => Self::NotWhole(what),
            Failure::Unavailable(cause) => Self::Unavailable(cause),
        }
    }
}

/// All that is kept: spaces of ordered keys and values, their logs, their blobs. Clones are the same store.
///
/// The last clone to go leaves the store as [`Store::close`] does.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    requests: Option<mpsc::Sender<Request>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    views: Arc<dyn Views>,
    watchers: Arc<Watchers>,
    disk: Arc<dyn Disk>,
    blobs: Arc<Blobs>,
    reserve_bytes: u64,
    /// Segments that could not be copied since the start.
    sweeping: Mutex<BTreeSet<u32>>,
}

impl Store {
    /// Opens the data in this directory, making it when it is not there, and repeats what a killed process left
    /// in the journal.
    pub fn open(directory: &Path, options: &Options) -> Result<Self, OpenError> {
        let disk = RealDisk::open(directory, &Blobs::FOLDERS).map_err(OpenError::Directory)?;
        Self::open_on(Arc::new(disk.ok_or(OpenError::InUse)?), options)
    }

    /// A store that ends with the process: for tests.
    pub fn memory() -> Self {
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
        #[expect(clippy::expect_used, reason = "memory has no files that could fail")]
        let blobs = Arc::new(Blobs::open(disk.clone()).expect("memory can be read"));
        let engine = MemoryEngine::new(blobs.clone());
        #[expect(clippy::expect_used, reason = "only tests make this store, and they need the thread")]
        Self::start(Box::new(engine), disk, blobs, 0).expect("a thread can be started")
    }

    pub(crate) fn open_on(disk: Arc<dyn Disk>, options: &Options) -> Result<Self, OpenError> {
        let blobs = Arc::new(Blobs::open(disk.clone()).map_err(Failure::from)?);
        let engine = RedbEngine::open(disk.clone(), blobs.clone(), options)?;
        blobs.sweep(&*engine.views().view().map_err(OpenError::Unavailable)?)?;
        Ok(Self::start(Box::new(engine), disk, blobs, options.disk_reserve_bytes_min)
            .map_err(Failure::from)?)
    }

    fn start(
        engine: Box<dyn Engine>,
        disk: Arc<dyn Disk>,
        blobs: Arc<Blobs>,
        reserve_bytes: u64,
    ) -> io::Result<Self> {
        let views = engine.views();
        let watchers = Arc::<Watchers>::default();
        let (sender, receiver) = mpsc::channel(SUBMISSIONS_WAITING_MAX);
        let writer = writer::start(engine, receiver, watchers.clone())?;
        Ok(Self(Arc::new(Inner {
            requests: Some(sender),
            writer: Mutex::new(Some(writer)),
            views,
            watchers,
            disk,
            blobs,
            reserve_bytes,
            sweeping: Mutex::default(),
        })))
    }

    /// The organisation's space.
    pub fn of(&self, organisation: OrganisationId) -> Space {
        Space::new(self.clone(), organisation.into())
    }

    /// The operator's own space: what belongs to no organisation.
    pub fn operator(&self) -> Space {
        Space::new(self.clone(), Owner::OPERATOR)
    }

    /// Commits batches, all together or not at all, also when they are of several organisations. When this
    /// returns, they are durable and visible; receipts come in the order of the batches.
    ///
    /// Dropping the future does not take the batches back.
    pub async fn commit(&self, batches: Vec<Batch>) -> Result<Vec<Receipt>, CommitError> {
        let (submission, answer) = Submission::new(batches);
        self.sender()?.send(Request::Commit(submission)).await.map_err(|_| CommitError::closed())?;
        answer.await.unwrap_or_else(|_| Err(CommitError::unanswered()))
    }

    /// [`Store::commit`] for threads that may block, such as the command line's.
    pub fn commit_blocking(&self, batches: Vec<Batch>) -> Result<Vec<Receipt>, CommitError> {
        let (submission, answer) = Submission::new(batches);
        self.sender()?.blocking_send(Request::Commit(submission)).map_err(|_| CommitError::closed())?;
        answer.blocking_recv().unwrap_or_else(|_| Err(CommitError::unanswered()))
    }

    /// The head of an organisation's log, told anew after each commit that adds to it.
    pub fn watch(&self, organisation: OrganisationId) -> Result<watch::Receiver<u64>, Unavailable> {
        self.of(organisation).watch()
    }

    /// Whether commits are taken just now: `false` once the store is closed, and while its files fail. Asking is
    /// enough to have them opened again.
    pub fn is_writable(&self) -> bool {
        self.sender().is_ok_and(|sender| !sender.is_closed()) && self.view().is_ok()
    }

    /// Where blobs are written.
    pub fn blobs(&self) -> &Arc<Blobs> {
        &self.0.blobs
    }

    /// What is left on the disk.
    pub fn room(&self) -> io::Result<Room> {
        Room::of(&*self.0.disk, self.0.reserve_bytes)
    }

    /// Whether this many bytes of new mail may be taken. `false` also when the disk does not say.
    pub fn has_room_for(&self, bytes: u64) -> bool {
        self.room().is_ok_and(|room| room.is_enough_for(bytes))
    }

    /// Commits what was submitted, leaves nothing to repeat at the next start, and refuses all that comes later.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if let Ok(sender) = self.sender()
            && sender.send(Request::Close(done)).await.is_ok()
        {
            // An error means that the writer is gone: closed as well.
            let _ = closed.await;
        }
    }

    pub(crate) fn view(&self) -> Result<Arc<dyn View>, Unavailable> {
        self.0.views.view().inspect_err(|_| {
            // Nothing mends the engine but the writer: wake it, unless it has enough to do.
            if let Ok(sender) = self.sender() {
                let _ = sender.try_send(Request::Mend);
            }
        })
    }

    pub(crate) fn watch_owner(
        &self,
        owner: Owner,
        head: impl FnOnce() -> Result<u64, Unavailable>,
    ) -> Result<watch::Receiver<u64>, Unavailable> {
        self.0.watchers.watch(owner, head)
    }

    /// Held by the one who sweeps: the segments that could not be copied.
    pub(crate) fn sweeping(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        self.0.sweeping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sender(&self) -> Result<&mpsc::Sender<Request>, CommitError> {
        self.0.requests.as_ref().ok_or_else(CommitError::closed)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("disk", &self.0.disk).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Without a sender the writer ends, and a store opened next in this process finds the files free.
        self.requests = None;
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the store's writer ended by a panic");
        }
    }
}
