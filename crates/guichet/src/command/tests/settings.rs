//! Domains, channels and tokens: what the operator may set, and what the command line says where they may not.

use clap::Parser as _;
use guichet_accounts::{ProofCode, Role, Scope};
use guichet_mail::DomainName;
use serde_json::{Value, json};

use super::Counter;
use crate::cli::{Cli, Task};
use crate::command::Answer;

#[tokio::test]
async fn a_domain_that_is_not_proven_is_not_switched_on() {
    let counter = Counter::new();
    counter.acme().await;
    let accounts = counter.0.accounts();
    let id = accounts.organisation_named("acme").unwrap().id;
    let name = DomainName::parse("help.acme.example").unwrap();
    accounts.begin_domain(id, &name, ProofCode::from_random([7; 20]), counter.0.now()).await.unwrap();
    let rows = counter.run("audit list acme").await.unwrap();
    for switch in ["--sends true", "--receives true"] {
        let line = format!("domain set acme help.acme.example {switch}");
        let refused = counter.run(&line).await.unwrap_err();
        assert!(refused.starts_with("`help.acme.example` is not proven yet: publish its proof"), "{refused}");
        assert!(refused.contains("`_guichet.help.acme.example` with the text `guichet-domain="), "{refused}");
    }
    assert_eq!(counter.run("audit list acme").await.unwrap(), rows, "nothing was done");
    counter.run("domain add acme help.acme.example").await.unwrap();
    let vouched = counter.run("domain set acme help.acme.example --sends true").await.unwrap();
    assert_eq!((&vouched["sends"], &vouched["verified"]), (&json!(true), &json!(true)));
}

#[tokio::test]
async fn the_records_of_a_domain_are_shown_to_be_pasted() {
    let counter = Counter::new();
    counter.acme().await;
    let show = async |of: &str| {
        let cli = Cli::try_parse_from(format!("guichet domain {of}").split_whitespace()).unwrap();
        let Some(Task::Operate(command)) = cli.task else { panic!("no command") };
        command.execute(&counter.0).await.unwrap()
    };
    let answer = show("records acme acme.example").await;
    let text = answer.to_text();
    let (required, advised) = text.split_once("\n; Advised\n").unwrap();
    assert!(required.contains("\n; Required\nacme.example. IN MX 10 mx.desk.localhost.\n"), "{text}");
    assert!(required.contains("\nacme.example. IN TXT \"v=spf1 include:desk.localhost ~all\"\n"), "{text}");
    assert_eq!(required.matches("._domainkey.acme.example. IN TXT \"v=DKIM1; ").count(), 2, "{text}");
    assert!(advised.contains("_dmarc.acme.example. IN TXT \"v=DMARC1; p=none\"\n"), "{text}");
    assert!(text.lines().all(|line| line == line.trim_end()), "nothing is padded");
    let json: Value = serde_json::from_str(&answer.to_json()).unwrap();
    let first = json!({
        "name": "acme.example", "type": "MX", "value": "10 mx.desk.localhost",
        "zone_line": "acme.example. IN MX 10 mx.desk.localhost.", "purpose": "mx", "needed_for": "receiving",
        "published_by": "organisation", "key_state": null, "state": null, "advice": null
    });
    assert_eq!(json["items"][0], first);
    let travelled: Answer = serde_json::from_str(&serde_json::to_string(&answer).unwrap()).unwrap();
    assert_eq!(travelled, answer);

    let text = show("rotate-dkim acme acme.example").await.to_text();
    assert_eq!(text.matches("; its key signs once this is seen\n").count(), 2, "{text}");
    let text = show("records acme acme.desk.localhost").await.to_text();
    let operators = text.split_once("\n; Of the operator: ").unwrap().1;
    assert!(operators.contains("\nacme.desk.localhost. IN MX 10 ") && !text.contains("; Required"), "{text}");
}

#[tokio::test]
async fn a_channel_goes_and_its_domain_after_it() {
    let counter = Counter::new();
    counter.acme().await;
    counter.run("channel add acme help@acme.example").await.unwrap();
    let refused = counter.run("domain remove acme acme.example").await.unwrap_err();
    assert!(refused.contains("delete the channel, first"), "{refused}");
    let refused = counter.run("channel delete acme help@acme.example").await.unwrap_err();
    assert_eq!(refused, "`help@acme.example` takes mail: switch it off before it is deleted");
    let off = counter.run("channel set acme help@acme.example --active false").await.unwrap();
    let gone = counter.run("channel delete acme help@acme.example").await.unwrap();
    assert_eq!(gone, json!({"deleted": off["id"]}));
    counter.run("domain remove acme acme.example").await.unwrap();
}

#[tokio::test]
async fn a_channel_is_given_another_team_and_none() {
    let counter = Counter::new();
    counter.acme().await;
    let sales = counter.run("team add acme Sales").await.unwrap();
    counter.run("channel add acme help@acme.example").await.unwrap();
    let set = async |rest: &str| counter.run(&format!("channel set acme help@acme.example {rest}")).await;
    assert_eq!(set("--team sales").await.unwrap()["team"], sales["id"]);
    assert_eq!(set("--name Help").await.unwrap()["team"], sales["id"], "what is not said stays");
    assert_eq!(set("--team none").await.unwrap()["team"], json!(null));
    assert_eq!(set("--team Night").await.unwrap_err(), "there is no team `Night`");
}

#[tokio::test]
async fn a_token_is_made_with_what_its_person_may_and_no_more() {
    let counter = Counter::new();
    counter.acme().await;
    counter.run("person add acme ada@acme.example --role admin").await.unwrap();
    counter.run("person add acme joe@acme.example").await.unwrap();
    let add = async |person: &str, scopes: &str| {
        counter.run(&format!("token add acme {person}@acme.example --name tool --scope {scopes}")).await
    };
    for (person, scopes, beyond) in [
        (
            "joe",
            "tickets:read,people:write",
            "`joe@acme.example` is agent and does not have `people:write`; ",
        ),
        ("ada", "operator:read", "`ada@acme.example` is admin and does not have `operator:read`; "),
    ] {
        let refused = add(person, scopes).await.unwrap_err();
        assert!(refused.starts_with(beyond), "{refused}");
        assert!(refused.contains("that role has tickets:read, tickets:write, "), "{refused}");
    }
    let words = |role: Role| json!(role.scopes().iter().map(Scope::as_str).collect::<Vec<_>>());
    assert_eq!(add("ada", "all").await.unwrap()["scopes"], words(Role::Admin));
    assert_eq!(add("joe", "all").await.unwrap()["scopes"], words(Role::Agent));
    assert_eq!(add("joe", "tickets:read").await.unwrap()["scopes"], json!(["tickets:read"]));
}
