//! What bad input gets: a sentence, and no message.

use axum::body::Body;
use serde_json::{Value, json};

use super::{MESSAGES, with_ticket};
use crate::tests::world::{World, posting};

async fn refused(world: &World, body: Value, pointer: &str, says: &str) {
    let shown: String = body.to_string().chars().take(200).collect();
    let problem = world.post(MESSAGES, body).await.problem(422);
    let fault = problem["errors"].as_array().into_iter().flatten().find(|fault| fault["pointer"] == pointer);
    let told = fault.map_or(&problem["detail"], |fault| &fault["detail"]).as_str().unwrap();
    assert!(fault.is_some() != pointer.is_empty(), "{shown}: {problem}");
    assert!(told.contains(says), "{shown}: {told}");
    assert!(told.len() < 1_000 && !told.contains(['\r', '\n']), "{told}");
}

#[tokio::test]
async fn each_member_that_is_wrong_is_told() {
    let world = with_ticket().await;
    let many: Vec<String> = (0..5_000).map(|number| format!("a{number}@customer.example")).collect();
    for (member, value, says) in [
        ("kind", json!("answer"), "reply, reply_all, forward, note"),
        ("kind", Value::Null, "needed"),
        ("answers", json!("7"), "number"),
        ("answers", json!(999_999), "no such message"),
        ("answers", json!(-1), "number"),
        ("to", json!("ana@customer.example"), "list"),
        ("to", json!(["ana"]), "number 1"),
        ("to", json!(["ana@customer.example\r\nBcc: x@y.example"]), "number 1"),
        ("to", json!(["a@b.example, c@d.example"]), "number 1"),
        ("cc", json!(["a@b.example", {"address": "x"}]), "number 2"),
        ("bcc", json!(many), "at most 100"),
        ("subject", json!(7), "text"),
        ("text", json!(["x"]), "text"),
        ("quote", json!("yes"), "true or false"),
        ("attachments", json!(["x"]), "number 1"),
        ("attachments", json!(["aaaaaaaaaaaaa"]), "no such upload"),
        ("attachments", json!(vec!["aaaaaaaaaaaaa"; 1_000]), "at most 100"),
        ("include_attachments", json!(1), "true or false"),
        ("channel", json!(999), "no such channel"),
        ("channel", json!(1.5), "number"),
        ("state", json!("done"), "new, open, pending"),
        ("undo_seconds", json!(-1), "number"),
        ("undo_seconds", json!(u64::MAX), "too many"),
        ("send_at", json!("tomorrow"), "time"),
        ("date", json!("2020-01-01T00:00:00Z"), "no such member"),
        ("from", json!("ceo@acme.example"), "no such member"),
        ("headers", json!({"X": "y"}), "no such member"),
        ("team", json!(1), "no such member"),
    ] {
        let mut body = json!({"kind": "reply", "text": "x"});
        body[member] = value;
        refused(&world, body, &format!("#/{member}"), says).await;
    }
    assert_eq!(world.get("/api/v1/tickets/1").await.json()["message_count"], 1);
}

#[tokio::test]
async fn what_makes_no_sense_together_is_told() {
    let world = with_ticket().await;
    let both = json!({"kind": "reply", "text": "x", "undo_seconds": 5, "send_at": "2026-01-02T00:00:00Z"});
    refused(&world, both, "#/send_at", "one of them").await;
    for (body, says) in [
        (json!({"kind": "reply", "text": " "}), "nothing to say"),
        (json!({"kind": "reply", "text": "x", "to": []}), "recipient"),
        (json!({"kind": "reply", "text": "x", "undo_seconds": 3_601}), "3600"),
        (json!({"kind": "reply", "text": "x", "send_at": "2025-12-31T23:59:59Z"}), "past"),
        (json!({"kind": "reply", "text": "x", "send_at": "2030-01-01T00:00:00Z"}), "366"),
        (json!({"kind": "note", "text": "x", "send_at": "2026-01-02T00:00:00Z"}), "note"),
        (json!({"kind": "reply", "text": "x", "subject": "x".repeat(501)}), "subject"),
    ] {
        refused(&world, body, "", says).await;
    }
    let list =
        |field: char| -> Vec<String> { (0..100).map(|n| format!("{field}{n}@customer.example")).collect() };
    let crowd = json!({"kind": "reply", "text": "x", "to": list('a'), "cc": list('b'), "bcc": list('c')});
    refused(&world, crowd, "", "at most 100").await;
}

#[tokio::test]
async fn a_name_or_a_subject_writes_no_line_of_its_own() {
    let world = with_ticket().await;
    let body = json!({
        "kind": "reply", "text": "a\u{0}b\r\n.\r\nDATA\u{7f}", "subject": "a\r\nBcc: x@evil.example",
        "to": [{"name": "=?utf-8?q?x?= \"quoted\\", "address": "ana@customer.example"}],
    });
    let written = world.post(MESSAGES, body).await;
    if written.status == 422 {
        return;
    }
    let path = format!("/api/v1/messages/{}/raw", written.json()["message"]["id"]);
    let raw = String::from_utf8(world.get(&path).await.body.to_vec()).unwrap();
    let header = raw.split("\r\n\r\n").next().unwrap();
    assert!(!header.contains("\r\nBcc:") && !raw.contains('\0') && !raw.contains("\r\n.\r\n"), "{raw}");
    assert_eq!(written.json()["deliveries"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_note_of_control_characters_says_nothing() {
    let world = with_ticket().await;
    world.post(MESSAGES, json!({"kind": "note", "text": "\u{0}\n"})).await.problem(422);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused_by_kind() {
    let world = with_ticket().await;
    let sent = async |content_type: &str, body: Vec<u8>| {
        let mut request = posting(MESSAGES, &world.admin, &Value::Null);
        *request.body_mut() = Body::from(body);
        request.headers_mut().insert("content-type", content_type.parse().unwrap());
        world.send(request).await
    };
    sent("application/json", b"{".to_vec()).await.problem(400);
    sent("application/json", vec![0xFF, 0xFE]).await.problem(400);
    sent("application/json", b"[]".to_vec()).await.problem(422);
    sent("application/json", "[".repeat(100_000).into_bytes()).await.problem(400);
    sent("text/plain", b"{}".to_vec()).await.problem(415);
    sent("multipart/form-data; boundary=b", b"--b--".to_vec()).await.problem(415);
    let long = json!({"kind": "reply", "text": "x".repeat(1 << 20)}).to_string();
    let long = sent("application/json", long.into_bytes()).await.problem(413);
    assert!(long["detail"].as_str().unwrap().contains("1048576 octets"), "{long}");
    let twice = r#"{"kind": "note", "text": "a", "text": "b"}"#;
    let twice = sent("application/json", twice.into()).await.problem(400);
    assert!(twice["detail"].as_str().unwrap().contains("`text` is there twice"), "{twice}");
}
