//! Invitations, password resets, other addresses: what the links of our mails are good for, and the pages they lead to.

use axum::body::Body;
use axum::http::Request;
use guichet_accounts::{Role, Scope};
use guichet_sys::Clock as _;
use serde_json::json;

use super::browser::{Browser, PASSWORD};
use super::world::{World, person, token};

#[tokio::test]
async fn an_invitation_by_mail_lets_somebody_in_once() {
    let world = World::with_passwords().await;
    let mut admin = Browser::of(&world, "admin@acme.example").await;
    let wanted = json!({"address": "new@partner.example", "name": "New", "teams": [world.billing.0]});
    let invited = admin.post("/api/v1/invitations", wanted.clone()).await;
    assert_eq!((invited.status.as_u16(), &invited.json()["status"]), (201, &json!("invited")));
    assert!(!String::from_utf8_lossy(&invited.body).contains("guichet_"), "the link goes by mail alone");
    let again = admin.post("/api/v1/invitations", wanted).await.problem(422);
    let path = format!("/invitations/{}/resend", invited.json()["id"]);
    assert!(again["detail"].as_str().unwrap().contains(&path), "{again}");
    assert_eq!(admin.get("/api/v1/invitations").await.json()["items"].as_array().unwrap().len(), 1);

    let secret = world.mailed_secret("new@partner.example").await;
    let mut new = Browser::new(&world);
    let shown = new.post("/api/v1/invitations/show", json!({"secret": secret})).await.json();
    assert_eq!(
        (&shown["address"], &shown["name"], &shown["organisation"]),
        (&json!("new@partner.example"), &json!("New"), &json!("Acme"))
    );
    let redeem = "/api/v1/invitations/redeem";
    new.post(redeem, json!({"secret": secret, "password": "short"})).await.problem(422);
    let accepted = new.post(redeem, json!({"secret": secret, "name": "Nova", "password": PASSWORD})).await;
    assert_eq!(accepted.json(), json!({"address": "new@partner.example", "organisation": "Acme"}));
    new.post(redeem, json!({"secret": secret, "password": PASSWORD})).await.problem(422);
    new.post("/api/v1/invitations/show", json!({"secret": secret})).await.problem(422);
    assert_eq!(new.log_in("new@partner.example", PASSWORD).await.json()["person"]["name"], "Nova");
    assert_eq!(admin.get("/api/v1/invitations").await.json()["items"], json!([]));
}

#[tokio::test]
async fn an_invitation_is_sent_again_or_taken_back() {
    let world = World::with_passwords().await;
    let mut admin = Browser::of(&world, "admin@acme.example").await;
    let invited = admin.post("/api/v1/invitations", json!({"address": "new@partner.example"})).await;
    let first = world.mailed_secret("new@partner.example").await;
    let shown = Browser::new(&world).post("/api/v1/invitations/show", json!({"secret": first})).await.json();
    assert_eq!(shown["name"], json!(null), "nobody gave them one");
    let path = invited.header("location").to_owned();
    assert_eq!(admin.post(&format!("{path}/resend"), json!({})).await.status, 200);
    let redeem = |secret: &str| json!({"secret": secret, "password": PASSWORD});
    let mut new = Browser::new(&world);
    new.post("/api/v1/invitations/redeem", redeem(&first)).await.problem(422);
    assert_eq!(admin.delete(&path).await.status, 204);
    admin.delete(&path).await.problem(422);
    new.post("/api/v1/invitations/redeem", redeem("guichet_nothing")).await.problem(422);
    // An agent invites nobody, and sees nothing of it.
    let mut agent = Browser::of(&world, "agent@acme.example").await;
    agent.get("/api/v1/invitations").await.problem(403);
    agent.post("/api/v1/invitations", json!({"address": "x@partner.example"})).await.problem(403);
}

