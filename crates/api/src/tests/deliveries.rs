//! `/deliveries`: what became of a mail for each recipient, and what can be done about it.

use axum::http::Method;
use guichet_desk::{Fate, Retry};
use serde_json::{Value, json};

use super::queue::SIGNATURE;
use super::world::{Answer, World, mail, request};

/// An answer to Ana and Rui that leaves at once; its message and deliveries.
async fn answered(world: &World) -> (Value, Vec<Value>) {
    world.mail(&mail("one")).await;
    let reply = json!({"kind": "reply", "text": "x", "cc": ["rui@customer.example"], "undo_seconds": 0});
    let written = world.post("/api/v1/tickets/1/messages", reply).await.json();
    (written["message"].clone(), written["deliveries"].as_array().unwrap().clone())
}

fn path(delivery: &Value) -> String {
    format!("/api/v1/deliveries/{}", delivery["id"].as_str().unwrap())
}

async fn act(world: &World, delivery: &Value, what: &str) -> Answer {
    world.send(request(Method::POST, &format!("{}/{what}", path(delivery)), &world.admin)).await
}

#[tokio::test]
async fn every_attempt_is_told_in_the_other_servers_words() {
    let world = World::new().await;
    let (_, deliveries) = answered(&world).await;
    let ana = &deliveries[0];
    world.attempt(ana, Fate::Deferred(Retry::Soon), "451 4.7.1 Greylisted, come again").await;
    let detail = world.get(&path(ana)).await.json();
    assert_eq!((&detail["state"], &detail["attempt_count"]), (&json!("deferred"), &json!(1)));
    let attempt = &detail["attempts"][0];
    assert_eq!(
        attempt,
        &json!({
            "started": "2026-01-01T01:00:00Z", "ended": "2026-01-01T01:00:00Z", "host": "mx.customer.example",
            "address": "192.0.2.25:25", "tls": "TLSv1.3 TLS13_AES_256_GCM_SHA384", "outcome": "deferred",
            "retry": "soon", "stage": "rcpt", "code": 451, "status": "4.7.1",
            "text": "451 4.7.1 Greylisted, come again", "signature": SIGNATURE,
        })
    );
    assert_eq!(detail["last_attempt"]["text"], attempt["text"]);
    let other = world.get(&path(&deliveries[1])).await.json();
    assert_eq!(
        (&other["state"], &other["attempts"], &other["last_attempt"]),
        (&json!("due"), &json!([]), &Value::Null)
    );
}

#[tokio::test]
async fn deliveries_are_listed_by_state_and_by_message() {
    let world = World::new().await;
    let (message, deliveries) = answered(&world).await;
    world.attempt(&deliveries[0], Fate::Delivered, "250 2.0.0 taken").await;
    let recipients = async |path: &str| -> Vec<String> {
        let page = world.get(path).await.json();
        let items = page["items"].as_array().unwrap().iter();
        items.map(|delivery| delivery["recipient"].as_str().unwrap().to_owned()).collect()
    };
    let (ana, rui) = ("ana@customer.example", "rui@customer.example");
    assert_eq!(recipients("/api/v1/deliveries?state=delivered").await, [ana]);
    assert_eq!(recipients("/api/v1/deliveries?state=due").await, [rui]);
    assert!(recipients("/api/v1/deliveries?state=bounced").await.is_empty());
    assert_eq!(recipients("/api/v1/deliveries").await, [rui, ana], "the newest first");
    let of_message = format!("/api/v1/messages/{}/deliveries", message["id"]);
    assert_eq!(recipients(&of_message).await, [ana, rui]);
    let first = world.get(&format!("{of_message}?limit=1")).await.json();
    let next = first["next_cursor"].as_str().unwrap();
    assert_eq!(recipients(&format!("{of_message}?limit=1&cursor={next}")).await, [rui]);
    world.get(&format!("/api/v1/deliveries?cursor={next}")).await.problem(400);
    let problem = world.get("/api/v1/deliveries?state=lost").await.problem(400);
    assert!(problem["detail"].as_str().unwrap().contains("held, due, deferred"), "{problem}");
}

#[tokio::test]
async fn the_mail_can_be_had_as_it_left() {
    let world = World::new().await;
    let (message, deliveries) = answered(&world).await;
    let raw = format!("{}/raw", path(&deliveries[0]));
    world.get(&raw).await.problem(404);
    world.attempt(&deliveries[0], Fate::Captured, "captured, not sent").await;
    let answer = world.get(&raw).await;
    let composed = world.get(&format!("/api/v1/messages/{}/raw", message["id"])).await.body;
    let expected = [SIGNATURE.as_bytes(), &composed].concat();
    assert_eq!(answer.body, expected);
    assert_eq!(answer.header("content-length"), expected.len().to_string());
    assert_eq!(answer.header("content-type"), "message/rfc822");
    assert_eq!(answer.header("content-security-policy"), "sandbox; default-src 'none'");
    assert_eq!(world.get(&path(&deliveries[0])).await.json()["state"], "captured");
}

