//! The engine on disk: a journal before one redb table.
//!
//! A change is durable when the journal has it. Then redb takes it without syncing (`Durability::None`), which makes it
//! visible. A checkpoint makes redb durable up to here, in one commit that also says up to which version; from there
//! the journal starts over. After a crash redb opens as its last checkpoint left it, and the journal is applied to
//! that. Why: docs/decisions/0001-journal-before-redb.md.
//!
//! When anything fails after the journal was touched, nobody can say what the disk holds: the engine drops redb and
//! the journal, opens both anew, and makes what it finds there a checkpoint before it takes another change. A change
//! that was refused may so come to stand after all; one that was acknowledged can't be lost.

use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use redb::{
    AccessGuard, Builder, Database, Durability, ReadOnlyTable, ReadableDatabase, StorageError, Table,
    TableDefinition, WriteTransaction,
};

use super::backend::Backend;
use super::{Change, Direction, Engine, Failure, Range, Row, Rows, Unavailable, View, Views};
use crate::blob::Blobs;
use crate::disk::{Disk, File, Mode};
use crate::journal::{Entry, Fit, Journal};
use crate::store::Options;

const FILE_NAME: &str = "store.redb";
const NEW_FILE_NAME: &str = "store.redb.new";
/// Every row of every space.
const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
/// How far redb is durable: the version of the last checkpoint.
const CHECKPOINT: TableDefinition<'_, &str, u64> = TableDefinition::new("checkpoint");
const VERSION: &str = "version";
const WITHOUT_MAIN_FILE: &str = "store.redb is missing beside its journal, segments or blobs: \
    put it back, or restore the whole directory from a backup";
/// Free disk below which no change is taken, in journals: what a checkpoint may write at most, so that running out
/// of room is found out before anything is touched.
const FREE_JOURNALS_MIN: u64 = 4;

/// redb, its journal, and the blobs that the journal brings back.
pub(crate) struct RedbEngine {
    disk: Arc<dyn Disk>,
    blobs: Arc<Blobs>,
    options: Options,
    shared: Arc<Shared>,
    /// `None` after a failure, until it was opened anew.
    open: Option<OpenFiles>,
}

struct OpenFiles {
    database: Arc<Database>,
    journal: Journal,
    /// Of the last change applied.
    version: u64,
}

/// What readers see: nothing while the engine is broken.
#[derive(Default)]
struct Shared(RwLock<Option<Shown>>);

struct Shown {
    database: Arc<Database>,
    trust: Trust,
}

/// Whether redb still reads its file: after one error it refuses for ever. Shared with all views of one opening.
#[derive(Clone, Default)]
struct Trust(Arc<AtomicBool>);

impl RedbEngine {
    pub(crate) fn open(disk: Arc<dyn Disk>, blobs: Arc<Blobs>, options: &Options) -> Result<Self, Failure> {
        let shared = Arc::default();
        let mut engine = Self { disk, blobs, options: options.clone(), shared, open: None };
        engine.reopen()?;
        Ok(engine)
    }

    /// Opens the files, repeats the journal, and shows the result to readers.
    fn reopen(&mut self) -> Result<(), Failure> {
        self.let_go();
        let database = self.open_database()?;
        let version = read_checkpoint(&database)?;
        let journal = Journal::open(&*self.disk, self.options.journal_bytes)?;
        let mut open = OpenFiles { database: Arc::new(database), journal, version };
        open.repeat(&self.blobs)?;
        self.shared.set(Some(Shown { database: open.database.clone(), trust: Trust::default() }));
        self.open = Some(open);
        Ok(())
    }

    /// Closes redb, as one that is still open would write to the file under the next one.
    fn let_go(&mut self) {
        self.shared.set(None);
        self.open = None;
    }

