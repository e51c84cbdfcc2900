//! The board of notices.

use guichet_store::Direction;

use super::queue_world::address;
use super::world::{World, at};
use crate::keys::{Number, notices};
use crate::notices::NoticePut;
use crate::{Error, EventKind, Log, NOTICES_KEPT_MAX, NewNotice, NoticeId, NoticeKind};

fn bounces(who: &str, text: &str) -> NewNotice {
    let kind = NoticeKind::AddressBounces { address: address(who) };
    NewNotice { kind, subject: format!("{who} can't be reached"), text: text.to_owned() }
}

async fn put(world: &World, new: NewNotice, second: i64) -> NoticeId {
    world.desk.put_notice(world.acme, new, at(second)).await.unwrap()
}

fn open(world: &World) -> Vec<NoticeId> {
    let page = world.desk.notices(&world.admin(), false, None, 200).unwrap();
    page.items.into_iter().map(|notice| notice.id).collect()
}

fn told(world: &World) -> usize {
    let Log::Events { events, .. } = world.desk.events(&world.admin(), 0).unwrap() else { panic!() };
    events.iter().filter(|event| event.event.kind == EventKind::NoticeChanged).count()
}

#[tokio::test]
async fn one_matter_is_one_notice_that_says_the_latest() {
    let world = World::new().await;
    let id = put(&world, bounces("ana@x.example", "one"), 0).await;
    assert_eq!(
        put(&world, bounces("ANA@x.example", "one"), 1).await,
        put(&world, bounces("ana@x.example", "two"), 2).await
    );
    assert_eq!(open(&world), [id]);
    let notice = world.desk.notices(&world.admin(), false, None, 10).unwrap().items.remove(0);
    assert_eq!((notice.record.text.as_str(), notice.record.updated), ("two", at(2)));
    let before = told(&world);
    put(&world, bounces("ana@x.example", "two"), 3).await;
    assert_eq!(told(&world), before, "what says nothing new is no event");
}

#[tokio::test]
async fn a_notice_stays_until_it_is_dismissed_and_comes_back_with_news() {
    let world = World::new().await;
    let id = put(&world, bounces("ana@x.example", "one"), 0).await;
    let dismissed = world.desk.dismiss_notice(&world.admin(), id, at(1)).await.unwrap();
    assert_eq!((dismissed.record.dismissed, open(&world).len()), (Some(at(1)), 0));
    put(&world, bounces("ana@x.example", "one"), 2).await;
    assert_eq!(open(&world), []);
    put(&world, bounces("ana@x.example", "two"), 3).await;
    assert_eq!(open(&world), [id]);
    assert_eq!(world.desk.notices(&world.admin(), true, None, 10).unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_notice_that_settled_comes_back_when_its_matter_does() {
    let world = World::new().await;
    let new = bounces("ana@x.example", "one");
    let id = put(&world, new.clone(), 0).await;
    world.desk.settle_notice(world.acme, &new.kind, at(1)).await.unwrap();
    world.desk.settle_notice(world.acme, &bounces("nobody@x.example", "").kind, at(1)).await.unwrap();
    assert_eq!(open(&world), []);
    assert_eq!(put(&world, new, 2).await, id);
    assert_eq!(open(&world), [id]);
}

#[tokio::test]
async fn promise_7_only_who_sees_everything_sees_notices_and_hears_of_them() {
    let world = World::new().await;
    let agent = world.billing_agent().await;
    let id = put(&world, bounces("ana@x.example", "one"), 0).await;
    assert_eq!(world.desk.notices(&agent, true, None, 10).unwrap().items, []);
    assert!(matches!(world.desk.dismiss_notice(&agent, id, at(1)).await, Err(Error::NotFound("notice"))));
    let other = guichet_accounts::Actor::system(world.other);
    assert!(matches!(world.desk.dismiss_notice(&other, id, at(1)).await, Err(Error::NotFound("notice"))));
    let Log::Events { events, .. } = world.desk.events(&agent, 0).unwrap() else { panic!() };
    assert!(events.iter().all(|event| event.event.kind != EventKind::NoticeChanged));
}

#[tokio::test]
async fn promise_9_a_bounded_number_of_notices_is_kept_and_closed_ones_go_first() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for n in 0..NOTICES_KEPT_MAX {
        ids.push(put(&world, bounces(&format!("a{n}@x.example"), "x"), i64::try_from(n).unwrap()).await);
    }
    world.desk.dismiss_notice(&world.admin(), ids[3], at(600)).await.unwrap();
    put(&world, bounces("b@x.example", "x"), 601).await;
    put(&world, bounces("c@x.example", "x"), 602).await;
    let count = |all: bool| {
        let (mut count, mut cursor) = (0, None);
        loop {
            let page = world.desk.notices(&world.admin(), all, cursor, 200).unwrap();
            count += page.items.len();
            cursor = page.next;
            if cursor.is_none() {
                return count;
            }
        }
    };
    assert_eq!((count(true), count(false)), (NOTICES_KEPT_MAX, NOTICES_KEPT_MAX));
    // The oldest had to go, so its matter is new again.
    assert_ne!(put(&world, bounces("a0@x.example", "x"), 603).await, ids[0]);
}

#[tokio::test]
async fn promise_9_what_two_at_once_put_beyond_the_bound_goes_with_the_next() {
    let world = World::new().await;
    for n in 0..NOTICES_KEPT_MAX - 1 {
        put(&world, bounces(&format!("a{n}@x.example"), "x"), 0).await;
    }
    let batches = ["b@x.example", "c@x.example"].map(|who| {
        let mut snapshot = world.store.of(world.acme).snapshot().unwrap();
        let fresh = world.desk.new_notice_id(at(1));
        let put = NoticePut::read(&mut snapshot, bounces(who, "x"), fresh, at(1)).unwrap();
        let mut batch = snapshot.batch();
        put.write(&mut batch, Number::Known(0));
        batch
    });
    for batch in batches {
        world.store.commit(vec![batch]).await.unwrap();
    }
    put(&world, bounces("d@x.example", "x"), 2).await;
    let snapshot = world.store.of(world.acme).snapshot().unwrap();
    let rows = snapshot.scan(&notices(), Direction::Forward, None).unwrap();
    assert_eq!(rows.count(), NOTICES_KEPT_MAX);
}

#[tokio::test]
async fn two_who_put_the_same_notice_at_once_put_one() {
    let world = World::new().await;
    let new = || bounces("ana@x.example", "one");
    let (one, other) = tokio::join!(
        world.desk.put_notice(world.acme, new(), at(0)),
        world.desk.put_notice(world.acme, new(), at(0))
    );
    assert_eq!(one.unwrap(), other.unwrap());
    assert_eq!(open(&world).len(), 1);
}
