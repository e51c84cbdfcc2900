//! `POST /tickets`: a new mail.

use serde_json::{Value, json};

use crate::tests::world::{World, posting};

/// The channel of billing, which is of the agent's team.
async fn billing_channel(world: &World) -> Value {
    world.get("/api/v1/channels").await.json()["items"][1]["id"].clone()
}

#[tokio::test]
async fn a_new_mail_begins_a_ticket_of_the_channels_team() {
    let world = World::new().await;
    let body = json!({
        "channel": billing_channel(&world).await, "to": ["Ana Lima <ana@customer.example>"],
        "subject": "Your contract", "text": "Shall we go on?",
    });
    let answer = world.post("/api/v1/tickets", body).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    let written = answer.json();
    let ticket = world.get(answer.header("location")).await;
    assert_eq!(ticket.json(), written["ticket"]);
    assert_eq!(ticket.header("etag"), answer.header("etag"));
    let ticket = ticket.json();
    assert_eq!((&ticket["subject"], &ticket["team"]), (&json!("Your contract"), &json!(world.billing.0)));
    assert_eq!(ticket["participants"], json!(["ana@customer.example"]));
    let contact = world.get(&format!("/api/v1/contacts/{}", ticket["requester"])).await.json();
    assert_eq!((&contact["name"], &contact["address"]), (&json!("Ana Lima"), &json!("ana@customer.example")));
    assert_eq!(written["message"]["references"], json!([]));
    assert_eq!(written["deliveries"][0]["state"], "held");
}

#[tokio::test]
async fn the_same_request_with_the_same_key_is_one_ticket() {
    let world = World::new().await;
    let channel = billing_channel(&world).await;
    let send = async |subject: &str| {
        let body =
            json!({"channel": channel, "to": ["ana@customer.example"], "subject": subject, "text": "x"});
        let mut request = posting("/api/v1/tickets", &world.admin, &body);
        request.headers_mut().insert("idempotency-key", "k".parse().unwrap());
        request.headers_mut().insert("if-match", "\"999\"".parse().unwrap());
        world.send(request).await
    };
    let (first, again) = (send("one").await, send("one").await);
    assert_eq!((first.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(first.header("location"), again.header("location"));
    send("two").await.problem(422);
    assert_eq!(world.get("/api/v1/tickets").await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_missing_or_not_there_is_named() {
    let world = World::new().await;
    let channel = billing_channel(&world).await;
    let to = json!(["ana@customer.example"]);
    for (body, pointer) in [
        (json!({"to": to, "subject": "x", "text": "x"}), "#/channel"),
        (json!({"channel": channel, "to": to, "text": "x"}), "#/subject"),
        (json!({"channel": 999, "to": to, "subject": "x", "text": "x"}), "#/channel"),
        (json!({"channel": channel, "team": 999, "to": to, "subject": "x", "text": "x"}), "#/team"),
        (json!({"channel": channel, "to": to, "subject": "x", "text": "x", "kind": "reply"}), "#/kind"),
    ] {
        let problem = world.post("/api/v1/tickets", body).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let nobody = json!({"channel": channel, "subject": "x", "text": "x"});
    let problem = world.post("/api/v1/tickets", nobody).await.problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("`to`"), "{problem}");
    assert_eq!(world.get("/api/v1/tickets").await.json()["items"], json!([]));
}

#[tokio::test]
async fn an_agent_begins_tickets_that_they_will_see() {
    let world = World::new().await;
    let channels = world.get("/api/v1/channels").await.json();
    let body = |channel: &Value| json!({"channel": channel, "to": ["ana@customer.example"], "subject": "x", "text": "x"});
    let own = world.post_as(&world.agent, "/api/v1/tickets", body(&channels["items"][1]["id"])).await;
    assert_eq!(own.status, 201);
    world.post_as(&world.agent, "/api/v1/tickets", body(&channels["items"][0]["id"])).await.problem(422);
}
