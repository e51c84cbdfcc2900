//! Every limit of the API, reached.

use std::time::Duration;

use super::events::Stream;
use super::world::{World, mail};
use crate::Limits;

#[tokio::test]
async fn requests_at_one_time_are_limited() {
    let world = World::with(Limits { requests_max: 0, ..Limits::default() }).await;
    let answer = world.get("/api/v1/tickets").await;
    answer.problem(503);
    assert_eq!(answer.header("retry-after"), "1");
    // Whether the server lives can be asked all the same.
    assert_eq!(world.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn downloads_at_one_time_are_limited_and_a_finished_one_makes_room() {
    let world = World::with(Limits { downloads_max: 1, ..Limits::default() }).await;
    world.mail(&mail("one")).await;
    let id = world.get("/api/v1/tickets/1/messages").await.json()["items"][0]["id"].as_u64().unwrap();
    let path = format!("/api/v1/messages/{id}/raw");
    let open = Stream::open(&world, &world.admin, &path, None).await;
    world.get(&path).await.problem(503);
    drop(open);
    assert_eq!(world.get(&path).await.status, 200);
    assert_eq!(world.get(&path).await.status, 200);
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_given_up() {
    let world = World::with(Limits { renderings_max: 0, ..Limits::default() }).await;
    world.mail(&mail("one")).await;
    let id = world.get("/api/v1/tickets/1/messages").await.json()["items"][0]["id"].as_u64().unwrap();
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    world.get(&format!("/api/v1/messages/{id}")).await.problem(503);
    assert!(begun.elapsed() >= Duration::from_secs(30), "the clock stands, so it was the limit");
}

#[tokio::test]
async fn event_streams_are_limited_for_one_organisation() {
    let world = World::with(Limits { streams_per_organisation_max: 1, ..Limits::default() }).await;
    let first = Stream::open(&world, &world.admin, "/api/v1/events", None).await;
    world.get_as(&world.agent, "/api/v1/events").await.problem(429);
    let elsewhere = Stream::open(&world, &world.stranger, "/api/v1/events", None).await;
    drop((first, elsewhere));
    Stream::open(&world, &world.agent, "/api/v1/events", None).await;
}

#[tokio::test]
async fn event_streams_are_limited_over_all() {
    let world = World::with(Limits { streams_max: 1, ..Limits::default() }).await;
    let first = Stream::open(&world, &world.admin, "/api/v1/events", None).await;
    world.get_as(&world.stranger, "/api/v1/events").await.problem(503);
    drop(first);
    Stream::open(&world, &world.stranger, "/api/v1/events", None).await;
}
