//! `guichet check`: the operator's own records, addresses and port, as others see them.

use std::fs;

use anyhow::{Context, Result, ensure};
use guichet_tests::certificate::Certificate;
use guichet_tests::installation::Server;
use guichet_tests::wait::until_rarely;
use serde_json::Value;

use crate::customer::{BASE, OUR_HOST, hosts, journey};
use crate::furnished::person;
use crate::names::{self, Names, REVERSE, pointer};

/// A result is shared with whoever asks within some seconds.
const LOOKS_SECS_MAX: u64 = 60;

/// What the command says for people, once it ends with this exit code, and the same as data.
fn check(server: &Server<'_>, code: i32) -> Result<(String, Value)> {
    let mut last = String::new();
    let said = until_rarely(&format!("exit code {code}"), LOOKS_SECS_MAX, || {
        let done = server.command_line(&["check"]).ok()?;
        last = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        (done.status.code() == Some(code)).then_some(())
    });
    said.with_context(|| last.clone())?;
    let data = server.command_line(&["check", "--json"])?;
    assert_eq!(data.status.code(), Some(code));
    Ok((last, serde_json::from_slice(&data.stdout)?))
}

/// How one thing stands.
fn state<'v>(data: &'v Value, purpose: &str, name: &str) -> &'v str {
    let items = data["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let item = items.iter().find(|item| item["for"] == purpose && item["name"] == name);
    item.and_then(|item| item["state"].as_str()).unwrap_or("not looked at")
}

#[test]
fn the_operator_is_told_what_to_publish_then_that_all_is_well_then_what_broke() -> Result<()> {
    journey(names::PROGRAMS, |world| {
        let mut names = Names::of(world)?;
        let (folder, certificate) = (tempfile::tempdir()?, Certificate::of(OUR_HOST)?);
        let file = |name: &str| folder.path().join(name).display().to_string();
        fs::write(file("chain.pem"), certificate.chain())?;
        fs::write(file("key.pem"), certificate.pem())?;
        let place = names::guichet()?
            .set("tls.certificate", &file("chain.pem"))
            .set("tls.key", &file("key.pem"))
            .set("outbound.ca_certificates", &file("chain.pem"));
        let server = place.start()?;
        let ours = hosts()[0].to_string();

        let (said, data) = check(&server, 1)?;
        assert_eq!(data["fine"], false);
        assert_eq!((state(&data, "mx", BASE), state(&data, "ptr", &ours)), ("missing", "ok"), "{said}");
        ensure!(said.contains("Publish: *.desk.example. IN MX 10 mx.desk.example."), "{said}");

        names.publish_base(&server)?;
        let (said, data) = check(&server, 0)?;
        let items = data["items"].as_array().context("no items")?;
        ensure!(items.len() >= 10 && items.iter().all(|item| item["state"] == "ok"), "{said}");

        let good = names.text(BASE);
        let without = good.lines().filter(|line| !line.starts_with("*.desk.example. IN MX"));
        names.publish(BASE, &without.collect::<Vec<_>>().join("\n"))?;
        names.publish(REVERSE, &pointer("host-10.provider.example"))?;
        let (said, data) = check(&server, 1)?;
        assert_eq!(state(&data, "mx", "*.desk.example"), "missing", "{said}");
        assert_eq!(state(&data, "ptr", &ours), "different", "{said}");
        ensure!(said.contains("Publish: *.desk.example. IN MX 10 mx.desk.example."), "{said}");
        ensure!(said.contains(&format!("No name of {ours} leads back to it")), "{said}");
        ensure!(said.contains(&format!("ask for {OUR_HOST}")), "{said}");
        assert_eq!((state(&data, "mx", BASE), state(&data, "spf", BASE)), ("ok", "ok"), "the rest is well");
        is_the_same_over_http(&server, &data)
    })
}

/// For operators alone.
fn is_the_same_over_http(server: &Server<'_>, said: &Value) -> Result<()> {
    let operator = person(server, "house", "op@customer.example", &["--role", "operator"])?;
    let seen = operator.get("/operator/check")?;
    let states = |items: &Value, state: &str| {
        let states = items.as_array().map(Vec::as_slice).unwrap_or_default().iter();
        states.map(|item| item.pointer(state).cloned().unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(seen["fine"], false);
    assert_eq!(states(&seen["items"], "/look/state"), states(&said["items"], "/state"), "{seen:#}");
    server.api().request("GET", "/api/v1/operator/check", &[], b"")?.expect(403)?;
    Ok(())
}
