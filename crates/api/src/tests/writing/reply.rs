//! `POST /tickets/{number}/messages`, as it should be.

use axum::http::Method;
use serde_json::{Value, json};

use super::{MESSAGES, with_ticket};
use crate::tests::world::{World, mail, request};

#[tokio::test]
async fn a_reply_is_written_and_held_and_everything_about_it_is_told() {
    let world = with_ticket().await;
    let answer = world.post(MESSAGES, json!({"kind": "reply", "text": "It is **7**."})).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    let written = answer.json();
    assert_eq!((&written["ticket"]["number"], &written["ticket"]["state"]), (&json!(1), &json!("pending")));
    assert_eq!(written["ticket"]["message_count"], 2);
    let message = &written["message"];
    assert_eq!((&message["kind"], &message["author"]), (&json!("outbound"), &json!(world.admin_id.0)));
    assert_eq!(message["from"], json!([{"name": "acme", "address": "support@acme.example", "raw": null}]));
    assert_eq!(message["to"], json!([{"name": "Ana", "address": "ana@customer.example", "raw": null}]));
    assert_eq!(message["in_reply_to"], json!(["one@customer.example"]));
    assert_eq!((&message["envelope"], &message["verdicts"]), (&Value::Null, &Value::Null));
    let delivery = &written["deliveries"][0];
    assert_eq!((&delivery["recipient"], &delivery["field"]), (&json!("ana@customer.example"), &json!("to")));
    assert_eq!((&delivery["state"], &delivery["due"]), (&json!("held"), &json!("2026-01-01T00:00:10Z")));
    assert_eq!((&delivery["ticket"], &delivery["message"]), (&json!(1), &message["id"]));
    let brief = json!([{"id": delivery["id"], "recipient": "ana@customer.example", "state": "held"}]);
    assert_eq!(message["deliveries"], brief);

    let whole = world.get(answer.header("location")).await.json();
    assert!(whole["html"].as_str().unwrap().contains("<strong>7</strong>"), "{whole}");
    assert!(whole["text"].as_str().unwrap().contains("> Dear acme"), "{whole}");
    assert_eq!(whole["deliveries"], brief);
    let listed = world.get(MESSAGES).await.json();
    assert_eq!(listed["items"][1]["deliveries"], brief);
    assert_eq!(
        (&listed["items"][0]["kind"], &listed["items"][0]["deliveries"]),
        (&json!("inbound"), &json!([]))
    );
    assert_eq!(answer.header("etag"), world.get("/api/v1/tickets/1").await.header("etag"));
    assert_eq!(answer.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn a_note_stays_inside() {
    let world = with_ticket().await;
    let written = world.post(MESSAGES, json!({"kind": "note", "text": "Rui knows more"})).await.json();
    assert_eq!(written["message"]["kind"], "note");
    assert_eq!((&written["deliveries"], &written["ticket"]["state"]), (&json!([]), &json!("new")));
    let to_somebody = json!({"kind": "note", "text": "x", "to": ["ana@customer.example"]});
    world.post(MESSAGES, to_somebody).await.problem(422);
}

#[tokio::test]
async fn recipients_subject_state_and_time_are_as_they_are_given() {
    let world = with_ticket().await;
    let body = json!({
        "kind": "reply_all", "text": "x", "quote": false, "subject": "About 7",
        "to": ["Ana Lima <ana@private.example>"], "cc": [{"name": "Rui", "address": "rui@customer.example"}],
        "bcc": ["archive@elsewhere.example"], "state": "solved", "send_at": "2026-01-02T08:00:00Z",
    });
    let written = world.post(MESSAGES, body).await.json();
    let (message, ticket) = (&written["message"], &written["ticket"]);
    assert_eq!((&message["subject"], &ticket["state"]), (&json!("About 7"), &json!("solved")));
    assert_eq!(message["to"][0]["name"], "Ana Lima");
    assert_eq!(message["bcc"], json!(["archive@elsewhere.example"]));
    let deliveries = written["deliveries"].as_array().unwrap();
    let fields: Vec<&str> = deliveries.iter().map(|delivery| delivery["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["to", "cc", "bcc"]);
    assert!(deliveries.iter().all(|delivery| delivery["due"] == "2026-01-02T08:00:00Z"));
    let raw = world.get(&format!("/api/v1/messages/{}/raw", message["id"])).await.body;
    let raw = String::from_utf8(raw.to_vec()).unwrap();
    assert!(raw.contains("rui@customer.example") && !raw.contains("archive@elsewhere.example"), "{raw}");
    assert!(!raw.contains("Dear acme"), "{raw}");
}

#[tokio::test]
async fn a_forward_takes_the_files_along_and_needs_somebody() {
    let world = World::new().await;
    let raw = "From: ana@customer.example\r\nSubject: file\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n\
        Content-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment\r\n\r\n%PDF\r\n--b--\r\n";
    world.mail(raw).await;
    let to = json!(["expert@elsewhere.example"]);
    let forward = json!({"kind": "forward", "to": to, "text": "Look", "include_attachments": true});
    let written = world.post(MESSAGES, forward).await.json();
    assert_eq!(written["message"]["attachments"][0]["name"], "a.pdf");
    assert_eq!(written["ticket"]["state"], "new");
    world.post(MESSAGES, json!({"kind": "forward", "text": "Look"})).await.problem(422);
}

#[tokio::test]
async fn at_once_is_at_once_and_undo_takes_back_what_is_held() {
    let world = with_ticket().await;
    let at_once = world.post(MESSAGES, json!({"kind": "reply", "text": "x", "undo_seconds": 0})).await.json();
    assert_eq!(at_once["deliveries"][0]["state"], "due");
    let undo = async |message: &Value| {
        let path = format!("/api/v1/messages/{}/cancel", message["id"]);
        world.send(request(Method::POST, &path, &world.admin)).await.json()
    };
    assert_eq!(undo(&at_once["message"]).await, json!({"cancelled": 0}));
    let held = json!({"kind": "reply", "text": "x", "cc": ["rui@customer.example"], "undo_seconds": 60});
    let held = world.post(MESSAGES, held).await.json();
    assert_eq!(undo(&held["message"]).await, json!({"cancelled": 2}));
    assert_eq!(undo(&held["message"]).await, json!({"cancelled": 0}));
    let message = world.get(&format!("/api/v1/messages/{}", held["message"]["id"])).await.json();
    assert_eq!(message["deliveries"][1]["state"], "cancelled");
}

#[tokio::test]
async fn an_answer_that_is_taken_back_leaves_its_ticket_as_it_was_and_its_text_there() {
    let world = with_ticket().await;
    let held =
        world.post(MESSAGES, json!({"kind": "reply", "text": "Too soon", "undo_seconds": 60})).await.json();
    assert_eq!(held["ticket"]["state"], "pending");
    let path = format!("/api/v1/messages/{}", held["message"]["id"]);
    let undone = world.send(request(Method::POST, &format!("{path}/cancel"), &world.admin)).await;
    assert_eq!(undone.json(), json!({"cancelled": 1}));
    assert_eq!(world.get("/api/v1/tickets/1").await.json()["state"], "new");
    assert!(world.get(&path).await.json()["text"].as_str().unwrap().contains("Too soon"));
}

#[tokio::test]
async fn an_agreed_participant_takes_part() {
    let world = with_ticket().await;
    let path = "/api/v1/tickets/1/participants";
    let answer = world.post(path, json!({"address": "Ana@Private.example"})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["participants"], json!(["ana@customer.example", "ana@private.example"]));
    assert_eq!(answer.header("etag"), world.get("/api/v1/tickets/1").await.header("etag"));
    for wrong in
        [json!({}), json!({"address": "ana"}), json!({"address": 7}), json!({"adress": "a@b.example"})]
    {
        world.post(path, wrong).await.problem(422);
    }
    let ours = world.post(path, json!({"address": "support@acme.example"})).await.problem(422);
    assert!(ours["detail"].as_str().unwrap().contains("our own"), "{ours}");
}

#[tokio::test]
async fn attention_is_shown_asked_for_and_taken_off() {
    let world = with_ticket().await;
    world.mail(&mail("two")).await;
    assert_eq!(world.patch("/api/v1/tickets/2", json!({"attention": true})).await.json()["attention"], true);
    let numbers = async |query: &str| {
        let page = world.get(&format!("/api/v1/tickets?attention={query}")).await.json();
        page["items"].as_array().unwrap().iter().map(|ticket| ticket["number"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(numbers("true").await, [json!(2)]);
    assert_eq!(numbers("false").await, [json!(1)]);
    assert_eq!(
        world.patch("/api/v1/tickets/2", json!({"attention": false})).await.json()["attention"],
        false
    );
    assert!(numbers("true").await.is_empty());
    world.get("/api/v1/tickets?attention=yes").await.problem(400);
    world.patch("/api/v1/tickets/2", json!({"attention": null})).await.problem(422);
}
