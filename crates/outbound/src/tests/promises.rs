//! Once, at least; and within bounds.

use std::sync::Arc;

use guichet_desk::DeliveryState;
use guichet_store::{Key, Options, Store};
use guichet_sys::Clock as _;
use guichet_testkit::{Reaction, Script, ScriptedMx, Zone};
use tokio::sync::Notify;

use super::world::{World, assert_deferred, said};
use crate::Mode;

#[tokio::test]
async fn promise_6_a_mail_that_was_taken_is_not_sent_again() {
    let mut world = World::new().await;
    let mx = ScriptedMx::start(Script::new()).await.unwrap();
    world.start(&mx);
    let (state, _) = world.send().await;
    assert_eq!(state, DeliveryState::Delivered);
    world.stop().await;
    world.restart();
    world.send().await;
    assert_eq!(mx.mails().len(), 2, "each of the two once");
}

#[tokio::test]
async fn promise_6_nothing_is_sent_that_could_not_be_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let store =
        Store::open(folder.path(), &Options { disk_reserve_bytes_min: 0, ..Options::default() }).unwrap();
    let zone = Zone::new().address("customer.example", "127.0.0.1");
    let mut world = World::over(store, zone).await;
    world.settings.limits.free_bytes_min = u64::MAX;
    let mx = ScriptedMx::start(Script::new()).await.unwrap();
    let id = world.write_one("anna@customer.example").await;
    world.start(&mx);
    // The deliverer sees the mail, and lets it be.
    let stopped = world.stop().await;
    assert_eq!((stopped.finished, stopped.cut, mx.connections()), (0, 0, 0));
    let detail = world.backends.desk.delivery(&world.actor(), id).unwrap();
    assert_eq!((detail.delivery.record.state, detail.attempts.len()), (DeliveryState::Due, 0));
}

#[tokio::test]
async fn promise_6_what_can_not_be_recorded_is_held_and_not_sent_again() {
    let mut world = World::new().await;
    let gate = Arc::new(Notify::new());
    let mx = ScriptedMx::start(Script::new().on("CONTENT", Reaction::Await(gate.clone()))).await.unwrap();
    world.settings.limits.stop_secs_max = 0;
    world.start(&mx);
    let id = world.write_one("anna@customer.example").await;
    mx.taken(1).await;
    world.backends.store.close().await;
    gate.notify_one();
    // The server says 250 and the connection waits for its next mail, but nothing can be written any more.
    let stopped = world.stop().await;
    assert_eq!((stopped.finished, stopped.cut, mx.mails().len()), (0, 1, 1));
    let detail = world.backends.desk.delivery(&world.actor(), id).unwrap();
    assert_eq!(detail.attempts.len(), 0);
}

