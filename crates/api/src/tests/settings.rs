//! `/contacts`, `/channels`, `/domains`, `/teams`, `/people`.

use axum::http::Method;
use serde_json::{Value, json};

use super::world::{World, mail, posting};

#[tokio::test]
async fn the_set_up_of_an_organisation_can_be_read() {
    let world = World::new().await;
    let channels = world.get("/api/v1/channels").await.json();
    let billing = &channels["items"][1];
    assert_eq!(
        (&billing["address"], &billing["team"]),
        (&json!("billing@acme.example"), &json!(world.billing.0))
    );
    let one = world.get(&format!("/api/v1/channels/{}", billing["id"])).await.json();
    assert_eq!(&one, billing);
    let domain = json!({
        "name": "acme.example", "catch_all": null, "role_channel": null, "alias_of": null,
        "receives": true, "sends": true, "verified": true, "proof": null,
    });
    assert_eq!(world.get("/api/v1/domains").await.json(), json!({"items": [domain], "next_cursor": null}));
    assert_eq!(world.get("/api/v1/domains/ACME.example").await.json(), domain);
    for none in ["no%20domain", "%FF", "a..b"] {
        world.get(&format!("/api/v1/domains/{none}")).await.problem(404);
    }
    let teams = world.get("/api/v1/teams").await.json();
    assert_eq!(teams["items"][0], json!({"id": world.billing.0, "name": "Acme billing"}));
    let people = world.get("/api/v1/people").await.json();
    let agent = &people["items"][1];
    assert_eq!((&agent["role"], &agent["teams"]), (&json!("agent"), &json!([world.billing.0])));
}

#[tokio::test]
async fn lists_of_settings_have_pages_too() {
    let world = World::new().await;
    let first = world.get("/api/v1/teams?limit=1").await.json();
    assert_eq!(first["items"][0]["name"], "Acme billing");
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = world.get(&format!("/api/v1/teams?limit=1&cursor={cursor}")).await.json();
    assert_eq!((&second["items"][0]["name"], &second["next_cursor"]), (&json!("Acme sales"), &Value::Null));
    world.get(&format!("/api/v1/people?cursor={cursor}")).await.problem(400);
}

#[tokio::test]
async fn contacts_are_those_who_wrote() {
    let world = World::new().await;
    for sender in ["a", "b", "c"] {
        world.mail(&mail(sender).replace("ana@", &format!("{sender}@"))).await;
    }
    let first = world.get("/api/v1/contacts?limit=2").await.json();
    assert_eq!(first["items"][0]["address"], "a@customer.example");
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = world.get(&format!("/api/v1/contacts?cursor={cursor}")).await.json();
    assert_eq!(second["items"][0]["address"], "c@customer.example");
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_channel_takes_another_name_and_an_answer_of_its_own() {
    let world = World::new().await;
    let channel = world.get("/api/v1/channels").await.json()["items"][0].clone();
    assert_eq!(channel["auto_reply"], Value::Null);
    let path = format!("/api/v1/channels/{}", channel["id"]);
    let reply = json!({"subject": "We have your mail", "text": "Thank you."});
    let changed = world.patch(&path, json!({"name": "Acme help", "auto_reply": reply})).await;
    assert_eq!(changed.status, 200);
    assert_eq!((&changed.json()["name"], &changed.json()["auto_reply"]), (&json!("Acme help"), &reply));
    let kept = world.patch(&path, json!({"auto_reply": {"text": "Thanks."}})).await.json();
    assert_eq!(kept["auto_reply"], json!({"subject": null, "text": "Thanks."}));
    let off = world.patch(&path, json!({"auto_reply": null})).await.json();
    assert_eq!((&off["auto_reply"], &off["name"]), (&Value::Null, &json!("Acme help")));
    assert_eq!(world.get(&path).await.json(), off);
}

#[tokio::test]
async fn a_channel_is_changed_by_admins_and_to_what_makes_sense() {
    let world = World::new().await;
    let path = "/api/v1/channels/".to_owned()
        + &world.get("/api/v1/channels").await.json()["items"][1]["id"].to_string();
    for wrong in [
        json!({"name": 7}),
        json!({"name": ""}),
        json!({"name": "a\r\nBcc: x@y.example"}),
        json!({"address": "other@acme.example"}),
        json!({"auto_reply": "Thanks"}),
        json!({"auto_reply": {}}),
        json!({"auto_reply": {"text": 7}}),
        json!({"auto_reply": {"text": ""}}),
        json!({"auto_reply": {"text": "x".repeat(10_001)}}),
        json!({"auto_reply": {"text": "x", "subject": "a\r\nb"}}),
        json!({"auto_reply": {"text": "x", "html": "<p>"}}),
    ] {
        world.patch(&path, wrong).await.problem(422);
    }
    world.patch("/api/v1/channels/999", json!({"name": "x"})).await.problem(404);
    let mut by_agent = posting(&path, &world.agent, &json!({"name": "Mine"}));
    *by_agent.method_mut() = Method::PATCH;
    world.send(by_agent).await.problem(403);
    assert_eq!(world.get(&path).await.json()["name"], "acme");
}
