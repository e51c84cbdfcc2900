//! `/operator`, `/claims`, `/sign-ups`: organisations come to be, and names are given to them.

use axum::http::Method;
use guichet_accounts::{Role, Scopes};
use guichet_desk::Fate;
use guichet_sys::Clock as _;
use serde_json::json;

use super::browser::{Browser, PASSWORD};
use super::world::{World, person, request, token};

const SIGN_UP: &str = "/api/v1/operator/sign-up";

/// A world with a house, and the token of an operator.
async fn with_operator() -> (World, String) {
    let world = World::new().await;
    let accounts = world.desk.accounts().clone();
    let house = accounts.ensure_house(world.clock.now()).await.unwrap();
    let id = person(&accounts, house, "op@elsewhere.example", Role::Operator, vec![]).await;
    let token = token(&accounts, house, id, Scopes::all(), 77).await;
    (world, token)
}

fn marca() -> serde_json::Value {
    json!({"label": "Marca", "local_part": "hello", "name": "Marca"})
}

#[tokio::test]
async fn an_operator_makes_suspends_and_resumes_an_organisation() {
    let (world, operator) = with_operator().await;
    let wanted = json!({"slug": "newco", "name": "New Company"});
    let made = world.post_as(&operator, "/api/v1/operator/organisations", wanted.clone()).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    assert_eq!(made.json()["address"], "support@newco.desk.example");
    world.post_as(&operator, "/api/v1/operator/organisations", wanted).await.problem(422);
    let bad = json!({"slug": "mail", "name": "x"});
    let problem = world.post_as(&operator, "/api/v1/operator/organisations", bad).await.problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("reserved"), "{problem}");
    let listed = world.get_as(&operator, "/api/v1/operator/organisations").await.json();
    let slugs: Vec<_> = listed["items"].as_array().unwrap().iter().map(|one| one["slug"].clone()).collect();
    assert_eq!(slugs, ["acme", "other", "house", "newco"]);
    assert_eq!(listed["items"][2]["is_operator"], true);

    let path = |verb: &str| format!("/api/v1/operator/organisations/1/{verb}");
    let suspended = world.post_as(&operator, &path("suspend"), json!({})).await;
    assert!(suspended.json()["suspended"].is_string());
    world.get("/api/v1/tickets").await.problem(401);
    world.post_as(&operator, &path("resume"), json!({})).await;
    assert_eq!(world.get("/api/v1/tickets").await.status, 200);
    world.post_as(&operator, "/api/v1/operator/organisations/3/suspend", json!({})).await.problem(422);
    for absent in ["0", "99", "4294967297", "x"] {
        let path = format!("/api/v1/operator/organisations/{absent}/suspend");
        world.post_as(&operator, &path, json!({})).await.problem(404);
    }
}

#[tokio::test]
async fn promise_7_admins_of_an_organisation_are_no_operators() {
    let (world, operator) = with_operator().await;
    for path in ["/api/v1/operator/organisations", "/api/v1/operator/claims"] {
        world.get(path).await.problem(403);
        world.get_as(&world.agent, path).await.problem(403);
    }
    for path in ["organisations/2/suspend", "claims/2-1/approve", "claims/2-1/decline", "dkim/rotate"] {
        world.post(&format!("/api/v1/operator/{path}"), json!({"reason": "x"})).await.problem(403);
    }
    // Nor does an operator see mail of theirs.
    world.mail(&super::world::mail("one")).await;
    world.get_as(&operator, "/api/v1/tickets/1").await.problem(404);
}

#[tokio::test]
async fn a_name_is_claimed_and_approved_and_takes_mail() {
    let (world, operator) = with_operator().await;
    let claimed = world.post("/api/v1/claims", marca()).await;
    assert_eq!(claimed.status, 201, "{}", String::from_utf8_lossy(&claimed.body));
    assert_eq!(
        (&claimed.json()["domain"], &claimed.json()["state"]),
        (&json!("marca.desk.example"), &json!("pending"))
    );
    let path = claimed.header("location").to_owned();
    let listed = world.get_as(&operator, "/api/v1/operator/claims?state=pending").await.json();
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    let approved =
        world.post_as(&operator, &format!("/api/v1/operator/claims/{id}/approve"), json!({})).await;
    assert_eq!(approved.json()["state"], "approved");
    let claim = world.get(&path).await.json();
    let channel = world.get(&format!("/api/v1/channels/{}", claim["channel"])).await.json();
    assert_eq!(
        (&channel["address"], &channel["name"]),
        (&json!("hello@marca.desk.example"), &json!("Marca"))
    );
    world.send(request(Method::DELETE, &path, &world.admin)).await.problem(422);
    let again = world.post_as(&operator, &format!("/api/v1/operator/claims/{id}/approve"), json!({})).await;
    again.problem(422);
    world.get_as(&operator, "/api/v1/operator/claims?state=done").await.problem(400);
}

