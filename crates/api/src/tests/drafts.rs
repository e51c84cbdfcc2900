//! Drafts: as they are typed, by two tabs, until they are sent.

use axum::body::Body;
use axum::http::Method;
use guichet_accounts::Scope;
use serde_json::{Value, json};

use super::world::{Answer, JSON, World, mail, request};

async fn conditional(
    world: &World,
    method: Method,
    path: &str,
    condition: (&'static str, &str),
    body: Value,
) -> Answer {
    let mut asked = request(method, path, &world.admin);
    if !body.is_null() {
        *asked.body_mut() = Body::from(body.to_string());
        asked.headers_mut().insert("content-type", JSON.parse().unwrap());
    }
    asked.headers_mut().insert(condition.0, condition.1.parse().unwrap());
    world.send(asked).await
}

#[tokio::test]
async fn a_draft_is_kept_as_it_is_typed_and_shown_to_its_writer_alone() {
    let world = World::new().await;
    world.mail_to_billing(&mail("one")).await;
    let typed = json!({"kind": "reply_all", "to": ["Ana <ana@"], "text": "Dear acme", "state": "solved"});
    let saved = world.put("/api/v1/tickets/1/draft", typed).await;
    assert_eq!(saved.status, 200, "{:?}", saved.body);
    let draft = saved.json();
    assert_eq!((draft["to"].clone(), draft["kind"].clone()), (json!(["Ana <ana@"]), json!("reply_all")));
    assert_eq!(world.get("/api/v1/tickets/1/draft").await.json(), draft);
    let path = format!("/api/v1/drafts/{}", draft["id"].as_str().unwrap());
    assert_eq!(world.get(&path).await.json(), draft);
    assert_eq!(world.get("/api/v1/drafts").await.json()["items"], json!([draft]));
    world.get_as(&world.agent, &path).await.problem(404);
    world.get_as(&world.agent, "/api/v1/tickets/1/draft").await.problem(404);
    assert_eq!(world.get_as(&world.agent, "/api/v1/drafts").await.json()["items"], json!([]));
    world.get("/api/v1/drafts/nonsense").await.problem(404);
    for wrong in
        [json!({"kind": "x"}), json!({"to": "x"}), json!({"txt": "x"}), json!({"attachments": ["x"]})]
    {
        world.put(&path, wrong).await.problem(422);
    }
    let told = world.put(&path, json!({"attachments": ["aaaaaaaaaaaaa"]})).await.problem(422);
    assert_eq!(told["errors"][0]["pointer"], "#/attachments");
}

#[tokio::test]
async fn a_draft_of_a_new_mail_answers_nothing() {
    let world = World::new().await;
    let refused =
        world.post("/api/v1/drafts", json!({"kind": "reply", "text": "Dear Ana,"})).await.problem(422);
    assert_eq!(refused["errors"][0]["pointer"], "#/kind");
}

#[tokio::test]
async fn two_tabs_do_not_overwrite_each_other() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    let path = "/api/v1/tickets/1/draft";
    let none = ("if-none-match", "*");
    let first = conditional(&world, Method::PUT, path, none, json!({"text": "a"})).await;
    assert_eq!(first.status, 200);
    let told = conditional(&world, Method::PUT, path, none, json!({"text": "b"})).await.problem(412);
    assert!(told["detail"].as_str().unwrap().starts_with("there is a draft already"), "{told}");
    let tag = first.header("etag").to_owned();
    let matches = ("if-match", tag.as_str());
    assert_eq!(conditional(&world, Method::PUT, path, matches, json!({"text": "c"})).await.status, 200);
    conditional(&world, Method::PUT, path, matches, json!({"text": "d"})).await.problem(412);
    conditional(&world, Method::DELETE, path, matches, Value::Null).await.problem(412);
    let send = format!("/api/v1/drafts/{}/send", first.json()["id"].as_str().unwrap());
    conditional(&world, Method::POST, &send, matches, Value::Null).await.problem(412);
    assert_eq!(world.get(path).await.json()["text"], "c");
    assert_eq!(world.delete_as(&world.admin, path).await.status, 204);
    conditional(&world, Method::PUT, path, ("if-match", "*"), json!({"text": "e"})).await.problem(412);
    world.get(path).await.problem(404);
    world.delete_as(&world.admin, "/api/v1/drafts/aaaaaaaaaaaaa").await.problem(404);
}