#[tokio::test]
async fn a_delivery_is_tried_again_taken_back_or_sent_elsewhere() {
    let world = World::new().await;
    let (_, deliveries) = answered(&world).await;
    world.attempt(&deliveries[0], Fate::Captured, "captured, not sent").await;
    let again = act(&world, &deliveries[0], "retry").await;
    assert_eq!((again.status.as_u16(), &again.json()["state"]), (200, &json!("due")));
    let back = act(&world, &deliveries[0], "cancel").await;
    assert_eq!(
        (back.status.as_u16(), &back.json()["state"], &back.json()["due"]),
        (200, &json!("cancelled"), &Value::Null)
    );
    let too_late = act(&world, &deliveries[0], "cancel").await.problem(422);
    assert!(too_late["detail"].as_str().unwrap().contains("cancelled"), "{too_late}");
    act(&world, &deliveries[0], "retry").await.problem(422);

    let elsewhere = format!("{}/redirect", path(&deliveries[1]));
    for wrong in
        [json!({}), json!({"address": "rui"}), json!({"address": "rui@customer.example"}), json!({"to": "x"})]
    {
        world.post(&elsewhere, wrong).await.problem(422);
    }
    let answer = world.post(&elsewhere, json!({"address": "rui@private.example"})).await;
    assert_eq!(answer.status, 201);
    let new = world.get(answer.header("location")).await.json();
    assert_eq!((&new["recipient"], &new["state"]), (&json!("rui@private.example"), &json!("due")));
    let old = world.get(&path(&deliveries[1])).await.json();
    assert_eq!((&old["state"], &old["replaced_by"]), (&json!("cancelled"), &new["id"]));
    assert_eq!(old["note"], "sent to rui@private.example instead");
    let participants = world.get("/api/v1/tickets/1").await.json()["participants"].clone();
    assert!(participants.as_array().unwrap().contains(&json!("rui@private.example")), "{participants}");
}

#[tokio::test]
async fn one_that_is_being_sent_is_shown_so_and_left_alone() {
    let world = World::new().await;
    let (_, deliveries) = answered(&world).await;
    let id = deliveries[0]["id"].as_str().unwrap().parse().unwrap();
    let now = "2026-01-01T01:00:00Z".parse().unwrap();
    let lease = world.desk.lease(world.acme, id, now).await.unwrap().unwrap();
    assert_eq!(world.get(&path(&deliveries[0])).await.json()["state"], "sending");
    act(&world, &deliveries[0], "cancel").await.problem(422);
    drop(lease);
    assert_eq!(act(&world, &deliveries[0], "cancel").await.status, 200);
}

#[tokio::test]
async fn a_number_that_is_none_names_no_delivery() {
    let world = World::new().await;
    for id in ["1", "aaaaaaaaaaaaa", "0000000000000", "%FF", "..", "aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        world.get(&format!("/api/v1/deliveries/{id}")).await.problem(404);
        world.get(&format!("/api/v1/deliveries/{id}/raw")).await.problem(404);
    }
}

#[tokio::test]
async fn promise_7_deliveries_are_seen_by_those_who_see_their_ticket() {
    let world = World::new().await;
    let (message, deliveries) = answered(&world).await;
    world.mail_to_billing(&mail("two")).await;
    let reply = json!({"kind": "reply", "text": "x"});
    let own = world.post_as(&world.agent, "/api/v1/tickets/2/messages", reply).await.json();
    let listed = world.get_as(&world.agent, "/api/v1/deliveries").await.json();
    assert_eq!(listed["items"], own["deliveries"]);
    world.get_as(&world.agent, &path(&deliveries[0])).await.problem(404);
    world.get_as(&world.agent, &format!("/api/v1/messages/{}/deliveries", message["id"])).await.problem(404);
    for what in ["retry", "cancel", "redirect"] {
        let path = format!("{}/{what}", path(&deliveries[0]));
        world.post_as(&world.agent, &path, json!({"address": "x@y.example"})).await.problem(404);
    }
    assert_eq!(world.get_as(&world.stranger, "/api/v1/deliveries").await.json()["items"], json!([]));
    assert_eq!(world.get(&path(&deliveries[0])).await.json()["state"], "due");
}
