//! Cells: how many tickets share all that a list may ask of them, so that a count is a sum and no scan of tickets.
//!
//! A ticket stands in one cell, by its state, team, assignee, priority, channel and whether it wants attention or is
//! snoozed; and in the like cell of each group that it belongs to: a tag, somebody who watches it, somebody who wrote in
//! it. Teams, people and channels are few, so an organisation has hundreds or some thousands of cells however many
//! tickets it has, and any conditions on these fields together are answered by adding up the cells that meet them.
//!
//! The counts are commutative ([`Batch::add`]), so no two mails conflict on them; and a ticket that only changes its
//! place in the lists leaves and enters the same cells, which comes to nothing.
//!
//! *Must hold*: whoever writes a ticket takes what it was out of its cells and puts what it is into its own, in one
//! commit; [`crate::facet`] does both.

use guichet_accounts::{ChannelId, PersonId, TeamId};
use guichet_store::{Batch, Direction, Key, Snapshot, count};

use crate::Error;
use crate::ticket::{Priority, State, Ticket};

/// The kind of these rows.
const KIND: u8 = b'G';
/// Changes whenever the fields of a cell do: then everything is counted anew under the new one.
const LAYOUT: u8 = 1;
/// The row that says that the counts are true.
const MARK: u8 = b'm';
/// Before the counts.
const CELLS: u8 = b'c';

/// How many cells of one group are read: two hundred people in five teams, in every state. Beyond, a count says that it
/// is not exact.
const CELLS_READ_MAX: usize = 20_000;

/// Octets of a cell in its key.
const CELL_BYTES: usize = 27;
const ATTENTION: u8 = 1;
const SNOOZED: u8 = 2;

/// Which tickets are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Group {
    All,
    Tag(String),
    Watcher(PersonId),
    Writer(PersonId),
}

impl Group {
    fn prefix(&self) -> Key {
        let key = cells();
        match self {
            Group::All => key.byte(b'a'),
            Group::Tag(tag) => key.byte(b'g').text(tag),
            Group::Watcher(person) => key.byte(b'w').number(person.0),
            Group::Writer(person) => key.byte(b'o').number(person.0),
        }
    }
}

/// What the tickets of one cell have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) state: State,
    pub(crate) attention: bool,
    pub(crate) is_snoozed: bool,
    pub(crate) priority: Priority,
    pub(crate) team: Option<TeamId>,
    pub(crate) assignee: Option<PersonId>,
    pub(crate) channel: ChannelId,
}

impl Cell {
    fn of(ticket: &Ticket) -> Self {
        Self {
            state: ticket.state,
            attention: ticket.attention,
            is_snoozed: ticket.snoozed_until.is_some(),
            priority: ticket.priority,
            team: ticket.team,
            assignee: ticket.assignee,
            channel: ticket.channel,
        }
    }

    fn key(&self, group: &Group) -> Key {
        let attention = if self.attention { ATTENTION } else { 0 };
        let snoozed = if self.is_snoozed { SNOOZED } else { 0 };
        let key = group.prefix().byte(self.state as u8).byte(attention | snoozed).byte(self.priority as u8);
        let key = key.number(self.team.map_or(0, |team| team.0));
        key.number(self.assignee.map_or(0, |person| person.0)).number(self.channel.0)
    }

    fn read(key: &[u8]) -> Option<Self> {
        let bytes: &[u8; CELL_BYTES] = key.last_chunk()?;
        let ([state, flags, priority], rest) = bytes.split_first_chunk()?;
        let ([team, assignee, channel], _) = guichet_store::record::split_numbers(rest)?;
        Some(Self {
            state: *State::ALL.get(usize::from(*state))?,
            attention: flags & ATTENTION != 0,
            is_snoozed: flags & SNOOZED != 0,
            priority: *Priority::ALL.get(usize::from(*priority))?,
            team: (team != 0).then_some(TeamId(team)),
            assignee: (assignee != 0).then_some(PersonId(assignee)),
            channel: ChannelId(channel),
        })
    }
}

/// The rows that a ticket is counted in. One that was merged into another is in no list, and so in no count.
pub(crate) fn keys_of(ticket: &Ticket) -> Vec<Key> {
    if ticket.merged_into.is_some() {
        return Vec::new();
    }
    let tags = ticket.tags.iter().cloned().map(Group::Tag);
    let watchers = ticket.watchers.iter().copied().map(Group::Watcher);
    let writers = ticket.writers.iter().copied().map(Group::Writer);
    let groups = std::iter::once(Group::All).chain(tags).chain(watchers).chain(writers);
    let cell = Cell::of(ticket);
    groups.map(|group| cell.key(&group)).collect()
}

/// Counts a ticket in.
pub(crate) fn enter(batch: &mut Batch, ticket: &Ticket) {
    for key in keys_of(ticket) {
        batch.add(key, 1);
    }
}

/// Counts a ticket out, as it was stored.
pub(crate) fn leave(batch: &mut Batch, ticket: &Ticket) {
    for key in keys_of(ticket) {
        batch.add(key, -1);
    }
}

/// Before all counts.
pub(crate) fn cells() -> Key {
    Key::new(KIND).byte(LAYOUT).byte(CELLS)
}

/// The row that says that all tickets are counted.
pub(crate) fn mark() -> Key {
    Key::new(KIND).byte(LAYOUT).byte(MARK)
}

/// The cells of a group with how many tickets each has, and whether these are all.
pub(crate) fn read(snapshot: &Snapshot, group: &Group) -> Result<(Vec<(Cell, u64)>, bool), Error> {
    let mut found = Vec::new();
    for row in snapshot.scan(&group.prefix(), Direction::Forward, None)? {
        let (key, value) = row?;
        if found.len() == CELLS_READ_MAX {
            return Ok((found, false));
        }
        let cell = Cell::read(&key).ok_or(Error::Damaged("count"))?;
        found.push((cell, u64::try_from(count::decode(&value)).unwrap_or_default()));
    }
    Ok((found, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_reads_back_from_its_key() {
        for (at, state) in State::ALL.into_iter().enumerate() {
            let cell = Cell {
                state,
                attention: at % 2 == 0,
                is_snoozed: at % 3 == 0,
                priority: Priority::ALL[at % 4],
                team: (at % 2 == 1).then_some(TeamId(7)),
                assignee: (at % 3 == 1).then_some(PersonId(u64::MAX)),
                channel: ChannelId(at as u64),
            };
            for group in [Group::All, Group::Tag("a\0b".to_owned()), Group::Watcher(PersonId(3))] {
                assert_eq!(Cell::read(cell.key(&group).as_bytes()), Some(cell));
            }
        }
    }
}
