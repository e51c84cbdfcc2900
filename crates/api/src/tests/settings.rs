//! `/contacts`, `/channels`, `/domains`, `/teams`, `/people`.

use serde_json::{Value, json};

use super::world::{World, mail};

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
    let domain = json!({"name": "acme.example", "catch_all": null, "role_channel": null, "alias_of": null});
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
