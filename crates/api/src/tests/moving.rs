//! Merge and split.

use serde_json::{Value, json};

use super::world::{World, mail};

#[tokio::test]
async fn a_merged_ticket_says_where_everything_went() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    world.mail_to_billing(&mail("two")).await;
    let merged = world.post("/api/v1/tickets/1/merge", json!({"into": 2})).await;
    assert_eq!(merged.status, 200);
    assert_eq!(
        (merged.json()["number"].clone(), merged.json()["message_count"].clone()),
        (json!(2), json!(2))
    );
    let source = world.get("/api/v1/tickets/1").await.json();
    assert_eq!((source["state"].clone(), source["merged_into"].clone()), (json!("closed"), json!(2)));
    assert_eq!(world.get("/api/v1/messages/1").await.json()["ticket"], 2);
    assert_eq!(world.get("/api/v1/tickets").await.json()["items"].as_array().unwrap().len(), 1);
    world.patch("/api/v1/tickets/1", json!({"state": "open"})).await.problem(422);
    for (wrong, pointer) in
        [(json!({"into": 99}), "#/into"), (json!({}), "#/into"), (json!({"into": "x"}), "#/into")]
    {
        let problem = world.post("/api/v1/tickets/2/merge", wrong).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
}

#[tokio::test]
async fn promise_7_a_ticket_that_an_agent_does_not_see_is_no_target_and_is_not_named() {
    let world = World::new().await;
    world.mail_to_billing(&mail("one")).await;
    world.mail(&mail("two")).await;
    let into = json!({"into": 2});
    let unseen = world.post_as(&world.agent, "/api/v1/tickets/1/merge", into).await.problem(422);
    let absent =
        world.post_as(&world.agent, "/api/v1/tickets/1/merge", json!({"into": 99})).await.problem(422);
    assert_eq!(unseen, absent);
    world.post_as(&world.agent, "/api/v1/tickets/2/merge", json!({"into": 1})).await.problem(404);
    assert_eq!(world.post("/api/v1/tickets/1/merge", json!({"into": 2})).await.status, 200);
    assert_eq!(world.get_as(&world.agent, "/api/v1/tickets/1").await.json()["merged_into"], Value::Null);
    world.get_as(&world.agent, "/api/v1/messages/1").await.problem(404);
}

#[tokio::test]
async fn split_messages_are_a_ticket_of_their_own() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    world.mail(&mail("two")).await;
    world.post("/api/v1/tickets/1/merge", json!({"into": 2})).await;
    let split = world.post("/api/v1/tickets/2/split", json!({"messages": [1], "subject": "Apart"})).await;
    assert_eq!(split.status, 201);
    assert_eq!(split.header("location"), "/api/v1/tickets/3");
    assert_eq!((split.json()["number"].clone(), split.json()["subject"].clone()), (json!(3), json!("Apart")));
    assert_eq!(world.get("/api/v1/messages/1").await.json()["ticket"], 3);
    for wrong in [
        json!({"messages": []}),
        json!({"messages": [2]}),
        json!({"messages": [1]}),
        json!({"messages": "all"}),
        json!({}),
    ] {
        world.post("/api/v1/tickets/2/split", wrong).await.problem(422);
    }
}
