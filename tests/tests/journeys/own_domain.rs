//! A company brings a domain of its own: its records are said, seen, watched, and change with its keys.

use anyhow::{Context, Result, ensure};
use guichet_tests::api::BASE as PATH;
use guichet_tests::api::Response;
use guichet_tests::installation::Server;
use guichet_tests::mailbox::Mail;
use guichet_tests::postfix::Postfix;
use guichet_tests::python;
use guichet_tests::wait::until_rarely;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::customer::{ORGANISATION, OUR_HOST, World, hosts, journey};
use crate::letters::every;
use crate::names::{self, Names, OWN};

pub(crate) const ADDRESS: &str = "support@acme.example";
/// An admin who reads mail elsewhere.
const BOSS: &str = "boss@customer.example";
/// The records as they were with somebody else.
const BEFORE: &str = "@ MX 10 mail.elsewhere.example.\n@ TXT \"v=spf1 ip4:198.51.100.30 -all\"\n";
/// What was found is shared with whoever asks within some seconds; two such looks, and some patience.
const LOOKS_SECS_MAX: u64 = 60;

/// Looks at the records now.
pub(crate) fn look(agent: &Agent) -> Result<Value> {
    agent.post(&format!("/domains/{OWN}/check"), &json!({}))?.expect(200)?.json()
}

/// Looks until something holds.
pub(crate) fn look_until(agent: &Agent, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    let mut last = Value::Null;
    let found = until_rarely(what, LOOKS_SECS_MAX, || {
        last = look(agent).ok()?;
        holds(&last).then(|| last.clone())
    });
    found.with_context(|| format!("{last:#}"))
}

pub(crate) fn records(look: &Value) -> &[Value] {
    look["records"].as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(crate) fn are_green(look: &Value) -> bool {
    look["fine"] == true && records(look).iter().all(|record| record["last_check"]["state"] == "ok")
}

pub(crate) fn of_purpose<'v>(look: &'v Value, purpose: &str) -> &'v Value {
    records(look).iter().find(|record| record["purpose"] == purpose).unwrap_or(&Value::Null)
}

/// The records as text to paste.
pub(crate) fn text(agent: &Agent) -> Result<String> {
    Ok(agent.api.read(&format!("/domains/{OWN}/records?format=zone"))?.text())
}

pub(crate) fn add(agent: &Agent) -> Result<()> {
    let added = agent.post("/domains", &json!({ "name": OWN }))?.expect(201)?.json()?;
    assert_eq!(added["verified"], false, "{added}");
    Ok(())
}

pub(crate) fn switch_on(agent: &Agent) -> Result<Response> {
    let fields = [("Content-Type", "application/merge-patch+json")];
    let patch = json!({ "receives": true, "sends": true }).to_string();
    agent.api.request("PATCH", &format!("{PATH}/domains/{OWN}"), &fields, patch.as_bytes())
}

/// A domain that is proven, receives and sends, with a channel.
pub(crate) fn in_use(server: &Server<'_>, agent: &Agent, names: &mut Names) -> Result<()> {
    names.publish_base(server)?;
    add(agent)?;
    names.publish(OWN, &text(agent)?)?;
    let seen = look_until(agent, "all records green", are_green)?;
    assert_eq!(seen["verified"], true, "{seen:#}");
    switch_on(agent)?.expect(200)?;
    let channel = json!({ "address": ADDRESS, "name": "Acme" });
    agent.post("/channels", &channel)?.expect(201)?;
    Ok(())
}

/// Ada writes there and is answered: the answer.
fn a_mail_and_its_answer(world: &World, agent: &mut Agent, postfix: &Postfix) -> Result<Mail> {
    let had = postfix.delivered();
    World::submit(postfix, ADDRESS, &world.letter(ADDRESS, &format!("Invoice {had}"), "")?)?;
    let ticket = agent.next_ticket().with_context(|| postfix.log())?;
    let answer = agent.reply(ticket, json!({}))?.delivery()?;
    agent.until(&answer, "delivered").with_context(|| postfix.log())?;
    let mails = postfix.mails(had + 1)?;
    mails.into_iter().rfind(|mail| mail.address("From") == ADDRESS).context("no answer")
}

