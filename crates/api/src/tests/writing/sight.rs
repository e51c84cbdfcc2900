//! What somebody may not see they may not answer, name, attach or learn of.

use guichet_accounts::Scope;
use serde_json::{Value, json};

use super::{MESSAGES, with_ticket};
use crate::tests::world::{Answer, World, mail, request};

async fn uploaded(world: &World, token: &str) -> Value {
    let mut request = request(axum::http::Method::POST, "/api/v1/uploads?name=a.txt", token);
    *request.body_mut() = "acme secret".into();
    world.send(request).await.json()["id"].clone()
}

#[tokio::test]
async fn promise_7_nothing_of_another_organisation_can_be_named() {
    let world = with_ticket().await;
    let ours = world.get(MESSAGES).await.json()["items"][0]["id"].clone();
    let file = uploaded(&world, &world.admin).await;
    let told = |answer: Answer| {
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(!text.contains("acme"), "{text}");
    };
    world.post_as(&world.stranger, MESSAGES, json!({"kind": "note", "text": "x"})).await.problem(404);
    for body in [
        json!({"channel": 1, "to": ["a@b.example"], "subject": "x", "text": "x"}),
        json!({"channel": 1, "to": ["a@b.example"], "subject": "x", "text": "x", "attachments": [file]}),
        json!({"channel": 1, "to": ["a@b.example"], "subject": "x", "text": "x", "team": world.billing.0}),
    ] {
        let answer = world.post_as(&world.stranger, "/api/v1/tickets", body).await;
        answer.problem(422);
        told(answer);
    }
    let path = format!("/api/v1/messages/{ours}/cancel");
    world.send(request(axum::http::Method::POST, &path, &world.stranger)).await.problem(404);
}

#[tokio::test]
async fn promise_7_an_agent_answers_in_the_tickets_of_their_teams_alone() {
    let world = with_ticket().await;
    world.mail_to_billing(&mail("two")).await;
    let hidden = world.get(MESSAGES).await.json()["items"][0]["id"].clone();
    let reply = json!({"kind": "reply", "text": "x"});
    world.post_as(&world.agent, MESSAGES, reply.clone()).await.problem(404);
    let address = json!({"address": "a@b.example"});
    world.post_as(&world.agent, "/api/v1/tickets/1/participants", address).await.problem(404);
    let seen = "/api/v1/tickets/2/messages";
    assert_eq!(world.post_as(&world.agent, seen, reply).await.status, 201);
    let other = json!({"kind": "forward", "answers": hidden, "to": ["a@b.example"], "text": "x"});
    let problem = world.post_as(&world.agent, seen, other).await.problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "#/answers");
}

#[tokio::test]
async fn a_token_leaves_notes_or_sends_mail_as_its_scopes_say() {
    let world = with_ticket().await;
    let (note, reply) = (json!({"kind": "note", "text": "x"}), json!({"kind": "reply", "text": "x"}));
    let writes = world.token_with([Scope::TicketsWrite], 20).await;
    let sends = world.token_with([Scope::MessagesSend], 21).await;
    let reads = world.token_with([Scope::TicketsRead], 22).await;
    assert_eq!(world.post_as(&writes, MESSAGES, note.clone()).await.status, 201);
    let problem = world.post_as(&writes, MESSAGES, reply.clone()).await.problem(403);
    assert!(problem["detail"].as_str().unwrap().contains("messages:send"), "{problem}");
    assert_eq!(world.post_as(&sends, MESSAGES, reply.clone()).await.status, 201);
    world.post_as(&sends, MESSAGES, note).await.problem(403);
    world.post_as(&reads, MESSAGES, reply).await.problem(403);
}
