//! One organisation never sees another's: the test walks every address that the API documents.

use anyhow::{Context, Result};
use guichet_tests::api::Api;
use guichet_tests::installation::{DEMO_ADDRESS, Installation, Server};
use guichet_tests::smtp::Client;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::letters::letter;

const DEMO_DOMAIN: &str = "demo.desk.localhost";
const SUPPRESSED: &str = "bob@customer.example";

/// A second organisation with an admin and a token that may do everything there.
fn stranger(server: &Server<'_>) -> Result<Api> {
    server.operator(&["organisation", "add", "other"])?;
    server.operator(&["person", "add", "other", "eve@other.example", "--role", "admin"])?;
    let words = ["token", "add", "other", "eve@other.example", "--name", "all", "--scope", "all"];
    let made = server.operator(&words)?;
    Ok(server.api_as(Some(made["secret"].as_str().context("no secret")?)))
}

/// Mail that leaves a ticket, a message and a contact; an answer with its delivery, and an address that gets none. The
/// delivery's number.
pub(crate) fn something_to_see(server: &Server<'_>) -> Result<String> {
    let more = "X-Kind: first\r\n";
    let mail = letter("ada@customer.example", DEMO_ADDRESS, "private", more);
    let mut client = Client::greet(server.smtp, "client.example")?;
    client.send("ada@customer.example", &[DEMO_ADDRESS], &mail)?.expect(250)?;
    let agent = Agent::of(server)?;
    let suppressed = json!({ "address": SUPPRESSED, "reason": "they asked for it" });
    agent.post("/suppressions", &suppressed)?.expect(201)?;
    agent.reply(1, json!({}))?.delivery()
}

/// The path with the first thing of each kind in its place.
fn filled(path: &str, delivery: &str) -> String {
    let first = path.split('/').find_map(|part| match part {
        "deliveries" => Some(delivery),
        "suppressions" => Some(SUPPRESSED),
        "domains" => Some(DEMO_DOMAIN),
        _ => None,
    });
    let first = first.unwrap_or("1");
    path.split('/').map(|part| if part.starts_with('{') { first } else { part }).collect::<Vec<_>>().join("/")
}

#[test]
fn promise_7_another_organisations_token_gets_404_everywhere() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    let delivery = something_to_see(&server)?;
    let (owner, stranger) = (server.api(), stranger(&server)?);
    let document = owner.get("/openapi.json")?;
    let paths = document["paths"].as_object().context("no paths")?;
    let (mut walked, mut seen) = (0, 0);
    for (path, methods) in paths.iter().filter(|(path, _)| path.contains('{')) {
        for method in methods.as_object().context("no methods")?.keys() {
            let method = method.to_uppercase();
            let fields = [("Content-Type", "application/json"), ("If-Match", "*")];
            let answer = stranger.request(&method, &filled(path, &delivery), &fields, b"{}")?;
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
            let own = (method == "GET").then(|| owner.request("GET", &filled(path, &delivery), &[], b""));
            seen += usize::from(own.transpose()?.is_some_and(|answer| answer.status == 200));
            walked += 1;
        }
    }
    assert!(walked >= 20, "only {walked} addresses: is this the whole document?");
    assert!(seen >= 10, "the owner sees {seen} of them: is it what the stranger asked for?");
    Ok(())
}

#[test]
fn promise_7_lists_of_another_organisation_are_empty_to_a_stranger() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    something_to_see(&server)?;
    let (owner, stranger) = (server.api(), stranger(&server)?);
    for list in ["/tickets", "/contacts", "/channels", "/domains", "/deliveries", "/suppressions"] {
        let count = |api: &Api| anyhow::Ok(api.get(list)?["items"].as_array().map_or(0, Vec::len));
        assert!(count(&owner)? > 0, "{list} has nothing to hide");
        assert_eq!(count(&stranger)?, 0, "{list}");
    }
    Ok(())
}

#[test]
fn without_a_token_there_is_nothing() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    something_to_see(&server)?;
    for token in [None, Some("guichet_wrong")] {
        let answer = server.api_as(token).request("GET", "/api/v1/tickets/1", &[], b"")?;
        assert_eq!(answer.status, 401);
        let problem: Value = answer.json()?;
        assert_eq!(problem["status"], 401, "RFC 9457");
    }
    Ok(())
}