#[tokio::test]
async fn a_declined_claim_tells_the_admins_why_and_a_pending_one_is_taken_back() {
    let (world, operator) = with_operator().await;
    let path = world.post("/api/v1/claims", marca()).await.header("location").to_owned();
    let listed = world.get_as(&operator, "/api/v1/operator/claims").await.json();
    let decline = format!("/api/v1/operator/claims/{}/decline", listed["items"][0]["id"].as_str().unwrap());
    world.post_as(&operator, &decline, json!({"reason": " "})).await.problem(422);
    let reason = json!({"reason": "It is the name of [somebody](http://x.example) else."});
    assert_eq!(world.post_as(&operator, &decline, reason).await.json()["state"], "declined");
    assert!(world.get(&path).await.json()["reason"].as_str().unwrap().contains("somebody"));
    let told = world.get("/api/v1/deliveries").await.json().to_string();
    assert!(told.contains("admin@acme.example"), "{told}");
    assert_eq!(world.send(request(Method::DELETE, &path, &world.admin)).await.status, 204);
    world.get(&path).await.problem(404);
    for absent in ["1-99", "99-1", "1", "x-y", "-", "1-"] {
        let path = format!("/api/v1/operator/claims/{absent}/approve");
        world.post_as(&operator, &path, json!({})).await.problem(404);
    }
}

#[tokio::test]
async fn a_name_like_another_waits_with_a_warning_that_its_claimant_does_not_read() {
    let (world, operator) = with_operator().await;
    let like = json!({"label": "paypa1", "local_part": "hello", "name": "Pay"});
    let claimed = world.post("/api/v1/claims", like).await;
    assert!(!String::from_utf8_lossy(&claimed.body).contains("looks like"));
    let listed = world.get_as(&operator, "/api/v1/operator/claims").await.json();
    assert_eq!(listed["items"][0]["warnings"], json!(["it looks like the protected name `paypal`"]));
    for label in ["www", "a.b", "", "x"] {
        let new = json!({"label": label, "local_part": "hello", "name": "x"});
        world.post("/api/v1/claims", new).await.problem(422);
    }
    world.post_as(&world.agent, "/api/v1/claims", marca()).await.problem(403);
}

#[tokio::test]
async fn promise_7_two_organisations_see_neither_the_claims_nor_the_domains_of_the_other() {
    let (world, _) = with_operator().await;
    let path = world.post("/api/v1/claims", marca()).await.header("location").to_owned();
    let theirs = world.post_as(&world.stranger, "/api/v1/claims", marca()).await;
    assert_eq!(theirs.status, 201, "two may ask for one name");
    let own = theirs.header("location").to_owned();
    assert_eq!(
        world.get_as(&world.stranger, "/api/v1/claims").await.json()["items"].as_array().unwrap().len(),
        1
    );
    assert!(own == path || world.get_as(&world.stranger, &path).await.status == 404);
    let taken = world.post_as(&world.stranger, "/api/v1/domains", json!({"name": "x.acme.example"})).await;
    let said = taken.problem(422);
    assert!(!said.to_string().contains("Acme"), "{said}");
    for method in [Method::GET, Method::DELETE] {
        world.send(request(method, "/api/v1/domains/acme.example", &world.stranger)).await.problem(404);
    }
    let rotate = "/api/v1/domains/acme.example/dkim/rotate";
    world.post_as(&world.stranger, rotate, json!({})).await.problem(404);
}

#[tokio::test]
async fn an_own_domain_is_added_set_up_and_given_up() {
    let (world, _) = with_operator().await;
    let added = world.post("/api/v1/domains", json!({"name": "Marca.Example"})).await;
    assert_eq!(added.status, 201, "{}", String::from_utf8_lossy(&added.body));
    let domain = added.json();
    assert_eq!(
        (&domain["verified"], &domain["receives"], &domain["sends"]),
        (&json!(false), &json!(false), &json!(false))
    );
    assert_eq!(domain["proof"]["name"], "_guichet.marca.example");
    let path = added.header("location").to_owned();
    world.post("/api/v1/domains", json!({"name": "marca.example"})).await.problem(422);
    for refused in ["x.desk.example", "desk.example", "example", "no domain", ""] {
        world.post("/api/v1/domains", json!({"name": refused})).await.problem(422);
    }
    for on in [json!({"sends": true}), json!({"receives": true})] {
        let problem = world.patch(&path, on).await.problem(422);
        assert!(problem.to_string().contains("not proven"), "{problem}");
    }
    let new = json!({"address": "support@marca.example"});
    let problem = world.post("/api/v1/channels", new).await.problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("_guichet.marca.example"), "{problem}");
    world.patch(&path, json!({"catch_all": 999_999})).await.problem(422);
    world.patch(&path, json!({"nonsense": 1})).await.problem(422);
    assert_eq!(world.send(request(Method::DELETE, &path, &world.admin)).await.status, 204);
    world.get(&path).await.problem(404);
}

