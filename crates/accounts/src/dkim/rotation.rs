//! The change of keys of a domain, without a mail that can't be verified.
//!
//! A new pair is *pending* until its records are seen in the DNS. Then, in one commit, it becomes *signing* and what
//! signed before *retiring*: mail signed by it may still be in a queue, ours or another's, so its record stays for
//! [`RETIRING_DAYS`]. Then it is *retired*: its private part is deleted and its record may be removed. Once the record
//! is gone, or when the next change begins, it is forgotten.
//!
//! *Must hold*: at every moment a domain that has keys has some that sign. An organisation never uses a selector again: new
//! ones take a number above all that are kept, and the newest pair is never forgotten, not even with its domain.
//!
//! *Standards*: RFC 6376 3.1 and 8.15 on replacing keys.

use guichet_mail::DomainName;
use guichet_store::{Batch, Key, Snapshot};
use jiff::{SignedDuration, Timestamp};

use super::{DkimScope, DkimState, NewDkimKey, StoredKey, keys_of};
use crate::audit::Deed;
use crate::stored::{self, change};
use crate::{Accounts, Error, keys};

/// How long a key that signs no more stays published, in days: our queue and those of others give up after five, and a
/// signature is looked at when the mail arrives.
pub const RETIRING_DAYS: i64 = 7;

impl Accounts {
    /// The number for the selectors of the next pair of keys: above that of every key there is.
    pub fn next_dkim_number(&self, scope: &DkimScope) -> Result<u32, Error> {
        let (space, _, domain) = self.place_of(scope)?;
        let kept = keys_of(&space.snapshot()?, &domain)?;
        let number =
            |key: &StoredKey| key.selector.rsplit('-').next().and_then(|last| last.parse::<u32>().ok());
        Ok(kept.iter().filter_map(number).max().unwrap_or(0).saturating_add(1))
    }

    /// Whether a change of keys may begin; a sentence if not.
    pub fn check_dkim_settled(&self, scope: &DkimScope) -> Result<(), Error> {
        let (space, _, domain) = self.place_of(scope)?;
        check_settled(&domain, &keys_of(&space.snapshot()?, &domain)?)
    }

    /// Begins a change of keys: keeps new ones, pending. Refused while another change is not finished. Retired keys of
    /// earlier changes are forgotten.
    pub async fn rotate_dkim(
        &self,
        scope: &DkimScope,
        wanted: Vec<NewDkimKey>,
        now: Timestamp,
    ) -> Result<(), Error> {
        wanted.iter().try_for_each(super::check)?;
        let (space, owner, domain) = self.place_of(scope)?;
        change(&self.store, || {
            let mut snapshot = space.snapshot()?;
            let kept = read_all(&mut snapshot, &domain)?;
            check_settled(&domain, &kept)?;
            let rows = self.new_rows(&mut snapshot, owner, &domain, &kept, &wanted)?;
            let mut batch = snapshot.batch();
            keep(&mut batch, &kept);
            for (key, mut row) in rows {
                (row.state, row.since) = (Some(DkimState::Pending), Some(now));
                batch.put(key, stored::encode(&row));
            }
            self.record(&mut batch, Deed::DkimRotated, &domain);
            Ok((vec![batch], ()))
        })
        .await
    }

    /// Lets the pending keys sign, since their records are published, and the others retire. Nothing where none is
    /// pending.
    pub async fn promote_dkim(&self, scope: &DkimScope, now: Timestamp) -> Result<(), Error> {
        self.advance(scope, now, |all| {
            if all.iter().all(|key| key.state() != DkimState::Pending) {
                return Vec::new();
            }
            let next = |key: &StoredKey| match key.state() {
                DkimState::Pending => Some(DkimState::Signing),
                DkimState::Signing => Some(DkimState::Retiring),
                DkimState::Retiring | DkimState::Retired => None,
            };
            all.iter().map(next).collect()
        })
        .await
    }

    /// Deletes the private part of the keys that have been retiring for [`RETIRING_DAYS`].
    pub async fn retire_dkim(&self, scope: &DkimScope, now: Timestamp) -> Result<(), Error> {
        let is_through = |key: &StoredKey| {
            let since = key.since.unwrap_or(Timestamp::MIN);
            key.state() == DkimState::Retiring
                && now.duration_since(since) >= SignedDuration::from_hours(RETIRING_DAYS * 24)
        };
        self.advance(scope, now, |all| {
            all.iter().map(|key| is_through(key).then_some(DkimState::Retired)).collect()
        })
        .await
    }

