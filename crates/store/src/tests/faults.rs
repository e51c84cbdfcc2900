//! A disk that fails: callers hear it, nothing is half visible, and the store goes on when the disk does.

use std::io;

use super::desk::{open, organisation, receive_and_commit, tickets_by_identity};
use crate::disk::faulty::{Fault, FaultyDisk, Loss};
use crate::{CommitError, Key, Space, Store};

/// Mails in one run: enough for several checkpoints and one file of its own.
const MAILS: u64 = 14;

/// Takes mails while the disk fails and some more after it was mended; says what the refused ones heard.
/// Everything acknowledged must be there, also after the power fails at the end.
fn run(fault: Fault) -> Vec<CommitError> {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let space = store.of(organisation(1));
    disk.set_fault(Some(fault));
    let mut acknowledged = Vec::new();
    let mut refused = Vec::new();
    for identity in 1..=MAILS {
        let len = if identity == 5 { 270 << 10 } else { 3000 };
        match receive_and_commit(&store, &space, identity, len) {
            Ok(_) => acknowledged.push(identity),
            Err(error) => refused.push(error),
        }
        if !refused.is_empty() {
            let left = disk.crashed_after(disk.operations(), Loss::Unsynced);
            check(&open(left).of(organisation(1)), &acknowledged, fault);
        }
    }
    disk.set_fault(None);
    store.commit_blocking(vec![space.batch()]).expect("a commit mends the store first");
    receive_and_commit(&store, &space, 1000, 3000).expect("all is well again");
    acknowledged.push(1000);
    check(&space, &acknowledged, fault);
    let left = disk.crashed_after(disk.operations(), Loss::Unsynced);
    check(&open(left).of(organisation(1)), &acknowledged, fault);
    refused
}

fn check(space: &Space, acknowledged: &[u64], fault: Fault) {
    let found = tickets_by_identity(space);
    for identity in acknowledged {
        assert!(found.contains_key(identity), "mail {identity} is lost by {fault:?}");
    }
    assert!(found.len() as u64 <= MAILS + 1);
}

/// Runs with a fault after 0, 1, 2... operations until it comes too late to hit anything.
fn run_at_every_operation(times: usize, kind: io::ErrorKind) -> Vec<CommitError> {
    let mut heard = Vec::new();
    for after in 0.. {
        let refused = run(Fault { after, times, kind });
        if refused.is_empty() && after > 100 {
            break;
        }
        heard.extend(refused);
    }
    heard
}

#[test]
fn promise_1_any_single_failing_disk_operation_loses_nothing_that_was_acknowledged() {
    let heard = run_at_every_operation(1, io::ErrorKind::Other);
    assert!(heard.len() > 50, "faults were met");
    assert!(heard.iter().all(|error| matches!(error, CommitError::Unavailable(_))), "{heard:?}");
}

#[test]
fn promise_1_a_disk_that_fails_for_a_while_loses_nothing_that_was_acknowledged() {
    let heard = run_at_every_operation(7, io::ErrorKind::Other);
    assert!(heard.iter().all(CommitError::is_temporary));
}

#[test]
fn a_full_disk_is_called_full_and_loses_nothing_that_was_acknowledged() {
    let heard = run_at_every_operation(2, io::ErrorKind::StorageFull);
    assert!(heard.iter().all(CommitError::is_temporary));
    assert!(heard.iter().filter(|error| **error == CommitError::Full).count() > heard.len() / 2, "{heard:?}");
}

#[test]
fn below_the_last_room_nothing_is_touched_and_reading_goes_on() {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let space = store.of(organisation(1));
    receive_and_commit(&store, &space, 1, 3000).unwrap();
    disk.set_free_bytes(10_000);
    let before = disk.operations();
    assert_eq!(receive_and_commit(&store, &space, 2, 3000), Err(CommitError::Full));
    assert_eq!(disk.operations(), before, "nothing was written");
    assert_eq!(tickets_by_identity(&space).len(), 1);
    disk.set_free_bytes(u64::MAX);
    receive_and_commit(&store, &space, 3, 3000).unwrap();
    assert_eq!(tickets_by_identity(&space).len(), 2);
}

#[test]
fn room_is_asked_anew_each_time() {
    let disk = FaultyDisk::new();
    let options = crate::Options { disk_reserve_bytes_min: 1000, ..super::desk::small_options() };
    let store = Store::open_on(std::sync::Arc::new(disk.clone()), &options).unwrap();
    disk.set_free_bytes(1500);
    assert!(store.has_room_for(500));
    assert!(!store.has_room_for(501));
    disk.set_free_bytes(1501);
    assert!(store.has_room_for(501));
}