    fn open_database(&self) -> Result<Database, Failure> {
        let file = match self.disk.open(FILE_NAME, Mode::Existing) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if self.has_other_files()? {
                    return Err(Failure::NotWhole(WITHOUT_MAIN_FILE));
                }
                self.create()?;
                self.disk.open(FILE_NAME, Mode::Existing)?
            }
            result => result?,
        };
        self.database_on(file)
    }

    /// Whether there is anything that comes into being only after redb's file.
    fn has_other_files(&self) -> io::Result<bool> {
        Ok(Journal::exists(&*self.disk)? || self.blobs.exist()?)
    }

    /// Makes redb's file under another name first: redb can't open one whose making was cut short.
    fn create(&self) -> Result<(), Failure> {
        let file = self.disk.open(NEW_FILE_NAME, Mode::Create)?;
        file.set_len(0)?;
        let database = self.database_on(file)?;
        let transaction = begin(&database, Durability::Immediate)?;
        transaction.open_table(ROWS).map_err(failed)?;
        write_checkpoint(&transaction, 0)?;
        transaction.commit().map_err(failed)?;
        drop(database);
        self.disk.rename(NEW_FILE_NAME, FILE_NAME)?;
        Ok(self.disk.sync_folder("")?)
    }

    fn database_on(&self, file: Arc<dyn File>) -> Result<Database, Failure> {
        let mut builder = Builder::new();
        builder.set_cache_size(self.options.cache_bytes);
        builder.create_with_backend(Backend::new(file)).map_err(failed)
    }

    fn is_too_full(&self) -> Result<bool, Failure> {
        Ok(self.disk.free_bytes()? < FREE_JOURNALS_MIN * self.options.journal_bytes)
    }
}

impl Engine for RedbEngine {
    fn views(&self) -> Arc<dyn Views> {
        self.shared.clone()
    }

    fn ready(&mut self) -> Result<u64, Failure> {
        if self.open.is_none() || self.shared.is_lost() {
            self.reopen()?;
        }
        Ok(self.open.as_ref().map_or(0, |open| open.version))
    }

    fn apply(&mut self, change: &Change) -> Result<(), Failure> {
        if self.is_too_full()? {
            return Err(Failure::Full);
        }
        // Nothing names these places yet: failing here harms nothing.
        self.blobs.write(&change.blobs)?;
        let Some(mut open) = self.open.take() else {
            return Err(Unavailable::new("it was not opened again").into());
        };
        open.apply(change, &self.blobs).inspect_err(|_| self.shared.set(None))?;
        self.open = Some(open);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Failure> {
        self.shared.set(None);
        match self.open.take() {
            Some(mut open) if !open.journal.is_empty() => open.checkpoint(&self.blobs),
            _ => Ok(()),
        }
    }
}

impl OpenFiles {
    fn apply(&mut self, change: &Change, blobs: &Blobs) -> Result<(), Failure> {
        match self.journal.prepare(change) {
            Fit::Now => {}
            Fit::AfterCheckpoint => self.checkpoint(blobs)?,
            Fit::Never => {
                self.version = change.version;
                return self.checkpoint_with(blobs, |rows| insert(rows, change));
            }
        }
        self.journal.append(change.version)?;
        let transaction = begin(&self.database, Durability::None)?;
        insert(&mut transaction.open_table(ROWS).map_err(failed)?, change)?;
        transaction.commit().map_err(failed)?;
        self.version = change.version;
        Ok(())
    }

    /// Applies what the journal holds beyond the last checkpoint, and makes it the next one.
    fn repeat(&mut self, blobs: &Blobs) -> Result<(), Failure> {
        let transaction = begin(&self.database, Durability::Immediate)?;
        let mut rows = transaction.open_table(ROWS).map_err(failed)?;
        self.version = self.journal.replay(self.version, |entry| {
            match entry {
                Entry::Put { key, value } => drop(rows.insert(key, value).map_err(failed)?),
                Entry::Delete { key } => drop(rows.remove(key).map_err(failed)?),
                Entry::Blob { place, bytes } => blobs.segments().write(place, bytes)?,
            }
            Ok::<(), Failure>(())
        })?;
        drop(rows);
        if self.journal.is_empty() {
            return transaction.abort().map_err(failed);
        }
        self.finish_checkpoint(blobs, transaction)
    }

    fn checkpoint(&mut self, blobs: &Blobs) -> Result<(), Failure> {
        self.checkpoint_with(blobs, |_| Ok(()))
    }

