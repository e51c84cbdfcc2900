//! The change of the master key: every sealed row is sealed anew, some at a time.
//!
//! *Must hold*: stopped anywhere, each row opens with one of the two keys; done again, it goes on where it stopped.

use guichet_store::{Direction, Key, OrganisationId, Space};

use super::SealedKind;
use crate::dkim::StoredKey;
use crate::stored::{self, change};
use crate::{Accounts, By, Deed, Error, keys};

/// Rows sealed anew in one commit.
const ROWS_MAX: usize = 100;

impl Accounts {
    /// Seals with the master key whatever is still sealed with the one before; how many rows that were.
    pub async fn reseal(&self) -> Result<u64, Error> {
        let mut count = self.reseal_space(&self.store.operator(), None).await?;
        for organisation in self.organisations()? {
            count += self.reseal_space(&self.store.of(organisation.id), Some(organisation.id)).await?;
        }
        Ok(count)
    }

    /// Notes that the master key was changed.
    pub async fn note_master_key(&self, by: &By) -> Result<(), Error> {
        let mut batch = self.store.operator().batch();
        self.audit_row(&mut batch, by, Deed::MasterKeyRotated, "the server");
        self.store.commit(vec![batch]).await?;
        Ok(())
    }

    async fn reseal_space(&self, space: &Space, owner: Option<OrganisationId>) -> Result<u64, Error> {
        let mut count = 0;
        for kind in SealedKind::ALL.into_iter().filter(|kind| kind.is_in(owner)) {
            let mut after: Option<Vec<u8>> = None;
            loop {
                let (done, last) = self.reseal_rows(space, owner, kind, after.as_deref()).await?;
                count += done;
                if last.is_none() {
                    break;
                }
                after = last;
            }
        }
        Ok(count)
    }

    /// Some rows of a kind beyond a key: how many were sealed anew, and the last that was looked at, if any.
    async fn reseal_rows(
        &self,
        space: &Space,
        owner: Option<OrganisationId>,
        kind: SealedKind,
        after: Option<&[u8]>,
    ) -> Result<(u64, Option<Vec<u8>>), Error> {
        change(&self.store, || {
            let mut snapshot = space.snapshot()?;
            let rows = snapshot.scan(&Key::new(kind.prefix()), Direction::Forward, after)?;
            let rows: Vec<_> = rows.take(ROWS_MAX).collect::<Result<_, _>>()?;
            let mut sealed_anew = Vec::new();
            for (key, value) in &rows {
                let key = stored::key_of(key);
                if let Some(value) = self.resealed(kind, owner, &key, value)? {
                    snapshot.read(&key)?;
                    sealed_anew.push((key, value));
                }
            }
            let count = sealed_anew.len() as u64;
            let last = rows.last().map(|(key, _)| key.clone());
            let mut batch = snapshot.batch();
            for (key, value) in sealed_anew {
                batch.put(key, value);
            }
            let batches = if count == 0 { Vec::new() } else { vec![batch] };
            Ok((batches, (count, last)))
        })
        .await
    }

    /// A row with its secret sealed anew; none where it need not be.
    fn resealed(
        &self,
        kind: SealedKind,
        owner: Option<OrganisationId>,
        key: &Key,
        value: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        match kind {
            SealedKind::TokenKey | SealedKind::Credentials => self.resealed_secret(owner, key, value),
            SealedKind::DkimKey => {
                let mut stored: StoredKey = stored::decode("DKIM key", value)?;
                // The private part of one that no longer signs is gone.
                if stored.sealed.is_empty() {
                    return Ok(None);
                }
                let sealed = self.resealed_secret(owner, key, &stored.sealed)?;
                Ok(sealed.map(|sealed| {
                    stored.sealed = sealed;
                    stored::encode(&stored)
                }))
            }
        }
    }

    fn resealed_secret(
        &self,
        owner: Option<OrganisationId>,
        key: &Key,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        let place = keys::place(owner, key);
        if self.vault().is_current(&place, sealed) {
            return Ok(None);
        }
        let secret = self.vault().open(&place, sealed)?;
        Ok(Some(self.vault().seal(&place, secret.as_slice())))
    }
}
