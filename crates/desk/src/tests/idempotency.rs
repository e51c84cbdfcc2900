//! Requests that come twice.

use tokio::task::JoinSet;

use super::world::{World, at};
use super::writing_letters::{asked, new_mail, reply};
use crate::{Error, Idempotency, Writing, WrittenMessage};

const DAY: i64 = 86_400;

fn key(key: &str, request: &str) -> Idempotency {
    Idempotency::new(key, request.as_bytes()).unwrap()
}

async fn write(world: &World, idempotency: Idempotency, second: i64) -> Result<WrittenMessage, Error> {
    world.desk.write(&world.admin(), reply(), None, Some(idempotency), at(second)).await
}

fn messages(world: &World) -> usize {
    world.desk.messages(&world.admin(), 1, None, 50).unwrap().items.len()
}

#[tokio::test]
async fn the_same_request_again_is_answered_as_the_first_time() {
    let world = asked("").await;
    let first = write(&world, key("k", "a"), 1).await.unwrap();
    let again = write(&world, key("k", "a"), 2).await.unwrap();
    assert_eq!(again, WrittenMessage { replayed: true, ..first.clone() });
    assert_eq!(messages(&world), 2);
    // What is asked for need not be possible any more.
    let gone = Writing { attachments: vec![crate::UploadId(1)], ..reply() };
    let again = world.desk.write(&world.admin(), gone, Some(1), Some(key("k", "a")), at(3)).await.unwrap();
    assert_eq!(again.message, first.message);
}

#[tokio::test]
async fn a_key_with_another_request_is_refused_and_of_another_person_another_key() {
    let world = asked("").await;
    write(&world, key("k", "a"), 1).await.unwrap();
    let refused = write(&world, key("k", "b"), 2).await;
    assert!(matches!(&refused, Err(Error::Invalid(sentence)) if sentence.contains("new key")), "{refused:?}");
    let other =
        world.desk.write(&world.somebody(5), reply(), None, Some(key("k", "b")), at(3)).await.unwrap();
    assert!(!other.replayed);
    assert!(!write(&world, key("l", "a"), 4).await.unwrap().replayed);
    assert_eq!(messages(&world), 4);
}

#[tokio::test]
async fn a_request_that_failed_is_not_remembered() {
    let world = asked("").await;
    let wrong = Writing { text: String::new(), ..reply() };
    assert!(world.desk.write(&world.admin(), wrong, None, Some(key("k", "a")), at(1)).await.is_err());
    assert!(!write(&world, key("k", "a"), 2).await.unwrap().replayed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_many_times_at_once_sends_one_mail() {
    let world = World::new().await;
    let channel = world.channel_id("support@acme.example");
    let mut tasks = JoinSet::new();
    for n in 0..8 {
        let (desk, admin) = (world.desk.clone(), world.admin());
        let mail = new_mail(channel, &["bia@customer.example"]);
        // Around midnight, so that some look for the row on the day before, some on the day after.
        let now = at((DAY - at(0).as_second() % DAY) + n - 4);
        tasks.spawn(async move { desk.write(&admin, mail, None, Some(key("k", "a")), now).await.unwrap() });
    }
    let all = tasks.join_all().await;
    assert_eq!(all.iter().filter(|written| !written.replayed).count(), 1, "{all:?}");
    assert!(all.iter().all(|written| (written.ticket, &written.deliveries) == (1, &all[0].deliveries)));
    assert_eq!(world.desk.due(None, at(9 * DAY), 99).unwrap().len(), 1);
}

#[tokio::test]
async fn promise_9_a_key_is_known_for_a_day_and_forgotten_in_time() {
    let world = asked("").await;
    let first = write(&world, key("k", "a"), 1).await.unwrap();
    assert_eq!(write(&world, key("k", "a"), DAY).await.unwrap().message, first.message);
    assert!(!world.desk.forget_idempotency(world.acme, at(1)).await.unwrap());
    assert!(write(&world, key("k", "a"), DAY).await.unwrap().replayed, "of the same day, so kept");
    world.desk.forget_idempotency(world.acme, at(DAY)).await.unwrap();
    assert!(!write(&world, key("k", "a"), DAY + 1).await.unwrap().replayed);
    assert!(!write(&world, key("k", "a"), 4 * DAY).await.unwrap().replayed, "two days are looked at");
}

#[test]
fn a_key_is_short_and_printable() {
    for wrong in ["", " ", "a b", "a\n", "ä", &"x".repeat(256)] {
        assert!(matches!(Idempotency::new(wrong, b""), Err(Error::Invalid(_))), "{wrong:?}");
    }
    assert!(Idempotency::new("8e03978e-40d5-43e8-bc93-6894a57f9324", b"").is_ok());
}
