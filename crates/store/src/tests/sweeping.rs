//! Giving blobs up: their room comes back, and whatever happens meanwhile, what is still named reads as it was written.

use std::collections::BTreeMap;
use std::io::Read;

use super::desk::{mail_bytes, open, organisation};
use crate::blob::gone;
use crate::disk::faulty::{Fault, FaultyDisk, Loss};
use crate::disk::{Disk, MemoryDisk, Mode};
use crate::{BlobRef, CommitError, Direction, Key, Space, Store, record};

/// A mail that does not compress, so that its size in the store is known.
const MAIL_BYTES: usize = 100 << 10;
const LARGE_BYTES: usize = 300 << 10;

fn is_large(identity: u64) -> bool {
    identity.is_multiple_of(10)
}

/// What mail number `identity` says: every tenth has a file of its own.
fn bytes_of(identity: u64) -> Vec<u8> {
    mail_bytes(3 * identity + 1, if is_large(identity) { LARGE_BYTES } else { MAIL_BYTES })
}

fn mail_key(identity: u64) -> Key {
    Key::new(1).number(identity)
}

fn receive(store: &Store, space: &Space, identity: u64) -> Result<(), CommitError> {
    let mut writer = store.blobs().writer();
    writer.write(&bytes_of(identity))?;
    let mut batch = space.batch();
    let blob = batch.blob(&writer.finish()?);
    batch.put(mail_key(identity), record::encode(&blob));
    store.commit_blocking(vec![batch]).map(drop)
}

fn reference(space: &Space, identity: u64) -> Option<BlobRef> {
    let stored = space.snapshot().unwrap().peek(&mail_key(identity)).unwrap()?;
    Some(record::decode(&stored).unwrap())
}

fn delete(store: &Store, space: &Space, identity: u64) -> Result<(), CommitError> {
    let mut batch = space.batch();
    batch.release(&reference(space, identity).unwrap());
    batch.delete(mail_key(identity));
    store.commit_blocking(vec![batch]).map(drop)
}

