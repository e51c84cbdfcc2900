//! `/suppressions`: addresses to which nothing is sent, on every path.

use axum::http::Method;
use guichet_desk::Fate;
use serde_json::{Value, json};

use super::world::{World, mail, request};

const LIST: &str = "/api/v1/suppressions";

async fn take_off(world: &World, token: &str, address: &str) -> u16 {
    let path = format!("{LIST}/{address}");
    world.send(request(Method::DELETE, &path, token)).await.status.as_u16()
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_until_it_is_taken_off() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    let body = json!({"address": "Ana@Customer.example", "reason": "asked us to stop"});
    let answer = world.post(LIST, body).await;
    assert_eq!(answer.status, 201);
    let entry = answer.json();
    assert_eq!(
        (&entry["person"], &entry["expires"], &entry["delivery"]),
        (&json!(world.admin_id.0), &Value::Null, &Value::Null)
    );
    assert_eq!(world.get(LIST).await.json()["items"], json!([entry]));
    let reply = json!({"kind": "reply", "text": "x", "undo_seconds": 0});
    let written = world.post("/api/v1/tickets/1/messages", reply).await.json();
    let delivery = &written["deliveries"][0];
    assert_eq!(delivery["state"], "suppressed");
    assert!(delivery["note"].as_str().unwrap().contains("asked us to stop"), "{delivery}");
    let retry = format!("/api/v1/deliveries/{}/retry", delivery["id"].as_str().unwrap());
    world.post(&retry, json!({})).await.problem(422);
    let location = answer.header("location").to_owned();
    assert_eq!(world.send(request(Method::DELETE, &location, &world.admin)).await.status, 204);
    assert_eq!(world.post(&retry, json!({})).await.json()["state"], "due");
    assert_eq!(take_off(&world, &world.admin, "ana@customer.example").await, 404);
    assert_eq!(world.get(LIST).await.json()["items"], json!([]));
}

#[tokio::test]
async fn the_list_has_pages_by_the_alphabet() {
    let world = World::new().await;
    for address in ["c@customer.example", "a@customer.example", "b@customer.example"] {
        world.post(LIST, json!({"address": address, "reason": "x", "expires": "2026-02-01T00:00:00Z"})).await;
    }
    let first = world.get(&format!("{LIST}?limit=2")).await.json();
    assert_eq!(first["items"][0]["address"], "a@customer.example");
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = world.get(&format!("{LIST}?limit=2&cursor={cursor}")).await.json();
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&second["items"][0]["address"], &second["next_cursor"]),
        (&json!("c@customer.example"), &Value::Null)
    );
    world.get(&format!("/api/v1/tickets?cursor={cursor}")).await.problem(400);
}

#[tokio::test]
async fn an_entry_that_makes_no_sense_is_refused() {
    let world = World::new().await;
    for (body, says) in [
        (json!({"reason": "x"}), "#/address"),
        (json!({"address": "a@b.example"}), "#/reason"),
        (json!({"address": "a", "reason": "x"}), "no mail address"),
        (json!({"address": "a@b.example", "reason": ""}), "1 to 500"),
        (json!({"address": "a@b.example", "reason": "x".repeat(501)}), "1 to 500"),
        (json!({"address": "a@b.example", "reason": "a\r\nb"}), "control"),
        (json!({"address": "a@b.example", "reason": "x", "expires": "2025-01-01T00:00:00Z"}), "expired"),
        (json!({"address": "a@b.example", "reason": "x", "expires": 7}), "time"),
        (json!({"address": "a@b.example", "reason": "x", "until": "x"}), "no such member"),
    ] {
        let problem = world.post(LIST, body).await.problem(422);
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
    for none in ["nobody@customer.example", "nobody", "%FF", "a%0D%0Ab@c.example"] {
        assert_eq!(take_off(&world, &world.admin, none).await, 404, "{none}");
    }
}

#[tokio::test]
async fn an_address_of_any_letters_finds_its_way_back() {
    let world = World::new().await;
    for address in [
        "o'neil+tag/x@customer.example",
        "a%b@customer.example",
        "zoë@customer.example",
        "a?b#c@customer.example",
    ] {
        let answer = world.post(LIST, json!({"address": address, "reason": "x"})).await;
        assert_eq!(answer.status, 201, "{address}");
        let location = answer.header("location").to_owned();
        assert_eq!(
            world.send(request(Method::DELETE, &location, &world.admin)).await.status,
            204,
            "{location}"
        );
    }
}

#[tokio::test]
async fn promise_7_an_agent_sees_what_bounced_in_their_teams_and_adds_nothing() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    world.mail_to_billing(&mail("two").replace("ana@", "bo@")).await;
    for ticket in [1, 2] {
        let reply = json!({"kind": "reply", "text": "x", "undo_seconds": 0});
        let written = world.post(&format!("/api/v1/tickets/{ticket}/messages"), reply).await.json();
        world.attempt(&written["deliveries"][0], Fate::Refused, "550 5.1.1 no such user").await;
    }
    let all = world.get(LIST).await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 2, "{all}");
    let seen = world.get_as(&world.agent, LIST).await.json();
    assert_eq!(seen["items"].as_array().unwrap().len(), 1);
    assert_eq!(seen["items"][0]["address"], "bo@customer.example");
    world.post_as(&world.agent, LIST, json!({"address": "x@y.example", "reason": "x"})).await.problem(422);
    assert_eq!(take_off(&world, &world.agent, "ana@customer.example").await, 404);
    assert_eq!(take_off(&world, &world.agent, "bo@customer.example").await, 204);
    assert_eq!(take_off(&world, &world.stranger, "ana@customer.example").await, 404);
}