/// It is signed by both keys of the domain that ends so, and passes DMARC for it.
fn proves_itself(mail: &Mail, number: u32) -> Result<()> {
    let signatures = mail.fields("DKIM-Signature");
    for kind in ["rsa", "ed25519"] {
        let selector = format!("s=guichet-{kind}-{number};");
        let is_it = |field: &String| field.contains(&selector) && field.contains(&format!("d={OWN};"));
        ensure!(signatures.iter().any(is_it), "{selector} {signatures:#?}");
    }
    let proven = python::authenticate(mail, &hosts()[0].to_string(), &mail.address("Return-Path"), OUR_HOST)?;
    let signatures = proven["signatures"].as_array().context("no signatures")?;
    ensure!(signatures.len() == 2 && signatures.iter().all(|one| one["passes"] == true), "{proven}");
    let results = proven["results"].as_str().unwrap_or_default();
    ensure!(["spf=pass", "dmarc=pass"].iter().all(|pass| results.contains(pass)), "{results}");
    Ok(())
}

#[test]
fn from_nothing_to_all_records_green_then_mail_comes_in_and_goes_out_signed() -> Result<()> {
    if !python::is_there() {
        return Ok(());
    }
    journey(names::PROGRAMS, |world| {
        let mut names = Names::of(world)?;
        let place = names::guichet()?;
        let server = place.start()?;
        names.publish_base(&server)?;
        names.publish(OWN, BEFORE)?;
        let mut agent = Agent::of(&server)?;
        add(&agent)?;

        let before = look(&agent)?;
        are_red(&before)?;
        let refused = switch_on(&agent)?.expect(422)?;
        ensure!(refused.text().contains("is not proven yet"), "{}", refused.text());
        ensure!(agent.post("/channels", &json!({ "address": ADDRESS, "name": "Acme" }))?.status != 201);
        are_listed(&agent, &before)?;

        names.publish(OWN, &text(&agent)?)?;
        let after = look_until(&agent, "all records green", are_green)?;
        assert_eq!((&after["verified"], records(&after).len()), (&json!(true), records(&before).len()));
        let on = switch_on(&agent)?.expect(200)?.json()?;
        assert_eq!((&on["receives"], &on["sends"]), (&json!(true), &json!(true)), "{on}");
        agent.post("/channels", &json!({ "address": ADDRESS, "name": "Acme" }))?.expect(201)?;

        let postfix = Postfix::start(&World::their_server()?)?;
        proves_itself(&a_mail_and_its_answer(world, &mut agent, &postfix)?, 1)?;
        serves_its_policy(&server)
    })
}

/// The policy of MTA-STS stands where the records lead.
fn serves_its_policy(server: &Server<'_>) -> Result<()> {
    let of =
        |host: &str| server.api_as(None).request("GET", "/.well-known/mta-sts.txt", &[("Host", host)], b"");
    let policy = of(&format!("mta-sts.{OWN}"))?.expect(200)?.text();
    ensure!(
        policy.starts_with("version: STSv1\r\n") && policy.contains(&format!("mx: {OUR_HOST}\r\n")),
        "{policy}"
    );
    of("mta-sts.elsewhere.example")?.expect(404)?;
    Ok(())
}

/// Each record says what was expected, what was found, and what to do.
fn are_red(look: &Value) -> Result<()> {
    assert_eq!((&look["fine"], &look["verified"]), (&json!(false), &json!(false)), "{look:#}");
    for record in records(look) {
        let (last, line) = (&record["last_check"], record["zone_line"].as_str().context("no line")?);
        let found = last["found"].as_array().context("nothing said of what was found")?;
        let advice = last["advice"].as_str().context("no advice")?;
        let (state, is_there) = match record["purpose"].as_str() {
            Some("mx" | "spf") => ("different", true),
            _ => ("missing", false),
        };
        assert_eq!((last["state"].as_str(), found.is_empty()), (Some(state), !is_there), "{record:#}");
        ensure!(is_there || advice.contains(line), "{record:#}");
    }
    let found = |purpose| of_purpose(look, purpose)["last_check"]["found"][0].clone();
    assert_eq!(
        (found("mx"), found("spf")),
        (json!("10 mail.elsewhere.example"), json!("v=spf1 ip4:198.51.100.30 -all"))
    );
    let advice = of_purpose(look, "spf")["last_check"]["advice"].as_str().unwrap_or_default();
    ensure!(
        advice.contains("v=spf1 ip4:198.51.100.30 include:desk.example -all"),
        "what was allowed stays so: {advice}"
    );
    Ok(())
}

/// The same records stand in the list, with what was found, and as text.
fn are_listed(agent: &Agent, look: &Value) -> Result<()> {
    let (listed, text) = (every(&agent.api, &format!("/domains/{OWN}/records"))?, text(agent)?);
    let mut purposes: Vec<&str> = listed.iter().filter_map(|record| record["purpose"].as_str()).collect();
    purposes.sort_unstable();
    let all = ["dkim", "dkim", "dmarc", "mta_sts", "mta_sts_host", "mx", "proof", "spf", "tls_rpt"];
    assert_eq!(purposes, all);
    for record in records(look) {
        ensure!(listed.contains(record), "{record:#} {listed:#?}");
        ensure!(text.lines().any(|line| record["zone_line"] == line), "{record:#}\n{text}");
    }
    Ok(())
}

