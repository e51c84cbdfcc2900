//! What holds for every address of the document, so that a new one can't be forgotten.

use std::collections::HashMap;

use axum::http::Method;
use guichet_accounts::Scope;
use guichet_desk::Fate;
use serde_json::{Value, json};

use super::world::{World, mail, request};
use crate::openapi_json;

/// An operation of the document, its address filled with what exists in *Acme*.
struct Operation {
    method: Method,
    template: String,
    path: String,
    /// The same with what exists nowhere.
    absent: String,
    /// Any of these opens it.
    scopes: Vec<Scope>,
    /// Whom it asks for a token or a session, if for either.
    asks: Asks,
    query: Vec<String>,
    /// The statuses that are documented.
    answers: Vec<u16>,
}

/// What an operation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    Nothing,
    Token,
    SessionAlone,
}

impl Asks {
    fn of(security: &Value) -> Self {
        let needs = |name: &str| security.as_array().unwrap().iter().any(|needs| !needs[name].is_null());
        match (needs("token"), needs("session")) {
            (true, _) => Asks::Token,
            (false, true) => Asks::SessionAlone,
            (false, false) => Asks::Nothing,
        }
    }
}

/// Acme has one of everything.
async fn furnished() -> (World, Vec<Operation>) {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    world.quarantined(&mail("two")).await;
    let reply = json!({"kind": "reply", "text": "Dear Ana", "undo_seconds": 0});
    let written = world.post("/api/v1/tickets/1/messages", reply).await.json();
    let draft = json!({"text": "Dear acme"});
    assert_eq!(world.put("/api/v1/tickets/1/draft", draft).await.status, 200);
    world.attempt(&written["deliveries"][0], Fate::Delivered, "250 2.0.0 taken").await;
    let suppressed = json!({"address": "gone@customer.example", "reason": "acme was told so"});
    assert_eq!(world.post("/api/v1/suppressions", suppressed).await.status, 201);
    for (list, name) in [("companies", "acme customer"), ("views", "acme view")] {
        assert_eq!(world.post(&format!("/api/v1/{list}"), json!({"name": name})).await.status, 201, "{list}");
    }
    let channels = world.get("/api/v1/channels").await.json()["items"].as_array().unwrap().clone();
    let channel = &channels.last().unwrap()["id"];
    let forward = json!({"address": "shop@forwarder.example"});
    assert_eq!(world.post(&format!("/api/v1/channels/{channel}/forwards"), forward).await.status, 201);
    world.notice().await;
    let mut operations = Vec::new();
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    for (template, item) in document["paths"].as_object().unwrap() {
        let (path, absent) = filled(&world, template).await;
        for (method, operation) in item.as_object().unwrap() {
            let scopes = operation["security"].as_array().unwrap().iter();
            let scopes = scopes.filter_map(|needs| needs["token"][0].as_str());
            let query = operation["parameters"].as_array().into_iter().flatten();
            let query = query.filter(|parameter| parameter["in"] == "query");
            operations.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                template: template.clone(),
                path: path.clone(),
                absent: absent.clone(),
                scopes: scopes.map(|scope| scope.parse().unwrap()).collect(),
                asks: Asks::of(&operation["security"]),
                answers: operation["responses"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(|s| s.parse().unwrap())
                    .collect(),
                query: query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect(),
            });
        }
    }
    assert!(operations.len() > 35, "{} operations", operations.len());
    (world, operations)
}