#[test]
fn a_reader_alone_brings_a_broken_store_back() {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let space = store.of(organisation(1));
    // One commit meets a disk that fails for good, and so does the attempt to open it again.
    disk.set_fault(Some(Fault { after: 2, times: usize::MAX, kind: io::ErrorKind::Other }));
    assert!(receive_and_commit(&store, &space, 1, 3000).is_err());
    assert!(space.snapshot().is_err(), "nothing is shown that may not be so");
    assert!(!store.is_writable());
    disk.set_fault(None);
    assert!((0..1_000_000).any(|_| {
        std::thread::yield_now();
        space.snapshot().is_ok()
    }));
}

#[test]
fn one_failing_read_does_not_break_reading_until_the_next_start() {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let space = store.of(organisation(1));
    // More than the cache holds, so that reads reach the disk.
    for number in 0..8 {
        let mut batch = space.batch();
        for row in 0..100 {
            batch.put(Key::new(1).number(row * 8 + number), vec![7; 4000]);
        }
        store.commit_blocking(vec![batch]).unwrap();
    }
    let read_all = || -> Result<(), CommitError> {
        let mut snapshot = space.snapshot()?;
        for row in 0..800 {
            assert!(snapshot.read(&Key::new(1).number(row))?.is_some());
        }
        store.commit_blocking(vec![snapshot.batch()]).map(drop)
    };
    read_all().unwrap();
    disk.fail_reads(1);
    assert!(read_all().is_err(), "the failing read was met");
    assert!((0..1_000_000).any(|_| {
        std::thread::yield_now();
        read_all().is_ok()
    }));
}

#[test]
fn a_watcher_hears_of_a_commit_that_was_refused_but_came_to_stand() {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let space = store.of(organisation(1));
    let watcher = space.watch().unwrap();
    // The journal's write succeeds, its sync does not: what is opened anew holds the change.
    disk.set_fault(Some(Fault { after: 1, times: 1, kind: io::ErrorKind::Other }));
    let mut batch = space.batch();
    batch.event(b"told".as_slice());
    assert!(store.commit_blocking(vec![batch]).is_err());
    assert_eq!(space.events_head().unwrap(), 1);
    assert_eq!(*watcher.borrow(), 1);
}

#[test]
fn a_panic_of_the_writer_is_heard_and_the_store_goes_on() {
    for operation in 1.. {
        let disk = FaultyDisk::new();
        let store = open(disk.clone());
        let space = store.of(organisation(1));
        disk.panic_at(operation);
        // The twelve pass a checkpoint.
        let heard: Vec<_> =
            (1..=12).map(|identity| receive_and_commit(&store, &space, identity, 3000)).collect();
        disk.panic_at(0);
        store.commit_blocking(vec![space.batch()]).expect("the next commit opens the files anew");
        receive_and_commit(&store, &space, 1000, 3000).unwrap();
        assert!(store.is_writable());
        let found = tickets_by_identity(&space);
        assert!((1..).zip(&heard).all(|(identity, heard)| heard.is_err() || found.contains_key(&identity)));
        if heard.iter().all(Result::is_ok) {
            break;
        }
    }
}

#[test]
fn a_snapshot_from_before_a_failure_shows_what_it_showed_or_nothing() {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let space = store.of(organisation(1));
    let fill = |value: u8| {
        for number in 0..8 {
            let mut batch = space.batch();
            (0..100).for_each(|row| batch.put(Key::new(1).number(row * 8 + number), vec![value; 4000]));
            store.commit_blocking(vec![batch]).unwrap();
        }
    };
    fill(7);
    let old = space.snapshot().unwrap();
    disk.set_fault(Some(Fault { after: 1, times: 1, kind: io::ErrorKind::Other }));
    let mut batch = space.batch();
    batch.put(Key::new(2), b"".as_slice());
    assert!(store.commit_blocking(vec![batch]).is_err());
    (8..12).for_each(fill);
    let (mut same, mut refused) = (0, 0);
    for row in 0..800 {
        match old.peek(&Key::new(1).number(row)) {
            Ok(value) => {
                assert_eq!(value, Some(vec![7; 4000]));
                same += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(same > 0 && refused > 0, "some of it was in the cache");
    assert!(space.snapshot().is_ok(), "an old snapshot's trouble is not the store's");
}
