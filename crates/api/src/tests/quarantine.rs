//! `/quarantine`: seen by admins, released as a ticket.

use axum::http::Method;
use serde_json::Value;

use super::world::{World, mail, request};

#[tokio::test]
async fn forged_mail_is_kept_aside_with_its_reason() {
    let world = World::new().await;
    let id = world.quarantined(&mail("forged")).await;
    let page = world.get("/api/v1/quarantine").await.json();
    assert_eq!((page["items"][0]["id"].as_u64(), &page["items"][0]["ticket"]), (Some(id), &Value::Null));
    assert!(page["items"][0]["quarantine"].as_str().unwrap().contains("DMARC failed"));
    let message = world.get(&format!("/api/v1/quarantine/{id}")).await.json();
    assert_eq!(message["text"].as_str().unwrap().trim_end(), "Dear acme");
    assert_eq!(message["verdicts"]["dmarc"]["result"], "fail");
    let raw = world.get(&format!("/api/v1/quarantine/{id}/raw")).await;
    assert_eq!(&raw.body[..], mail("forged").as_bytes());
    world.get(&format!("/api/v1/messages/{id}")).await.problem(404);
    world.get(&format!("/api/v1/messages/{id}/raw")).await.problem(404);
}

#[tokio::test]
async fn a_released_mail_is_a_ticket_and_no_longer_there() {
    let world = World::new().await;
    let id = world.quarantined(&mail("forged")).await;
    let path = format!("/api/v1/quarantine/{id}/release");
    let released = world.send(request(Method::POST, &path, &world.admin)).await;
    assert_eq!(released.status, 201);
    let ticket = world.get(released.header("location")).await.json();
    assert_eq!(ticket["subject"], "acme forged");
    assert_eq!(released.json()["ticket"], ticket["number"]);
    world.send(request(Method::POST, &path, &world.admin)).await.problem(404);
    world.get(&format!("/api/v1/quarantine/{id}")).await.problem(404);
    assert_eq!(world.get(&format!("/api/v1/messages/{id}")).await.status, 200);
}

#[tokio::test]
async fn pictures_of_a_quarantined_mail_have_no_address() {
    let world = World::new().await;
    let raw = "From: ana@customer.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/html\r\n\r\n<img src=\"cid:x@y\">\r\n--b\r\nContent-Type: image/png\r\n\
        Content-ID: <x@y>\r\n\r\nPNG\r\n--b--\r\n";
    let id = world.quarantined(raw).await;
    let message = world.get(&format!("/api/v1/quarantine/{id}")).await.json();
    assert_eq!(message["attachments"][0]["url"], Value::Null);
    assert!(!message["html"].as_str().unwrap().contains("/parts/"), "{message}");
}