/// An address of the document with what there is, and with what there is not.
pub(super) async fn filled(world: &World, template: &str) -> (String, String) {
    let list = template.split("/{").next().unwrap();
    let filled = |name: &str, there: &str, absent: &str| {
        let name = format!("{{{name}}}");
        (template.replace(&name, there), template.replace(&name, absent))
    };
    let first = async |list: &str| {
        let id = world.get(list).await.json()["items"][0]["id"].clone();
        id.as_str().map_or_else(|| id.to_string(), str::to_owned)
    };
    let (path, absent) = match list.rsplit('/').next().unwrap() {
        // The first has the same number as that of the other organisation.
        "channels" => {
            let channels = world.get(list).await.json()["items"].as_array().unwrap().clone();
            filled("id", &channels.last().unwrap()["id"].to_string(), "999999")
        }
        "tickets" => filled("number", "1", "999999"),
        "domains" => filled("name", "acme.example", "no.example"),
        // Those that are built in everybody has.
        "views" => {
            let views = world.get(list).await.json()["items"].as_array().unwrap().clone();
            let saved = views.last().unwrap()["id"].as_str().unwrap().to_owned();
            filled("id", &saved, "999999")
        }
        "suppressions" => filled("address", "gone@customer.example", "nobody@customer.example"),
        // The oldest has left.
        "deliveries" => {
            let deliveries =
                world.get("/api/v1/deliveries").await.json()["items"].as_array().unwrap().clone();
            let id = deliveries.last().map_or("null", |delivery| delivery["id"].as_str().unwrap());
            filled("id", id, "aaaaaaaaaaaaa")
        }
        "messages" => filled("id", &first("/api/v1/tickets/1/messages").await, "999999"),
        _ if template.contains("{id}") => filled("id", &first(list).await, "999999"),
        _ => (template.to_owned(), template.to_owned()),
    };
    let fillings = [("{part}", "1".to_owned()), ("{person}", world.agent_id.to_string())];
    let (mut path, mut absent) =
        fillings.into_iter().fold((path, absent), |(path, absent), (name, value)| {
            (path.replace(name, &value), absent.replace(name, &value))
        });
    if template.contains("{forward}") {
        let list = path.split("/{forward}").next().unwrap();
        path = path.replace("{forward}", &first(list).await);
        absent = absent.replace("{forward}", "aaaaaaaaaaaaa");
    }
    assert!(!path.contains('{'), "the test does not know how to fill {template}");
    (path, absent)
}

impl Operation {
    fn is_stream(&self) -> bool {
        self.template.ends_with("/events")
    }

    /// Only those that ask for a token or a session.
    fn guarded(all: &[Operation]) -> impl Iterator<Item = &Operation> {
        all.iter().filter(|operation| operation.asks != Asks::Nothing)
    }

    /// Only those that ask for a scope that an admin has.
    fn of_admins(all: &[Operation]) -> impl Iterator<Item = &Operation> {
        let is_of_operators = |scope: &Scope| matches!(scope, Scope::OperatorRead | Scope::OperatorWrite);
        all.iter().filter(move |it| !it.scopes.is_empty() && !it.scopes.iter().any(is_of_operators))
    }
}

#[tokio::test]
async fn promise_7_another_organisations_token_gets_404_everywhere() {
    let (world, operations) = furnished().await;
    for operation in Operation::of_admins(&operations).filter(|operation| !operation.is_stream()) {
        let ours = world.send(request(operation.method.clone(), &operation.path, &world.stranger)).await;
        if operation.template.contains('{') {
            ours.problem(404);
            let absent =
                world.send(request(operation.method.clone(), &operation.absent, &world.stranger)).await;
            if operation.path.contains("/null") {
                continue; // Acme has none of these.
            }
            assert_eq!(ours.body, absent.body, "{}: one can tell that it exists", operation.path);
            assert_eq!(ours.headers, absent.headers, "{}", operation.path);
        } else {
            let is_read = operation.method == Method::GET;
            assert!(!is_read || ours.status == 200, "{}: {}", operation.path, ours.status);
            let text = String::from_utf8(ours.body.to_vec()).unwrap();
            assert!(!text.contains("acme"), "{} shows {text}", operation.path);
        }
    }
    // And all of it is still there for whom it belongs to.
    assert_eq!(world.get("/api/v1/tickets/1").await.json()["state"], "pending");
    for list in ["quarantine", "deliveries", "suppressions"] {
        let page = world.get(&format!("/api/v1/{list}")).await.json();
        assert!(!page["items"].as_array().unwrap().is_empty(), "{list}");
    }
}

