//! Logging in and out, as a browser does.

use axum::http::Method;
use serde_json::json;

use super::browser::{Browser, PASSWORD};
use super::world::{World, mail};

const SESSION: &str = "__Host-guichet_session";
const DEVICE: &str = "__Host-guichet_device";

#[tokio::test]
async fn who_logs_in_has_a_session_until_they_log_out() {
    let world = World::with_passwords().await;
    let mut browser = Browser::new(&world);
    let answer = browser.log_in("Agent@acme.example", PASSWORD).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json()["person"]["address"], "agent@acme.example");
    assert_eq!(answer.json()["organisation"]["slug"], "acme");
    for field in answer.headers.get_all("set-cookie") {
        let field = field.to_str().unwrap();
        for attribute in ["; Path=/;", "; Secure;", "; HttpOnly;", "; SameSite=Lax"] {
            assert!(field.starts_with("__Host-guichet_") && field.contains(attribute), "{field}");
        }
    }
    let known = browser.get("/api/v1/session").await;
    assert_eq!(known.json(), answer.json());
    assert!(!known.json()["scopes"].to_string().contains("people:write"), "an agent's scopes");
    assert_eq!(browser.get("/api/v1/tickets").await.status, 200);
    let cookies = browser.cookies.clone();
    assert_eq!(browser.delete("/api/v1/session").await.status, 204);
    assert!(!browser.cookies.contains_key(SESSION) && browser.cookies.contains_key(DEVICE));
    browser.cookies = cookies;
    browser.get("/api/v1/tickets").await.problem(401);
}

