//! `/uploads`: files on their way in, and where they go.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Method;
use futures_util::{StreamExt, stream};
use guichet_desk::UPLOAD_BYTES_MAX;
use serde_json::{Value, json};

use super::world::{Answer, World, mail, request};
use crate::Limits;

async fn upload(world: &World, query: &str, content_type: Option<&str>, body: Body) -> Answer {
    let mut request = request(Method::POST, &format!("/api/v1/uploads{query}"), &world.admin);
    *request.body_mut() = body;
    if let Some(content_type) = content_type {
        request.headers_mut().insert("content-type", content_type.parse().unwrap());
    }
    world.send(request).await
}

/// So many pieces of 64 KiB.
fn pieces(number: u64) -> Body {
    let piece = Bytes::from(vec![b'x'; 64 << 10]);
    Body::from_stream(stream::iter((0..number).map(move |_| Ok::<_, std::io::Error>(piece.clone()))))
}

#[tokio::test]
async fn a_file_is_kept_for_a_day_and_goes_with_a_message() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    let answer =
        upload(&world, "?name=fatura%20%C3%A7.pdf", Some("application/pdf"), "%PDF-1.7".into()).await;
    assert_eq!(answer.status, 201);
    let file = answer.json();
    let expected = json!({
        "id": file["id"], "name": "fatura ç.pdf", "content_type": "application/pdf", "bytes": 8,
        "expires": "2026-01-02T00:00:00Z",
    });
    assert_eq!(file, expected);
    let reply = json!({"kind": "reply", "text": "Here it is.", "attachments": [file["id"]]});
    let written = world.post("/api/v1/tickets/1/messages", reply).await.json();
    let attachment = &written["message"]["attachments"][0];
    assert_eq!(
        (&attachment["name"], &attachment["content_type"]),
        (&json!("fatura ç.pdf"), &json!("application/pdf"))
    );
    let part = world.get(attachment["url"].as_str().unwrap()).await;
    assert_eq!(&part.body[..], b"%PDF-1.7");
}

#[tokio::test]
async fn a_file_without_a_type_is_octets_and_a_note_may_have_one() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    for content_type in [None, Some("nonsense"), Some("")] {
        let file = upload(&world, "?name=a", content_type, Body::empty()).await.json();
        assert_eq!((&file["content_type"], &file["bytes"]), (&json!("application/octet-stream"), &json!(0)));
    }
    let file = upload(&world, "?name=a.txt", Some("text/plain"), "x".into()).await.json();
    let note = json!({"kind": "note", "attachments": [file["id"]]});
    let written = world.post("/api/v1/tickets/1/messages", note).await.json();
    assert_eq!(written["message"]["attachments"][0]["name"], "a.txt");
}

#[tokio::test]
async fn a_name_is_needed_and_no_path() {
    let world = World::new().await;
    let long = format!("?name={}", "x".repeat(256));
    for wrong in ["", "?name=", "?name=%20", "?name=a%0D%0Ab", "?name=%00", long.as_str(), "?name=a&name=b"] {
        let problem = upload(&world, wrong, None, Body::empty()).await.problem(400);
        assert_eq!(problem["errors"][0]["parameter"], "name", "{problem}");
    }
    for hostile in ["..%2F..%2Fetc%2Fpasswd", "C%3A%5Cboot.ini", "%E2%80%AEfdp.exe"] {
        let file = upload(&world, &format!("?name={hostile}"), None, Body::empty()).await.json();
        let name = file["name"].as_str().unwrap();
        assert!(!name.contains(['/', '\\', '\u{202E}']), "{name}");
    }
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_in_words() {
    let world = World::new().await;
    let answer = upload(&world, "?name=a", None, pieces(UPLOAD_BYTES_MAX / (64 << 10) + 1)).await;
    let problem = answer.problem(413);
    assert!(problem["detail"].as_str().unwrap().contains(&UPLOAD_BYTES_MAX.to_string()), "{problem}");
    let largest = upload(&world, "?name=a", None, pieces(UPLOAD_BYTES_MAX / (64 << 10))).await;
    assert_eq!(largest.json()["bytes"], UPLOAD_BYTES_MAX);
    let mut said = request(Method::POST, "/api/v1/uploads?name=a", &world.admin);
    said.headers_mut().insert("content-length", (UPLOAD_BYTES_MAX + 1).to_string().parse().unwrap());
    world.send(said).await.problem(413);
}

#[tokio::test]
async fn a_file_that_breaks_off_or_never_comes_is_not_kept() {
    let world = World::new().await;
    let broken = stream::iter([Ok(Bytes::from("abc")), Err(std::io::Error::other("gone"))]);
    upload(&world, "?name=a", None, Body::from_stream(broken)).await.problem(400);
    tokio::time::pause();
    let never = stream::iter([Ok::<_, std::io::Error>(Bytes::from("abc"))]).chain(stream::pending());
    let begun = tokio::time::Instant::now();
    upload(&world, "?name=a", None, Body::from_stream(never)).await.problem(408);
    assert!(begun.elapsed() >= Duration::from_secs(10), "the clock stands, so it was the limit");
}

#[tokio::test]
async fn uploads_at_one_time_are_limited() {
    let world = World::with(Limits { uploads_max: 0, ..Limits::default() }).await;
    let answer = upload(&world, "?name=a", None, Body::empty()).await;
    answer.problem(503);
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn promise_7_a_file_of_another_organisation_does_not_exist() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    let mut theirs = request(Method::POST, "/api/v1/uploads?name=a", &world.stranger);
    *theirs.body_mut() = "theirs".into();
    let id: Value = world.send(theirs).await.json()["id"].clone();
    let reply = json!({"kind": "reply", "text": "x", "attachments": [id]});
    let problem = world.post("/api/v1/tickets/1/messages", reply).await.problem(422);
    assert_eq!(problem["errors"][0]["detail"], "there is no such upload");
}
