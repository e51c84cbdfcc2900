mod people;
mod settings;

use std::sync::Arc;

use clap::Parser as _;
use guichet_accounts::{Accounts, Route, Vault};
use guichet_desk::Desk;
use guichet_mail::DomainName;
use guichet_store::Store;
use guichet_sys::{SystemClock, SystemRandom};
use serde_json::{Value, json};

use super::Operator;
use crate::cli::{Cli, Task};

/// Runs lines of the command line on one store, and gives what each said as JSON.
struct Counter(Operator);

/// The operator of a server in memory.
pub(crate) fn in_memory() -> Operator {
    in_memory_on(&Store::memory())
}

/// The operator of the server whose store this is.
pub(crate) fn in_memory_on(store: &Store) -> Operator {
    let base = DomainName::parse("desk.localhost").unwrap();
    let accounts = Accounts::new(store.clone(), Vault::new([1; 32]), base);
    let random = Arc::new(SystemRandom);
    let desk = Desk::new(store.clone(), accounts, random.clone());
    let domains = crate::domains::in_memory(store, &desk);
    Operator::new(desk, domains, random, Arc::new(SystemClock))
}

impl Counter {
    fn new() -> Self {
        Self(in_memory())
    }

    async fn run(&self, line: &str) -> Result<Value, String> {
        self.execute(Cli::try_parse_from(format!("guichet {line}").split_whitespace()).unwrap()).await
    }

    async fn execute(&self, cli: Cli) -> Result<Value, String> {
        let Some(Task::Operate(command)) = cli.task else { panic!("no command") };
        let answer = command.execute(&self.0).await.map_err(|error| error.to_string())?;
        Ok(serde_json::from_str(&answer.to_json()).unwrap())
    }

    async fn acme(&self) {
        for line in ["organisation add acme", "domain add acme acme.example"] {
            self.run(line).await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_operator_sets_up_an_organisation_from_nothing() {
    let counter = Counter::new();
    counter.acme().await;
    let team = counter.run("team add acme Sales").await.unwrap();
    let channel = counter.run("channel add acme sales@acme.example --team Sales").await.unwrap();
    assert_eq!(channel["team"], team["id"]);
    counter.run("person add acme ada@acme.example --role agent --team Sales").await.unwrap();
    let token = "token add acme ada@acme.example --name tool --scope tickets:read,events:read";
    let token = counter.run(token).await.unwrap();
    assert_eq!(token["scopes"], json!(["tickets:read", "events:read"]));
    assert!(token["secret"].as_str().unwrap().starts_with("guichet_"));

    let listed = counter.run("token list acme").await.unwrap();
    assert_eq!(listed["items"][0]["id"], token["id"]);
    assert!(listed["items"][0].get("secret").is_none(), "a secret is shown once");
    counter.run(&format!("token revoke acme {}", token["id"])).await.unwrap();
    assert_eq!(counter.run("token list acme").await.unwrap(), json!({ "items": [] }));
}

#[tokio::test]
async fn aliases_and_catch_all_lead_to_the_channel() {
    let counter = Counter::new();
    counter.acme().await;
    counter.run("channel add acme help@acme.example").await.unwrap();
    counter.run("channel alias acme help@acme.example hilfe@acme.example").await.unwrap();
    let changed = counter.run("domain set acme acme.example --catch-all hilfe@acme.example").await.unwrap();
    assert!(changed["catch_all"].is_u64(), "{changed}");
    let domain = "acme.example";
    for local in ["help", "hilfe", "anybody"] {
        assert!(matches!(counter.0.accounts().route(local, domain), Ok(Route::Channel { .. })), "{local}");
    }
    let refuse =
        Cli::try_parse_from(["guichet", "domain", "set", "acme", "acme.example", "--catch-all", ""]).unwrap();
    counter.execute(refuse).await.unwrap();
    assert!(matches!(counter.0.accounts().route("anybody", domain), Ok(Route::UnknownAddress)));
}

#[tokio::test]
async fn a_policy_is_changed_without_touching_the_sealers_and_the_other_way_round() {
    let counter = Counter::new();
    counter.run("organisation add acme --name Acme").await.unwrap();
    counter.run("organisation set acme --policy reject").await.unwrap();
    counter.run("organisation set acme --trusted-sealer lists.example,gate.example").await.unwrap();
    let listed = counter.run("organisation list").await.unwrap();
    let expected = json!({
        "slug": "acme", "name": "Acme", "policy": "reject",
        "trusted_sealers": ["lists.example", "gate.example"], "kind": "tenant", "suspended": null
    });
    assert_eq!(listed["items"][0], expected);
}

#[tokio::test]
async fn the_bare_postmaster_is_read_where_the_operator_says() {
    let counter = Counter::new();
    counter.acme().await;
    counter.run("channel add acme first@acme.example").await.unwrap();
    let second = counter.run("channel add acme second@acme.example").await.unwrap();
    counter.run("channel postmaster acme second@acme.example").await.unwrap();
    let Ok(Route::Channel { channel, .. }) = counter.0.accounts().route_postmaster() else {
        panic!("nobody reads it")
    };
    assert_eq!(second["id"], channel.0);
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_a_sentence() {
    let counter = Counter::new();
    counter.acme().await;
    for (line, sentence) in [
        ("organisation add acme", "organisation `acme` is taken"),
        ("domain list nobody", "there is no organisation `nobody`"),
        (
            "domain add acme a..b",
            "`a..b` is no domain name: the domain has a character or label that is not allowed",
        ),
        ("channel add acme help@other.example", "there is no domain `other.example`"),
        ("channel alias acme 77 a@acme.example", "there is no channel `77`"),
        (
            "channel alias acme nobody@acme.example a@acme.example",
            "there is no channel `nobody@acme.example`",
        ),
        (
            "organisation set acme --policy burn",
            "`burn` is no policy; the policies are tag, quarantine, reject",
        ),
        ("person add acme ada@acme.example --team Sales", "there is no team `Sales`"),
        ("token add acme 9 --name x --scope all", "there is no person `9`"),
        ("token revoke acme 9", "there is no token `9`"),
    ] {
        assert_eq!(counter.run(line).await.unwrap_err(), sentence, "{line}");
    }
    counter.run("person add acme ada@acme.example").await.unwrap();
    let error = counter.run("token add acme ada@acme.example --name x --scope burn").await.unwrap_err();
    assert!(error.starts_with("`burn` is no scope; the scopes are tickets:read, "), "{error}");
}

#[tokio::test]
async fn sign_up_is_closed_until_the_operator_opens_it() {
    let counter = Counter::new();
    for (line, word) in [
        ("sign-up show", "closed"),
        ("sign-up open", "open"),
        ("sign-up show", "open"),
        ("sign-up close", "closed"),
        ("sign-up show", "closed"),
    ] {
        assert_eq!(counter.run(line).await.unwrap(), json!({"sign_up": word}), "{line}");
    }
}