#[tokio::test]
async fn without_a_token_every_address_asks_for_one() {
    let (world, operations) = furnished().await;
    for operation in Operation::guarded(&operations) {
        for field in [None, Some("Bearer guichet_wrong"), Some("Basic eDp5")] {
            let mut request = request(operation.method.clone(), &operation.path, "");
            request.headers_mut().remove("authorization");
            if let Some(field) = field {
                request.headers_mut().insert("authorization", field.parse().unwrap());
            }
            let answer = world.send(request).await;
            answer.problem(401);
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{}", operation.path);
        }
        let path = format!("{}?access_token={}", operation.path, world.admin);
        let mut request = request(operation.method.clone(), &path, "");
        request.headers_mut().remove("authorization");
        let answer = world.send(request).await;
        assert!(!String::from_utf8_lossy(&answer.body).contains(&world.admin), "{}", operation.path);
        assert!(answer.problem(400)["detail"].as_str().unwrap().contains("take this one back"));
    }
}

#[tokio::test]
async fn a_token_without_the_scope_is_told_which_one_is_missing() {
    let (world, operations) = furnished().await;
    for operation in Operation::guarded(&operations).filter(|operation| operation.scopes.is_empty()) {
        let answer = world.send(request(operation.method.clone(), &operation.path, &world.admin)).await;
        let expected = if operation.asks == Asks::SessionAlone { 403 } else { 200 };
        assert_eq!(answer.status, expected, "{}", operation.template);
    }
    let mut tokens = HashMap::new();
    for operation in Operation::guarded(&operations) {
        let Some(scope) = operation.scopes.first() else { continue };
        if !tokens.contains_key(&operation.scopes) {
            let others = Scope::ALL.into_iter().filter(|other| !operation.scopes.contains(other));
            let number = 10 + tokens.len() as u8;
            tokens.insert(operation.scopes.clone(), world.token_with(others, number).await);
        }
        let without = &tokens[&operation.scopes];
        let answer = world.send(request(operation.method.clone(), &operation.path, without)).await;
        let problem = answer.problem(403);
        assert!(problem["detail"].as_str().unwrap().contains(scope.as_str()), "{problem}");
        assert!(answer.header("www-authenticate").contains("insufficient_scope"));
    }
    let mut tokens = HashMap::new();
    for operation in Operation::of_admins(&operations) {
        // Of some things Acme has none.
        let is_absent = operation.path.contains("/null");
        if operation.is_stream() || operation.method != Method::GET || is_absent {
            continue;
        }
        let scope = operation.scopes.first().copied();
        if !tokens.contains_key(&scope) {
            let number = 100 + tokens.len() as u8;
            tokens.insert(scope, world.token_with(scope, number).await);
        }
        let answer = world.send(request(Method::GET, &operation.path, &tokens[&scope])).await;
        assert_eq!(answer.status, 200, "{}", operation.path);
    }
}

#[tokio::test]
async fn an_agent_gets_404_for_tickets_of_other_teams() {
    let (world, operations) = furnished().await;
    let hidden = ["/tickets/{", "/messages/{", "/deliveries/{", "/suppressions/{"];
    let of_teams = |operation: &&Operation| hidden.iter().any(|part| operation.template.contains(part));
    for operation in operations.iter().filter(of_teams) {
        let answer = world.send(request(operation.method.clone(), &operation.path, &world.agent)).await;
        answer.problem(404);
    }
    world.get_as(&world.agent, "/api/v1/quarantine").await.problem(403);
    for list in ["tickets", "deliveries", "suppressions"] {
        let list = format!("/api/v1/{list}");
        assert_eq!(world.get_as(&world.agent, &list).await.json()["items"], json!([]), "{list}");
    }
}