    /// Makes redb durable with what `write` adds.
    fn checkpoint_with(
        &mut self,
        blobs: &Blobs,
        write: impl FnOnce(&mut RowTable<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let transaction = begin(&self.database, Durability::Immediate)?;
        write(&mut transaction.open_table(ROWS).map_err(failed)?)?;
        self.finish_checkpoint(blobs, transaction)
    }

    fn finish_checkpoint(&mut self, blobs: &Blobs, mut transaction: WriteTransaction) -> Result<(), Failure> {
        blobs.segments().sync()?;
        write_checkpoint(&transaction, self.version)?;
        // What strangers write must not be able to forge a page; a start after a kill must not walk the file.
        transaction.set_two_phase_commit(true);
        transaction.set_quick_repair(true);
        transaction.commit().map_err(failed)?;
        self.journal.restart();
        Ok(())
    }
}

type RowTable<'a> = Table<'a, &'static [u8], &'static [u8]>;

fn begin(database: &Database, durability: Durability) -> Result<WriteTransaction, Failure> {
    let mut transaction = database.begin_write().map_err(failed)?;
    transaction.set_durability(durability).map_err(failed)?;
    Ok(transaction)
}

fn insert(rows: &mut RowTable<'_>, change: &Change) -> Result<(), Failure> {
    for (key, value) in &change.rows {
        match value {
            Some(value) => drop(rows.insert(key.as_slice(), value.as_slice()).map_err(failed)?),
            None => drop(rows.remove(key.as_slice()).map_err(failed)?),
        }
    }
    Ok(())
}

/// The version of the last checkpoint.
fn read_checkpoint(database: &Database) -> Result<u64, Failure> {
    let transaction = database.begin_read().map_err(failed)?;
    let table = transaction.open_table(CHECKPOINT).map_err(failed)?;
    match table.get(VERSION).map_err(failed)? {
        Some(version) => Ok(version.value()),
        None => Err(Unavailable::new("it names no checkpoint").into()),
    }
}

fn write_checkpoint(transaction: &WriteTransaction, version: u64) -> Result<(), Failure> {
    let mut table = transaction.open_table(CHECKPOINT).map_err(failed)?;
    table.insert(VERSION, version).map_err(failed)?;
    Ok(())
}

fn failed(error: impl Into<redb::Error>) -> Failure {
    match error.into() {
        redb::Error::Io(error) => error.into(),
        error => Unavailable::new(error).into(),
    }
}

impl Shared {
    fn set(&self, shown: Option<Shown>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = shown;
    }

    /// Whether a reader met an error of the file.
    fn is_lost(&self) -> bool {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        shown.as_ref().is_some_and(|shown| shown.trust.is_lost())
    }
}

impl Trust {
    fn is_lost(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn unavailable(&self, error: impl Into<redb::Error>) -> Unavailable {
        let error = error.into();
        if matches!(error, redb::Error::Io(_) | redb::Error::PreviousIo) {
            self.0.store(true, Ordering::Release);
        }
        Unavailable::new(error)
    }
}

impl Views for Shared {
    fn view(&self) -> Result<Arc<dyn View>, Unavailable> {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Shown { database, trust } = shown
            .as_ref()
            .filter(|shown| !shown.trust.is_lost())
            .ok_or_else(|| Unavailable::new("its files failed or it is closed"))?;
        let transaction = database.begin_read().map_err(|error| trust.unavailable(error))?;
        // The table keeps its transaction alive.
        let rows = transaction.open_table(ROWS).map_err(|error| trust.unavailable(error))?;
        Ok(Arc::new(RedbView { rows, trust: trust.clone() }))
    }
}

struct RedbView {
    rows: ReadOnlyTable<&'static [u8], &'static [u8]>,
    trust: Trust,
}

impl View for RedbView {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Unavailable> {
        let row = self.rows.get(key).map_err(|error| self.trust.unavailable(error))?;
        Ok(row.map(|value| value.value().to_vec()))
    }

    fn scan(&self, range: Range) -> Result<Rows, Unavailable> {
        let bounds = (as_slice(&range.from), as_slice(&range.to));
        let trust = self.trust.clone();
        let rows = self.rows.range::<&[u8]>(bounds).map_err(|error| trust.unavailable(error))?;
        let own =
            move |row: Result<_, StorageError>| row.map(owned).map_err(|error| trust.unavailable(error));
        Ok(match range.direction {
            Direction::Forward => Box::new(rows.map(own)),
            Direction::Backward => Box::new(rows.rev().map(own)),
        })
    }
}

fn owned((key, value): (Bytes<'_>, Bytes<'_>)) -> Row {
    (key.value().to_vec(), value.value().to_vec())
}

type Bytes<'a> = AccessGuard<'a, &'static [u8]>;

fn as_slice(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}
