//! Every role against every address: one table, a line for each operation of the document. A new operation without a line
//! fails, and so does a line without an operation.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Method, Request};
use guichet_accounts::{NewToken, Role, Scope, Scopes, Secret};
use guichet_desk::Fate;
use guichet_sys::Clock;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::browser::Browser;
use super::everywhere::filled;
use super::world::{JSON, World, mail, person, token};
use crate::openapi_json;

/// Whom an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    /// Everybody, known or not.
    All,
    /// Whoever is logged in; no token.
    Sessions,
    /// Whoever has a token or a session.
    Known,
    /// All of an organisation, as far as their scopes go.
    Staff,
    /// The same, but what it is about is of a team: agents of others must not know of it.
    Team,
    /// Admins; agents of other teams must not even know of it.
    AdminsOfTeam,
    /// Admins.
    Admins,
    /// The operator of the server.
    Operators,
}

use For::{Admins, AdminsOfTeam, All, Known, Operators, Sessions, Staff, Team};

const TABLE: &[(&str, For)] = &[
    ("GET /account", Known),
    ("PATCH /account", Sessions),
    ("POST /account/address", Sessions),
    ("POST /account/password", Sessions),
    ("POST /account/recovery-codes", Sessions),
    ("POST /account/totp", Sessions),
    ("POST /account/totp/confirm", Sessions),
    ("POST /account/totp/remove", Sessions),
    ("POST /address-changes/redeem", All),
    ("GET /audit", Admins),
    ("GET /channels", Staff),
    ("POST /channels", Admins),
    ("GET /channels/{id}", Staff),
    ("PATCH /channels/{id}", Admins),
    ("DELETE /channels/{id}", Admins),
    ("GET /channels/{id}/forwards", Staff),
    ("POST /channels/{id}/forwards", Admins),
    ("DELETE /channels/{id}/forwards/{forward}", Admins),
    ("POST /channels/{id}/forwards/{forward}/probe", Admins),
    ("GET /claims", Staff),
    ("POST /claims", Admins),
    ("GET /claims/{id}", Staff),
    ("DELETE /claims/{id}", Admins),
    ("GET /companies", Staff),
    ("POST /companies", Staff),
    ("GET /companies/{id}", Staff),
    ("PATCH /companies/{id}", Staff),
    ("DELETE /companies/{id}", Staff),
    ("GET /companies/{id}/contacts", Staff),
    ("POST /companies/{id}/merge", Staff),
    ("GET /companies/{id}/messages", Staff),
    ("GET /companies/{id}/tickets", Staff),
    ("GET /contacts", Staff),
    ("POST /contacts", Staff),
    ("GET /contacts/{id}", Staff),
    ("PATCH /contacts/{id}", Staff),
    ("DELETE /contacts/{id}", Staff),
    ("POST /contacts/{id}/merge", Staff),
    ("GET /contacts/{id}/messages", Staff),
    ("POST /contacts/{id}/split", Staff),
    ("GET /contacts/{id}/tickets", Staff),
    ("GET /deliveries", Staff),
    ("GET /deliveries/{id}", Team),
    ("POST /deliveries/{id}/cancel", Team),
    ("GET /deliveries/{id}/raw", Team),
    ("POST /deliveries/{id}/redirect", Team),
    ("POST /deliveries/{id}/retry", Team),
    ("GET /domains", Staff),
    ("POST /domains", Admins),
    ("GET /domains/{name}", Staff),
    ("PATCH /domains/{name}", Admins),
    ("DELETE /domains/{name}", Admins),
    ("POST /domains/{name}/check", Admins),
    ("POST /domains/{name}/dkim/rotate", Admins),
    ("GET /domains/{name}/records", Staff),
    ("GET /drafts", Staff),
    ("POST /drafts", Staff),
    ("GET /drafts/{id}", Staff),
    ("PUT /drafts/{id}", Staff),
    ("DELETE /drafts/{id}", Staff),
    ("POST /drafts/{id}/send", Staff),
    ("GET /events", Staff),
    ("GET /invitations", Admins),
    ("POST /invitations", Admins),
    ("POST /invitations/redeem", All),
    ("POST /invitations/show", All),
    ("DELETE /invitations/{id}", Admins),
    ("POST /invitations/{id}/resend", Admins),
    ("GET /messages/{id}", Team),
    ("POST /messages/{id}/cancel", Team),
    ("GET /messages/{id}/deliveries", Team),
    ("GET /messages/{id}/headers", Team),
    ("GET /messages/{id}/parts/{part}", Team),
    ("GET /messages/{id}/raw", Team),
    ("PUT /messages/{id}/read", Team),
    ("DELETE /messages/{id}/read", Team),
    ("GET /notices", Staff),
    ("POST /notices/{id}/dismiss", Admins),
    ("GET /openapi.json", All),
    ("GET /operator/check", Operators),
    ("GET /operator/claims", Operators),
    ("POST /operator/claims/{id}/approve", Operators),
    ("POST /operator/claims/{id}/decline", Operators),
    ("POST /operator/dkim/rotate", Operators),
    ("GET /operator/organisations", Operators),
    ("POST /operator/organisations", Operators),
    ("POST /operator/organisations/{id}/resume", Operators),
    ("POST /operator/organisations/{id}/suspend", Operators),
    ("GET /operator/sign-up", Operators),
    ("PATCH /operator/sign-up", Operators),
    ("POST /password-resets", All),
    ("POST /password-resets/redeem", All),
    ("GET /people", Staff),
    ("GET /people/{id}", Staff),
    ("PATCH /people/{id}", Admins),
    ("DELETE /people/{id}", Admins),
    ("GET /quarantine", Admins),
    ("GET /quarantine/{id}", Admins),
    ("GET /quarantine/{id}/raw", Admins),
    ("POST /quarantine/{id}/release", Admins),
    ("GET /session", Sessions),
    ("POST /session", All),
    ("DELETE /session", Sessions),
    ("GET /sessions", Sessions),
    ("DELETE /sessions/{id}", Sessions),
    ("POST /sign-ups", All),
    ("POST /sign-ups/redeem", All),
    ("GET /suppressions", Staff),
    ("POST /suppressions", Staff),
    ("DELETE /suppressions/{address}", Staff),
    ("GET /teams", Staff),
    ("POST /teams", Admins),
    ("PATCH /teams/{id}", Admins),
    ("DELETE /teams/{id}", Admins),
    ("GET /tickets", Staff),
    ("POST /tickets", Staff),
    ("GET /tickets/{number}", Team),
    ("PATCH /tickets/{number}", Team),
    ("DELETE /tickets/{number}", AdminsOfTeam),
    ("GET /tickets/{number}/draft", Staff),
    ("PUT /tickets/{number}/draft", Team),
    ("DELETE /tickets/{number}/draft", Staff),
    ("GET /tickets/{number}/links", Team),
    ("POST /tickets/{number}/merge", Team),
    ("GET /tickets/{number}/messages", Team),
    ("POST /tickets/{number}/messages", Team),
    ("POST /tickets/{number}/not-spam", Team),
    ("POST /tickets/{number}/participants", Team),
    ("PUT /tickets/{number}/read", Team),
    ("POST /tickets/{number}/requester", Team),
    ("POST /tickets/{number}/restore", Team),
    ("PUT /tickets/{number}/snooze", Team),
    ("DELETE /tickets/{number}/snooze", Team),
    ("POST /tickets/{number}/split", Team),
    ("PUT /tickets/{number}/star", Team),
    ("DELETE /tickets/{number}/star", Team),
    ("PUT /tickets/{number}/watchers/{person}", Team),
    ("DELETE /tickets/{number}/watchers/{person}", Team),
    ("GET /tokens", Sessions),
    ("POST /tokens", Sessions),
    ("DELETE /tokens/{id}", Sessions),
    ("POST /trash/empty", Admins),
    ("POST /uploads", Staff),
    ("GET /views", Staff),
    ("POST /views", Staff),
    ("GET /views/counts", Staff),
    ("GET /views/{id}", Staff),
    ("PATCH /views/{id}", Staff),
    ("DELETE /views/{id}", Staff),
    ("GET /views/{id}/tickets", Staff),
];