/// The notice that something is broken, settled or not.
pub(crate) fn notice(agent: &Agent) -> Result<Option<Value>> {
    let mut all =
        agent.api.get("/notices?show=all")?["items"].as_array().context("no list")?.clone().into_iter();
    Ok(all.find(|notice| notice["kind"] == "domain_broken"))
}

#[test]
fn a_record_that_breaks_is_told_by_mail_and_notice_until_it_is_mended() -> Result<()> {
    journey(names::PROGRAMS, |world| {
        let mut names = Names::of(world)?;
        let place = names::guichet()?;
        let server = place.start()?;
        server.operator(&["person", "add", ORGANISATION, BOSS, "--role", "admin"])?;
        let postfix = Postfix::start(&World::their_server()?)?;
        let agent = Agent::of(&server)?;
        in_use(&server, &agent, &mut names)?;
        let good = names.text(OWN);

        let without = good.lines().filter(|line| !line.contains("guichet-rsa-1._domainkey"));
        names.publish(OWN, &without.collect::<Vec<_>>().join("\n"))?;
        let is_told = |_: &Value| notice(&agent).is_ok_and(|notice| notice.is_some());
        let broken = look_until(&agent, "a notice", is_told)?;
        assert_eq!(broken["fine"], false, "{broken:#}");
        let told = notice(&agent)?.context("no notice")?;
        assert_eq!((&told["open"], &told["about"]["domain"]), (&json!(true), &json!(OWN)), "{told:#}");
        let mail = postfix.mails(1)?.pop().context("no mail")?;
        assert_eq!(
            (mail.address("To"), mail.field("Auto-Submitted")),
            (BOSS.into(), "auto-generated".into())
        );
        assert_eq!(mail.field("Subject"), format!("Records of {OWN} are broken: DKIM"));

        names.publish(OWN, &good)?;
        look_until(&agent, "all records green again", are_green)?;
        let settled = notice(&agent)?.context("no notice")?;
        ensure!(settled["open"] == false && settled["settled"].is_string(), "{settled:#}");
        assert_eq!(postfix.delivered(), 1, "one alert");
        Ok(())
    })
}

#[test]
fn new_keys_sign_once_they_are_seen_and_the_old_ones_stay_until_their_mail_is_through() -> Result<()> {
    if !python::is_there() {
        return Ok(());
    }
    journey(names::PROGRAMS, |world| {
        let mut names = Names::of(world)?;
        let place = names::guichet()?;
        let server = place.start()?;
        let postfix = Postfix::start(&World::their_server()?)?;
        let mut agent = Agent::of(&server)?;
        in_use(&server, &agent, &mut names)?;

        let keys = agent.post(&format!("/domains/{OWN}/dkim/rotate"), &json!({}))?.expect(200)?.json()?;
        assert_eq!(states(&keys, "state"), ["pending", "pending", "signing", "signing"], "{keys:#}");
        proves_itself(&a_mail_and_its_answer(world, &mut agent, &postfix)?, 1)?;

        names.publish(OWN, &text(&agent)?)?;
        let changed = ["retiring", "retiring", "signing", "signing"];
        let listed = || every(&agent.api, &format!("/domains/{OWN}/records"));
        let are_changed = |_: &Value| listed().is_ok_and(|all| states(&json!(all), "key_state") == changed);
        look_until(&agent, "new keys in use", are_changed)?;
        proves_itself(&a_mail_and_its_answer(world, &mut agent, &postfix)?, 2)?;

        let are_seen = |look: &Value| states(&look["records"], "key_state") == changed;
        let last = look_until(&agent, "a look at the old keys", are_seen)?;
        let old = records(&last).iter().find(|record| record["key_state"] == "retiring");
        let old = old.context("no old key")?;
        let advice = old["last_check"]["advice"].as_str().unwrap_or_default();
        ensure!(advice.contains("leave its record until"), "{old:#}");
        ensure!(are_green(&last), "{last:#}");
        Ok(())
    })
}

/// How far each key is, in order.
fn states(keys: &Value, member: &str) -> Vec<String> {
    let all = keys.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut states: Vec<String> =
        all.iter().filter_map(|key| Some(key[member].as_str()?.to_owned())).collect();
    states.sort_unstable();
    states
}
