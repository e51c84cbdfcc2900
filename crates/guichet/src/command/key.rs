//! `guichet key`: done on the data itself, while no server runs.
//!
//! *Security*: a key is never printed; who needs it reads it in its file.

use std::io::Read as _;

use guichet_accounts::{By, Who, is_sealed};
use guichet_store::{OpenError, Store};
use guichet_sys::{Clock as _, SystemClock, SystemRandom};

use super::{Answer, Record};
use crate::accounts;
use crate::config::{Configuration, Value as _};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::master_key::MasterKey;
use crate::translate::store_options;

/// What is read of standard input at most: the digits and some white space.
const INPUT_BYTES_MAX: u64 = 256;
/// What is said where the data is in use.
const STOP_FIRST: &str = "a server runs with this data; stop it, change the key, and start it again";

/// What can be asked about the master key.
#[derive(Debug, Clone, PartialEq, clap::Subcommand)]
pub(crate) enum Command {
    /// Change the master key: seal all secrets anew. The server must be stopped; killed meanwhile, the next start or
    /// the same command goes on. Backups from before need the key from before
    Rotate {
        /// Read the next key, 64 hexadecimal digits, from standard input; one is made if not given
        #[arg(long)]
        from_stdin: bool,
    },
}

impl Command {
    /// Does what is asked.
    pub(crate) fn execute(self, configuration: &Configuration) -> Result<Answer, Failure> {
        let Command::Rotate { from_stdin } = self;
        let directory = DataDir::check(&configuration.data_dir)?;
        directory.must_hold_data()?;
        let given = if from_stdin { Some(read_key()?) } else { None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(Failure::system("a runtime"))?.block_on(async {
            let store = Store::open(&directory.store(), &store_options(configuration));
            let store = store.map_err(|error| match error {
                OpenError::InUse => Failure::Refused(STOP_FIRST.to_owned()),
                error => Failure::store(directory.path().to_owned(), error),
            })?;
            let done = rotate(configuration, &directory, &store, given).await;
            store.close().await;
            done
        })
    }
}

async fn rotate(
    configuration: &Configuration,
    directory: &DataDir,
    store: &Store,
    given: Option<MasterKey>,
) -> Result<Answer, Failure> {
    if !is_sealed(store)? {
        return Err(Failure::Refused("nothing is sealed here yet; start `guichet serve` once".to_owned()));
    }
    let path = directory.master_key_next();
    let begun = MasterKey::kept(&path)?;
    if begun.is_some() && given.is_some() && begun != given {
        let text =
            "a change to another key was begun; finish it first: `guichet key rotate` without --from-stdin";
        return Err(Failure::Refused(text.to_owned()));
    }
    if begun.is_none() {
        // The present key must open what there is before anything is changed.
        accounts::open(configuration, directory, store, &SystemRandom).await?;
        given.unwrap_or_else(|| MasterKey::random(&SystemRandom)).keep(&path)?;
    }
    // Opening finishes a change that was begun.
    let accounts = accounts::open(configuration, directory, store, &SystemRandom).await?;
    let by = By { organisation: None, who: Who::Operator, from: None, at: SystemClock.now() };
    accounts.note_master_key(&by).await?;
    Ok(Answer::One(told(configuration, directory)))
}

fn told(configuration: &Configuration, directory: &DataDir) -> Record {
    let is_configured = configuration.master_key.is_some();
    let next = directory.master_key_next();
    let (file, what_next) = if is_configured && next.exists() {
        let what = "set GUICHET_MASTER_KEY (or master_key, wherever it is set) to what this file holds, then start the \
                    server, which removes the file; keep the key of before with the backups of before";
        (next, what)
    } else if is_configured {
        (directory.master_key(), "the configured key is the next one already; start the server")
    } else {
        let what = "start the server; put a copy of this file where you keep the one of before, which the backups of \
                    before need";
        (directory.master_key(), what)
    };
    Record::default().with("changed", true).with("key", file.display().to_string()).with("next", what_next)
}

fn read_key() -> Result<MasterKey, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().take(INPUT_BYTES_MAX).read_to_string(&mut text);
    read.map_err(Failure::system("reading standard input"))?;
    let bad =
        || Failure::Refused(format!("standard input holds no master key: it is {}", MasterKey::expected()));
    MasterKey::read(text.trim()).ok_or_else(bad)
}
