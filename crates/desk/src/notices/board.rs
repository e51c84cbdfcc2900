//! The board: notices as admins see, dismiss and settle them.

use guichet_accounts::{Actor, Sight};
use guichet_store::{CommitError, Direction, Key, OrganisationId};
use jiff::Timestamp;

use super::put::{self, NoticePut};
use super::{NewNotice, NoticeId, NoticeKind, StoredNotice};
use crate::keys::Number;
use crate::page::Page;
use crate::stored::last_number;
use crate::{Desk, Error, keys};

/// How often a change is tried again when others were quicker.
const ATTEMPTS_MAX: usize = 16;

impl Desk {
    /// Puts a notice, or renews the one about the same matter. What says nothing new changes nothing.
    pub async fn put_notice(
        &self,
        organisation: OrganisationId,
        new: NewNotice,
        now: Timestamp,
    ) -> Result<NoticeId, Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(organisation).snapshot()?;
            let put = NoticePut::read(&mut snapshot, new.clone(), self.new_notice_id(now), now)?;
            if !put.is_news() {
                return Ok(put.id);
            }
            let mut batch = snapshot.batch();
            put.write(&mut batch, Number::Known(0));
            match self.store.commit(vec![batch]).await {
                Ok(_) => return Ok(put.id),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(too_much())
    }

    /// Settles the notice about this matter, if there is one. A mere alert is never settled, only dismissed.
    pub async fn settle_notice(
        &self,
        organisation: OrganisationId,
        kind: &NoticeKind,
        now: Timestamp,
    ) -> Result<(), Error> {
        let topic = kind.topic("");
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(organisation).snapshot()?;
            let open = put::of_topic(&mut snapshot, &topic)?.filter(|stored| stored.record.settled.is_none());
            let Some(stored) = open else { return Ok(()) };
            let mut batch = snapshot.batch();
            put::settle(&mut batch, &stored, now);
            match self.store.commit(vec![batch]).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(too_much())
    }

    /// A page of notices, the newest first; only those that are open unless `all`. Who does not see everything of the
    /// organisation has none.
    pub fn notices(
        &self,
        actor: &Actor,
        all: bool,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredNotice>, Error> {
        if actor.sight != Sight::All {
            return Ok(Page::empty());
        }
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let after = cursor.map(|cursor| keys::notice(NoticeId(cursor)));
        let rows = snapshot.scan(&keys::notices(), Direction::Backward, after.as_ref().map(Key::as_bytes))?;
        let rows = rows.map(|row| {
            let (key, value) = row?;
            let id = last_number(&key)?;
            Ok((id, StoredNotice::of(NoticeId(id), &value)?))
        });
        Page::read(rows, limit, |_, notice| Ok((all || notice.record.is_open()).then_some(notice)))
    }

    /// Takes a notice off the board; one that is off already stays so.
    pub async fn dismiss_notice(
        &self,
        actor: &Actor,
        id: NoticeId,
        now: Timestamp,
    ) -> Result<StoredNotice, Error> {
        if actor.sight != Sight::All {
            return Err(Error::NotFound("notice"));
        }
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let bytes = snapshot.read(&keys::notice(id))?.ok_or(Error::NotFound("notice"))?;
            let mut stored = StoredNotice::of(id, &bytes)?;
            if !stored.record.is_open() {
                return Ok(stored);
            }
            stored.record.dismissed = Some(now);
            stored.record.dismissed_by = Some(actor.who);
            let mut batch = snapshot.batch();
            put::put(&mut batch, id, stored.ticket_number(), &stored.record, actor.who);
            match self.store.commit(vec![batch]).await {
                Ok(_) => return Ok(stored),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(too_much())
    }

    /// A number for a notice that may be made.
    pub(crate) fn new_notice_id(&self, now: Timestamp) -> NoticeId {
        NoticeId(self.new_delivery_id(now).0)
    }
}

fn too_much() -> Error {
    Error::Unavailable("too many notices at once".to_owned())
}
