//! Contacts and companies over HTTP: made, changed under a condition, merged, and all their mail.

use axum::http::Method;
use guichet_accounts::{Actor, Deed, Who};
use guichet_desk::NewContact;
use guichet_mail::MailAddress;
use guichet_sys::Clock as _;
use serde_json::{Value, json};

use super::world::{World, mail, request};

async fn with_ana() -> World {
    let world = World::new().await;
    world.mail_to_billing(&mail("one")).await;
    world
}

#[tokio::test]
async fn a_contact_is_made_read_changed_found_and_deleted() {
    let world = with_ana().await;
    let new =
        json!({"name": "Eva Lind", "addresses": ["eva@partner.example", "eva@private.example"], "note": "x"});
    let made = world.post("/api/v1/contacts", new).await;
    assert_eq!((made.status.as_u16(), made.header("location")), (201, "/api/v1/contacts/2"));
    let eva = world.get("/api/v1/contacts/2").await;
    assert_eq!((eva.json(), eva.header("etag")), (made.json(), made.header("etag")));
    assert_eq!(eva.json()["addresses"], json!(["eva@partner.example", "eva@private.example"]));
    let changed =
        world.patch("/api/v1/contacts/2", json!({"name": null, "spam": true, "company": "none"})).await;
    assert_eq!(changed.status, 200);
    assert_eq!((&changed.json()["name"], &changed.json()["spam"]), (&Value::Null, &json!(true)));
    let mut stale = request(Method::DELETE, "/api/v1/contacts/2", &world.admin);
    stale.headers_mut().insert("if-match", made.header("etag").parse().unwrap());
    world.send(stale).await.problem(412);
    for (query, count) in [("address=eva", 1), ("address=EVA@pri", 1), ("name=an", 1), ("name=x", 0)] {
        let found = world.get(&format!("/api/v1/contacts?{query}")).await.json();
        assert_eq!(found["items"].as_array().unwrap().len(), count, "{query}");
    }
    world.get("/api/v1/contacts?address=a&name=b").await.problem(400);
    let delete = |number: u64| request(Method::DELETE, &format!("/api/v1/contacts/{number}"), &world.admin);
    assert_eq!(world.send(delete(2)).await.status, 204);
    world.get("/api/v1/contacts/2").await.problem(404);
    world.send(delete(1)).await.problem(422);
}

#[tokio::test]
async fn merging_answers_as_the_one_that_stays_and_leaves_a_row_in_the_audit_log() {
    let world = with_ana().await;
    let new = json!({"addresses": ["ana@private.example"]});
    world.post("/api/v1/contacts", new).await;
    let merged = world.post("/api/v1/contacts/2/merge", json!({"into": 1})).await;
    assert_eq!(
        (merged.status.as_u16(), &merged.json()["id"], &merged.json()["merged"]),
        (200, &json!(1), &json!([2]))
    );
    assert_eq!(world.get("/api/v1/contacts/2").await.json(), world.get("/api/v1/contacts/1").await.json());
    for list in ["tickets", "messages"] {
        let page = world.get(&format!("/api/v1/contacts/2/{list}")).await.json();
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "{list}");
    }
    let log = world.desk.accounts().audit(world.acme, None, 50).unwrap();
    assert!(
        log.entries.iter().any(|row| row.deed == Deed::ContactsMerged && row.subject == "contact 2 into 1")
    );
    let split = world.post("/api/v1/contacts/1/split", json!({"address": "ana@private.example"})).await;
    assert_eq!((split.status.as_u16(), &split.json()["id"]), (201, &json!(2)));
}