/// What somebody gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gets {
    /// `401`.
    Unknown,
    /// `403`.
    Forbidden,
    /// `404`: as what does not exist.
    NotFound,
    /// Anything else, or the `404` of a thing that is not there for anybody.
    In,
    /// Anything else but `404`.
    Found,
}

impl Gets {
    fn is(self, status: u16) -> bool {
        match self {
            Gets::Unknown => status == 401,
            Gets::Forbidden => status == 403,
            Gets::NotFound => status == 404,
            Gets::In => ![401, 403].contains(&status),
            Gets::Found => ![401, 403, 404].contains(&status),
        }
    }
}

/// What somebody gets of an address that is for these; `true` where the scope of events opens it.
type Rule = fn(For, bool) -> Gets;

/// Everybody who may try, by a token; none is nobody.
struct Roles(Vec<(&'static str, Option<String>, Rule)>);

/// Whose token opens nothing.
fn outside(whom: For, _: bool) -> Gets {
    if whom == All { Gets::In } else { Gets::Unknown }
}

/// Whose one scope is that of events.
fn single(whom: For, has_scope: bool) -> Gets {
    if matches!(whom, All | Known) || (whom == Staff && has_scope) { Gets::In } else { Gets::Forbidden }
}

fn agent_inside(whom: For, _: bool) -> Gets {
    match whom {
        All | Known | Staff => Gets::In,
        Team => Gets::Found,
        Sessions | AdminsOfTeam | Admins | Operators => Gets::Forbidden,
    }
}

/// What those outside of a team must not know of.
fn is_hidden(whom: For) -> bool {
    matches!(whom, Team | AdminsOfTeam)
}

fn agent_elsewhere(whom: For, has_scope: bool) -> Gets {
    if is_hidden(whom) { Gets::NotFound } else { agent_inside(whom, has_scope) }
}

fn admin(whom: For, has_scope: bool) -> Gets {
    match whom {
        Admins => Gets::In,
        AdminsOfTeam => Gets::Found,
        _ => agent_inside(whom, has_scope),
    }
}

fn stranger(whom: For, has_scope: bool) -> Gets {
    if is_hidden(whom) { Gets::NotFound } else { admin(whom, has_scope) }
}

fn operator(whom: For, has_scope: bool) -> Gets {
    if whom == Operators { Gets::In } else { stranger(whom, has_scope) }
}

/// *Acme* with a ticket of the agent's team that was answered.
async fn furnished() -> World {
    let world = World::new().await;
    world.mail_to_billing(&mail("one")).await;
    world.quarantined(&mail("two")).await;
    let reply = json!({"kind": "reply", "text": "Dear Ana", "undo_seconds": 0});
    let written = world.post("/api/v1/tickets/1/messages", reply).await.json();
    world.attempt(&written["deliveries"][0], Fate::Delivered, "250 2.0.0 taken").await;
    world
}

async fn roles(world: &World) -> Roles {
    let accounts = world.desk.accounts();
    let now = world.clock.now();
    let all = Scopes::all();
    let elsewhere = person(accounts, world.acme, "sales@acme.example", Role::Agent, vec![world.sales]).await;
    let disabled = person(accounts, world.acme, "gone@acme.example", Role::Admin, vec![]).await;
    let disabled_token = token(accounts, world.acme, disabled, all, 51).await;
    accounts.disable_person(world.acme, disabled).await.unwrap();
    let expired = Secret::from_random([52; 32]);
    let wanted = NewToken { person: world.admin_id, name: "expired".to_owned(), scopes: all };
    accounts.create_token_until(world.acme, wanted, Some(now), &expired).await.unwrap();
    let house = accounts.ensure_house(now).await.unwrap();
    accounts.open_sign_up(true).await.unwrap();
    let runs = person(accounts, house, "operator@desk.example", Role::Operator, vec![]).await;
    Roles(vec![
        ("nobody", None, outside),
        ("a disabled person", Some(disabled_token), outside),
        ("an expired token", Some(expired.reveal().to_owned()), outside),
        ("one scope", Some(world.token_with([Scope::EventsRead], 53).await), single),
        (
            "an agent of another team",
            Some(token(accounts, world.acme, elsewhere, all, 54).await),
            agent_elsewhere,
        ),
        ("an admin elsewhere", Some(world.stranger.clone()), stranger),
        ("the operator", Some(token(accounts, house, runs, all, 55).await), operator),
        ("an agent of the team", Some(world.agent.clone()), agent_inside),
        ("the admin", Some(world.admin.clone()), admin),
    ])
}

/// The operations of the document with whether the scope of events is enough.
fn documented() -> BTreeMap<String, bool> {
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    let mut operations = BTreeMap::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let is_of_events = operation["security"].to_string().contains("events:read");
            let name = format!("{} {}", method.to_uppercase(), template.strip_prefix("/api/v1").unwrap());
            operations.insert(name, is_of_events);
        }
    }
    operations
}

