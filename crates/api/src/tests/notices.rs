//! `/notices`, and deliveries of the server's own, as admins and agents see them.

use guichet_desk::{SystemMail, SystemMailKind};
use guichet_mail::MailAddress;
use serde_json::{Value, json};

use super::world::World;

const LIST: &str = "/api/v1/notices";

const QUESTION: &str = "From: Gmail Team <forwarding-noreply@google.com>\nTo: support@acme.example\n\
                        Subject: (#123456789) Gmail Forwarding Confirmation - Receive Mail from shop@forwarder.example\n\
                        Message-ID: <1@google.com>\n\nhttps://mail-settings.google.com/mail/vf-abc\n";

/// Case 43.
#[tokio::test]
async fn gmails_question_is_on_the_board_with_code_and_link_until_somebody_dismisses_it() {
    let world = World::new().await;
    world.mail_proven_of("google.com", QUESTION).await;
    let notice = world.get(LIST).await.json()["items"][0].clone();
    assert_eq!((&notice["kind"], &notice["ticket"]), (&json!("forwarding_confirmation"), &json!(1)));
    let about = &notice["about"];
    assert_eq!((&about["code"], &about["proven"]), (&json!("123456789"), &json!(true)));
    assert_eq!(about["link"], "https://mail-settings.google.com/mail/vf-abc");
    let dismiss = format!("{LIST}/{}/dismiss", notice["id"].as_str().unwrap());
    let dismissed = world.post(&dismiss, json!({})).await.json();
    assert_eq!((&dismissed["open"], &dismissed["dismissed_by"]), (&json!(false), &json!(world.admin_id.0)));
    assert_eq!(world.get(LIST).await.json()["items"], json!([]));
    assert_eq!(world.get(&format!("{LIST}?show=all")).await.json()["items"].as_array().unwrap().len(), 1);
    world.get(&format!("{LIST}?show=some")).await.problem(400);
    world.post(&format!("{LIST}/x/dismiss"), json!({})).await.problem(404);
}

#[tokio::test]
async fn promise_7_an_agent_sees_neither_notices_nor_system_mail() {
    let world = World::new().await;
    world.notice().await;
    let mail = SystemMail {
        to: MailAddress::parse("new@elsewhere.example").unwrap(),
        to_name: None,
        subject: "Join us".to_owned(),
        text: "Hello".to_owned(),
        kind: SystemMailKind::Invitation,
    };
    let now = guichet_sys::Clock::now(&world.clock);
    let id = world.desk.send_system_mail(world.acme, mail, now).await.unwrap();
    let delivery = world.get(&format!("/api/v1/deliveries/{id}")).await.json();
    assert_eq!((&delivery["kind"], &delivery["about"]), (&json!("system"), &json!("invitation")));
    assert_eq!((&delivery["ticket"], &delivery["message"]), (&Value::Null, &Value::Null));
    for list in [LIST, "/api/v1/deliveries"] {
        assert_eq!(world.get_as(&world.agent, list).await.json()["items"], json!([]), "{list}");
    }
    world.get_as(&world.agent, &format!("/api/v1/deliveries/{id}")).await.problem(404);
    let cancel = format!("/api/v1/deliveries/{id}/cancel");
    assert_eq!(world.post(&cancel, json!({})).await.json()["state"], "cancelled");
}

/// Case 40.
#[tokio::test]
async fn a_proposed_requester_is_shown_and_agreed_to_or_declined() {
    let world = World::new().await;
    let forward = |id: &str| {
        format!(
            "From: agent@acme.example\nTo: support@acme.example\nSubject: Fwd: Broken\nMessage-ID: <{id}@acme.example>\n\n\
             ---------- Forwarded message ---------\nFrom: Bia <bia@customer.example>\nDate: Mon\nSubject: Broken\n\nHelp\n"
        )
    };
    world.mail_proven_of("acme.example", &forward("one")).await;
    world.mail_proven_of("acme.example", &forward("two")).await;
    let proposed = json!({"name": "Bia", "address": "bia@customer.example"});
    assert_eq!(world.get("/api/v1/tickets/1").await.json()["proposed_requester"], proposed);
    let set = async |ticket: u64, body: Value| {
        world.post(&format!("/api/v1/tickets/{ticket}/requester"), body).await
    };
    let agreed = set(1, json!({"address": "Bia <bia@customer.example>"})).await;
    assert_eq!(agreed.status, 200);
    assert!(!agreed.header("etag").is_empty());
    let agreed = agreed.json();
    assert_eq!(
        (&agreed["proposed_requester"], &agreed["participants"]),
        (&Value::Null, &json!(["bia@customer.example"]))
    );
    let declined = set(2, json!({"address": null})).await.json();
    assert_eq!(declined["proposed_requester"], Value::Null);
    assert_ne!(declined["requester"], agreed["requester"]);
    let by_contact = set(2, json!({"contact": agreed["requester"], "keep_forwarder": true})).await.json();
    assert_eq!(by_contact["requester"], agreed["requester"]);
    assert_eq!(by_contact["participants"], json!(["agent@acme.example", "bia@customer.example"]));
    for wrong in
        [json!({}), json!({"address": "x"}), json!({"contact": 999}), json!({"address": null, "contact": 1})]
    {
        set(1, wrong.clone()).await.problem(422);
    }
    set(99, json!({"address": null})).await.problem(404);
}