#[tokio::test]
async fn a_company_has_whoever_writes_from_its_domain() {
    let world = with_ana().await;
    let made =
        world.post("/api/v1/companies", json!({"name": "Customer", "domains": ["customer.example"]})).await;
    assert_eq!(made.status, 201);
    let company = made.json()["id"].clone();
    let path = format!("/api/v1/companies/{company}");
    for list in ["contacts", "tickets", "messages"] {
        let page = world.get(&format!("{path}/{list}")).await.json();
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "{list}");
    }
    assert_eq!(world.get("/api/v1/contacts/1").await.json()["company"], company);
    let found = world.get(&format!("/api/v1/tickets?company={company}")).await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let free = world.post("/api/v1/companies", json!({"name": "Free", "domains": ["gmail.com"]})).await;
    assert!(free.problem(422)["detail"].as_str().unwrap().contains("anybody gets an address"));
    let linked =
        world.patch("/api/v1/tickets/1", json!({"company": company, "requester": null})).await.json();
    assert_eq!((&linked["company"], &linked["requester"]), (&company, &Value::Null));
    let cleared = world.patch("/api/v1/tickets/1", json!({"company": null, "requester": 1})).await.json();
    assert_eq!((&cleared["company"], &cleared["requester"]), (&Value::Null, &json!(1)));
    assert_eq!(world.send(request(Method::DELETE, &path, &world.admin)).await.status, 204);
    world.get(&path).await.problem(404);
}

#[tokio::test]
async fn a_new_mail_names_a_contact_and_a_note_names_people() {
    let world = with_ana().await;
    let channel = world.get("/api/v1/channels").await.json()["items"][0]["id"].clone();
    let new = json!({"channel": channel, "contacts": [1], "subject": "Hello", "text": "x", "mentions": [world.agent_id.0]});
    world.post("/api/v1/tickets", new).await.problem(422);
    let new = json!({"channel": channel, "contacts": [1], "subject": "Hello", "text": "x", "mentions": [world.admin_id.0]});
    let made = world.post("/api/v1/tickets", new).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    assert_eq!(made.json()["ticket"]["requester"], 1);
    let absent = json!({"channel": channel, "contacts": [99], "subject": "Hello", "text": "x"});
    assert_eq!(
        world.post("/api/v1/tickets", absent).await.problem(422)["errors"][0]["pointer"],
        "#/contacts"
    );
    let me = request(Method::PUT, "/api/v1/tickets/1/watchers/me", &world.agent);
    assert_eq!(world.send(me).await.json()["watchers"], json!([world.agent_id.0]));
    let watched = world.get_as(&world.agent, "/api/v1/tickets?watching=true").await.json();
    assert_eq!(watched["items"].as_array().unwrap().len(), 1);
    let moved = world.patch("/api/v1/tickets/1", json!({"team": world.sales.0})).await.json();
    assert_eq!(moved["watchers"], json!([]));
    let blind = format!("/api/v1/tickets/1/watchers/{}", world.agent_id.0);
    world.send(request(Method::PUT, &blind, &world.admin)).await.problem(422);
}

/// Pages end after so many rows, and the next begins after one that an agent may not see.
#[tokio::test]
async fn promise_7_a_cursor_names_no_address_that_others_know() {
    let world = with_ana().await;
    let admin = Actor { who: Who::Person(world.admin_id), ..Actor::system(world.acme) };
    for n in 0..=2_000 {
        let address = MailAddress::parse(&format!("hidden-{n:04}@secret.example")).unwrap();
        let new = NewContact { addresses: vec![address], ..NewContact::default() };
        world.desk.create_contact(&admin, &new, world.clock.now()).await.unwrap();
    }
    let page = world.get_as(&world.agent, "/api/v1/contacts?address=hidden").await.json();
    assert_eq!(page["items"], json!([]));
    let cursor = page["next_cursor"].as_str().expect("2,000 rows were looked at, and there is another");
    let octets = data_encoding::BASE64URL_NOPAD.decode(cursor.as_bytes()).unwrap();
    let is_told = |word: &str| octets.windows(word.len()).any(|part| part == word.as_bytes());
    assert!(!is_told("hidden") && !is_told("secret"), "{octets:?}");
    let next = format!("/api/v1/contacts?address=hidden&cursor={cursor}");
    assert_eq!(world.get_as(&world.agent, &next).await.json(), json!({"items": [], "next_cursor": null}));
    assert_eq!(world.get(&next).await.json()["items"].as_array().unwrap().len(), 1, "the one that is left");
    world.get_as(&world.stranger, &next).await.problem(400);
    world.get(&format!("/api/v1/suppressions?cursor={cursor}")).await.problem(400);
}
