//! A small desk to test with: mails that become tickets, and the count of what became of them.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use crate::disk::Disk;
use crate::{
    Batch, BlobRef, CommitError, Counter, Direction, Key, OrganisationId, PendingBlob, Receipt, Space, Store,
    Template, record,
};

/// Small, so that a few dozen mails pass several checkpoints.
pub(super) fn small_options() -> crate::Options {
    crate::Options { cache_bytes: 1 << 20, journal_bytes: 24 << 10, disk_reserve_bytes_min: 0 }
}

pub(super) fn open(disk: impl Disk + 'static) -> Store {
    Store::open_on(Arc::new(disk), &small_options()).unwrap()
}

pub(super) fn organisation(number: u32) -> OrganisationId {
    OrganisationId::new(number).unwrap()
}

const TICKETS: u8 = 1;
const BY_IDENTITY: u8 = 2;
const MAILS: u8 = 3;
/// A count of the tickets.
const COUNT: u8 = 4;

/// The bytes of mail number `identity`: every third is compressible, some are large.
pub(super) fn mail_bytes(identity: u64, len: usize) -> Vec<u8> {
    let mut noise = blake3::Hasher::new().update(&identity.to_be_bytes()).finalize_xof();
    let mut bytes = vec![b'a'; len];
    if !identity.is_multiple_of(3) {
        noise.fill(&mut bytes);
    }
    bytes
}

fn write_blob(store: &Store, identity: u64, len: usize) -> Result<PendingBlob, CommitError> {
    let mut writer = store.blobs().writer();
    writer.write(&mail_bytes(identity, len))?;
    writer.finish()
}

/// The batch that makes a ticket of a mail.
fn receive(space: &Space, identity: u64, raw: &PendingBlob) -> Result<Batch, CommitError> {
    let mut snapshot = space.snapshot()?;
    let seen = Key::new(BY_IDENTITY).number(identity);
    assert_eq!(snapshot.read(&seen)?, None, "mail {identity} is there already");
    let mut batch = snapshot.batch();
    let ticket = batch.next(Counter::Ticket);
    let raw = record::encode(&batch.blob(raw));
    batch.put(Template::from(Key::new(TICKETS)).slot(ticket), Template::new().number(identity));
    batch.put(&seen, Template::new().slot(ticket));
    batch.put(Template::from(Key::new(MAILS)).slot(ticket), raw);
    batch.event(Template::new().slot(ticket));
    batch.add(Key::new(COUNT), 1);
    Ok(batch)
}

pub(super) fn receive_and_commit(
    store: &Store,
    space: &Space,
    identity: u64,
    len: usize,
) -> Result<Receipt, CommitError> {
    Ok(receive_for_all(store, std::slice::from_ref(space), identity, len)?.remove(0))
}

/// One mail to several organisations: one commit.
pub(super) fn receive_for_all(
    store: &Store,
    spaces: &[Space],
    identity: u64,
    len: usize,
) -> Result<Vec<Receipt>, CommitError> {
    let raw = write_blob(store, identity, len)?;
    let batches = spaces.iter().map(|space| receive(space, identity, &raw)).collect::<Result<_, _>>()?;
    store.commit_blocking(batches)
}

/// Checks that all of a space hangs together, and says which mail became which ticket.
pub(super) fn tickets_by_identity(space: &Space) -> BTreeMap<u64, u64> {
    let snapshot = space.snapshot().unwrap();
    let mut found = BTreeMap::new();
    for (at, row) in snapshot.scan(&Key::new(TICKETS), Direction::Forward, None).unwrap().enumerate() {
        let (key, value) = row.unwrap();
        let number = u64::from_be_bytes(*key.last_chunk().unwrap());
        let identity = u64::from_be_bytes(*value.last_chunk().unwrap());
        assert_eq!(number, at as u64 + 1, "ticket numbers have no gaps");
        assert_eq!(found.insert(identity, number), None, "mail {identity} became two tickets");
        let index = snapshot.peek(&Key::new(BY_IDENTITY).number(identity)).unwrap();
        assert_eq!(index, Some(number.to_be_bytes().to_vec()));
        let raw = snapshot.peek(&Key::new(MAILS).number(number)).unwrap().unwrap();
        let raw: BlobRef = record::decode(&raw).unwrap();
        let mut bytes = Vec::new();
        space.open_blob(&raw).unwrap().read_to_end(&mut bytes).unwrap();
        assert!(bytes == mail_bytes(identity, bytes.len()), "mail {identity} is torn");
        assert_eq!(bytes.len() as u64, raw.bytes_len());
    }
    assert_eq!(
        snapshot.count(&Key::new(COUNT)).unwrap(),
        i64::try_from(found.len()).unwrap(),
        "each is counted once"
    );
    let events = space.events(0, usize::MAX).unwrap();
    let told: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(told, (1..=found.len() as u64).collect::<Vec<_>>(), "one entry of the log for each ticket");
    found
}