#[tokio::test]
async fn a_refusal_does_not_tell_what_was_wrong() {
    let world = World::with_passwords().await;
    let accounts = world.desk.accounts();
    let first = Browser::new(&world).log_in("agent@acme.example", "another password").await;
    first.problem(401);
    assert!(!first.header("www-authenticate").is_empty());
    accounts.disable_person(world.acme, world.agent_id).await.unwrap();
    for (address, password) in [
        ("agent@acme.example", PASSWORD),
        ("nobody@acme.example", PASSWORD),
        ("admin@other.example", PASSWORD),
        ("no address", PASSWORD),
        ("", ""),
    ] {
        let answer = Browser::new(&world).log_in(address, password).await;
        assert_eq!((answer.status, &answer.body), (first.status, &first.body), "{address}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
}

#[tokio::test]
async fn a_session_that_the_browser_brought_is_never_adopted() {
    let world = World::with_passwords().await;
    let mut browser = Browser::new(&world);
    let planted = format!("guichet_{}", "a".repeat(52));
    browser.cookies.insert(SESSION.to_owned(), planted.clone());
    assert_eq!(browser.log_in("agent@acme.example", PASSWORD).await.status, 201);
    let first = browser.cookies[SESSION].clone();
    assert_ne!(first, planted);
    assert_eq!(browser.log_in("agent@acme.example", PASSWORD).await.status, 201);
    assert_ne!(browser.cookies[SESSION], first, "a new secret at each log-in");
    assert_eq!(browser.get("/api/v1/sessions").await.json()["items"].as_array().unwrap().len(), 1);
    for ended in [planted, first] {
        let mut thief = Browser::new(&world);
        thief.cookies.insert(SESSION.to_owned(), ended);
        thief.get("/api/v1/session").await.problem(401);
    }
}

#[tokio::test]
async fn one_sees_and_ends_ones_own_sessions_alone() {
    let world = World::with_passwords().await;
    let mut desk = Browser::of(&world, "agent@acme.example").await;
    let mut phone = Browser::of(&world, "agent@acme.example").await;
    let mut admin = Browser::of(&world, "admin@acme.example").await;
    let listed = desk.get("/api/v1/sessions").await.json();
    let items = listed["items"].as_array().unwrap();
    let current: Vec<bool> = items.iter().map(|item| item["is_current"].as_bool().unwrap()).collect();
    assert_eq!((current, &items[0]["from"]), (vec![true, false], &json!("192.0.2.7")));
    let other = format!("/api/v1/sessions/{}", items[1]["id"]);
    admin.delete(&other).await.problem(404);
    assert_eq!(phone.get("/api/v1/session").await.status, 200);
    assert_eq!(desk.delete(&other).await.status, 204);
    phone.get("/api/v1/session").await.problem(401);
    desk.delete(&other).await.problem(404);
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let world = World::with_passwords().await;
    let mut here = Browser::of(&world, "agent@acme.example").await;
    let mut there = Browser::of(&world, "agent@acme.example").await;
    let path = "/api/v1/account/password";
    let new = "slow rivers carry warm stones";
    here.post(path, json!({"current": "wrong", "password": new})).await.problem(422);
    here.post(path, json!({"current": PASSWORD, "password": "short"})).await.problem(422);
    let before = here.cookies[SESSION].clone();
    assert_eq!(here.post(path, json!({"current": PASSWORD, "password": new})).await.status, 204);
    assert_ne!(here.cookies[SESSION], before);
    assert_eq!(here.get("/api/v1/session").await.status, 200);
    there.get("/api/v1/session").await.problem(401);
    Browser::new(&world).log_in("agent@acme.example", PASSWORD).await.problem(401);
    assert_eq!(Browser::new(&world).log_in("agent@acme.example", new).await.status, 201);
}

#[tokio::test]
async fn a_second_factor_is_begun_with_the_password_and_counts_once_confirmed() {
    let world = World::with_passwords().await;
    let mut browser = Browser::of(&world, "agent@acme.example").await;
    browser.post("/api/v1/account/totp", json!({"password": "wrong"})).await.problem(422);
    let begun = browser.post("/api/v1/account/totp", json!({"password": PASSWORD})).await;
    assert_eq!(begun.status, 201);
    assert!(begun.json()["uri"].as_str().unwrap().starts_with("otpauth://totp/"));
    browser.post("/api/v1/account/totp/confirm", json!({"code": "000000x"})).await.problem(422);
    assert_eq!(browser.get("/api/v1/account").await.json()["totp"], false);
    assert_eq!(Browser::new(&world).log_in("agent@acme.example", PASSWORD).await.status, 201);
    browser.post("/api/v1/account/recovery-codes", json!({"password": PASSWORD})).await.problem(422);
}

#[tokio::test]
async fn a_token_of_ones_own_is_made_by_a_session_and_never_by_a_token() {
    let world = World::with_passwords().await;
    let mut browser = Browser::of(&world, "agent@acme.example").await;
    let mut wanted = json!({"name": "import", "scopes": ["tickets:read"], "expires": "2026-01-02T00:00:00Z"});
    browser.post("/api/v1/tokens", wanted.clone()).await.problem(422);
    wanted["password"] = json!("a guess of a thief");
    browser.post("/api/v1/tokens", wanted.clone()).await.problem(422);
    wanted["password"] = json!(PASSWORD);
    world.post_as(&world.agent, "/api/v1/tokens", wanted.clone()).await.problem(403);
    for (name, scopes) in [("x", json!(["people:write"])), ("x", json!([])), ("", json!(["tickets:read"]))] {
        let wrong = json!({"name": name, "scopes": scopes, "password": PASSWORD});
        browser.post("/api/v1/tokens", wrong).await.problem(422);
    }
    let made = browser.post("/api/v1/tokens", wanted).await;
    assert_eq!(made.status, 201);
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(world.get_as(&secret, "/api/v1/tickets").await.status, 200);
    world.get_as(&secret, "/api/v1/contacts").await.problem(403);
    let listed = browser.get("/api/v1/tokens").await;
    assert!(!String::from_utf8_lossy(&listed.body).contains(&secret), "shown once");
    let used = listed.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .any(|token| token["name"] == "import" && token["used"].is_string());
    assert!(used, "{}", listed.json());
    world.clock.advance_secs(24 * 3_600);
    world.get_as(&secret, "/api/v1/tickets").await.problem(401);
}

#[tokio::test]
async fn what_people_did_stands_in_the_audit_log() {
    let world = World::with_passwords().await;
    let mut admin = Browser::of(&world, "admin@acme.example").await;
    Browser::new(&world).log_in("admin@acme.example", "another password").await.problem(401);
    world.clock.advance_secs(1);
    assert_eq!(admin.post("/api/v1/teams", json!({"name": "Acme night"})).await.status, 201);
    let acts = admin.get("/api/v1/audit?limit=3").await.json();
    let deeds: Vec<&str> =
        acts["items"].as_array().unwrap().iter().map(|act| act["deed"].as_str().unwrap()).collect();
    assert!(deeds.contains(&"team.created"), "{acts}");
    let path =
        format!("/api/v1/audit?deed=team.created&person={}&since=2026-01-01T00:00:00Z", world.admin_id);
    let acts = admin.get(&path).await.json();
    let act = &acts["items"][0];
    assert_eq!(
        (&act["by"], &act["from"], &act["subject"]),
        (&json!("person"), &json!("192.0.2.7"), &json!("Acme night"))
    );
    assert_eq!(acts["items"].as_array().unwrap().len(), 1);
    assert!(!acts.to_string().contains(PASSWORD));
    admin.get("/api/v1/audit?deed=nonsense").await.problem(400);
    let later = admin.get("/api/v1/audit?since=2027-01-01T00:00:00Z").await.json();
    assert_eq!(later["items"], json!([]));
    let all = page_by_page(&mut admin).await;
    assert!(all >= 3, "{all}");
}

async fn page_by_page(browser: &mut Browser<'_>) -> usize {
    let (mut count, mut query) = (0, "limit=1".to_owned());
    loop {
        let page = browser.get(&format!("/api/v1/audit?{query}")).await.json();
        count += page["items"].as_array().unwrap().len();
        let Some(cursor) = page["next_cursor"].as_str() else { return count };
        query = format!("limit=1&cursor={cursor}");
    }
}

#[tokio::test]
async fn people_and_teams_are_changed_by_admins_alone() {
    let world = World::with_passwords().await;
    let mut admin = Browser::of(&world, "admin@acme.example").await;
    let agent = format!("/api/v1/people/{}", world.agent_id);
    let own = format!("/api/v1/people/{}", world.admin_id);
    let disabled = json!({"status": "disabled"});
    let mut patch =
        async |path: &str, body: serde_json::Value| admin.send(Method::PATCH, path, Some(body)).await;
    assert_eq!(
        patch(&agent, json!({"teams": [world.sales.0]})).await.json()["teams"],
        json!([world.sales.0])
    );
    patch(&agent, json!({"teams": [999]})).await.problem(422);
    patch(&agent, json!({"role": "operator"})).await.problem(422);
    patch(&agent, json!({"role": "emperor"})).await.problem(422);
    patch(&agent, json!({"name": "Rui", "status": "disabled"})).await.problem(422);
    patch(&own, disabled.clone()).await.problem(422);
    patch(&own, json!({"role": "agent"})).await.problem(422);
    assert_eq!(patch(&agent, disabled).await.json()["status"], "disabled");
    world.get_as(&world.agent, "/api/v1/tickets").await.problem(401);
    assert_eq!(patch(&agent, json!({"status": "active"})).await.json()["status"], "active");
    world.get_as(&world.agent, "/api/v1/tickets").await.problem(401);
    for name in ["", " ", "a\u{0}b", "a\r\nb", "\u{7f}"] {
        assert_eq!(admin.post("/api/v1/teams", json!({"name": name})).await.status, 422, "{name:?}");
    }
    let made = admin.post("/api/v1/teams", json!({"name": "../../etc"})).await.json();
    let team = format!("/api/v1/teams/{}", made["id"]);
    let ticket = format!("/api/v1/tickets/{}", world.mail(&mail("one")).await);
    assert_eq!(world.patch(&ticket, json!({"team": made["id"]})).await.status, 200);
    let refused = admin.delete(&team).await.problem(422);
    assert!(refused["detail"].as_str().unwrap().contains("is not finished"), "{refused}");
    assert_eq!(world.patch(&ticket, json!({"state": "closed"})).await.status, 200);
    assert_eq!(admin.delete(&team).await.status, 204);
    admin.delete(&format!("/api/v1/teams/{}", world.billing)).await.problem(422);
}
