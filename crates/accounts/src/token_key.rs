//! The key under which the server makes the tokens of its mails (Message-ID, reply address, bounce address).
//!
//! *Must hold*: made once and never changed, since the tokens in the mailboxes of the world stand on it; sealed.

use guichet_store::Store;

use crate::sealed::SealedKind;
use crate::stored::change;
use crate::{Accounts, Error, keys};

/// Whether anything was sealed in this store, so that it needs the master key that it was sealed with.
pub fn is_sealed(store: &Store) -> Result<bool, Error> {
    Ok(store.operator().snapshot()?.peek(&keys::token_key())?.is_some())
}

impl Accounts {
    /// Makes the key from 32 random bytes if there is none yet; opens it, so that a wrong master key is found out at
    /// the start.
    pub async fn ensure_token_key(&self, seed: [u8; 32]) -> Result<(), Error> {
        let row = keys::token_key();
        change(&self.store, || {
            let mut snapshot = self.store.operator().snapshot()?;
            if snapshot.read(&row)?.is_some() {
                return Ok((Vec::new(), ()));
            }
            let mut batch = snapshot.batch();
            batch.put(row.clone(), self.seal(SealedKind::TokenKey, None, &row, &seed));
            Ok((vec![batch], ()))
        })
        .await?;
        self.token_key().map(drop)
    }

    /// The key; read once, then kept in memory.
    pub fn token_key(&self) -> Result<[u8; 32], Error> {
        if let Some(known) = self.server.token_key.get() {
            return Ok(*known);
        }
        let row = keys::token_key();
        let sealed = self.store.operator().snapshot()?.peek(&row)?;
        let missing = || Error::Unavailable("it has no token key yet; `guichet serve` makes one".to_owned());
        let opened = self.open(None, &row, &sealed.ok_or_else(missing)?)?;
        let key = opened.as_slice().try_into().map_err(|_| Error::Damaged("token key"))?;
        Ok(*self.server.token_key.get_or_init(|| key))
    }
}