#[tokio::test]
async fn a_link_stays_good_where_another_can_not_be_sent() {
    let world = World::with_passwords().await;
    let mut admin = Browser::of(&world, "admin@acme.example").await;
    let invited = admin.post("/api/v1/invitations", json!({"address": "new@partner.example"})).await;
    let secret = world.mailed_secret("new@partner.example").await;
    let suppressed = json!({"address": "new@partner.example", "reason": "It bounced"});
    assert_eq!(admin.post("/api/v1/suppressions", suppressed).await.status, 201);
    admin.post(&format!("{}/resend", invited.header("location")), json!({})).await.problem(422);
    let mut new = Browser::new(&world);
    assert_eq!(new.post("/api/v1/invitations/show", json!({"secret": secret})).await.status, 200);
}

/// Nobody is left behind whom no mail would reach.
#[tokio::test]
async fn who_can_not_be_written_to_is_not_invited() {
    let world = World::with_passwords().await;
    let mut admin = Browser::of(&world, "admin@acme.example").await;
    let people = world.get("/api/v1/people").await.json();
    let suppressed = json!({"address": "gone@partner.example", "reason": "asked"});
    assert_eq!(admin.post("/api/v1/suppressions", suppressed).await.status, 201);
    for address in ["gone@partner.example", "billing@acme.example"] {
        admin.post("/api/v1/invitations", json!({"address": address})).await.problem(422);
    }
    assert_eq!(world.get("/api/v1/people").await.json(), people);
}

/// A token that leaked lets nobody in who may more than it does, by whichever way.
#[tokio::test]
async fn a_token_that_may_change_people_makes_no_admin() {
    let world = World::new().await;
    let accounts = world.desk.accounts();
    let gone = person(accounts, world.acme, "gone@partner.example", Role::Admin, vec![]).await;
    accounts.disable_person(world.acme, gone).await.unwrap();
    let leaked = world.token_with([Scope::PeopleWrite, Scope::SettingsRead], 50).await;
    let invite = |role: &str| json!({"address": format!("{role}@partner.example"), "role": role});
    world.post_as(&leaked, "/api/v1/invitations", invite("admin")).await.problem(403);
    let invited = world.post("/api/v1/invitations", invite("admin")).await;
    let resend = format!("{}/resend", invited.header("location"));
    world.post_as(&leaked, &resend, json!({})).await.problem(403);
    let path = format!("/api/v1/people/{gone}");
    world.patch_as(&leaked, &path, json!({"role": "admin"})).await.problem(403);
    world.patch_as(&leaked, &path, json!({"status": "active"})).await.problem(403);
    assert_eq!(world.get(&path).await.json()["status"], "disabled");
    assert_eq!(world.post_as(&leaked, "/api/v1/invitations", invite("agent")).await.status, 201);
    assert_eq!(world.patch_as(&leaked, &path, json!({"role": "agent"})).await.status, 200);
    assert_eq!(world.patch_as(&leaked, &path, json!({"status": "active"})).await.status, 200);
}

#[tokio::test]
async fn a_token_of_an_operator_makes_operators_only_if_it_is_one() {
    let world = World::new().await;
    let accounts = world.desk.accounts();
    let house = accounts.ensure_house(world.clock.now()).await.unwrap();
    let op = person(accounts, house, "op@elsewhere.example", Role::Operator, vec![]).await;
    let narrow = token(accounts, house, op, Role::Admin.scopes(), 51).await;
    let whole = token(accounts, house, op, Role::Operator.scopes(), 52).await;
    let wanted = json!({"address": "second@elsewhere.example", "role": "operator"});
    world.post_as(&narrow, "/api/v1/invitations", wanted.clone()).await.problem(403);
    assert_eq!(world.post_as(&whole, "/api/v1/invitations", wanted.clone()).await.status, 201);
    let elsewhere = world.post("/api/v1/invitations", wanted).await.problem(422);
    assert!(elsewhere["detail"].as_str().unwrap().contains("operator's own organisation"), "{elsewhere}");
}

