//! Whether anybody may sign up: the operator opens and closes it while the server runs.
//!
//! Closed from the first start on, so that no server hands out organisations that nobody meant it to. A link that was
//! mailed before it was closed opens nothing either.

use guichet_store::Snapshot;

use crate::audit::Deed;
use crate::stored::change;
use crate::{Accounts, Error, keys};

impl Accounts {
    /// Whether whoever wants can sign up for an organisation.
    pub fn sign_up_is_open(&self) -> Result<bool, Error> {
        Ok(self.store.operator().snapshot()?.peek(&keys::sign_up_is_open())?.is_some())
    }

    /// Opens sign-up or closes it. What it is already is no change, and none is noted.
    pub async fn open_sign_up(&self, open: bool) -> Result<(), Error> {
        let key = keys::sign_up_is_open();
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            if operator.read(&key)?.is_some() == open {
                return Ok((Vec::new(), ()));
            }
            let mut batch = operator.batch();
            let deed = if open {
                batch.put(key.clone(), Vec::new());
                Deed::SignUpOpened
            } else {
                batch.delete(key.clone());
                Deed::SignUpClosed
            };
            self.record(&mut batch, deed, "sign-up");
            Ok((vec![batch], ()))
        })
        .await
    }
}

/// That sign-up is open, as a check of the batch: none passes once it is closed.
pub(super) fn check_open(operator: &mut Snapshot) -> Result<(), Error> {
    if operator.read(&keys::sign_up_is_open())?.is_some() { Ok(()) } else { Err(Error::Closed) }
}
