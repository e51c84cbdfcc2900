//! A directory that is not whole: refused with a reason, instead of gone on from.

use std::sync::Arc;

use super::desk::{open, organisation, receive_and_commit, small_options, tickets_by_identity};
use crate::disk::faulty::{FaultyDisk, Loss};
use crate::disk::{Disk, Mode};
use crate::{OpenError, Store};

/// A disk with one mail in a segment, one in a file of its own, and something in the journal.
fn used() -> FaultyDisk {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    for (identity, len) in [(1, 3000), (2, 300 << 10)] {
        receive_and_commit(&store, &store.of(organisation(1)), identity, len).unwrap();
    }
    FaultyDisk::on(disk.crashed_after(disk.operations(), Loss::Nothing))
}

fn refused(disk: impl Disk + 'static) -> String {
    match Store::open_on(Arc::new(disk), &small_options()) {
        Err(OpenError::NotWhole(why)) => why.to_owned(),
        other => panic!("it was not refused: {other:?}"),
    }
}

#[test]
fn a_store_whose_main_file_is_gone_is_not_started_empty() {
    for kept in ["journal", "segments/0000000000", "blobs/00000000000000000001"] {
        let disk = used();
        for name in ["journal", "store.redb", "segments/0000000000", "blobs/00000000000000000001"] {
            if name != kept {
                disk.remove(name).unwrap();
            }
        }
        assert!(refused(disk.clone()).contains("store.redb is missing"), "{kept} is left");
        assert!(disk.open("store.redb", Mode::Existing).is_err(), "nothing was made");
        disk.open(kept, Mode::Existing).unwrap();
    }
}

#[test]
fn a_main_file_from_an_older_backup_is_not_gone_on_from() {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let space = store.of(organisation(1));
    receive_and_commit(&store, &space, 1, 3000).unwrap();
    let backup = copy_of_main_file(&disk);
    // Enough for a checkpoint, so that the journal no longer holds the second mail.
    for identity in 2..=20 {
        receive_and_commit(&store, &space, identity, 3000).unwrap();
    }
    let killed = disk.crashed_after(disk.operations(), Loss::Nothing);
    let newer = copy_of_main_file(&killed);
    put_main_file(&killed, &backup);
    let killed = FaultyDisk::on(killed);
    assert!(refused(killed.clone()).contains("newer store.redb"));
    put_main_file(&killed, &newer);
    assert_eq!(tickets_by_identity(&open(killed).of(organisation(1))).len(), 20, "nothing was harmed");
}

fn copy_of_main_file(disk: &impl Disk) -> Vec<u8> {
    let file = disk.open("store.redb", Mode::Existing).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

fn put_main_file(disk: &impl Disk, bytes: &[u8]) {
    let file = disk.open("store.redb", Mode::Existing).unwrap();
    file.set_len(0).unwrap();
    file.write_at(0, bytes).unwrap();
}
