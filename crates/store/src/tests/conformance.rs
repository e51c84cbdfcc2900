//! What every engine must do, run on each.

use crate::disk::MemoryDisk;
use crate::{CommitError, Counter, Direction, Key, Space, Store, Template};

use super::desk::{open, organisation, receive_and_commit, tickets_by_identity};

/// Makes a test of each scenario for each engine.
macro_rules! on_every_engine {
    ($($scenario:ident),+ $(,)?) => {
        mod memory {
            $(#[test] fn $scenario() { super::$scenario(&crate::Store::memory()); })+
        }
        mod redb {
            $(#[test] fn $scenario() { super::$scenario(&super::open(super::MemoryDisk::default())); })+
        }
    };
}

on_every_engine! {
    what_is_committed_is_read,
    a_changed_read_is_a_conflict,
    a_conflict_writes_nothing,
    absence_is_checked,
    one_conflict_does_not_fail_the_others_of_a_group,
    numbers_are_assigned_in_commit_order,
    scans_go_both_ways_and_resume_from_a_cursor,
    a_cursor_never_widens_a_scan,
    a_snapshot_stays_as_it_was,
    promise_7_no_space_reaches_another,
    batches_of_several_organisations_commit_together_or_not_at_all,
    the_log_is_in_order_and_can_be_trimmed,
    a_watcher_hears_of_each_commit,
    mails_become_tickets,
    a_closed_store_refuses,
    a_deleted_key_is_absent,
    the_last_write_of_a_batch_stands,
    counts_add_up_and_never_conflict,
    a_count_and_an_outright_write_come_in_their_order,
    a_decision_that_rests_on_a_count_conflicts_with_who_adds_to_it,
    a_count_whose_key_has_a_number_to_come_is_found_under_it,
}

fn space(store: &Store) -> Space {
    store.of(organisation(1))
}

fn key(name: &str) -> Key {
    Key::new(9).text(name)
}

fn put(store: &Store, space: &Space, name: &str, value: &[u8]) {
    let mut batch = space.batch();
    batch.put(key(name), value);
    store.commit_blocking(vec![batch]).unwrap();
}

fn get(space: &Space, name: &str) -> Option<Vec<u8>> {
    space.snapshot().unwrap().peek(&key(name)).unwrap()
}

fn names(scan: crate::Scan) -> Vec<Vec<u8>> {
    scan.map(|row| row.unwrap().1).collect()
}

fn what_is_committed_is_read(store: &Store) {
    let space = space(store);
    put(store, &space, "a", b"1");
    put(store, &space, "a", b"2");
    let snapshot = space.snapshot().unwrap();
    let (version, value) = snapshot.peek_version(&key("a")).unwrap().unwrap();
    assert_eq!((version, value.as_slice()), (2, b"2".as_slice()));
    assert_eq!(snapshot.peek(&key("b")).unwrap(), None);
}

fn a_changed_read_is_a_conflict(store: &Store) {
    let space = space(store);
    put(store, &space, "a", b"1");
    let mut reader = space.snapshot().unwrap();
    reader.read(&key("a")).unwrap();
    let mut peeker = space.snapshot().unwrap();
    peeker.peek(&key("a")).unwrap();
    peeker.read(&key("other")).unwrap();
    put(store, &space, "a", b"1");
    let mut batch = reader.batch();
    batch.put(key("b"), b"".as_slice());
    assert_eq!(store.commit_blocking(vec![batch]), Err(CommitError::Conflict));
    assert_eq!(get(&space, "b"), None);
    assert!(store.commit_blocking(vec![peeker.batch()]).is_ok(), "what was only peeked at may change");
}

fn a_conflict_writes_nothing(store: &Store) {
    let space = space(store);
    put(store, &space, "a", b"1");
    let mut numbered = store.of(organisation(2)).batch();
    numbered.event(b"".as_slice());
    let mut batch = space.batch();
    batch.check_absent(key("a"));
    assert_eq!(store.commit_blocking(vec![numbered, batch]), Err(CommitError::Conflict));
    let mut batch = space.batch();
    batch.put(key("b"), b"1".as_slice());
    assert_eq!(store.commit_blocking(vec![batch]).unwrap()[0].version(), 2, "no commit came between");
}

fn absence_is_checked(store: &Store) {
    let space = space(store);
    let mut early = space.snapshot().unwrap();
    assert_eq!(early.read(&key("a")).unwrap(), None);
    let mut unread = space.batch();
    unread.check_absent(key("a"));
    put(store, &space, "a", b"1");
    for batch in [early.batch(), unread] {
        assert_eq!(store.commit_blocking(vec![batch]), Err(CommitError::Conflict));
    }
}

fn one_conflict_does_not_fail_the_others_of_a_group(store: &Store) {
    let space = space(store);
    // All read the same absence, all write it: whatever the groups, one wins and the rest conflict.
    let claims: Vec<_> = (0..8u8)
        .map(|claim| {
            let mut snapshot = space.snapshot().unwrap();
            snapshot.read(&key("seat")).unwrap();
            let mut batch = snapshot.batch();
            batch.put(key("seat"), [claim].as_slice());
            let mut free = space.batch();
            free.put(key("free").byte(claim), b"".as_slice());
            (batch, free)
        })
        .collect();
    let results = std::thread::scope(|scope| {
        let threads: Vec<_> = claims
            .into_iter()
            .map(|(claim, free)| {
                scope.spawn(|| (store.commit_blocking(vec![claim]), store.commit_blocking(vec![free])))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(results.iter().filter(|(claim, _)| claim.is_ok()).count(), 1);
    assert!(results.iter().all(|(_, free)| free.is_ok()));
}

fn numbers_are_assigned_in_commit_order(store: &Store) {
    let space = space(store);
    let mut batch = space.batch();
    let (first, message, second) =
        (batch.next(Counter::Ticket), batch.next(Counter::Message), batch.next(Counter::Ticket));
    batch.put(Template::from(Key::new(1)).slot(second).slot(message), Template::new().slot(first).raw(b"x"));
    let mut later = space.batch();
    let third = later.next(Counter::Ticket);
    let receipts = store.commit_blocking(vec![batch, later]).unwrap();
    let numbers = [first, second, message].map(|slot| receipts[0].number(slot));
    assert_eq!((numbers, receipts[1].number(third)), ([1, 2, 1], 3));
    let value = space.snapshot().unwrap().peek(&Key::new(1).number(2).number(1)).unwrap().unwrap();
    assert_eq!(value, [1u64.to_be_bytes().as_slice(), b"x"].concat());
    let mut refused = space.batch();
    refused.next(Counter::Ticket);
    refused.check_absent(Key::new(1).number(2).number(1));
    assert_eq!(store.commit_blocking(vec![refused]), Err(CommitError::Conflict));
    let mut next = space.batch();
    let fourth = next.next(Counter::Ticket);
    let receipts = store.commit_blocking(vec![next]).unwrap();
    assert_eq!(receipts[0].number(fourth), 4, "a conflict uses up no number");
    assert_eq!(receipts[0].version(), 2);
}

fn scans_go_both_ways_and_resume_from_a_cursor(store: &Store) {
    let space = space(store);
    for name in ["a", "b", "c", "d"] {
        put(store, &space, name, name.as_bytes());
    }
    let snapshot = space.snapshot().unwrap();
    let all = Key::new(9);
    let scan = |direction, after: Option<&Key>| {
        names(snapshot.scan(&all, direction, after.map(Key::as_bytes)).unwrap())
    };
    assert_eq!(scan(Direction::Forward, None), [b"a", b"b", b"c", b"d"]);
    assert_eq!(scan(Direction::Backward, None), [b"d", b"c", b"b", b"a"]);
    assert_eq!(scan(Direction::Forward, Some(&key("b"))), [b"c", b"d"]);
    assert_eq!(scan(Direction::Backward, Some(&key("c"))), [b"b", b"a"]);
    let range = |direction| names(snapshot.range(&key("b"), &key("d"), direction, None).unwrap());
    assert_eq!(range(Direction::Forward), [b"b", b"c"]);
    assert_eq!(range(Direction::Backward), [b"c", b"b"]);
    let row = snapshot.scan(&all, Direction::Forward, None).unwrap().next().unwrap().unwrap();
    assert_eq!(row.0, key("a").as_bytes(), "keys are those of the space");
}

fn a_cursor_never_widens_a_scan(store: &Store) {
    let space = space(store);
    put(store, &space, "a", b"a");
    let mut batch = space.batch();
    batch.put(Key::new(8), b"before".as_slice());
    batch.put(Key::new(10), b"after".as_slice());
    let mut next = store.of(organisation(2)).batch();
    (0..200).for_each(|row| next.put(Key::new(9).number(row), b"another's".as_slice()));
    store.commit_blocking(vec![batch, next]).unwrap();
    let snapshot = space.snapshot().unwrap();
    let scan =
        |direction, cursor: &[u8]| names(snapshot.scan(&Key::new(9), direction, Some(cursor)).unwrap());
    assert_eq!(scan(Direction::Forward, &[]), [b"a"]);
    assert_eq!(scan(Direction::Forward, &[0xFF; 9]), [[0; 0]; 0]);
    assert_eq!(scan(Direction::Backward, &[0xFF; 9]), [b"a"]);
    assert_eq!(scan(Direction::Backward, &[]), [[0; 0]; 0]);
}

fn a_snapshot_stays_as_it_was(store: &Store) {
    let space = space(store);
    put(store, &space, "a", b"old");
    let snapshot = space.snapshot().unwrap();
    let scan = snapshot.scan(&Key::new(9), Direction::Forward, None).unwrap();
    put(store, &space, "a", b"new");
    put(store, &space, "b", b"new");
    assert_eq!(snapshot.peek(&key("a")).unwrap().unwrap(), b"old");
    assert_eq!(names(scan), [b"old"]);
    assert_eq!(get(&space, "a").unwrap(), b"new");
}

fn promise_7_no_space_reaches_another(store: &Store) {
    let spaces = [store.operator(), store.of(organisation(1)), store.of(organisation(2))];
    for (at, space) in spaces.iter().enumerate() {
        put(store, space, "same key", &[at as u8]);
        let mut batch = space.batch();
        batch.event([at as u8].as_slice());
        store.commit_blocking(vec![batch]).unwrap();
    }
    for (at, space) in spaces.iter().enumerate() {
        assert_eq!(get(space, "same key"), Some(vec![at as u8]));
        let everything = space.snapshot().unwrap();
        let (least, greatest) = (Key::new(1), Key::new(255).bytes(&[0xFF; 20]));
        for direction in [Direction::Forward, Direction::Backward] {
            let found = everything.range(&least, &greatest, direction, None).unwrap();
            assert_eq!(names(found), [[at as u8]]);
        }
        assert_eq!(space.events(0, 10).unwrap().len(), 1);
    }
    let mut batch = spaces[1].batch();
    batch.delete(key("same key"));
    store.commit_blocking(vec![batch]).unwrap();
    assert_eq!(get(&spaces[2], "same key"), Some(vec![2]));
}

fn batches_of_several_organisations_commit_together_or_not_at_all(store: &Store) {
    let (one, two) = (store.of(organisation(1)), store.of(organisation(2)));
    put(store, &two, "taken", b"");
    let batches = |name: &str| {
        let (mut first, mut second) = (one.batch(), two.batch());
        first.put(key(name), b"1".as_slice());
        second.check_absent(key("taken").bytes(name.as_bytes()));
        if name == "torn" {
            second.check_absent(key("taken"));
        }
        second.put(key(name), b"2".as_slice());
        vec![first, second]
    };
    assert_eq!(store.commit_blocking(batches("torn")), Err(CommitError::Conflict));
    assert_eq!((get(&one, "torn"), get(&two, "torn")), (None, None));
    assert_eq!(store.commit_blocking(batches("whole")).unwrap().len(), 2);
    assert_eq!((get(&one, "whole").is_some(), get(&two, "whole").is_some()), (true, true));
}

fn the_log_is_in_order_and_can_be_trimmed(store: &Store) {
    let space = space(store);
    assert_eq!((space.events_head().unwrap(), space.events_floor().unwrap()), (0, 1));
    for _ in 0..3 {
        let mut batch = space.batch();
        let first = batch.event(b"a".as_slice());
        batch.event(Template::new().slot(first));
        store.commit_blocking(vec![batch]).unwrap();
    }
    let after = |sequence, limit| -> Vec<u64> {
        space.events(sequence, limit).unwrap().iter().map(|event| event.sequence).collect()
    };
    assert_eq!((after(0, 100), after(4, 1)), ((1..=6).collect(), vec![5]));
    assert_eq!(space.events(3, 1).unwrap()[0].value, 3u64.to_be_bytes());
    assert_eq!(block_on(space.trim_events(5)), Ok(4));
    assert_eq!((space.events_floor().unwrap(), space.events_head().unwrap()), (5, 6));
    assert_eq!(block_on(space.trim_events(100)), Ok(2));
    assert_eq!(space.events_floor().unwrap(), 7, "the floor of an empty log is the next entry");
    assert_eq!(block_on(space.trim_events(100)), Ok(0));
}

fn a_watcher_hears_of_each_commit(store: &Store) {
    let space = space(store);
    let event = || {
        let mut batch = space.batch();
        batch.event(b"".as_slice());
        store.commit_blocking(vec![batch]).unwrap();
    };
    event();
    let mut watcher = store.watch(organisation(1)).unwrap();
    let other = store.watch(organisation(2)).unwrap();
    assert_eq!(*watcher.borrow_and_update(), 1);
    event();
    event();
    block_on(watcher.changed()).unwrap();
    assert_eq!(*watcher.borrow_and_update(), 3);
    let mut batch = space.batch();
    batch.next(Counter::Ticket);
    store.commit_blocking(vec![batch]).unwrap();
    assert!(!watcher.has_changed().unwrap(), "a commit without an event is not news");
    assert!(!other.has_changed().unwrap());
    drop(watcher);
    event();
    assert_eq!(*store.watch(organisation(1)).unwrap().borrow(), 4);
}

fn mails_become_tickets(store: &Store) {
    let space = space(store);
    for identity in 1..=20 {
        let receipt = receive_and_commit(store, &space, identity, 2000).unwrap();
        assert_eq!(receipt.version(), identity);
    }
    assert_eq!(tickets_by_identity(&space).len(), 20);
}

fn a_closed_store_refuses(store: &Store) {
    let space = space(store);
    put(store, &space, "a", b"1");
    assert!(store.is_writable());
    block_on(store.close());
    assert!(!store.is_writable());
    let result = store.commit_blocking(vec![space.batch()]);
    assert!(matches!(result, Err(CommitError::Unavailable(_))));
    block_on(store.close());
}

fn a_deleted_key_is_absent(store: &Store) {
    let space = space(store);
    put(store, &space, "a", b"1");
    let mut batch = space.batch();
    batch.delete(key("a"));
    batch.delete(key("never there"));
    let mut again = space.batch();
    again.put(key("b"), b"1".as_slice());
    store.commit_blocking(vec![batch, again]).unwrap();
    assert_eq!((get(&space, "a"), get(&space, "b")), (None, Some(b"1".to_vec())));
    let mut absent = space.batch();
    absent.check_absent(key("a"));
    store.commit_blocking(vec![absent]).unwrap();
}

fn the_last_write_of_a_batch_stands(store: &Store) {
    let space = space(store);
    let mut batch = space.batch();
    batch.put(key("a"), b"1".as_slice());
    batch.delete(key("a"));
    batch.put(key("a"), b"2".as_slice());
    batch.put(key("b"), b"1".as_slice());
    batch.delete(key("b"));
    store.commit_blocking(vec![batch]).unwrap();
    assert_eq!((get(&space, "a"), get(&space, "b")), (Some(b"2".to_vec()), None));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn count(space: &Space, name: &str) -> i64 {
    space.snapshot().unwrap().count(&key(name)).unwrap()
}

fn counts_add_up_and_never_conflict(store: &Store) {
    let space = space(store);
    assert_eq!(count(&space, "a"), 0);
    // All are made of the same moment, and come in whatever groups.
    let batches: Vec<_> = (1..=8)
        .map(|delta| {
            let mut batch = space.batch();
            batch.add(key("a"), delta);
            batch.add(key("a"), delta);
            batch.add(key("nothing"), delta);
            batch.add(key("nothing"), -delta);
            batch
        })
        .collect();
    std::thread::scope(|scope| {
        for batch in batches {
            scope.spawn(|| store.commit_blocking(vec![batch]).unwrap());
        }
    });
    assert_eq!(count(&space, "a"), 72);
    assert_eq!(get(&space, "nothing"), None, "what comes to nothing is not written");
    let mut batch = space.batch();
    batch.add(key("a"), -70);
    store.commit_blocking(vec![batch]).unwrap();
    assert_eq!(get(&space, "a"), Some(2i64.to_be_bytes().to_vec()));
    let mut other = store.of(organisation(2)).batch();
    other.add(key("a"), 5);
    let mut batch = space.batch();
    batch.add(key("a"), -2);
    store.commit_blocking(vec![batch, other]).unwrap();
    assert_eq!((get(&space, "a"), count(&store.of(organisation(2)), "a")), (None, 5));
    let mut below = space.batch();
    below.add(key("a"), -3);
    store.commit_blocking(vec![below]).unwrap();
    assert_eq!(count(&space, "a"), -3);
}

fn a_count_and_an_outright_write_come_in_their_order(store: &Store) {
    let space = space(store);
    let (mut first, mut second) = (space.batch(), space.batch());
    first.add(key("a"), 7);
    first.put(key("a"), 100i64.to_be_bytes().as_slice());
    first.add(key("a"), 1);
    second.add(key("a"), 2);
    first.add(key("b"), 7);
    first.delete(key("b"));
    second.add(key("b"), 3);
    store.commit_blocking(vec![first, second]).unwrap();
    assert_eq!((count(&space, "a"), count(&space, "b")), (103, 3));
    put(store, &space, "harmed", b"no count");
    put(store, &space, "short", b"x");
    let mut batch = space.batch();
    batch.add(key("short"), 4);
    store.commit_blocking(vec![batch]).unwrap();
    assert_eq!(count(&space, "short"), 4, "what is no count is taken for nothing");
}

fn a_decision_that_rests_on_a_count_conflicts_with_who_adds_to_it(store: &Store) {
    let space = space(store);
    let mut snapshot = space.snapshot().unwrap();
    snapshot.read(&key("a")).unwrap();
    let decided = snapshot.batch();
    let mut batch = space.batch();
    batch.add(key("a"), 1);
    store.commit_blocking(vec![batch]).unwrap();
    assert_eq!(store.commit_blocking(vec![decided]), Err(CommitError::Conflict));
}

fn a_count_whose_key_has_a_number_to_come_is_found_under_it(store: &Store) {
    let space = space(store);
    let mut batch = space.batch();
    let ticket = batch.next(Counter::Ticket);
    batch.add(Template::from(Key::new(9)).slot(ticket), 6);
    store.commit_blocking(vec![batch]).unwrap();
    assert_eq!(space.snapshot().unwrap().count(&Key::new(9).number(1)).unwrap(), 6);
}