#[tokio::test]
async fn every_query_parameter_of_the_document_is_known_and_no_other_is() {
    let (world, operations) = furnished().await;
    for operation in Operation::of_admins(&operations).filter(|operation| !operation.query.is_empty()) {
        let path = format!("{}?nonsense=1", operation.path);
        let problem = world.send(request(operation.method.clone(), &path, &world.admin)).await.problem(400);
        let told = problem["errors"][0]["detail"].as_str().unwrap();
        let (_, allowed) = told.split_once("allowed: ").unwrap();
        let mut allowed: Vec<&str> = allowed.split(", ").collect();
        let mut documented: Vec<&str> = operation.query.iter().map(String::as_str).collect();
        allowed.sort_unstable();
        documented.sort_unstable();
        assert_eq!(allowed, documented, "{}", operation.template);
        assert_eq!(problem["errors"][0]["parameter"], "nonsense");
    }
}

#[tokio::test]
async fn no_body_gets_an_answer_that_is_not_documented() {
    let (world, operations) = furnished().await;
    let deep = format!("{{\"text\":{}{}}}", "[".repeat(50_000), "]".repeat(50_000));
    let members: Vec<String> = (0..5_000).map(|number| format!("\"m{number}\":0")).collect();
    let wide = format!("{{{}}}", members.join(","));
    let bodies: [&[u8]; 10] = [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\"text\"",
        b"{\"kind\":{},\"text\":1e999,\"to\":[[]],\"address\":null,\"channel\":-0}",
        b"{\"kind\":\"note\",\"text\":\"\\ud800\"}",
        b"\xff\xfe{",
        deep.as_bytes(),
        wide.as_bytes(),
    ];
    for operation in operations.iter().filter(|operation| operation.method != Method::GET) {
        for body in bodies {
            for content_type in ["application/json", "application/xml", "\u{1}"] {
                let mut request = request(operation.method.clone(), &operation.path, &world.admin);
                *request.body_mut() = body.to_vec().into();
                if let Ok(content_type) = content_type.parse() {
                    request.headers_mut().insert("content-type", content_type);
                }
                let answer = world.send(request).await;
                let status = answer.status.as_u16();
                let shown = String::from_utf8_lossy(body.get(..60).unwrap_or(body));
                let is_told = status < 500 && operation.answers.contains(&status);
                assert!(is_told, "{} {} {shown}: {status}", operation.method, operation.path);
                assert!(answer.body.len() < 20_000, "{} {shown}", operation.path);
            }
        }
    }
}

#[tokio::test]
async fn every_answer_is_marked_as_private_and_inert() {
    let (world, operations) = furnished().await;
    for operation in operations.iter().filter(|operation| !operation.is_stream()) {
        let answer = world.send(request(operation.method.clone(), &operation.path, &world.admin)).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{}", operation.path);
        assert_eq!(answer.header("cache-control"), "no-store", "{}", operation.path);
        assert!(
            answer.header("content-security-policy").contains("default-src 'none'"),
            "{}",
            operation.path
        );
    }
}

#[test]
fn the_document_is_whole_and_the_same_each_time() {
    let text = openapi_json();
    assert_eq!(text, openapi_json());
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is there twice");
            assert!(!operation["summary"].as_str().unwrap_or("").is_empty(), "{method} {path} says nothing");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{path}: {parameter}");
                let has_example =
                    !parameter["example"].is_null() || !parameter["schema"]["examples"].is_null();
                assert!(has_example, "{path}: {parameter}");
            }
        }
    }
    for reference in text.split("\"$ref\": \"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.pointer(reference).is_some(), "{reference} leads nowhere");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (member, property) in schema["properties"].as_object().into_iter().flatten() {
            let words = ["example", "examples", "$ref", "oneOf", "items"];
            assert!(words.iter().any(|word| !property[*word].is_null()), "{name}.{member} has no example");
        }
    }
}
