//! A company signs up, has an address at once, claims a name, and gets its first mail there.

use anyhow::{Context, Result, ensure};
use guichet_tests::browser::Browser;
use guichet_tests::installation::Server;
use guichet_tests::mailbox::Mail;
use guichet_tests::postfix::Postfix;
use guichet_tests::python;
use guichet_tests::wait::{DELIVERY_SECS_MAX, until};
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::customer::{ADA, BASE, OUR_HOST, World, hosts, journey};
use crate::furnished::{PASSWORD, person};
use crate::letters::every;
use crate::names::{self, Names};

const ANA: &str = "ana@customer.example";
const BEA: &str = "bea@customer.example";
/// What an admin's token may do.
const SCOPES: &[&str] = &[
    "tickets:read",
    "tickets:write",
    "messages:send",
    "deliveries:read",
    "events:read",
    "settings:read",
    "settings:write",
];
const NAME: &str = "marca.desk.example";
const HELLO: &str = "hello@marca.desk.example";

/// The mail to somebody with these words in its subject, once it is there.
fn mail_to(postfix: &Postfix, to: &str, words: &str) -> Result<Mail> {
    let is_it = |mail: &Mail| mail.address("To") == to && mail.field("Subject").contains(words);
    let look = || postfix.mails(0).ok()?.into_iter().rfind(is_it);
    until(&format!("a mail to {to}: {words}"), DELIVERY_SECS_MAX, look).with_context(|| postfix.log())
}

/// Somebody signs up by the link that is mailed to them: what they were told, and they at work.
fn sign_up(server: &Server<'_>, postfix: &Postfix, name: &str, address: &str) -> Result<(Value, Agent)> {
    let browser = Browser::new(server.http, "a browser");
    let wish = json!({ "organisation": name, "name": "Ana Silva", "address": address });
    browser.post("/sign-ups", &wish)?.expect(202)?;
    let mail = mail_to(postfix, address, "Confirm your address")?;
    let link = mail.secret_link().with_context(|| mail.text())?;
    ensure!(link.contains(OUR_HOST) && link.contains("/sign-up#"), "{link}");
    let (_, secret) = link.split_once('#').context("no secret")?;
    let redeemed = json!({ "secret": secret, "password": PASSWORD });
    let told = browser.post("/sign-ups/redeem", &redeemed)?.expect(201)?.json()?;
    assert_eq!(browser.post("/sign-ups/redeem", &redeemed)?.status / 100, 4, "it is good once");
    browser.log_in(address, PASSWORD, &json!({}))?.expect(201)?;
    let wish = json!({ "name": "all", "scopes": SCOPES, "password": PASSWORD });
    let token = browser.post("/tokens", &wish)?.expect(201)?.json()?;
    let agent = Agent::by(server.api_as(Some(token["secret"].as_str().context("no secret")?)))?;
    Ok((told, agent))
}

/// Ada writes there: the ticket that her mail becomes.
fn first_mail(world: &World, postfix: &Postfix, agent: &mut Agent, to: &str) -> Result<u64> {
    World::submit(postfix, to, &world.letter(to, &format!("To {to}"), "")?)?;
    agent.next_ticket().with_context(|| postfix.log())
}

fn claim(agent: &Agent, label: &str) -> Result<guichet_tests::api::Response> {
    agent.post("/claims", &json!({ "label": label, "local_part": "hello", "name": "Marca" }))
}

fn switch(operator: &Agent, open: bool) -> Result<()> {
    let fields = [("Content-Type", "application/json")];
    let body = json!({ "open": open }).to_string();
    let path = format!("{}/operator/sign-up", guichet_tests::api::BASE);
    operator.api.request("PATCH", &path, &fields, body.as_bytes())?.expect(200).map(drop)
}

/// Nobody signs up before the operator opens that, who can do it by a call and by a command.
fn sign_up_opens(server: &Server<'_>, operator: &Agent) -> Result<()> {
    let stranger = Browser::new(server.http, "a browser");
    let wish = json!({ "organisation": "Too early", "name": "Ana Silva", "address": ANA });
    let is_refused = |stranger: &Browser| -> Result<()> {
        let problem = stranger.post("/sign-ups", &wish)?.expect(403)?.json()?;
        ensure!(
            problem["detail"].as_str().is_some_and(|text| text.contains("ask the operator")),
            "{problem}"
        );
        Ok(())
    };
    is_refused(&stranger)?;
    server.operator(&["sign-up", "open"])?;
    assert_eq!(operator.api.get("/operator/sign-up")?, json!({ "open": true }));
    switch(operator, false)?;
    is_refused(&stranger)?;
    switch(operator, true)
}

/// The operator's view of the only claim of a name by this organisation.
fn operators_claim(operator: &Agent, organisation: &Value, domain: &str) -> Result<Value> {
    let mut all = every(&operator.api, "/operator/claims")?.into_iter();
    let is_it = |claim: &Value| claim["domain"] == domain && claim["organisation"] == *organisation;
    all.find(is_it).with_context(|| format!("no claim of {domain}"))
}

/// What the operator does with a claim.
fn decide(operator: &Agent, claim: &Value, what: &str, body: &Value) -> Result<Value> {
    let id = claim["id"].as_str().context("no id")?;
    operator.post(&format!("/operator/claims/{id}/{what}"), body)?.expect(200)?.json()
}

