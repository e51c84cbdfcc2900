//! `guichet key`: done on the data itself, while no server runs.
//!
//! *Security*: a key is never printed; who needs it reads it in its file.

use std::io::Read as _;
use std::path::PathBuf;

use guichet_accounts::is_sealed;
use guichet_store::{OpenError, Store};
use guichet_sys::SystemRandom;

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
        let text = "a change to another key was begun and comes first: `guichet key rotate` without --from-stdin says how \
                    it is finished";
        return Err(Failure::Refused(text.to_owned()));
    }
    if begun.is_none() {
        // The present key must open what there is before anything is changed.
        accounts::open(configuration, directory, store, &SystemRandom).await?;
        let present = MasterKey::obtain(configuration.master_key.as_ref(), directory, false, &SystemRandom)?;
        if given.as_ref() == Some(&present) {
            return Err(Failure::Refused("this is the master key already; give another".to_owned()));
        }
        given.unwrap_or_else(|| MasterKey::random(&SystemRandom)).keep(&path)?;
    }
    // Opening finishes a change that was begun.
    accounts::open(configuration, directory, store, &SystemRandom).await?;
    Ok(Answer::One(told(configuration, directory)))
}

fn told(configuration: &Configuration, directory: &DataDir) -> Record {
    let is_configured = configuration.master_key.is_some();
    let in_file = |path: PathBuf| path.display().to_string();
    let next = directory.master_key_next();
    let (key, what_next) = if is_configured && next.exists() {
        let what = "set GUICHET_MASTER_KEY (or master_key, wherever it is set) to what this file holds, then start the \
                    server, which removes the file; keep the key of before with the backups of before";
        (in_file(next), what)
    } else if is_configured {
        ("as configured".to_owned(), "the configured key is the next one already; start the server")
    } else {
        let what = "start the server; put a copy of this file where you keep the one of before, which the backups of \
                    before need";
        (in_file(directory.master_key()), what)
    };
    Record::default().with("changed", true).with("key", key).with("next", what_next)
}

fn read_key() -> Result<MasterKey, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().take(INPUT_BYTES_MAX).read_to_string(&mut text);
    read.map_err(Failure::system("reading standard input"))?;
    let bad =
        || Failure::Refused(format!("standard input holds no master key: it is {}", MasterKey::expected()));
    MasterKey::read(text.trim()).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use guichet_sys::Random as _;

    use super::*;
    use crate::config::tests::configured;

    /// A data directory in which something is sealed with a key of its own.
    struct Place {
        folder: tempfile::TempDir,
        store: Store,
    }

    impl Place {
        async fn new() -> Self {
            let place = Self { folder: tempfile::tempdir().unwrap(), store: Store::memory() };
            accounts::open(&place.configuration(None), &place.directory(), &place.store, &SystemRandom)
                .await
                .unwrap();
            place
        }

        fn configuration(&self, key: Option<&str>) -> Configuration {
            let data_dir = self.folder.path().to_str().unwrap();
            configured(&[("data_dir", data_dir), ("master_key", key.unwrap_or_default())])
        }

        fn directory(&self) -> DataDir {
            DataDir::check(self.folder.path()).unwrap()
        }

        fn key(&self) -> String {
            std::fs::read_to_string(self.directory().master_key()).unwrap().trim().to_owned()
        }

        async fn rotate(&self, configured: Option<&str>, given: Option<&str>) -> Result<String, String> {
            let given = given.map(|given| MasterKey::read(given).unwrap());
            let done = rotate(&self.configuration(configured), &self.directory(), &self.store, given).await;
            done.map(|answer| answer.to_text()).map_err(|failure| failure.to_string())
        }
    }

    fn another_key() -> String {
        let mut octets = [0; 32];
        SystemRandom.fill(&mut octets);
        octets.map(|octet| format!("{octet:02x}")).concat()
    }

    #[tokio::test]
    async fn the_key_that_seals_already_is_no_change() {
        let place = Place::new().await;
        let (key, next) = (place.key(), another_key());
        let refused = place.rotate(None, Some(&key)).await.unwrap_err();
        assert_eq!(refused, "this is the master key already; give another");
        assert!(!place.directory().master_key_next().exists());
        place.rotate(None, Some(&next)).await.unwrap();
        assert_eq!(place.key(), next);
    }

    #[tokio::test]
    async fn a_configured_key_is_named_where_it_is_kept() {
        let place = Place::new().await;
        let (key, next) = (place.key(), another_key());
        let told = place.rotate(Some(&key), Some(&next)).await.unwrap();
        assert!(told.contains("master.key.next\n") && told.contains("set GUICHET_MASTER_KEY"), "{told}");
        let refused = place.rotate(Some(&key), Some(&another_key())).await.unwrap_err();
        assert!(refused.contains("without --from-stdin says how it is finished"), "{refused}");
        let told = place.rotate(Some(&next), None).await.unwrap();
        assert!(told.contains("key: as configured\n"), "{told}");
        assert!(!place.directory().master_key_next().exists());
    }
}