#[tokio::test]
async fn promise_9_a_dead_destination_costs_few_connections_however_much_mail_it_has() {
    let mut world = World::new().await;
    let mx = ScriptedMx::start(Script::new().on("GREETING", Reaction::Close)).await.unwrap();
    let to: Vec<String> = (0..60).map(|at| format!("user{at}@customer.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let ids = [world.write(&to[..30]).await, world.write(&to[30..]).await].concat();
    world.start(&mx);
    for id in ids {
        let (state, attempt) = world.outcome(id).await;
        assert_eq!(state, DeliveryState::Deferred);
        assert_deferred(&attempt);
    }
    assert!(mx.connections() <= 2 * world.settings.limits.per_destination_first, "{}", mx.connections());
}

#[tokio::test]
async fn promise_9_nobody_waits_behind_a_destination_that_hangs() {
    let zone = Zone::new().address("slow.example", "127.0.0.2").address("customer.example", "127.0.0.1");
    let mut world = World::with_dns(zone).await;
    let mx = ScriptedMx::start(Script::new()).await.unwrap();
    let slow = ScriptedMx::start_beside(&mx, [127, 0, 0, 2], Script::new().on("MAIL", Reaction::Hang))
        .await
        .unwrap();
    let to: Vec<String> = (0..40).map(|at| format!("user{at}@slow.example")).collect();
    world.write(&to.iter().map(String::as_str).collect::<Vec<_>>()).await;
    world.settings.limits.stop_secs_max = 0;
    world.start(&mx);
    assert_eq!(world.send().await.0, DeliveryState::Delivered);
    let stopped = world.stop().await;
    let first = world.settings.limits.per_destination_first;
    // The one that was delivered may be ending just now.
    assert!((first..=first + 1).contains(&stopped.cut), "{}", stopped.cut);
    assert!(slow.connections() <= first);
}

#[tokio::test]
async fn promise_9_more_mail_than_memory_may_hold_is_delivered_all_the_same() {
    let mut world = World::new().await;
    // A tenth of ten: one mail of a destination is known at a time.
    world.settings.limits.references_max = 10;
    world.settings.limits.per_destination_max = 5;
    let mx = ScriptedMx::start(Script::new()).await.unwrap();
    let to: Vec<String> = (0..40).map(|at| format!("user{at}@customer.example")).collect();
    let ids = world.write(&to.iter().map(String::as_str).collect::<Vec<_>>()).await;
    world.start(&mx);
    for id in ids {
        assert_eq!(world.outcome(id).await.0, DeliveryState::Delivered);
    }
    assert_eq!(mx.mails().len(), 40, "each once");
}

#[tokio::test]
async fn mails_to_one_destination_share_a_connection() {
    let mut world = World::new().await;
    world.settings.limits.per_destination_first = 1;
    world.settings.limits.per_destination_max = 1;
    let mx = ScriptedMx::start(Script::new()).await.unwrap();
    world.start(&mx);
    for id in world.write(&["a@customer.example", "b@customer.example", "c@customer.example"]).await {
        assert_eq!(world.outcome(id).await.0, DeliveryState::Delivered);
    }
    assert_eq!((mx.connections(), mx.mails().len()), (1, 3));
    assert!(!mx.commands().contains(&"RSET".to_owned()));
}

#[tokio::test]
async fn a_connection_that_died_while_it_waited_is_nobodys_failure() {
    let mut world = World::new().await;
    let script = Script::new().once("CONTENT", Reaction::SayAndClose("250 2.0.0 taken\r\n".to_owned()));
    let mx = ScriptedMx::start(script).await.unwrap();
    world.start(&mx);
    assert_eq!(world.send().await.0, DeliveryState::Delivered);
    let (state, attempt) = world.send().await;
    assert_eq!((state, said(&attempt).1), (DeliveryState::Delivered, Some(250)));
    assert_eq!(mx.connections(), 2);
}

#[tokio::test]
async fn the_stop_lets_a_mail_that_is_under_way_end_and_says_good_bye() {
    let mut world = World::new().await;
    let gate = Arc::new(Notify::new());
    let mx = ScriptedMx::start(Script::new().on("CONTENT", Reaction::Await(gate.clone()))).await.unwrap();
    world.start(&mx);
    let id = world.write_one("anna@customer.example").await;
    mx.taken(1).await;
    let (stopped, ()) = tokio::join!(world.stop(), async { gate.notify_one() });
    assert_eq!((stopped.finished, stopped.cut), (1, 0));
    assert_eq!(world.outcome(id).await.0, DeliveryState::Delivered);
    assert_eq!(mx.commands().last().map(String::as_str), Some("QUIT"));
}

#[tokio::test]
async fn what_is_captured_is_signed_and_touches_no_network() {
    let mut world = World::with_dns(Zone::new()).await.with_key().await;
    world.settings.mode = Mode::Capture;
    world.run();
    let (state, attempt) = world.send().await;
    assert_eq!(state, DeliveryState::Captured);
    assert!(attempt.signature.unwrap().contains("s=s1"));
    assert_eq!((attempt.host, attempt.address), (None, None));
}

#[tokio::test]
async fn a_mail_that_is_due_later_goes_when_its_time_comes() {
    let mut world = World::new().await;
    let mx = ScriptedMx::start(Script::new().once("MAIL", Reaction::Say("451 4.3.0 later\r\n".to_owned())))
        .await
        .unwrap();
    world.start(&mx);
    let id = world.write_one("anna@customer.example").await;
    let first = world.attempted(id, 1).await;
    let wait = first.delivery.record.due.duration_since(world.clock.now()).as_secs();
    assert!(wait > 0);
    world.clock.advance_secs(wait + 1);
    let second = world.attempted(id, 2).await;
    assert_eq!(second.delivery.record.state, DeliveryState::Delivered);
}

#[tokio::test]
async fn mail_of_a_suspended_organisation_waits_and_goes_once_it_goes_on() {
    let mut world = World::new().await;
    let mx = ScriptedMx::start(Script::new()).await.unwrap();
    let id = world.write_one("anna@customer.example").await;
    let (accounts, organisation) = (world.backends.desk.accounts().clone(), world.organisation);
    accounts.suspend_organisation(organisation, Some(world.clock.now())).await.unwrap();
    world.start(&mx);
    world.stop().await;
    let detail = world.backends.desk.delivery(&world.actor(), id).unwrap();
    assert_eq!(
        (detail.delivery.record.state, detail.attempts.len(), mx.connections()),
        (DeliveryState::Due, 0, 0)
    );
    accounts.suspend_organisation(organisation, None).await.unwrap();
    world.restart();
    assert_eq!(world.outcome(id).await.0, DeliveryState::Delivered);
}

#[tokio::test]
async fn what_cant_be_read_of_one_organisation_keeps_nobody_elses_mail() {
    let mut world = World::new().await;
    let mx = ScriptedMx::start(Script::new()).await.unwrap();
    let other = u64::from(world.other_organisation("help@other.example").await.get());
    let mut batch = world.backends.store.operator().batch();
    batch.put(Key::new(b'O').number(other), b"no record".to_vec());
    batch.put(Key::new(b'q').number(1).number(other).number(1), b"customer.example".to_vec());
    world.backends.store.commit(vec![batch]).await.unwrap();
    let id = world.write_one("anna@customer.example").await;
    world.start(&mx);
    assert_eq!(world.outcome(id).await.0, DeliveryState::Delivered);
}
