//! What each has read and starred.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use super::world::{Answer, JSON, World, mail, request};

impl World {
    /// `PUT` as the admin.
    pub(super) async fn put(&self, path: &str, body: Value) -> Answer {
        self.put_as(&self.admin, path, body).await
    }

    pub(super) async fn put_as(&self, token: &str, path: &str, body: Value) -> Answer {
        let mut request = request(Method::PUT, path, token);
        if !body.is_null() {
            *request.body_mut() = Body::from(body.to_string());
            request.headers_mut().insert("content-type", JSON.parse().unwrap());
        }
        self.send(request).await
    }

    pub(super) async fn delete_as(&self, token: &str, path: &str) -> Answer {
        self.send(request(Method::DELETE, path, token)).await
    }
}

fn numbers(page: &Value) -> Vec<u64> {
    page["items"].as_array().unwrap().iter().map(|ticket| ticket["number"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_star_is_of_whoever_gave_it() {
    let world = World::new().await;
    world.mail_to_billing(&mail("one")).await;
    world.mail_to_billing(&mail("two")).await;
    assert_eq!(world.put_as(&world.agent, "/api/v1/tickets/1/star", Value::Null).await.status, 204);
    let starred = "/api/v1/tickets?starred=true";
    assert_eq!(numbers(&world.get_as(&world.agent, starred).await.json()), [1]);
    assert_eq!(numbers(&world.get(starred).await.json()), [] as [u64; 0]);
    assert_eq!(world.get_as(&world.agent, "/api/v1/tickets/1").await.json()["starred"], true);
    assert_eq!(world.get("/api/v1/tickets/1").await.json()["starred"], false);
    assert_eq!(numbers(&world.get_as(&world.agent, "/api/v1/tickets?starred=false").await.json()), [2]);
    assert_eq!(world.delete_as(&world.agent, "/api/v1/tickets/1/star").await.status, 204);
    assert_eq!(numbers(&world.get_as(&world.agent, starred).await.json()), [] as [u64; 0]);
    world.get("/api/v1/tickets?starred=perhaps").await.problem(400);
}

#[tokio::test]
async fn what_was_read_is_told_of_messages_and_tickets() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    world
        .mail_proven(&mail("two").replace("\r\n\r\n", "\r\nIn-Reply-To: <one@customer.example>\r\n\r\n"))
        .await;
    let of_messages = async |world: &World| {
        let number = world.get("/api/v1/messages/2").await.json()["ticket"].clone();
        let page = world.get(&format!("/api/v1/tickets/{number}/messages")).await.json();
        page["items"].as_array().unwrap().iter().map(|message| message["unread"].clone()).collect::<Vec<_>>()
    };
    assert!(of_messages(&world).await.iter().all(|unread| *unread == true));
    assert_eq!(world.put("/api/v1/messages/2/read", Value::Null).await.status, 204);
    assert_eq!(world.get("/api/v1/messages/2").await.json()["unread"], false);
    assert_eq!(world.delete_as(&world.admin, "/api/v1/messages/2/read").await.status, 204);
    assert_eq!(world.get("/api/v1/messages/2").await.json()["unread"], true);
    assert_eq!(world.put("/api/v1/tickets/1/read?up_to=x", Value::Null).await.status, 400);
    assert_eq!(world.put("/api/v1/tickets/1/read", Value::Null).await.status, 204);
    assert_eq!(world.get("/api/v1/tickets/1").await.json()["unread"], false);
    assert!(!numbers(&world.get("/api/v1/tickets?unread=true").await.json()).contains(&1));
    world.put("/api/v1/messages/99/read", Value::Null).await.problem(404);
}

#[tokio::test]
async fn a_mark_makes_a_new_version_and_is_no_change_of_the_ticket() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    let before = world.get("/api/v1/tickets/1").await.header("etag").to_owned();
    world.put("/api/v1/tickets/1/star", Value::Null).await;
    let after = world.get("/api/v1/tickets/1").await.header("etag").to_owned();
    assert_ne!(before, after);
    let mut known = request(Method::GET, "/api/v1/tickets/1", &world.admin);
    known.headers_mut().insert("if-none-match", after.parse().unwrap());
    assert_eq!(world.send(known).await.status, 304);
    for (method, path, body) in [
        (Method::PATCH, "/api/v1/tickets/1", json!({"state": "open"})),
        (Method::POST, "/api/v1/tickets/1/messages", json!({"kind": "note", "text": "Look"})),
    ] {
        let read = world.get("/api/v1/tickets/1").await.header("etag").to_owned();
        world.put("/api/v1/tickets/1/read", Value::Null).await;
        let read = if method == Method::POST {
            world.get("/api/v1/tickets/1").await.header("etag").to_owned()
        } else {
            read
        };
        let tag = if method == Method::PATCH {
            world.get("/api/v1/tickets/1").await.header("etag").to_owned()
        } else {
            read
        };
        let mut change = request(method, path, &world.admin);
        *change.body_mut() = Body::from(body.to_string());
        change.headers_mut().insert("content-type", JSON.parse().unwrap());
        change.headers_mut().insert("if-match", tag.parse().unwrap());
        assert!(world.send(change).await.status.is_success(), "{path}");
    }
}