#[tokio::test]
async fn promise_7_who_asks_for_a_new_password_learns_nothing() {
    let world = World::with_passwords().await;
    let mut stranger = Browser::new(&world);
    let mut answers = Vec::new();
    for address in ["agent@acme.example", "nobody@acme.example", "no address"] {
        let answer = stranger.post("/api/v1/password-resets", json!({"address": address})).await;
        answers.push((answer.status.as_u16(), answer.body, answer.headers));
    }
    assert_eq!(answers[0].0, 202);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn a_new_password_by_mail_ends_all_sessions() {
    let world = World::with_passwords().await;
    let mut before = Browser::of(&world, "agent@acme.example").await;
    let mut anew = Browser::new(&world);
    let asked = anew.post("/api/v1/password-resets", json!({"address": "agent@acme.example"})).await;
    assert_eq!(asked.status, 202);
    // The work is done after the answer; it is over once its place is free again.
    while world.get("/api/v1/deliveries").await.json()["items"] == json!([]) {
        tokio::task::yield_now().await;
    }
    let secret = world.mailed_secret("agent@acme.example").await;
    let body = json!({"secret": secret, "password": "slow rivers carry warm stones"});
    assert_eq!(anew.post("/api/v1/password-resets/redeem", body.clone()).await.status, 200);
    anew.post("/api/v1/password-resets/redeem", body).await.problem(422);
    before.get("/api/v1/session").await.problem(401);
    assert_eq!(anew.log_in("agent@acme.example", "slow rivers carry warm stones").await.status, 201);
}

#[tokio::test]
async fn another_address_counts_once_its_mail_is_answered() {
    let world = World::with_passwords().await;
    let mut agent = Browser::of(&world, "agent@acme.example").await;
    let path = "/api/v1/account/address";
    let asks = |address: &str, password: &str| json!({"address": address, "password": password});
    agent.post(path, asks("admin@acme.example", PASSWORD)).await.problem(422);
    // Who has stolen a session knows no password, and would have one sent to the new address.
    agent.post(path, json!({"address": "rui@partner.example"})).await.problem(422);
    agent.post(path, asks("rui@partner.example", "a guess of a thief")).await.problem(422);
    assert_eq!(agent.post(path, asks("rui@partner.example", PASSWORD)).await.status, 202);
    assert_eq!(agent.get("/api/v1/account").await.json()["person"]["address"], "agent@acme.example");
    let told = world.get("/api/v1/deliveries").await.json();
    let told = told["items"].as_array().unwrap().iter().map(|delivery| delivery["recipient"].clone());
    assert!(
        told.collect::<Vec<_>>().contains(&json!("agent@acme.example")),
        "the address until now is warned"
    );
    let secret = world.mailed_secret("rui@partner.example").await;
    let confirmed =
        Browser::new(&world).post("/api/v1/address-changes/redeem", json!({"secret": secret})).await;
    assert_eq!(confirmed.json()["address"], "rui@partner.example");
    Browser::new(&world).log_in("agent@acme.example", PASSWORD).await.problem(401);
    assert_eq!(Browser::new(&world).log_in("rui@partner.example", PASSWORD).await.status, 201);
}

#[tokio::test]
async fn the_pages_of_links_run_nothing_but_their_own_script() {
    let world = World::new().await;
    for path in ["/invitation", "/password-reset", "/sign-up", "/address"] {
        let answer = world.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (200, "text/html; charset=utf-8")
        );
        let policy = answer.header("content-security-policy");
        for part in
            ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe") && answer.header("referrer-policy") == "no-referrer");
        let html = String::from_utf8(answer.body.to_vec()).unwrap();
        for forbidden in ["<style", "style=", "onclick", "onload", "http://", "https://"] {
            assert!(!html.contains(forbidden), "{path} has {forbidden}");
        }
        assert!(html.contains("lang=\"en\"") && html.contains("<noscript>"));
        let inputs = html.matches("<input").count();
        assert_eq!(html.matches("<label for=").count(), inputs, "{path}: each field has a label");
        for asset in html.split(['"']).filter(|text| text.starts_with("/pages/")) {
            let answer = world.send(Request::get(asset).body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, 200, "{asset}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
        }
        let document = crate::openapi_json();
        for endpoint in html.split(['"']).filter(|text| text.starts_with("/api/")) {
            assert!(document.contains(&format!("\"{endpoint}\"")), "{endpoint} is no address of the API");
        }
        if html.contains("new-password") {
            assert!(html.contains("At least 10 characters"), "{path} says what a password needs");
        }
    }
}
