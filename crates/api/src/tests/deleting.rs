//! Deleting for good, and the counts of views.

use axum::http::Method;
use serde_json::json;

use super::world::{World, mail, request};

async fn throw_away(world: &World, number: u64) {
    let thrown = world.patch(&format!("/api/v1/tickets/{number}"), json!({"state": "trash"})).await;
    assert_eq!(thrown.status, 200);
}

#[tokio::test]
async fn an_admin_deletes_out_of_the_trash_and_nobody_else_does() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    let path = "/api/v1/tickets/1";
    let delete = async |token: &str| world.send(request(Method::DELETE, path, token)).await;
    delete(&world.admin).await.problem(422);
    throw_away(&world, 1).await;
    delete(&world.stranger).await.problem(404);
    assert_eq!(delete(&world.admin).await.status, 204);
    delete(&world.admin).await.problem(404);
    world.get(path).await.problem(404);
    world.get("/api/v1/messages/1").await.problem(404);
}

#[tokio::test]
async fn the_trash_is_emptied_by_an_admin() {
    let world = World::new().await;
    for name in ["one", "two", "three"] {
        world.mail(&mail(name)).await;
    }
    throw_away(&world, 1).await;
    throw_away(&world, 3).await;
    let empty = async |token: &str| world.send(request(Method::POST, "/api/v1/trash/empty", token)).await;
    empty(&world.agent).await.problem(403);
    let done = empty(&world.admin).await.json();
    assert_eq!(done, json!({"deleted": 2, "kept": 0, "next_cursor": null}));
    assert_eq!(world.get("/api/v1/tickets/2").await.status, 200);
}

#[tokio::test]
async fn every_view_is_counted_in_one_answer() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    world.mail(&mail("two")).await;
    throw_away(&world, 2).await;
    let counts = world.get("/api/v1/views/counts").await.json();
    let of = |view: &str| {
        let items = counts["items"].as_array().unwrap();
        items.iter().find(|item| item["view"] == view).unwrap().clone()
    };
    assert_eq!(of("unassigned"), json!({"view": "unassigned", "tickets": 1, "is_exact": true}));
    assert_eq!(of("trash")["tickets"], 1);
    assert_eq!(of("spam")["tickets"], 0);
}
