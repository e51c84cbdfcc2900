//! Reading the audit log by pages, newest first, and forgetting what is old.

use std::iter::Peekable;

use guichet_store::{Batch, Direction, Key, OrganisationId, Scan, Snapshot, Space, Unavailable};
use jiff::Timestamp;

use super::AuditEntry;
use crate::{Accounts, Error, keys, stored};

/// How many rows one page holds at most.
const PAGE_MAX: usize = 200;
/// How many rows are forgotten in one commit.
const FORGOTTEN_ROWS_MAX: usize = 1_000;

/// A page of the log, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// The rows.
    pub entries: Vec<AuditEntry>,
    /// Where the next page begins; none when this is the last.
    pub next: Option<Vec<u8>>,
}

impl Accounts {
    /// The log of an organisation, newest first, after the `next` of the page before; that of the house holds also
    /// what concerns the whole server.
    pub fn audit(
        &self,
        organisation: OrganisationId,
        cursor: Option<&[u8]>,
        limit: usize,
    ) -> Result<AuditPage, Error> {
        let own = self.store.of(organisation).snapshot()?;
        let server =
            if self.is_house(organisation)? { Some(self.store.operator().snapshot()?) } else { None };
        let limit = limit.clamp(1, PAGE_MAX);
        let mut rows = Newest::of(std::iter::once(&own).chain(&server), cursor)?;
        let mut entries = Vec::new();
        let mut next = None;
        while entries.len() < limit {
            let Some((key, value)) = rows.take()? else {
                return Ok(AuditPage { entries, next: None });
            };
            entries.push(stored::decode("row of the audit log", &value)?);
            next = Some(key);
        }
        let next = if rows.is_empty() { None } else { next };
        Ok(AuditPage { entries, next })
    }

    /// Forgets what is older than this, some rows of it; whether there is more to forget.
    pub async fn forget_audit(&self, before: Timestamp) -> Result<bool, Error> {
        let mut spaces = vec![self.store.operator()];
        spaces.extend(self.organisations()?.iter().map(|organisation| self.store.of(organisation.id)));
        for space in spaces {
            if self.forget_audit_of(&space, before).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn forget_audit_of(&self, space: &Space, before: Timestamp) -> Result<bool, Error> {
        let until = keys::audit_at(u64::try_from(before.as_microsecond()).unwrap_or(0));
        let rows = space.snapshot()?.range(&keys::audit_at(0), &until, Direction::Forward, None)?;
        let mut batch = Batch::new(space);
        let mut count = 0;
        for row in rows.take(FORGOTTEN_ROWS_MAX) {
            batch.delete(stored::key_of(&row?.0));
            count += 1;
        }
        if count > 0 {
            self.store.commit(vec![batch]).await?;
        }
        Ok(count == FORGOTTEN_ROWS_MAX)
    }
}

/// A key and its value.
type Row = (Vec<u8>, Vec<u8>);

/// The rows of several spaces as one list, newest first.
struct Newest(Vec<Peekable<Scan>>);

impl Newest {
    fn of<'a>(
        snapshots: impl Iterator<Item = &'a Snapshot>,
        cursor: Option<&[u8]>,
    ) -> Result<Self, Unavailable> {
        let prefix = Key::new(keys::AUDIT);
        let scan = |snapshot: &Snapshot| Ok(snapshot.scan(&prefix, Direction::Backward, cursor)?.peekable());
        snapshots.map(scan).collect::<Result<_, _>>().map(Self)
    }

    fn is_empty(&mut self) -> bool {
        self.0.iter_mut().all(|rows| rows.peek().is_none())
    }

    fn take(&mut self) -> Result<Option<Row>, Unavailable> {
        let mut newest: Option<(usize, Vec<u8>)> = None;
        for (at, rows) in self.0.iter_mut().enumerate() {
            match rows.peek() {
                Some(Ok((key, _))) if newest.as_ref().is_none_or(|(_, other)| key > other) => {
                    newest = Some((at, key.clone()));
                }
                Some(Err(_)) => return rows.next().transpose(),
                _ => {}
            }
        }
        let rows = newest.and_then(|(at, _)| self.0.get_mut(at));
        rows.and_then(Iterator::next).transpose()
    }
}
