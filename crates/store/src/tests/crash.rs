//! A crash at any moment: what was acknowledged is there, once, and nothing is torn.

use super::desk::{open, organisation, receive_and_commit, receive_for_all, tickets_by_identity};
use crate::disk::MemoryDisk;
use crate::disk::faulty::{FaultyDisk, Loss};

/// Mails in one run: several checkpoints of the small journal.
const MAILS: u64 = 24;

/// Some small, some that fill half the journal, some larger than it, some with a file of their own.
fn len_of(identity: u64) -> usize {
    match identity {
        7 | 8 => 300 << 10,
        11 => 30 << 10,
        _ => 700 + 150 * identity as usize,
    }
}

/// After how many operations of the disk each mail was acknowledged.
fn run(disk: &FaultyDisk) -> Vec<(u64, usize)> {
    let store = open(disk.clone());
    let spaces = [store.of(organisation(1)), store.of(organisation(2))];
    let receive = |identity| {
        receive_for_all(&store, &spaces, identity, len_of(identity)).unwrap();
        (identity, disk.operations())
    };
    (1..=MAILS).map(receive).collect()
}

/// How much a crash loses, different at every point and every third time the same kind.
fn loss_at(point: usize) -> Loss {
    match point % 3 {
        0 => Loss::Nothing,
        1 => Loss::Unsynced,
        _ => Loss::Some(point as u64),
    }
}

/// Opens what the crash left, checks it, and takes one more mail.
fn check(image: MemoryDisk, acknowledged: &[u64], point: usize) {
    let store = open(image);
    let space = store.of(organisation(1));
    let found = tickets_by_identity(&space);
    assert_eq!(found, tickets_by_identity(&store.of(organisation(2))), "both have it or none");
    for identity in acknowledged {
        assert!(found.contains_key(identity), "mail {identity} is lost by a crash after operation {point}");
    }
    assert!(found.len() <= acknowledged.len() + 1, "only the mail under way may be there besides");
    receive_and_commit(&store, &space, 1000, 500).unwrap();
    assert_eq!(tickets_by_identity(&space).len(), found.len() + 1);
}

#[test]
fn promise_1_a_crash_after_any_disk_operation_loses_nothing_that_was_acknowledged() {
    let disk = FaultyDisk::new();
    let acknowledged = run(&disk);
    let last = disk.operations();
    for point in 0..=last {
        let known: Vec<u64> =
            acknowledged.iter().filter(|(_, at)| *at <= point).map(|(identity, _)| *identity).collect();
        check(disk.crashed_after(point, loss_at(point)), &known, point);
    }
}

#[test]
fn promise_1_a_second_crash_while_the_first_is_mended_loses_nothing() {
    let disk = FaultyDisk::new();
    run(&disk);
    let all: Vec<u64> = (1..=MAILS).collect();
    let before = disk.operations();
    let killed = disk.crashed_after(before, Loss::Unsynced);
    // The second run begins with the first one's files, so its own log alone makes no image: kill it instead.
    let again = FaultyDisk::on(killed);
    drop(open(again.clone()));
    let steps = again.operations();
    assert!(steps > 0, "there was something to repeat");
    for step in 0..steps {
        let again = FaultyDisk::on(disk.crashed_after(before, loss_at(step)));
        again.set_fault(Some(crate::disk::faulty::Fault {
            after: step,
            times: usize::MAX,
            kind: std::io::ErrorKind::Other,
        }));
        let options = super::desk::small_options();
        drop(crate::Store::open_on(std::sync::Arc::new(again.clone()), &options));
        again.set_fault(None);
        let store = open(again);
        let found = tickets_by_identity(&store.of(organisation(1)));
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), all, "stopped in step {step}");
    }
}

#[test]
fn a_clean_close_leaves_nothing_to_repeat() {
    let disk = FaultyDisk::new();
    run(&disk);
    let before = disk.operations();
    let reopened = FaultyDisk::on(disk.crashed_after(before, Loss::Nothing));
    drop(open(reopened.clone()));
    let after_first = reopened.operations();
    let store = open(reopened.clone());
    assert_eq!(tickets_by_identity(&store.of(organisation(1))).len() as u64, MAILS);
    assert!(reopened.operations() - after_first < 10, "a clean start hardly writes");
}