#[tokio::test]
async fn a_draft_is_sent_once_however_often_it_is_asked_for() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    let draft =
        world.put("/api/v1/tickets/1/draft", json!({"text": "Dear Ana", "undo_seconds": 0})).await.json();
    let path = format!("/api/v1/drafts/{}/send", draft["id"].as_str().unwrap());
    let sent = world.post(&path, Value::Null).await;
    assert_eq!(sent.status, 201, "{:?}", sent.body);
    assert_eq!(sent.json()["message"]["unread"], false);
    world.get("/api/v1/tickets/1/draft").await.problem(404);
    let again = world.post(&path, Value::Null).await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(again.json()["message"]["id"], sent.json()["message"]["id"]);
    assert_eq!(world.get("/api/v1/tickets/1").await.json()["message_count"], 2);
}

#[tokio::test]
async fn a_new_mail_is_begun_as_a_draft() {
    let world = World::new().await;
    let begun = world.post("/api/v1/drafts", json!({"text": "Dear"})).await;
    assert_eq!(begun.status, 201);
    let path = begun.header("location").to_owned();
    world.post(&format!("{path}/send"), Value::Null).await.problem(422);
    let channel = world.get("/api/v1/channels").await.json()["items"][0]["id"].clone();
    let whole =
        json!({"channel": channel, "to": ["ana@customer.example"], "subject": "acme", "text": "Dear"});
    assert_eq!(world.put(&path, whole).await.status, 200);
    let sent = world.post(&format!("{path}/send"), Value::Null).await;
    assert_eq!((sent.status.as_u16(), sent.header("location")), (201, "/api/v1/tickets/1"));
    let again = world.post(&format!("{path}/send"), Value::Null).await;
    assert_eq!(
        (again.header("idempotency-replayed"), again.header("location")),
        ("true", "/api/v1/tickets/1")
    );
    world.get(&path).await.problem(404);
}

#[tokio::test]
async fn promise_7_a_file_of_somebody_else_goes_into_no_draft() {
    let world = World::new().await;
    world.mail_to_billing(&mail("one")).await;
    let upload = async |token: &str| {
        let mut request = request(Method::POST, "/api/v1/uploads?name=a.txt", token);
        *request.body_mut() = Body::from("secret");
        world.send(request).await.json()["id"].clone()
    };
    for others in [upload(&world.agent).await, upload(&world.stranger).await] {
        for path in ["/api/v1/tickets/1/draft", "/api/v1/drafts"] {
            let body = json!({"attachments": [others]});
            let (method, none) = if path.ends_with("drafts") {
                (Method::POST, json!({"attachments": ["aaaaaaaaaaaaa"]}))
            } else {
                (Method::PUT, json!({"attachments": ["aaaaaaaaaaaaa"]}))
            };
            let first = ("if-none-match", "*");
            let told = conditional(&world, method.clone(), path, first, body).await.problem(422);
            assert_eq!(told, conditional(&world, method, path, first, none).await.problem(422));
        }
    }
}

#[tokio::test]
async fn a_draft_needs_the_scope_of_what_it_becomes() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    let notes = world.token_with([Scope::TicketsRead, Scope::TicketsWrite], 40).await;
    let mails = world.token_with([Scope::TicketsRead, Scope::MessagesSend], 41).await;
    for (kind, may, may_not) in [("reply", &mails, &notes), ("note", &notes, &mails)] {
        let draft = world.put("/api/v1/tickets/1/draft", json!({"kind": kind, "text": "x"})).await.json();
        let send = format!("/api/v1/drafts/{}/send", draft["id"].as_str().unwrap());
        world.post_as(may_not, &send, Value::Null).await.problem(403);
        assert_eq!(world.post_as(may, &send, Value::Null).await.status, 201);
    }
}