fn read(space: &Space, blob: &BlobRef) -> Vec<u8> {
    let mut bytes = Vec::new();
    space.open_blob(blob).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// Which mails are named, each of which must read as it was written.
fn check(space: &Space, up_to: u64) -> Vec<u64> {
    let named = (1..=up_to).filter(|identity| reference(space, *identity).is_some());
    let named: Vec<u64> = named.collect();
    for identity in &named {
        assert!(read(space, &reference(space, *identity).unwrap()) == bytes_of(*identity), "mail {identity}");
    }
    named
}

fn sweep_all(store: &Store) {
    assert!((0..1000).any(|_| !store.sweep().unwrap()), "it comes to an end");
}

fn bytes_in(disk: &dyn Disk, folder: &str) -> u64 {
    let len = |name: &String| disk.open(&format!("{folder}/{name}"), Mode::Existing).unwrap().len().unwrap();
    disk.names(folder).unwrap().iter().map(len).sum()
}

#[test]
fn room_comes_back_of_small_and_large_mails() {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let space = store.of(organisation(1));
    (1..=60).for_each(|identity| receive(&store, &space, identity).unwrap());
    let before = bytes_in(&disk, "segments") + bytes_in(&disk, "blobs");
    let kept: Vec<u64> = (1..=60).filter(|identity| identity % 4 == 0).collect();
    (1..=60)
        .filter(|identity| identity % 4 != 0)
        .for_each(|identity| delete(&store, &space, identity).unwrap());
    sweep_all(&store);
    let after = bytes_in(&disk, "segments") + bytes_in(&disk, "blobs");
    let named: usize = kept.iter().map(|identity| bytes_of(*identity).len()).sum();
    assert_eq!(after, named as u64, "of {before} bytes only those stay that are named");
    assert_eq!(check(&space, 60), kept);
    for identity in kept {
        delete(&store, &space, identity).unwrap();
    }
    sweep_all(&store);
    assert_eq!(bytes_in(&disk, "segments") + bytes_in(&disk, "blobs"), 0);
    receive(&store, &space, 61).unwrap();
    let store = open(disk.crashed_after(disk.operations(), Loss::Unsynced));
    assert_eq!(
        check(&store.of(organisation(1)), 61),
        [61],
        "numbers of segments that are gone are not given again"
    );
}

#[test]
fn blobs_that_moved_twice_are_found_by_their_first_name() {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let space = store.of(organisation(1));
    let mut last = 0;
    for round in 0..4 {
        (last + 1..=last + 25).for_each(|identity| receive(&store, &space, identity).unwrap());
        last += 25;
        let goes = |identity: &u64| identity % 5 != 2 || *identity == round * 7 + 2;
        let gone: Vec<u64> = check(&space, last).into_iter().filter(goes).collect();
        for identity in gone {
            delete(&store, &space, identity).unwrap();
        }
        sweep_all(&store);
        check(&space, last);
    }
    let named = check(&space, last);
    assert!(named.len() > 10);
    let store = open(disk.crashed_after(disk.operations(), Loss::Nothing));
    assert_eq!(check(&store.of(organisation(1)), last), named);
}

#[test]
fn who_has_a_blob_open_reads_it_to_its_end_though_it_goes() {
    let store = open(MemoryDisk::default());
    let space = store.of(organisation(1));
    (1..=40).for_each(|identity| receive(&store, &space, identity).unwrap());
    let mut readers: Vec<_> = (1..=40)
        .map(|identity| {
            let mut reader = space.open_blob(&reference(&space, identity).unwrap()).unwrap();
            let mut begun = vec![0; 1000];
            reader.read_exact(&mut begun).unwrap();
            (identity, reader, begun)
        })
        .collect();
    (1..=39).for_each(|identity| delete(&store, &space, identity).unwrap());
    sweep_all(&store);
    for (identity, reader, begun) in &mut readers {
        reader.read_to_end(begun).unwrap();
        assert!(*begun == bytes_of(*identity));
    }
}

#[test]
fn what_is_on_its_way_into_a_segment_keeps_it_from_being_left() {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let space = store.of(organisation(1));
    (1..=9).chain(11..=19).for_each(|identity| receive(&store, &space, identity).unwrap());
    let mut writer = store.blobs().writer();
    writer.write(&bytes_of(21)).unwrap();
    let pending = writer.finish().unwrap();
    let mut batch = space.batch();
    let blob = batch.blob(&pending);
    batch.put(mail_key(21), record::encode(&blob));
    (1..=9).chain(11..=19).for_each(|identity| delete(&store, &space, identity).unwrap());
    sweep_all(&store);
    store.commit_blocking(vec![batch]).unwrap();
    assert_eq!(check(&space, 21), [21]);
    drop(pending);
    sweep_all(&store);
    assert_eq!(check(&space, 21), [21]);
    assert_eq!(bytes_in(&disk, "segments"), MAIL_BYTES as u64);
}

#[test]
fn a_blob_is_given_up_by_its_own_organisation_alone_and_twice_does_no_harm() {
    let store = open(MemoryDisk::default());
    let (space, other) = (store.of(organisation(1)), store.of(organisation(2)));
    (1..=30).for_each(|identity| receive(&store, &space, identity).unwrap());
    let mut batch = other.batch();
    (1..=30).for_each(|identity| batch.release(&reference(&space, identity).unwrap()));
    store.commit_blocking(vec![batch]).unwrap();
    sweep_all(&store);
    assert_eq!(check(&space, 30).len(), 30);
    for _ in 0..2 {
        let mut batch = space.batch();
        (1..=20).for_each(|identity| batch.release(&reference(&space, identity).unwrap()));
        store.commit_blocking(vec![batch]).unwrap();
        sweep_all(&store);
    }
    (1..=20).for_each(|identity| delete(&store, &space, identity).unwrap());
    sweep_all(&store);
    assert_eq!(check(&space, 30).len(), 10);
}

#[test]
fn a_segment_that_can_not_be_copied_keeps_no_other_from_going_and_takes_up_no_more_places() {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let space = store.of(organisation(1));
    (1..=30).for_each(|identity| receive(&store, &space, identity).unwrap());
    store.blobs().segments().skip_past(0);
    (31..=60).for_each(|identity| receive(&store, &space, identity).unwrap());
    let stay = |identity: &u64| (21..=25).contains(identity) || *identity > 55;
    (1..=60)
        .filter(|identity| !stay(identity))
        .for_each(|identity| delete(&store, &space, identity).unwrap());
    // What is still named in the first segment begins behind 18 mails; the disk has lost all from there on.
    let harmed = disk.open("segments/0000000000", Mode::Existing).unwrap();
    harmed.set_len(18 * MAIL_BYTES as u64).unwrap();
    let given_up = || {
        let rows = store.operator().snapshot().unwrap();
        rows.scan(&gone::gone_in_segments(), Direction::Forward, None).unwrap().count()
    };
    sweep_all(&store);
    assert_eq!(disk.names("segments").unwrap(), ["0000000000", "0000000002"]);
    let before = given_up();
    sweep_all(&store);
    assert_eq!(given_up(), before);
    (56..=60).for_each(|identity| {
        assert!(read(&space, &reference(&space, identity).unwrap()) == bytes_of(identity));
    });
}

/// After how many operations of the disk a mail was there, began to go, was gone.
struct Life {
    came: usize,
    goes: usize,
    went: usize,
}

/// Mails come and go while it is swept.
fn run(disk: &FaultyDisk) -> BTreeMap<u64, Life> {
    let store = open(disk.clone());
    let space = store.of(organisation(1));
    let mut known = BTreeMap::new();
    for identity in 1..=36 {
        receive(&store, &space, identity).unwrap();
        known.insert(identity, Life { came: disk.operations(), goes: usize::MAX, went: usize::MAX });
        if identity > 6 && identity % 6 != 0 {
            let gone = identity - 6;
            let life = known.get_mut(&gone).unwrap();
            life.goes = disk.operations();
            delete(&store, &space, gone).unwrap();
            life.went = disk.operations();
        }
        if identity % 3 == 0 {
            store.sweep().unwrap();
        }
    }
    known
}

#[test]
fn promise_1_a_crash_after_any_disk_operation_of_a_sweep_loses_no_named_blob() {
    let disk = FaultyDisk::new();
    let known = run(&disk);
    assert!(disk.names("segments").unwrap().len() < 3, "something was swept");
    for point in 0..=disk.operations() {
        let loss = match point % 3 {
            0 => Loss::Nothing,
            1 => Loss::Unsynced,
            _ => Loss::Some(point as u64),
        };
        let again = FaultyDisk::on(disk.crashed_after(point, loss));
        let store = open(again.clone());
        let space = store.of(organisation(1));
        let named = check(&space, 36);
        for (identity, life) in &known {
            let is_named = named.contains(identity);
            assert!(is_named || life.came > point || life.goes < point, "mail {identity} is lost at {point}");
            assert!(!is_named || life.went > point, "mail {identity} came back at {point}");
        }
        sweep_all(&store);
        assert_eq!(check(&space, 36), named);
        receive(&store, &space, 37).unwrap();
        assert!(check(&space, 37).contains(&37));
    }
}

#[test]
fn promise_1_a_place_that_a_crash_took_from_a_copy_is_given_to_no_mail() {
    let disk = FaultyDisk::new();
    run(&disk);
    for point in 0..=disk.operations() {
        let store = open(disk.crashed_after(point, Loss::Nothing));
        let space = store.of(organisation(1));
        let before = check(&space, 36);
        // Before anybody sweeps again.
        (41..=58).for_each(|identity| receive(&store, &space, identity).unwrap());
        let goes = |identity: &u64| identity % 6 != 5;
        for identity in before.into_iter().chain(41..=58).filter(goes) {
            delete(&store, &space, identity).unwrap();
        }
        let named = check(&space, 58);
        sweep_all(&store);
        assert_eq!(check(&space, 58), named, "after a crash at {point}");
    }
}

#[test]
fn promise_1_a_disk_that_fails_in_the_middle_of_a_sweep_loses_no_named_blob() {
    for step in 0.. {
        let disk = FaultyDisk::new();
        let store = open(disk.clone());
        let space = store.of(organisation(1));
        (1..=30).for_each(|identity| receive(&store, &space, identity).unwrap());
        (1..=20).for_each(|identity| delete(&store, &space, identity).unwrap());
        disk.set_fault(Some(Fault { after: step, times: 1, kind: std::io::ErrorKind::Other }));
        assert!((0..100).any(|_| !matches!(store.sweep(), Ok(true))), "it comes to an end");
        let has_failed = disk.has_failed();
        disk.set_fault(None);
        assert!(
            (0..1_000_000).any(|_| {
                std::thread::yield_now();
                space.snapshot().is_ok()
            }) || store.commit_blocking(vec![space.batch()]).is_ok()
        );
        assert_eq!(check(&space, 30).len(), 10, "failed in step {step}");
        receive(&store, &space, 31).unwrap();
        sweep_all(&store);
        assert_eq!(check(&space, 31).len(), 11, "failed in step {step}");
        if !has_failed {
            break;
        }
    }
}