fn asking(method: &Method, path: &str, token: Option<&str>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = if *method == Method::GET { Body::empty() } else { Body::from("{}") };
    request.header("content-type", JSON).body(body).unwrap()
}

#[test]
fn every_operation_has_its_line_and_every_line_its_operation() {
    let documented: BTreeSet<String> = documented().into_keys().collect();
    let table: BTreeSet<String> = TABLE.iter().map(|(name, _)| (*name).to_owned()).collect();
    let missing: Vec<&String> = documented.difference(&table).collect();
    let surplus: Vec<&String> = table.difference(&documented).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "without a line: {missing:#?}; without an operation: {surplus:#?}"
    );
}

#[tokio::test]
async fn promise_7_every_role_gets_what_the_table_says_and_no_more() {
    let operations = documented();
    let mut wrong = Vec::new();
    for (name, whom) in TABLE.iter().filter(|(name, _)| operations.contains_key(*name)) {
        let world = furnished().await;
        let roles = roles(&world).await;
        let (method, template) = name.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        let (path, _) = filled(&world, &format!("/api/v1{template}")).await;
        for (role, token, gets) in roles.0 {
            let gets = gets(*whom, operations[*name]);
            let response =
                world.router.clone().oneshot(asking(&method, &path, token.as_deref())).await.unwrap();
            let status = response.status().as_u16();
            if !gets.is(status) {
                wrong.push(format!("{name} for {role}: {gets:?}, and it is {status}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn what_is_for_sessions_is_open_to_one() {
    let world = World::with_passwords().await;
    for (name, _) in TABLE.iter().filter(|(_, whom)| *whom == Sessions) {
        // Each in a session of its own: some of them end it.
        let browser = Browser::of(&world, "agent@acme.example").await;
        let (method, template) = name.split_once(' ').unwrap();
        let path = format!("/api/v1{}", template.replace("{id}", "999999"));
        let body = (method != "GET" && method != "DELETE").then(|| json!({}));
        let answer = world.send(browser.request(method.parse().unwrap(), &path, body)).await;
        let status = answer.status.as_u16();
        assert!(![401, 403].contains(&status), "{name}: {status}");
        // The same from a page of another site.
        if method != "GET" {
            let mut forged = browser.request(method.parse().unwrap(), &path, Some(json!({})));
            forged.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
            world.send(forged).await.problem(403);
        }
    }
}
