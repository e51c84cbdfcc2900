//! Domains, channels and tokens: what the operator may set, and what the command line says where they may not.

use guichet_accounts::{ProofCode, Role, Scope};
use guichet_mail::DomainName;
use serde_json::json;

use super::Counter;

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
