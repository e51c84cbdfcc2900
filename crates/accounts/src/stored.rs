//! Reading and writing records: CBOR in, CBOR out, and the retry when two people change the same thing at once.

use guichet_mail::DomainName;
use guichet_store::{Batch, CommitError, Direction, Key, OrganisationId, Snapshot, Store, record};
use minicbor::{Decode, Encode};

use crate::{ChannelId, Error, TeamId, keys};

/// How often a change is tried again when others were quicker.
const ATTEMPTS_MAX: usize = 16;

/// How many records a listing of an organisation's settings reads at most.
pub(crate) const LISTED_MAX: usize = 10_000;

/// Whose address it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) organisation: OrganisationId,
    pub(crate) channel: ChannelId,
}

pub(crate) fn encode<T: Encode<()>>(record: &T) -> Vec<u8> {
    record::encode(record)
}

pub(crate) fn decode<T: for<'b> Decode<'b, ()>>(what: &'static str, bytes: &[u8]) -> Result<T, Error> {
    record::decode(bytes).map_err(|_| Error::Damaged(what))
}

pub(crate) fn get<T: for<'b> Decode<'b, ()>>(
    snapshot: &Snapshot,
    what: &'static str,
    key: &Key,
) -> Result<Option<T>, Error> {
    snapshot.peek(key)?.map(|bytes| decode(what, &bytes)).transpose()
}

/// The key of a row as a scan gives it.
pub(crate) fn key_of(bytes: &[u8]) -> Key {
    match bytes.split_first() {
        Some((kind, rest)) => Key::new(*kind).bytes(rest),
        // No row has an empty key; this names none.
        None => Key::new(u8::MAX),
    }
}

/// Every record of one kind, in the order of their keys.
pub(crate) fn list<T: for<'b> Decode<'b, ()>>(
    snapshot: &Snapshot,
    what: &'static str,
    kind: u8,
) -> Result<Vec<T>, Error> {
    list_first(snapshot, what, kind, LISTED_MAX)
}

/// The same, of which there may be another number at most.
pub(crate) fn list_first<T: for<'b> Decode<'b, ()>>(
    snapshot: &Snapshot,
    what: &'static str,
    kind: u8,
    most: usize,
) -> Result<Vec<T>, Error> {
    snapshot
        .scan(&Key::new(kind), Direction::Forward, None)?
        .take(most)
        .map(|row| row.map_err(Error::from).and_then(|(_, value)| decode(what, &value)))
        .collect()
}

/// Refuses one more of what is listed as a whole where a list shows no more. Whoever adds one takes a number first, so
/// that two at once are in conflict.
pub(crate) fn check_room(snapshot: &Snapshot, what: &str, kind: u8) -> Result<(), Error> {
    let rows = snapshot.scan(&Key::new(kind), Direction::Forward, None)?;
    if rows.take(LISTED_MAX).count() < LISTED_MAX {
        return Ok(());
    }
    Err(Error::Invalid(format!("an organisation has at most {LISTED_MAX} {what}, and this one has so many")))
}

pub(crate) fn domain_owner(
    operator: &Snapshot,
    domain: &DomainName,
) -> Result<Option<OrganisationId>, Error> {
    let found = operator.peek(&keys::domain_owner(domain))?;
    found.map(|bytes| read_owner(&bytes)).transpose()
}

pub(crate) fn owner(operator: &Snapshot, key: &Key) -> Result<Option<Owner>, Error> {
    let found = operator.peek(key)?;
    found
        .map(|bytes| {
            let (organisation, rest) = split_owner(&bytes)?;
            let channel = rest.try_into().map_err(|_| Error::Damaged("address"))?;
            Ok(Owner { organisation, channel: ChannelId(u64::from_be_bytes(channel)) })
        })
        .transpose()
}

/// The organisation whose number a row begins with.
pub(crate) fn read_owner(bytes: &[u8]) -> Result<OrganisationId, Error> {
    Ok(split_owner(bytes)?.0)
}

fn split_owner(bytes: &[u8]) -> Result<(OrganisationId, &[u8]), Error> {
    let (number, rest) = bytes.split_first_chunk().ok_or(Error::Damaged("owner"))?;
    let organisation = OrganisationId::new(u32::from_be_bytes(*number)).ok_or(Error::Damaged("owner"))?;
    Ok((organisation, rest))
}

pub(crate) fn owner_bytes(organisation: OrganisationId, channel: ChannelId) -> Vec<u8> {
    let mut bytes = organisation.get().to_be_bytes().to_vec();
    bytes.extend_from_slice(&channel.0.to_be_bytes());
    bytes
}

/// The next number for something new in this space. Whoever takes one writes the row that holds the last, so two
/// who take the same conflict and the second starts again.
pub(crate) fn next_number(snapshot: &mut Snapshot) -> Result<u64, Error> {
    let last = snapshot.read(&keys::last_number())?;
    let last: [u8; 8] = match last {
        None => [0; 8],
        Some(bytes) => bytes.as_slice().try_into().map_err(|_| Error::Damaged("number"))?,
    };
    Ok(u64::from_be_bytes(last) + 1)
}

pub(crate) fn put_number(batch: &mut Batch, number: u64) {
    batch.put(keys::last_number(), number.to_be_bytes().to_vec());
}

/// The digest that a row holds.
pub(crate) fn as_digest(bytes: &[u8]) -> Result<[u8; 32], Error> {
    bytes.try_into().map_err(|_| Error::Damaged("digest"))
}

pub(crate) fn put_rows(batch: &mut Batch, rows: Vec<(Key, Vec<u8>)>) {
    for (key, bytes) in rows {
        batch.put(key, bytes);
    }
}

/// The rows of teams that somebody is about to name: written again as they are, so that who deletes a team at the same
/// moment is in conflict.
pub(crate) fn read_teams(snapshot: &mut Snapshot, teams: &[TeamId]) -> Result<Vec<(Key, Vec<u8>)>, Error> {
    let mut rows = Vec::with_capacity(teams.len());
    for team in teams {
        let key = keys::team(*team);
        let bytes = snapshot.read(&key)?;
        // Not what was asked for by the address of a request, but what its body names.
        let bytes = bytes.ok_or_else(|| Error::Invalid(format!("there is no team `{team}`")))?;
        rows.push((key, bytes));
    }
    Ok(rows)
}

/// Builds a change from what is stored now and commits it; builds it anew when somebody else was quicker.
pub(crate) async fn change<T>(
    store: &Store,
    mut build: impl FnMut() -> Result<(Vec<Batch>, T), Error>,
) -> Result<T, Error> {
    for _ in 0..ATTEMPTS_MAX {
        let (batches, made) = build()?;
        match store.commit(batches).await {
            Ok(_) => return Ok(made),
            Err(CommitError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Unavailable("too many changes at once".to_owned()))
}
