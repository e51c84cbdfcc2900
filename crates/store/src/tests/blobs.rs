//! Blobs of all sizes: what was written is what is read, and what nobody named is gone.

use std::io::Read;

use super::desk::{mail_bytes, open, organisation};
use crate::disk::faulty::{FaultyDisk, Loss};
use crate::disk::{Disk, MemoryDisk};
use crate::{BlobRef, PendingBlob, Space, Store, record};

fn pending(store: &Store, bytes: &[u8]) -> PendingBlob {
    let mut writer = store.blobs().writer();
    for part in bytes.chunks(10_000) {
        writer.write(part).unwrap();
    }
    writer.finish().unwrap()
}

fn store_blob(store: &Store, space: &Space, bytes: &[u8]) -> BlobRef {
    let mut batch = space.batch();
    let blob = batch.blob(&pending(store, bytes));
    store.commit_blocking(vec![batch]).unwrap();
    blob
}

fn read(space: &Space, blob: &BlobRef) -> Vec<u8> {
    let mut bytes = Vec::new();
    space.open_blob(blob).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn file_names(disk: &FaultyDisk, folder: &str) -> usize {
    disk.names(folder).unwrap().len()
}

#[test]
fn blobs_of_every_size_read_back_before_and_after_the_commit_and_after_a_crash() {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let space = store.of(organisation(1));
    let mut kept = Vec::new();
    for len in [0, 1, 5000, 256 << 10, (256 << 10) + 1, 3 << 20] {
        for identity in [3, 4] {
            let bytes = mail_bytes(identity, len);
            let pending = pending(&store, &bytes);
            assert!(*pending.read_all().unwrap() == *bytes);
            assert_eq!(pending.digest(), blake3::hash(&bytes).as_bytes());
            let mut batch = space.batch();
            let blob = batch.blob(&pending);
            store.commit_blocking(vec![batch]).unwrap();
            let written: BlobRef = record::decode(&record::encode(&blob)).unwrap();
            assert_eq!(written, blob);
            assert_eq!(blob.bytes_len(), len as u64);
            assert!(read(&space, &blob) == bytes);
            kept.push((blob, bytes));
        }
    }
    let store = open(disk.crashed_after(disk.operations(), Loss::Unsynced));
    for (blob, bytes) in kept {
        assert!(read(&store.of(organisation(1)), &blob) == bytes);
    }
}

#[test]
fn what_compresses_is_stored_compressed_and_what_does_not_is_not() {
    let store = Store::memory();
    let space = store.of(organisation(1));
    for len in [5000, 1 << 20] {
        assert!(store_blob(&store, &space, &mail_bytes(3, len)).stored_bytes < len as u64 / 10);
        assert_eq!(store_blob(&store, &space, &mail_bytes(4, len)).stored_bytes, len as u64);
    }
}

#[test]
fn a_part_is_read_without_the_rest() {
    let store = Store::memory();
    let space = store.of(organisation(1));
    for identity in [3, 4] {
        for len in [200_000, 400_000] {
            let bytes = mail_bytes(identity, len);
            let mut reader = space.open_blob(&store_blob(&store, &space, &bytes)).unwrap();
            reader.skip(150_000).unwrap();
            let mut part = [0; 100];
            reader.read_exact(&mut part).unwrap();
            assert_eq!(part, bytes[150_000..150_100]);
            assert_eq!(reader.remaining(), len as u64 - 150_100);
            reader.skip(u64::MAX).unwrap();
            assert_eq!(reader.read(&mut part).unwrap(), 0);
        }
    }
}

#[test]
fn promise_7_a_blob_is_not_read_through_another_organisations_space() {
    let store = Store::memory();
    let blob = store_blob(&store, &store.of(organisation(1)), b"private");
    assert!(store.of(organisation(2)).open_blob(&blob).is_err());
    assert!(store.operator().open_blob(&blob).is_err());
}

#[test]
fn two_organisations_have_each_their_own_copy() {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let spaces = [store.of(organisation(1)), store.of(organisation(2))];
    for len in [5000, 300 << 10] {
        let bytes = mail_bytes(4, len);
        let pending = pending(&store, &bytes);
        let mut batches = [spaces[0].batch(), spaces[1].batch()];
        let blobs = [batches[0].blob(&pending), batches[1].blob(&pending)];
        assert_eq!(batches[0].blob(&pending), blobs[0], "a second try names the same place");
        assert_ne!(blobs[0].place, blobs[1].place);
        store.commit_blocking(batches.into()).unwrap();
        drop(pending);
        for (space, blob) in spaces.iter().zip(&blobs) {
            assert!(read(space, blob) == bytes);
        }
    }
    assert_eq!(file_names(&disk, "blobs"), 2);
}

#[test]
fn a_blob_that_nobody_commits_leaves_no_file() {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let large = mail_bytes(4, 300 << 10);
    let mut unfinished = store.blobs().writer();
    unfinished.write(&large).unwrap();
    let finished = pending(&store, &large);
    assert_eq!(file_names(&disk, "blobs"), 2);
    let mut batch = store.of(organisation(1)).batch();
    batch.blob(&finished);
    drop((unfinished, finished, batch));
    assert_eq!(file_names(&disk, "blobs"), 0);
}

#[test]
fn orphans_of_a_killed_process_are_swept_at_the_next_start() {
    let disk = FaultyDisk::new();
    let store = open(disk.clone());
    let large = mail_bytes(4, 300 << 10);
    let kept: Vec<_> =
        [1, 5].map(|number| store_blob(&store, &store.of(organisation(number)), &large)).into();
    let orphan = pending(&store, &large);
    let killed = FaultyDisk::on(disk.crashed_after(disk.operations(), Loss::Nothing));
    drop(orphan);
    assert_eq!(file_names(&killed, "blobs"), 3);
    let store = open(killed.clone());
    assert_eq!(file_names(&killed, "blobs"), 2);
    for (number, blob) in [1, 5].into_iter().zip(&kept) {
        assert!(read(&store.of(organisation(number)), blob) == large);
    }
}

#[test]
fn a_harmed_blob_is_an_error_and_never_other_bytes() {
    let files = MemoryDisk::default();
    let store = open(files);
    let space = store.of(organisation(1));
    let bytes = mail_bytes(4, 5000);
    let mut blob = store_blob(&store, &space, &bytes);
    store_blob(&store, &space, &mail_bytes(7, 5000));
    let crate::blob::Place::Segment(position) = &mut blob.place else { panic!("it is small") };
    position.offset += 1;
    let mut read = Vec::new();
    let error = space.open_blob(&blob).unwrap().read_to_end(&mut read).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
}