#[test]
fn from_a_sign_up_to_the_first_mail_under_a_claimed_name() -> Result<()> {
    if !python::is_there() {
        return Ok(());
    }
    journey(names::PROGRAMS, |world| {
        let mut names = Names::of(world)?;
        let place = names::guichet()?;
        let server = place.start()?;
        names.publish_base(&server)?;
        let postfix = Postfix::start(&World::their_server()?)?;
        let operator = Agent::by(person(&server, "house", "op@customer.example", &["--role", "operator"])?)?;
        sign_up_opens(&server, &operator)?;
        let (told, mut ana) = sign_up(&server, &postfix, "Acme Ltd", ANA)?;
        let (others, bea) = sign_up(&server, &postfix, "Bravo", BEA)?;
        let channel = told["channel"].as_str().context("no channel")?;
        ensure!(channel.starts_with("support@") && channel.ends_with(&format!(".{BASE}")), "{told}");
        first_mail(world, &postfix, &mut ana, channel)?;

        is_refused_or_held(&ana, &operator, &told["slug"])?;
        let mail = mail_to(&postfix, ANA, "he1pdesk.desk.example was declined")?;
        ensure!(mail.text().contains("It can be taken for ours."), "{}", mail.text());

        let claimed = claim(&ana, "marca")?.expect(201)?.json()?;
        claim(&bea, "marca")?.expect(201)?;
        let of_ana = operators_claim(&operator, &told["slug"], NAME)?;
        assert_eq!((&of_ana["state"], &of_ana["warnings"]), (&json!("pending"), &json!([])), "{of_ana}");
        decide(&operator, &of_ana, "approve", &json!({}))?;
        is_declined(&bea, &postfix)?;
        assert_eq!(operators_claim(&operator, &others["slug"], NAME)?["state"], "declined");

        goes_live(&ana, &postfix, &claimed["id"])?;
        let ticket = first_mail(world, &postfix, &mut ana, HELLO)?;
        let answer = ana.reply(ticket, json!({}))?;
        ana.until(&answer.delivery()?, "delivered").with_context(|| postfix.log())?;
        proves_itself(&mail_to(&postfix, ADA, &format!("To {HELLO}"))?)
    })
}

/// A reserved name at once; what looks like one waits for the operator, who is warned.
fn is_refused_or_held(ana: &Agent, operator: &Agent, slug: &Value) -> Result<()> {
    let refused = claim(ana, "helpdesk")?.expect(422)?;
    ensure!(refused.text().contains("reserved"), "{}", refused.text());
    let held = claim(ana, "he1pdesk")?.expect(201)?.json()?;
    assert_eq!(held["state"], "pending", "{held}");
    let seen = operators_claim(operator, slug, "he1pdesk.desk.example")?;
    let warnings = seen["warnings"].as_array().context("no warnings")?;
    ensure!(warnings.contains(&json!("it looks like the reserved name `helpdesk`")), "{seen}");
    let reason = json!({ "reason": "It can be taken for ours." });
    let declined = decide(operator, &seen, "decline", &reason)?;
    assert_eq!((&declined["state"], &declined["reason"]), (&json!("declined"), &reason["reason"]));
    Ok(())
}

/// The other company reads why, in its list and by mail.
fn is_declined(bea: &Agent, postfix: &Postfix) -> Result<()> {
    let claims = every(&bea.api, "/claims")?;
    let reason = claims[0]["reason"].as_str().context("no reason")?;
    assert_eq!((claims.len(), &claims[0]["state"]), (1, &json!("declined")), "{claims:?}");
    let mail = mail_to(postfix, BEA, &format!("{NAME} was declined"))?;
    ensure!(mail.unbroken().contains(reason), "{reason}: {}", mail.text());
    let again = claim(bea, "marca")?;
    ensure!(again.status == 409 || again.status == 422, "it has an owner now: {}", again.text());
    Ok(())
}

/// The records of the name are seen, and the admin is told.
fn goes_live(ana: &Agent, postfix: &Postfix, claim: &Value) -> Result<()> {
    let seen = ana.post(&format!("/domains/{NAME}/check"), &json!({}))?.expect(200)?.json()?;
    assert_eq!(seen["fine"], true, "{seen:#}");
    let claim = ana.api.get(&format!("/claims/{claim}"))?;
    assert_eq!((&claim["state"], &claim["live"]), (&json!("approved"), &json!(true)), "{claim}");
    let mail = mail_to(postfix, ANA, &format!("{NAME} is live"))?;
    ensure!(mail.unbroken().contains(HELLO), "{}", mail.text());
    Ok(())
}

/// The answer is the new name's, signed by the server's domain above it, and passes DMARC.
fn proves_itself(mail: &Mail) -> Result<()> {
    assert_eq!(mail.field("From"), format!("Marca <{HELLO}>"));
    let proven = python::authenticate(mail, &hosts()[0].to_string(), &mail.address("Return-Path"), OUR_HOST)?;
    let signatures = proven["signatures"].as_array().context("no signatures")?;
    let is_good = |one: &Value| one["passes"] == true && one["domain"] == BASE;
    ensure!(signatures.len() == 2 && signatures.iter().all(is_good), "{proven}");
    let results = proven["results"].as_str().unwrap_or_default();
    ensure!(["spf=pass", "dkim=pass", "dmarc=pass"].iter().all(|pass| results.contains(pass)), "{results}");
    Ok(())
}
