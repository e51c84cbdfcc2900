//! The change of the master key, which may be stopped anywhere and goes on at the next start.
//!
//! The next key lies in `master.key.next`, durably, before the first secret is sealed with it. While it lies there, what
//! either key sealed opens, and the next one seals. Once all is sealed with it, it takes the place of `master.key`; where
//! the key is configured, it stays until the configuration names it.
//!
//! *Must hold*: at every moment the keys that are kept open everything that is stored. The key before goes after nothing
//! is sealed with it any more, and not by us where somebody else keeps it.

use std::io;

use guichet_accounts::{Accounts, By, Vault, Who};
use guichet_sys::{Clock as _, SystemClock};

use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::master_key::{MasterKey, MasterKeyError, sync_folder};

/// The master key, and the next one while it is changed.
pub(crate) struct KeyChange {
    master: MasterKey,
    next: Option<MasterKey>,
}

impl KeyChange {
    /// With the change that was begun in this directory, if one was.
    pub(crate) fn begun(directory: &DataDir, master: MasterKey) -> Result<Self, MasterKeyError> {
        let next = MasterKey::kept(&directory.master_key_next())?;
        Ok(Self { master, next })
    }

    /// What opens and seals meanwhile.
    pub(crate) fn vault(&self) -> Vault {
        match &self.next {
            Some(next) if *next != self.master => Vault::changing(next.octets(), self.master.octets()),
            _ => Vault::new(self.master.octets()),
        }
    }

    /// Does what is left of the change.
    pub(crate) async fn finish(
        &self,
        is_configured: bool,
        directory: &DataDir,
        accounts: &Accounts,
    ) -> Result<(), Failure> {
        let Some(next) = &self.next else { return Ok(()) };
        // Fails, and leaves the file where it is, if one of the keys is missing.
        let sealed_anew = accounts.reseal().await?;
        if sealed_anew > 0 {
            tracing::info!(sealed_anew, "secrets are sealed with the next master key");
        }
        if sealed_anew > 0 || !is_configured {
            // Stopped behind this, the same is told twice, which is better than never.
            let by = By { organisation: None, who: Who::Operator, from: None, at: SystemClock.now() };
            accounts.note_master_key(&by).await?;
        }
        let settled = match (is_configured, *next == self.master) {
            (false, _) => std::fs::rename(directory.master_key_next(), directory.master_key()),
            (true, true) => std::fs::remove_file(directory.master_key_next()),
            (true, false) => {
                let file = directory.master_key_next();
                tracing::warn!("master_key is the key of before; set it to what {} holds", file.display());
                return Ok(());
            }
        };
        let path = directory.master_key();
        let unusable = |error: io::Error| MasterKeyError::Unusable { path: path.clone(), error };
        settled.and_then(|()| sync_folder(&path)).map_err(unusable)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use guichet_accounts::Deed;
    use guichet_mail::DomainName;
    use guichet_store::Store;
    use guichet_sys::SystemRandom;

    use super::*;

    /// A data directory, its store in memory, and what was sealed there.
    struct Place {
        _folder: tempfile::TempDir,
        directory: DataDir,
        store: Store,
    }

    impl Place {
        async fn new() -> (Self, MasterKey) {
            let folder = tempfile::tempdir().unwrap();
            let directory = DataDir::check(folder.path()).unwrap();
            let place = Self { _folder: folder, directory, store: Store::memory() };
            let master = MasterKey::random(&SystemRandom);
            place.accounts(Vault::new(master.octets())).ensure_token_key([5; 32]).await.unwrap();
            (place, master)
        }

        fn accounts(&self, vault: Vault) -> Accounts {
            Accounts::new(self.store.clone(), vault, DomainName::parse("desk.example").unwrap())
        }

        /// As a start does it.
        async fn start(&self, master: &MasterKey, is_configured: bool) -> Result<[u8; 32], Failure> {
            let change = KeyChange::begun(&self.directory, master.clone())?;
            let accounts = self.accounts(change.vault());
            change.finish(is_configured, &self.directory, &accounts).await?;
            Ok(accounts.token_key()?)
        }

        /// How many changes of the key the audit log tells.
        async fn told(&self, key: &MasterKey) -> usize {
            let accounts = self.accounts(Vault::new(key.octets()));
            accounts.ensure_house(SystemClock.now()).await.unwrap();
            let page = accounts.audit(accounts.house().unwrap(), None, 100).unwrap();
            page.entries.iter().filter(|entry| entry.deed == Deed::MasterKeyRotated).count()
        }

        fn kept(&self) -> MasterKey {
            MasterKey::kept(&self.directory.master_key()).unwrap().unwrap()
        }
    }

    fn next() -> MasterKey {
        MasterKey::random(&SystemRandom)
    }

    #[tokio::test]
    async fn a_change_takes_the_place_of_the_key_once_all_is_sealed_anew() {
        let (place, master) = Place::new().await;
        master.clone().keep(&place.directory.master_key()).unwrap();
        let next = next().keep(&place.directory.master_key_next()).unwrap();
        assert_eq!(place.start(&master, false).await.unwrap(), [5; 32]);
        assert_eq!(place.kept(), next);
        assert!(!place.directory.master_key_next().exists());
        assert_eq!(place.start(&next, false).await.unwrap(), [5; 32]);
        assert!(place.start(&master, false).await.is_err(), "the key of before opens nothing");
    }

    /// Killed after the last row and before the file took its place.
    #[tokio::test]
    async fn a_change_that_was_stopped_at_its_end_is_finished() {
        let (place, master) = Place::new().await;
        master.clone().keep(&place.directory.master_key()).unwrap();
        let next = next().keep(&place.directory.master_key_next()).unwrap();
        place.accounts(Vault::changing(next.octets(), master.octets())).reseal().await.unwrap();
        assert_eq!(place.start(&master, false).await.unwrap(), [5; 32]);
        assert_eq!(place.kept(), next);
        assert_eq!(place.told(&next).await, 1, "whoever finishes it notes it");
    }

    #[tokio::test]
    async fn a_configured_key_stays_good_until_the_configuration_names_the_next() {
        let (place, master) = Place::new().await;
        let next = next().keep(&place.directory.master_key_next()).unwrap();
        for _ in 0..2 {
            assert_eq!(place.start(&master, true).await.unwrap(), [5; 32]);
            assert!(place.directory.master_key_next().exists());
        }
        assert_eq!(place.start(&next, true).await.unwrap(), [5; 32]);
        assert!(!place.directory.master_key_next().exists() && !place.directory.master_key().exists());
        assert_eq!(place.told(&next).await, 1, "a start that seals nothing anew changes nothing");
    }

    /// The configuration names the next key though the change was stopped before its end.
    #[tokio::test]
    async fn a_key_that_was_configured_too_early_loses_nothing() {
        let (place, master) = Place::new().await;
        let next = next().keep(&place.directory.master_key_next()).unwrap();
        assert!(place.start(&next, true).await.is_err());
        assert!(place.directory.master_key_next().exists());
        assert_eq!(place.start(&master, true).await.unwrap(), [5; 32]);
        assert_eq!(place.start(&next, true).await.unwrap(), [5; 32]);
    }
}
