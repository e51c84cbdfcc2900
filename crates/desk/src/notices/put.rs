//! Putting a notice: into a batch of its own, or into that of what it is about.

use guichet_accounts::Who;
use guichet_store::{Batch, Direction, Key, Snapshot, Template, record};
use jiff::Timestamp;

use super::{NOTICES_KEPT_MAX, NewNotice, Notice, NoticeId, NoticeKind, StoredNotice};
use crate::event::{self, Event, EventKind};
use crate::keys::{self, Number};
use crate::stored::last_number;
use crate::{Error, numbers};

/// A notice that is about to be written, and what its commit rests on.
#[derive(Debug, Clone)]
pub(crate) struct NoticePut {
    /// Its number.
    pub(crate) id: NoticeId,
    /// The one about the same matter, as it was.
    pub(crate) before: Option<StoredNotice>,
    /// What it becomes.
    pub(crate) after: Notice,
    topic: [u8; 16],
    /// Rows of the notice that has to make room.
    forgotten: Vec<Key>,
}

impl NoticePut {
    /// Reads, as checks, whether there is a notice about the same matter. One that is new gets the number `fresh`.
    pub(crate) fn read(
        snapshot: &mut Snapshot,
        new: NewNotice,
        fresh: NoticeId,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let new = new.cut();
        let topic = new.kind.topic(&new.subject);
        let before = of_topic(snapshot, &topic)?;
        let forgotten = if before.is_none() { over_the_bound(snapshot)? } else { Vec::new() };
        let after = renewed(before.as_ref().map(|stored| &stored.record), new, now);
        let id = before.as_ref().map_or(fresh, |stored| stored.id);
        Ok(Self { id, before, after, topic, forgotten })
    }

    /// Whether it says what the board does not say yet.
    pub(crate) fn is_news(&self) -> bool {
        self.before.as_ref().is_none_or(|before| before.record != self.after)
    }

    /// Writes it, if it is news. `ticket` shows the mail that it is about; 0 leaves it as it was.
    pub(crate) fn write(&self, batch: &mut Batch, ticket: Number) {
        if !self.is_news() {
            return;
        }
        let ticket = match (ticket, &self.before) {
            (Number::Known(0), Some(before)) => before.ticket_number(),
            (ticket, _) => ticket,
        };
        for key in &self.forgotten {
            batch.delete(key.clone());
        }
        batch.put(keys::notice_topic(&self.topic), Template::new().number(self.id.0));
        put(batch, self.id, ticket, &self.after, Who::System);
    }
}

/// Writes a notice, and tells of it.
pub(super) fn put(batch: &mut Batch, id: NoticeId, ticket: Number, notice: &Notice, who: Who) {
    batch.put(keys::notice(id), ticket.write(Template::new()).raw(&record::encode(notice)));
    let event = Event {
        kind: EventKind::NoticeChanged,
        team_before: None,
        team: None,
        who,
        at: notice.dismissed.or(notice.settled).unwrap_or(notice.updated),
        delivery: None,
        person: None,
    };
    event::append(batch, Number::Known(0), Number::Known(0), &event);
}

/// The notices on the board that are of this kind, each as a check of the batch.
pub(crate) fn open_of(
    snapshot: &mut Snapshot,
    is_meant: impl Fn(&NoticeKind) -> bool,
) -> Result<Vec<StoredNotice>, Error> {
    let mut meant = Vec::new();
    for row in snapshot.scan(&keys::notices(), Direction::Forward, None)? {
        let (key, value) = row?;
        let stored = StoredNotice::of(NoticeId(last_number(&key)?), &value)?;
        if stored.record.is_open() && is_meant(&stored.record.kind) {
            meant.push(stored);
        }
    }
    for stored in &meant {
        snapshot.read(&keys::notice(stored.id))?;
    }
    Ok(meant)
}

/// Takes a notice off the board whose matter is settled.
pub(crate) fn settle(batch: &mut Batch, stored: &StoredNotice, now: Timestamp) {
    let after = Notice { settled: Some(now), ..stored.record.clone() };
    put(batch, stored.id, stored.ticket_number(), &after, Who::System);
}

/// The notice about a matter, as a check of the batch.
pub(super) fn of_topic(snapshot: &mut Snapshot, topic: &[u8; 16]) -> Result<Option<StoredNotice>, Error> {
    let Some(bytes) = snapshot.read(&keys::notice_topic(topic))? else { return Ok(None) };
    let ([id], _) = numbers::<1>(&bytes)?;
    let stored = snapshot.read(&keys::notice(NoticeId(id)))?;
    stored.map(|bytes| StoredNotice::of(NoticeId(id), &bytes)).transpose()
}

/// What a notice becomes when this is said.
fn renewed(before: Option<&Notice>, new: NewNotice, now: Timestamp) -> Notice {
    let NewNotice { kind, subject, text } = new;
    match before {
        Some(before) if before.stands(&kind) && before.says(&kind, &subject, &text) => before.clone(),
        before => Notice {
            kind,
            subject,
            text,
            created: before.map_or(now, |before| before.created),
            updated: now,
            settled: None,
            dismissed: None,
            dismissed_by: None,
            mailed: before.and_then(|before| before.mailed),
        },
    }
}

impl Notice {
    /// Whether it stays as it is when it is put once more.
    fn stands(&self, kind: &NoticeKind) -> bool {
        self.is_open() || (self.settled.is_none() && !kind.is_asked_anew())
    }

    fn says(&self, kind: &NoticeKind, subject: &str, text: &str) -> bool {
        self.kind == *kind && self.subject == subject && self.text == text
    }
}

/// The rows that go, so that there is room for one more: those of the oldest that are closed, then of the oldest.
fn over_the_bound(snapshot: &Snapshot) -> Result<Vec<Key>, Error> {
    let mut kept = Vec::new();
    for row in snapshot.scan(&keys::notices(), Direction::Forward, None)? {
        let (key, value) = row?;
        kept.push(StoredNotice::of(NoticeId(last_number(&key)?), &value)?);
    }
    // Two that came at once may have left one too many.
    let beyond = (kept.len() + 1).saturating_sub(NOTICES_KEPT_MAX);
    kept.sort_by_key(|notice| (notice.record.is_open(), notice.id));
    let rows = kept.into_iter().take(beyond).flat_map(|goes| {
        let topic = goes.record.kind.topic(&goes.record.subject);
        [keys::notice(goes.id), keys::notice_topic(&topic)]
    });
    Ok(rows.collect())
}
