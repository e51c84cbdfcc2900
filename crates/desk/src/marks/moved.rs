//! What becomes of marks when messages move: by a merge, by a split, or for good.

use std::collections::BTreeSet;

use guichet_accounts::PersonId;
use guichet_store::{Batch, Direction, Snapshot};

use super::{Mark, change, put};
use crate::Error;
use crate::keys::{self, Number};
use crate::stored::last_number;

/// The marks of a person on two tickets that become one.
pub(crate) struct Union {
    person: PersonId,
    mark: Mark,
}

/// Puts the marks that these people have on a ticket and on the one that its messages go to together; each, present or
/// absent, becomes a check.
pub(crate) fn unite(
    snapshot: &mut Snapshot,
    people: &[PersonId],
    (from, into): (u64, u64),
    messages: &BTreeSet<u64>,
) -> Result<Vec<Union>, Error> {
    let mut unions = Vec::new();
    for person in people.iter().copied() {
        let source = Mark::read(snapshot, from, person)?;
        let target = Mark::read(snapshot, into, person)?;
        if source != Mark::default() || target != Mark::default() {
            let mark = united(snapshot, (&source, target), into, messages)?;
            unions.push(Union { person, mark });
        }
    }
    Ok(unions)
}

fn united(
    snapshot: &Snapshot,
    (source, mut mark): (&Mark, Mark),
    into: u64,
    messages: &BTreeSet<u64>,
) -> Result<Mark, Error> {
    mark.settle(snapshot, into)?;
    mark.extend(snapshot, into, source.record.read_to.max(source.own))?;
    mark.record.starred |= source.is_starred();
    let read_to = mark.record.read_to;
    let unread = messages.range(..=read_to).filter(|message| !source.has_read(**message));
    mark.record.unread.extend(unread);
    mark.trim();
    Ok(mark)
}

impl Union {
    /// Writes it, in the place of both.
    pub(crate) fn write(&self, batch: &mut Batch, (from, into): (u64, u64), activity: Number) {
        delete(batch, from, self.person);
        change::write(batch, (into, self.person), &self.mark, activity);
    }
}

/// Divides the marks of these people on a ticket, some of whose messages become another, in the batch that does it; each
/// was read before as a check by [`read_all`].
pub(crate) fn divide(
    batch: &mut Batch,
    marks: &[(PersonId, Mark)],
    (from, into): (u64, Number),
    (messages, activity): (&BTreeSet<u64>, Number),
) {
    for (person, mark) in marks {
        let (went, stayed) = mark.divided(messages);
        put(batch, into, *person, (activity, Number::Known(went.own)), &went.record);
        if stayed != *mark {
            change::write(batch, (from, *person), &stayed, activity);
        }
    }
}

/// The marks that these people have on a ticket; each, present or absent, becomes a check.
pub(crate) fn read_all(
    snapshot: &mut Snapshot,
    people: &[PersonId],
    ticket: u64,
) -> Result<Vec<(PersonId, Mark)>, Error> {
    let mut marks = Vec::new();
    for person in people.iter().copied() {
        let mark = Mark::read(snapshot, ticket, person)?;
        if mark != Mark::default() {
            marks.push((person, mark));
        }
    }
    Ok(marks)
}

impl Mark {
    /// The mark of what goes, and of what stays.
    fn divided(&self, messages: &BTreeSet<u64>) -> (Mark, Mark) {
        let (mut went, mut stayed) = (self.clone(), self.clone());
        went.record.starred = false;
        went.record.unread.retain(|message| messages.contains(message));
        stayed.record.unread.retain(|message| !messages.contains(message));
        let other = if messages.contains(&self.own) { &mut stayed } else { &mut went };
        other.own = 0;
        (went, stayed)
    }
}

/// Deletes everybody's marks of a ticket that is deleted for good. Whoever marks it at the same moment conflicts, since
/// a mark rests on the ticket.
pub(crate) fn forget(snapshot: &Snapshot, batch: &mut Batch, ticket: u64) -> Result<(), Error> {
    for row in snapshot.scan(&keys::marks(ticket), Direction::Forward, None)? {
        delete(batch, ticket, PersonId(last_number(&row?.0)?));
    }
    Ok(())
}

fn delete(batch: &mut Batch, ticket: u64, person: PersonId) {
    batch.delete(keys::mark(ticket, person));
    batch.delete(keys::stars(person).number(ticket));
}