#[tokio::test]
async fn a_channel_is_made_changed_switched_off_and_deleted() {
    let (world, _) = with_operator().await;
    let new = json!({"address": "law@acme.example", "name": "Law", "team": world.billing.0});
    let made = world.post("/api/v1/channels", new.clone()).await;
    assert_eq!((made.status.as_u16(), &made.json()["team"]), (201, &json!(world.billing.0)));
    world.post("/api/v1/channels", new).await.problem(422);
    let path = made.header("location").to_owned();
    let aliases = json!({"aliases": ["legal@acme.example", "lawyers@acme.example"], "team": null});
    let changed = world.patch(&path, aliases).await.json();
    assert_eq!((&changed["aliases"][1], &changed["team"]), (&json!("lawyers@acme.example"), &json!(null)));
    let fewer = world.patch(&path, json!({"aliases": ["lawyers@acme.example"]})).await.json();
    assert_eq!(fewer["aliases"], json!(["lawyers@acme.example"]));
    world.patch(&path, json!({"aliases": ["support@acme.example"]})).await.problem(422);
    let elsewhere = world.patch(&path, json!({"aliases": ["x@elsewhere.example"]})).await.problem(422);
    assert_eq!(elsewhere["errors"][0]["pointer"], "#/aliases", "{elsewhere}");
    let elsewhere = json!({"address": "x@elsewhere.example"});
    let elsewhere = world.post("/api/v1/channels", elsewhere).await.problem(422);
    assert_eq!(elsewhere["errors"][0]["pointer"], "#/address", "{elsewhere}");
    world.send(request(Method::DELETE, &path, &world.admin)).await.problem(422);
    assert_eq!(world.patch(&path, json!({"active": false})).await.json()["active"], false);
    world.send(request(Method::DELETE, &path, &world.stranger)).await.problem(404);
    assert_eq!(world.send(request(Method::DELETE, &path, &world.admin)).await.status, 204);
    world.get(&path).await.problem(404);
    world.post_as(&world.agent, "/api/v1/channels", json!({"address": "a@acme.example"})).await.problem(403);
}

#[tokio::test]
async fn keys_change_by_steps() {
    let (world, operator) = with_operator().await;
    let rotate = "/api/v1/domains/acme.example/dkim/rotate";
    let problem = world.post(rotate, json!({})).await.problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("no DKIM keys of its own"), "{problem}");
    let accounts = world.desk.accounts();
    guichet_domains::dkim_keys::ensure_base(accounts).await.unwrap();
    let rotated = world.post_as(&operator, "/api/v1/operator/dkim/rotate", json!({})).await.json();
    let shown: Vec<_> = rotated
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (key["name"].as_str().unwrap(), key["state"].as_str().unwrap()))
        .collect();
    assert!(shown.contains(&("guichet-rsa-2._domainkey.desk.example", "pending")), "{shown:?}");
    assert!(shown.contains(&("guichet-rsa-1._domainkey.desk.example", "signing")), "{shown:?}");
    world.post_as(&operator, "/api/v1/operator/dkim/rotate", json!({})).await.problem(422);
}

#[tokio::test]
async fn who_signs_up_gets_a_link_and_then_an_organisation() {
    let (world, operator) = with_operator().await;
    let mut stranger = Browser::new(&world);
    let wanted = json!({"organisation": "Sea & Co", "name": "Ana", "address": "ana@elsewhere.example"});
    assert_eq!(world.get_as(&operator, SIGN_UP).await.json(), json!({"open": false}));
    stranger.post("/api/v1/sign-ups", wanted.clone()).await.problem(403);
    for wrong in [json!({}), json!({"open": "yes"}), json!({"open": true, "shut": false})] {
        world.patch_as(&operator, SIGN_UP, wrong).await.problem(422);
    }
    let mut patch = request(Method::PATCH, SIGN_UP, &operator);
    *patch.body_mut() = json!({"open": true}).to_string().into();
    patch.headers_mut().insert("content-type", "application/merge-patch+json".parse().unwrap());
    let opened = world.send(patch).await;
    assert_eq!((opened.status.as_u16(), opened.json()), (200, json!({"open": true})));
    let asked = stranger.post("/api/v1/sign-ups", wanted).await;
    assert_eq!((asked.status.as_u16(), asked.body.len()), (202, 0));
    let secret = mailed(&world, &operator).await;
    stranger
        .post("/api/v1/sign-ups/redeem", json!({"secret": secret, "password": "short"}))
        .await
        .problem(422);
    let made =
        stranger.post("/api/v1/sign-ups/redeem", json!({"secret": secret, "password": PASSWORD})).await;
    assert_eq!((made.status.as_u16(), &made.json()["slug"]), (201, &json!("sea-co")));
    assert!(made.json()["channel"].as_str().unwrap().ends_with(".desk.example"));
    stranger
        .post("/api/v1/sign-ups/redeem", json!({"secret": secret, "password": PASSWORD}))
        .await
        .problem(422);
    assert_eq!(stranger.log_in("ana@elsewhere.example", PASSWORD).await.json()["person"]["role"], "admin");
    assert_eq!(stranger.get("/api/v1/channels").await.json()["items"][0]["address"], made.json()["channel"]);
    let mut page = Browser::new(&world);
    let page = page.get("/sign-up").await;
    assert!(String::from_utf8_lossy(&page.body).contains("/api/v1/sign-ups/redeem"));
}

