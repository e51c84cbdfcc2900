//! `PATCH /tickets/{number}`.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Method;
use futures_util::stream;
use serde_json::{Value, json};

use super::world::{Answer, JSON, World, mail, request};

async fn patched(world: &World, content_type: &str, body: Body, if_match: Option<&str>) -> Answer {
    let mut request = request(Method::PATCH, "/api/v1/tickets/1", &world.admin);
    *request.body_mut() = body;
    request.headers_mut().insert("content-type", content_type.parse().unwrap());
    if let Some(tag) = if_match {
        request.headers_mut().insert("if-match", tag.parse().unwrap());
    }
    world.send(request).await
}

async fn with_ticket() -> World {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    world
}

#[tokio::test]
async fn what_is_named_changes_and_nothing_else() {
    let world = with_ticket().await;
    let patch = json!({
        "state": "open", "team": world.billing.0, "assignee": world.agent_id.0, "priority": "urgent",
        "tags": ["vip", "billing"], "subject": "Renamed",
    });
    let changed = world.patch("/api/v1/tickets/1", patch).await;
    assert_eq!(changed.status, 200);
    let ticket = changed.json();
    assert_eq!(ticket["tags"], json!(["billing", "vip"]));
    assert_eq!((&ticket["state"], &ticket["subject"]), (&json!("open"), &json!("Renamed")));
    assert_eq!(ticket, world.get("/api/v1/tickets/1").await.json());
    assert_eq!(changed.header("etag"), world.get("/api/v1/tickets/1").await.header("etag"));

    let cleared =
        world.patch("/api/v1/tickets/1", json!({"team": null, "assignee": null, "tags": null})).await;
    let cleared = cleared.json();
    assert_eq!(cleared["team"], Value::Null);
    assert_eq!(cleared["assignee"], Value::Null);
    assert_eq!(cleared["tags"], json!([]));
    assert_eq!(cleared["state"], "open");
}

#[tokio::test]
async fn a_merge_patch_may_be_called_by_its_name_and_may_be_empty() {
    let world = with_ticket().await;
    let answer = patched(&world, "application/merge-patch+json; charset=utf-8", "{}".into(), None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("etag"), world.get("/api/v1/tickets/1").await.header("etag"));
}

#[tokio::test]
async fn a_version_that_is_gone_is_not_changed() {
    let world = with_ticket().await;
    let old = world.get("/api/v1/tickets/1").await.header("etag").to_owned();
    let open = || Body::from(r#"{"state":"open"}"#);
    assert_eq!(patched(&world, JSON, open(), Some(&old)).await.status, 200);
    for stale in [old.as_str(), "\"999\"", "W/\"1\""] {
        patched(&world, JSON, Body::from(r#"{"state":"closed"}"#), Some(stale)).await.problem(412);
    }
    patched(&world, JSON, Body::from(r#"{"state":"closed"}"#), Some("nonsense")).await.problem(400);
    assert_eq!(world.get("/api/v1/tickets/1").await.json()["state"], "open");
    assert_eq!(patched(&world, JSON, Body::from(r#"{"state":"closed"}"#), Some("*")).await.status, 200);
}

#[tokio::test]
async fn every_member_that_is_wrong_is_named() {
    let world = with_ticket().await;
    let patch = json!({
        "state": "done", "priority": 3, "team": "x", "assignee": -1, "tags": [1], "subject": null, "a/b": 1,
    });
    let problem = world.patch("/api/v1/tickets/1", patch).await.problem(422);
    let mut pointers: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].as_str().unwrap())
        .collect();
    pointers.sort_unstable();
    let expected = ["#/assignee", "#/a~1b", "#/priority", "#/state", "#/subject", "#/tags", "#/team"];
    assert_eq!(pointers, expected);
    for patch in [
        json!({"team": 999}),
        json!({"assignee": 999}),
        json!({"subject": ""}),
        json!({"subject": "a\r\nBcc: x@y.example"}),
        json!({"tags": ["x".repeat(61)]}),
        json!([]),
    ] {
        world.patch("/api/v1/tickets/1", patch).await.problem(422);
    }
    assert_eq!(world.get("/api/v1/tickets/1").await.json()["subject"], "acme one");
}

#[tokio::test]
async fn a_body_that_is_not_read_here_is_refused_by_kind() {
    let world = with_ticket().await;
    patched(&world, JSON, "{".into(), None).await.problem(400);
    patched(&world, JSON, "{\"state\":\"\u{0}\"".into(), None).await.problem(400);
    let answer = patched(&world, "text/plain", "{}".into(), None).await;
    answer.problem(415);
    assert_eq!(answer.header("accept-patch"), "application/merge-patch+json");
    let large = format!("{{\"subject\":\"{}\"}}", "x".repeat(1 << 20));
    patched(&world, JSON, large.into(), None).await.problem(413);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    patched(&world, JSON, deep.into(), None).await.problem(400);
}

#[tokio::test]
async fn a_body_that_never_comes_is_not_waited_for() {
    let world = with_ticket().await;
    // The first use of a token is noted in the store, whose thread a clock that stands does not wait for.
    world.get("/api/v1/tickets/1").await;
    tokio::time::pause();
    let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let begun = tokio::time::Instant::now();
    patched(&world, JSON, never, None).await.problem(408);
    assert!(begun.elapsed() >= Duration::from_secs(10), "the clock stands, so it was the limit");
}

#[tokio::test]
async fn what_an_agent_may_not_see_they_may_not_change() {
    let world = with_ticket().await;
    let mut request = request(Method::PATCH, "/api/v1/tickets/1", &world.agent);
    *request.body_mut() = Body::from(r#"{"state":"trash"}"#);
    request.headers_mut().insert("content-type", JSON.parse().unwrap());
    world.send(request).await.problem(404);
    assert_eq!(world.get("/api/v1/tickets/1").await.json()["state"], "new");
}