    /// Forgets a retired key, whose record is gone from the DNS; nothing where another was quicker.
    pub async fn forget_dkim(&self, scope: &DkimScope, selector: &str) -> Result<(), Error> {
        let (space, _, domain) = self.place_of(scope)?;
        change(&self.store, || {
            let mut snapshot = space.snapshot()?;
            let key = keys::dkim_key(&domain, selector);
            let Some(bytes) = snapshot.read(&key)? else { return Ok((Vec::new(), ())) };
            let stored: StoredKey = stored::decode("DKIM key", &bytes)?;
            if stored.state() != DkimState::Retired {
                return Err(Error::Invalid(format!(
                    "the key `{selector}` of `{domain}` is {}; only a retired one is forgotten",
                    stored.state().as_str()
                )));
            }
            let mut batch = snapshot.batch();
            batch.delete(key);
            self.record(&mut batch, Deed::DkimChanged, &domain);
            Ok((vec![batch], ()))
        })
        .await
    }

    /// Puts keys into their next state: one for each, in order, `None` where it stays as it is.
    async fn advance(
        &self,
        scope: &DkimScope,
        now: Timestamp,
        next: impl Fn(&[StoredKey]) -> Vec<Option<DkimState>>,
    ) -> Result<(), Error> {
        let (space, _, domain) = self.place_of(scope)?;
        change(&self.store, || {
            let mut snapshot = space.snapshot()?;
            let mut all = read_all(&mut snapshot, &domain)?;
            let states = next(&all);
            if states.iter().all(Option::is_none) {
                return Ok((Vec::new(), ()));
            }
            let mut batch = snapshot.batch();
            for (key, state) in all.iter_mut().zip(states) {
                if let Some(state) = state {
                    put(&mut batch, &domain, key, state, now);
                }
            }
            self.record(&mut batch, Deed::DkimChanged, &domain);
            Ok((vec![batch], ()))
        })
        .await
    }
}

fn put(batch: &mut Batch, domain: &DomainName, key: &mut StoredKey, state: DkimState, now: Timestamp) {
    (key.state, key.since) = (Some(state), Some(now));
    if state == DkimState::Retired {
        key.sealed = Vec::new();
    }
    batch.put(keys::dkim_key(domain, &key.selector), stored::encode(key));
}

/// Keys beside which others come: retired ones are forgotten.
pub(super) fn keep(batch: &mut Batch, kept: &[StoredKey]) {
    for key in kept {
        let row = keys::dkim_key(&key.domain, &key.selector);
        match key.state() {
            DkimState::Retired => batch.delete(row),
            // Written as it is: two changes that begin at once meet in this row.
            _ => batch.put(row, stored::encode(key)),
        }
    }
}

/// The rows of the keys of a domain that is given up: without their private parts and retired, so that the domain, should it
/// come again, has other selectors.
pub(crate) fn ended(snapshot: &mut Snapshot, domain: &DomainName) -> Result<Vec<(Key, Vec<u8>)>, Error> {
    let row = |key: StoredKey| {
        let ended = StoredKey { state: Some(DkimState::Retired), sealed: Vec::new(), ..key };
        (keys::dkim_key(domain, &ended.selector), stored::encode(&ended))
    };
    Ok(read_all(snapshot, domain)?.into_iter().map(row).collect())
}

/// Every key of the domain, each read, so that two changes of the same keys conflict.
pub(super) fn read_all(snapshot: &mut Snapshot, domain: &DomainName) -> Result<Vec<StoredKey>, Error> {
    let all = keys_of(snapshot, domain)?;
    for key in &all {
        snapshot.read(&keys::dkim_key(domain, &key.selector))?;
    }
    Ok(all)
}

fn check_settled(domain: &DomainName, kept: &[StoredKey]) -> Result<(), Error> {
    let has = |state| kept.iter().any(|key| key.state() == state);
    if !has(DkimState::Signing) {
        return Err(Error::Invalid(format!(
            "`{domain}` has no DKIM keys of its own; the domain above it signs for it, so change the keys of that one"
        )));
    }
    if has(DkimState::Pending) {
        return Err(Error::Invalid(format!(
            "the DKIM keys of `{domain}` are being changed already: publish the records of the new ones, which sign as \
             soon as they are seen"
        )));
    }
    if has(DkimState::Retiring) {
        return Err(Error::Invalid(format!(
            "mail signed with the former DKIM keys of `{domain}` may still be on its way; change them again when they \
             are retired, at most {RETIRING_DAYS} days after the last change"
        )));
    }
    Ok(())
}
