//! Requests that come twice, and requests that come too late.

use axum::http::HeaderName;
use axum::http::header::IF_MATCH;
use serde_json::{Value, json};

use super::{MESSAGES, with_ticket, write_with};
use crate::tests::world::{World, mail, posting};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

fn reply(text: &str) -> Value {
    json!({"kind": "reply", "text": text, "undo_seconds": 0})
}

async fn count(world: &World) -> u64 {
    world.get("/api/v1/tickets/1").await.json()["message_count"].as_u64().unwrap()
}

#[tokio::test]
async fn the_same_request_with_the_same_key_is_one_message() {
    let world = with_ticket().await;
    let first = write_with(&world, (KEY, "\"8e03978e\""), &reply("x")).await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (201, ""));
    // Spelt otherwise, and after the ticket went on, it is still the same.
    world.patch("/api/v1/tickets/1", json!({"state": "open"})).await;
    let again = write_with(&world, (KEY, "8e03978e"), &reply("x")).await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(again.json()["message"]["id"], first.json()["message"]["id"]);
    assert_eq!(again.json()["deliveries"], first.json()["deliveries"]);
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(count(&world).await, 2);
    // Another key is another message.
    assert_eq!(write_with(&world, (KEY, "other"), &reply("x")).await.status, 201);
    assert_eq!(count(&world).await, 3);
}

#[tokio::test]
async fn the_same_request_twice_at_one_time_is_one_message() {
    let world = with_ticket().await;
    let body = reply("x");
    let once = || write_with(&world, (KEY, "k"), &body);
    let (first, second) = tokio::join!(once(), once());
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201));
    assert_eq!(first.json()["message"]["id"], second.json()["message"]["id"]);
    let mut replayed = [first.header("idempotency-replayed"), second.header("idempotency-replayed")];
    replayed.sort_unstable();
    assert_eq!((replayed, count(&world).await), (["", "true"], 2));
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    let world = with_ticket().await;
    world.mail(&mail("two")).await;
    assert_eq!(write_with(&world, (KEY, "k"), &reply("x")).await.status, 201);
    let problem = write_with(&world, (KEY, "k"), &reply("y")).await.problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("another request"), "{problem}");
    let mut elsewhere = posting("/api/v1/tickets/2/messages", &world.admin, &reply("x"));
    elsewhere.headers_mut().insert(KEY, "k".parse().unwrap());
    world.send(elsewhere).await.problem(422);
    assert_eq!(count(&world).await, 2);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let world = with_ticket().await;
    for wrong in ["", "\"\"", "\"open", "a b", &"x".repeat(256)] {
        write_with(&world, (KEY, wrong), &reply("x")).await.problem(400);
    }
    assert_eq!(count(&world).await, 1);
}

#[tokio::test]
async fn keys_of_other_people_and_other_organisations_are_other_keys() {
    let world = with_ticket().await;
    world.mail_to_billing(&mail("two")).await;
    let by = async |token: &str| {
        let mut request = posting("/api/v1/tickets/2/messages", token, &reply("x"));
        request.headers_mut().insert(KEY, "k".parse().unwrap());
        world.send(request).await
    };
    assert_eq!(by(&world.admin).await.status, 201);
    let other = by(&world.agent).await;
    assert_eq!((other.status.as_u16(), other.header("idempotency-replayed")), (201, ""));
    by(&world.stranger).await.problem(404);
}

#[tokio::test]
async fn a_message_of_somebody_else_in_between_stops_an_answer() {
    let world = with_ticket().await;
    let read = world.get("/api/v1/tickets/1").await.header("etag").to_owned();
    let follow_up = mail("more").replace("Date:", "In-Reply-To: <one@customer.example>\r\nDate:");
    world.mail_proven(&follow_up).await;
    assert_eq!(count(&world).await, 2);
    write_with(&world, (IF_MATCH, &read), &reply("x")).await.problem(412);
    assert_eq!(count(&world).await, 2);
    let now = world.get("/api/v1/tickets/1").await.header("etag").to_owned();
    assert_eq!(write_with(&world, (IF_MATCH, &now), &reply("x")).await.status, 201);
    assert_eq!(write_with(&world, (IF_MATCH, "*"), &reply("y")).await.status, 201);
    for nothing in ["W/\"1\"", "\"999999\""] {
        write_with(&world, (IF_MATCH, nothing), &reply("x")).await.problem(412);
    }
    for nonsense in ["nonsense", "1", ""] {
        let told = write_with(&world, (IF_MATCH, nonsense), &reply("x")).await.problem(400);
        assert!(told["detail"].as_str().unwrap().contains("in its quotes"), "{told}");
    }
    assert_eq!(count(&world).await, 4);
}

#[tokio::test]
async fn what_nobody_wrote_does_not_stop_an_answer() {
    let world = with_ticket().await;
    let read = world.get("/api/v1/tickets/1").await.header("etag").to_owned();
    world.patch("/api/v1/tickets/1", json!({"priority": "high"})).await;
    assert_eq!(write_with(&world, (IF_MATCH, &read), &reply("x")).await.status, 201);
}

#[tokio::test]
async fn a_repeated_request_is_answered_though_its_version_is_gone() {
    let world = with_ticket().await;
    let read = world.get("/api/v1/tickets/1").await.header("etag").to_owned();
    let both = async || {
        let mut request = posting(MESSAGES, &world.admin, &reply("x"));
        request.headers_mut().insert(KEY, "k".parse().unwrap());
        request.headers_mut().insert(IF_MATCH, read.parse().unwrap());
        world.send(request).await
    };
    assert_eq!(both().await.status, 201);
    let follow_up = mail("more").replace("Date:", "In-Reply-To: <one@customer.example>\r\nDate:");
    world.mail_proven(&follow_up).await;
    let again = both().await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
}
