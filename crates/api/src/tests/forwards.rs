//! `/channels/{id}/forwards`: entered, probed, removed.

use axum::http::Method;
use serde_json::{Value, json};

use super::world::{World, request};

async fn channel(world: &World) -> String {
    let channels = world.get("/api/v1/channels").await.json();
    let own = channels["items"].as_array().unwrap().iter();
    let support = own.clone().find(|channel| channel["address"] == "support@acme.example").unwrap();
    format!("/api/v1/channels/{}/forwards", support["id"])
}

#[tokio::test]
async fn a_forward_is_entered_probed_and_removed() {
    let world = World::new().await;
    let list = channel(&world).await;
    let entered = world.post(&list, json!({"address": "shop@forwarder.example"})).await;
    assert_eq!(entered.status, 201);
    let entered = entered.json();
    assert_eq!((&entered["state"], &entered["report"]), (&json!("waiting"), &Value::Null));
    let delivery =
        world.get(&format!("/api/v1/deliveries/{}", entered["delivery"].as_str().unwrap())).await.json();
    assert_eq!(
        (&delivery["about"], &delivery["recipient"]),
        (&json!("probe"), &json!("shop@forwarder.example"))
    );
    assert_eq!(world.get(&list).await.json()["items"][0], entered);
    let forward = format!("{list}/{}", entered["id"].as_str().unwrap());
    let probed = world.post(&format!("{forward}/probe"), json!({})).await.json();
    assert_eq!(probed["id"], entered["id"]);
    assert_ne!(probed["delivery"], entered["delivery"]);
    assert_eq!(world.get_as(&world.agent, &list).await.json()["items"], json!([]));
    assert_eq!(world.send(request(Method::DELETE, &forward, &world.admin)).await.status, 204);
    world.send(request(Method::DELETE, &forward, &world.admin)).await.problem(404);
    assert_eq!(world.get(&list).await.json()["items"], json!([]));
}

#[tokio::test]
async fn what_can_not_forward_is_refused_in_words() {
    let world = World::new().await;
    let list = channel(&world).await;
    for wrong in
        [json!({}), json!({"address": "x"}), json!({"address": "billing@acme.example"}), json!({"a": 1})]
    {
        world.post(&list, wrong).await.problem(422);
    }
    world.post("/api/v1/channels/999/forwards", json!({"address": "a@x.example"})).await.problem(404);
    world.post(&format!("{list}/x/probe"), json!({})).await.problem(404);
}
