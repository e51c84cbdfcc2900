//! People, their way back in, and what the audit log says of the operator.

use std::sync::Arc;

use clap::Parser as _;
use guichet_accounts::{LogIn, Secret};
use serde_json::json;

use super::Counter;
use crate::cli::Cli;
use crate::config::OutboundMode;

#[tokio::test]
async fn who_is_locked_out_gets_a_link_once() {
    let counter = Counter::new();
    counter.acme().await;
    counter.run("person add acme ada@acme.example --role admin").await.unwrap();
    let printed = counter.run("admin reset ada@acme.example --totp").await.unwrap();
    let link = printed["link"].as_str().unwrap();
    let secret = link.strip_prefix("https://desk.localhost/password-reset#").unwrap();
    let accounts = counter.0.accounts();
    let from = "192.0.2.1".parse().unwrap();
    let (now, random) = (counter.0.now(), &*counter.0.random);
    let password = "a long walk in the rain";
    accounts.redeem_reset(&Secret::presented(secret), password, from, now, random).await.unwrap();
    let wanted = LogIn {
        address: "ada@acme.example",
        organisation: None,
        password,
        code: None,
        device: None,
        from,
        agent: "",
    };
    accounts.log_in(wanted, now, random).await.unwrap();
    let listed = counter.run("audit list acme --limit 3").await.unwrap();
    let deeds: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|row| row["deed"].as_str().unwrap()).collect();
    assert!(deeds.contains(&"session.opened") && deeds.contains(&"password.reset"), "{deeds:?}");
    assert!(!listed.to_string().contains(secret));
    let entered =
        listed["items"].as_array().unwrap().iter().find(|row| row["deed"] == "session.opened").unwrap();
    assert_eq!((&entered["who"], &entered["organisation"]), (&json!("ada@acme.example"), &json!("acme")));
    let unknown = counter.run("admin reset nobody@acme.example").await.unwrap_err();
    assert_eq!(unknown, "there is no person `nobody@acme.example`");
    for limit in ["0", "10001"] {
        assert!(
            Cli::try_parse_from(["guichet", "audit", "list", "acme", "--limit", limit]).is_err(),
            "{limit}"
        );
    }
}

#[tokio::test]
async fn people_are_changed_kept_out_and_let_in() {
    let counter = Counter::new();
    counter.acme().await;
    counter.run("person add acme ada@acme.example --role admin").await.unwrap();
    counter.run("person add acme joe@acme.example").await.unwrap();
    counter.run("team add acme Sales").await.unwrap();
    let changed = counter.run("person set acme joe@acme.example --role admin --team Sales").await.unwrap();
    assert_eq!((&changed["role"], &changed["teams"][0]), (&json!("admin"), &json!(4)));
    let taken = counter.run("team add acme sales").await.unwrap_err();
    assert_eq!(taken, "team `sales` is taken");
    let refused = counter.run("team delete acme Sales").await.unwrap_err();
    assert!(refused.contains("joe@acme.example; give them another team first"), "{refused}");
    for none in ["none", ""] {
        let again = counter.run("person set acme joe@acme.example --team sales").await.unwrap();
        assert_eq!(again["teams"], json!([4]));
        let line = ["guichet", "person", "set", "acme", "joe@acme.example", "--team", none];
        let changed = counter.execute(Cli::try_parse_from(line).unwrap()).await.unwrap();
        assert_eq!(changed["teams"], json!([]), "{none}");
    }
    let both = counter.run("person set acme joe@acme.example --team none --team Sales").await.unwrap_err();
    assert_eq!(both, "there is no team `none`");
    let out = counter.run("person disable acme ada@acme.example").await.unwrap();
    assert_eq!(out["status"], "disabled");
    let last = counter.run("person disable acme joe@acme.example").await.unwrap_err();
    assert!(last.contains("the last admin"), "{last}");
    assert_eq!(counter.run("person enable acme ada@acme.example").await.unwrap()["status"], "active");
    let operator = counter.run("person add acme op@acme.example --role operator").await.unwrap_err();
    assert!(operator.contains("operator's own organisation"), "{operator}");
}

#[tokio::test]
async fn who_is_invited_where_no_mail_leaves_has_their_link_from_the_operator() {
    let mut counter = Counter::new();
    counter.0.accounts().ensure_token_key([7; 32]).await.unwrap();
    let found = counter.run("organisation add acme").await.unwrap();
    assert_eq!(found["address"], "support@acme.desk.localhost");
    let invited = counter.run("person invite acme ada@customer.example --role admin").await.unwrap();
    assert_eq!(invited["status"], "invited");
    assert!(invited["mail"].as_str().unwrap().starts_with("captured, not sent: "), "{invited}");
    let before = invited["link"].as_str().unwrap();
    let again = counter.run("person resend acme ada@customer.example").await.unwrap();
    let secret = |link: &str| link.strip_prefix("https://desk.localhost/invitation#").unwrap().to_owned();
    let (accounts, random) = (counter.0.accounts(), Arc::clone(&counter.0.random));
    let redeem = async |secret: &str| {
        let secret = Secret::presented(secret);
        let from = "192.0.2.1".parse().unwrap();
        let (password, now) = ("a long walk in the rain", counter.0.now());
        accounts.redeem_invitation(&secret, None, password, from, now, &*random).await
    };
    assert!(redeem(&secret(before)).await.is_err(), "the link before ended");
    redeem(&secret(again["link"].as_str().unwrap())).await.unwrap();
    counter.0 = counter.0.clone().sending(OutboundMode::Deliver);
    let sent = counter.run("person invite acme joe@customer.example").await.unwrap();
    assert_eq!((&sent["mail"], sent.get("link")), (&json!("queued"), None));
}

#[tokio::test]
async fn a_token_for_some_days_says_when_it_ends() {
    let counter = Counter::new();
    counter.acme().await;
    counter.run("person add acme ada@acme.example --role admin").await.unwrap();
    let token = "token add acme ada@acme.example --name tool --scope all --days 30";
    let token = counter.run(token).await.unwrap();
    assert!(token["expires"].is_string() && token["created"].is_string() && token["used"].is_null());
}