/// The secret in the mail that the house sent.
async fn mailed(world: &World, operator: &str) -> String {
    for _ in 0..1_000 {
        let page = world.get_as(operator, "/api/v1/deliveries").await.json();
        if let Some(id) = page["items"][0]["id"].as_str() {
            let house = world.desk.accounts().house().unwrap();
            world.attempt_of(house, &page["items"][0], Fate::Delivered, "250 2.0.0 taken").await;
            world.get_as(operator, &format!("/api/v1/deliveries/{id}/raw")).await.problem(404);
            return world.composed_secret(house, id).expect("a link");
        }
        tokio::task::yield_now().await;
    }
    panic!("no mail was sent")
}

#[tokio::test]
async fn every_address_gets_the_same_answer_to_a_sign_up() {
    let (world, operator) = with_operator().await;
    world.patch_as(&operator, SIGN_UP, json!({"open": true})).await;
    let mut stranger = Browser::new(&world);
    let mut answers = Vec::new();
    for address in [
        "admin@acme.example",
        "new@elsewhere.example",
        "new@elsewhere.example",
        "new@elsewhere.example",
        "new@elsewhere.example",
    ] {
        let wanted = json!({"organisation": "X", "name": "Y", "address": address});
        let answer = stranger.post("/api/v1/sign-ups", wanted).await;
        answers.push((answer.status.as_u16(), answer.body));
    }
    assert!(answers.iter().all(|answer| *answer == (202, axum::body::Bytes::new())), "{answers:?}");
    for wrong in [
        json!({}),
        json!({"organisation": "", "name": "x", "address": "a@b.example"}),
        json!({"organisation": "x", "name": "x", "address": "no"}),
    ] {
        stranger.post("/api/v1/sign-ups", wrong).await.problem(422);
    }
}

#[tokio::test]
async fn promise_7_an_organisation_learns_nothing_of_where_the_operator_works() {
    let (world, operator) = with_operator().await;
    let claim = world.post("/api/v1/claims", marca()).await.json();
    let path = format!("/api/v1/operator/claims/{}-{}/approve", world.acme.get(), claim["id"]);
    assert_eq!(world.post_as(&operator, &path, json!({})).await.status, 200);
    let acts = world.get("/api/v1/audit?deed=claim.approved").await.json();
    let act = &acts["items"][0];
    assert_eq!((&act["by"], &act["from"]), (&json!("operator"), &json!(null)), "{acts}");
}

#[tokio::test]
async fn a_token_that_may_invite_makes_nobody_an_admin() {
    let world = World::new().await;
    let inviting = world.token_with([guichet_accounts::Scope::PeopleWrite], 20).await;
    let invite = |role: &str| json!({"address": format!("{role}@partner.example"), "role": role});
    let refused = world.post_as(&inviting, "/api/v1/invitations", invite("admin")).await.problem(403);
    assert!(refused["detail"].as_str().unwrap().contains("scope"), "{refused}");
    assert_eq!(world.post_as(&inviting, "/api/v1/invitations", invite("agent")).await.status, 201);
    let mut promotion = request(Method::PATCH, &format!("/api/v1/people/{}", world.agent_id), &inviting);
    *promotion.body_mut() = json!({"role": "admin"}).to_string().into();
    promotion.headers_mut().insert("content-type", "application/json".parse().unwrap());
    world.send(promotion).await.problem(403);
    assert_eq!(world.post("/api/v1/invitations", invite("admin")).await.status, 201);
    assert!(world.desk.accounts().people(world.other).unwrap().len() == 1);
}
