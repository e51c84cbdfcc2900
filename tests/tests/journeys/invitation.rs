//! From an invitation by mail to a first answer: the operator makes a company, its admin invites an agent, who comes in by
//! the link, with a second factor, and answers a customer. Then they leave, and come back by a new password.

use anyhow::{Context, Result, ensure};
use guichet_tests::api::Api;
use guichet_tests::browser::Browser;
use guichet_tests::dns::Zone;
use guichet_tests::installation::Server;
use guichet_tests::mailbox::Mail;
use guichet_tests::postfix::Postfix;
use guichet_tests::{python, totp};
use serde_json::{Value, json};

use crate::agent::{Agent, Written};
use crate::customer::{ADA, OUR_HOST, World, hosts, journey};
use crate::furnished::{PASSWORD, person};
use crate::replies::proves_all;

const HOME: &str = "acme.desk.example";
const SUPPORT: &str = "support@acme.desk.example";
/// Admin and agent have their mailboxes at the customer's provider.
const ANA: &str = "ana@customer.example";
const RUI: &str = "rui@customer.example";
const PUBLIC: &str = "https://desk.example";
const SESSION: &str = "__Host-guichet_session";
const NEW_PASSWORD: &str = "slow rivers carry warm stones";

/// The latest mail to somebody, once there are so many in the mailbox.
fn mail_to(postfix: &Postfix, address: &str, count: usize) -> Result<Mail> {
    let mut mails = postfix.mails(count)?;
    mails.retain(|mail| mail.address("To") == address);
    mails.pop().with_context(|| format!("no mail to {address}"))
}

/// What stands behind the `#` of the link in a mail of the server's own.
pub(crate) fn secret_in(mail: &Mail, page: &str) -> Result<String> {
    // RFC 2045, 6.7: an equals sign at the end of a line is no part of the text.
    let text = mail.text().replace("=\r\n", "");
    let (_, rest) = text.split_once(&format!("{PUBLIC}/{page}#")).context("no link")?;
    Ok(rest.chars().take_while(|sign| sign.is_ascii_alphanumeric() || *sign == '_').collect())
}

/// The operator makes the company and lets its first admin be invited, who comes in.
fn founded(world: &mut World, server: &Server<'_>, postfix: &Postfix) -> Result<Browser> {
    let [our_host, ..] = hosts();
    let zone = Zone::new().mail(HOME, OUR_HOST).text(HOME, &format!("v=spf1 ip4:{our_host} -all"));
    world.add(&zone.text(&format!("_dmarc.{HOME}"), "v=DMARC1; p=reject"))?;
    let operator = Agent::by(person(server, "house", "olga@desk.example", &["--role", "operator"])?)?;
    let company = json!({ "name": "Acme Ltd", "slug": "acme" });
    let made = operator.post("/operator/organisations", &company)?.expect(201)?.json()?;
    assert_eq!(made["address"], SUPPORT);
    server.operator(&["person", "invite", "acme", ANA, "--name", "Ana Silva", "--role", "admin"])?;
    let ana = accepted(server, &mail_to(postfix, ANA, 1)?, ANA)?;
    ana.log_in(ANA, PASSWORD, &json!({}))?.expect(201)?;
    Ok(ana)
}

/// Somebody's browser, in which they chose their password by the link of the mail.
fn accepted(server: &Server<'_>, mail: &Mail, address: &str) -> Result<Browser> {
    assert_eq!(mail.address("From"), SUPPORT);
    assert_eq!(mail.field("Auto-Submitted"), "auto-generated");
    let browser = Browser::new(server.http, "a browser at home");
    let secret = secret_in(mail, "invitation")?;
    let form = json!({ "secret": secret, "password": PASSWORD });
    let accepted = browser.post("/invitations/redeem", &form)?.expect(200)?.json()?;
    assert_eq!((&accepted["address"], &accepted["organisation"]), (&json!(address), &json!("Acme Ltd")));
    let again = browser.post("/invitations/redeem", &form)?.status;
    ensure!((400..500).contains(&again), "the link works once, and here it is {again}");
    Ok(browser)
}

/// The admin gives the mail to a team and invites an agent into it, who comes in: their browser.
fn invited(server: &Server<'_>, postfix: &Postfix, ana: &Browser) -> Result<Browser> {
    let team = ana.post("/teams", &json!({ "name": "Support" }))?.expect(201)?.json()?["id"].clone();
    let channel = ana.get("/channels")?["items"][0].clone();
    assert_eq!(channel["address"], SUPPORT);
    let channel = format!("/channels/{}", channel["id"]);
    ana.send("PATCH", &channel, Some(&json!({ "team": team })))?.expect(200)?;
    let guest = json!({ "address": RUI, "name": "Rui Costa", "role": "agent", "teams": [team] });
    ana.post("/invitations", &guest)?.expect(201)?;
    let mail = mail_to(postfix, RUI, 2)?;
    ensure!(mail.text().contains("Ana Silva"), "it says who invites: {}", mail.text());
    let rui = accepted(server, &mail, RUI)?;
    assert_eq!(ana.get("/invitations")?["items"], json!([]));
    rui.log_in(RUI, PASSWORD, &json!({}))?.expect(201)?;
    assert_eq!(rui.get("/session")?["person"]["role"], "agent");
    Ok(rui)
}

/// The agent adds a second factor and logs in with it: the codes for the day on which the telephone is lost.
fn with_telephone(rui: &Browser) -> Result<Vec<Value>> {
    let setup = rui.post("/account/totp", &json!({ "password": PASSWORD }))?.expect(201)?.json()?;
    let [now, next] = totp::now_and_next(setup["secret"].as_str().context("no secret")?)?;
    let codes = rui.post("/account/totp/confirm", &json!({ "code": now }))?.expect(200)?.json()?;
    rui.send("DELETE", "/session", None)?.expect(204)?;
    let asked = rui.log_in(RUI, PASSWORD, &json!({}))?.expect(401)?.json()?;
    ensure!(asked["type"].as_str().is_some_and(|kind| kind.ends_with("code-required")), "{asked}");
    rui.log_in(RUI, PASSWORD, &json!({ "code": now }))?.expect(401).context("each code works once")?;
    rui.log_in(RUI, PASSWORD, &json!({ "code": next }))?.expect(201)?;
    Ok(codes["recovery_codes"].as_array().context("no codes")?.clone())
}

/// A token with which an agent listens while they work in the browser.
fn listener(server: &Server<'_>, rui: &Browser) -> Result<Agent> {
    let wish =
        json!({ "name": "listens", "scopes": ["events:read", "deliveries:read"], "password": PASSWORD });
    let made = rui.post("/tokens", &wish)?.expect(201)?.json()?;
    let api: Api = server.api_as(Some(made["secret"].as_str().context("no secret")?));
    Agent::by(api)
}

/// The customer writes, the agent answers in the browser, and the customer has the answer: signed.
fn answers(world: &World, postfix: &Postfix, rui: &Browser, listener: &mut Agent) -> Result<()> {
    World::submit(postfix, SUPPORT, &world.letter(SUPPORT, "Invoice 7", "")?)?;
    let ticket = listener.next_ticket().with_context(|| postfix.log())?;
    assert_eq!(rui.get(&format!("/tickets/{ticket}"))?["subject"], "Invoice 7");
    let reply = json!({ "kind": "reply", "text": "Dear Ada,\n\nit is **7**.", "undo_seconds": 0 });
    let written = rui.post(&format!("/tickets/{ticket}/messages"), &reply)?.expect(201)?.json()?;
    let delivery = Written(written).delivery()?;
    listener.until(&delivery, "delivered").with_context(|| postfix.log())?;
    let mail = mail_to(postfix, ADA, 3)?;
    assert_eq!(mail.address("From"), SUPPORT);
    if python::is_there() {
        let bounces_to = mail.address("Return-Path");
        let proven = python::authenticate(&mail, &hosts()[0].to_string(), &bounces_to, OUR_HOST)?;
        proves_all(&proven, &mail)?;
    }
    Ok(())
}

/// The agent forgot the password, and chooses another by mail; who was logged in with the old one is not any more.
fn comes_back(server: &Server<'_>, postfix: &Postfix, before: &Browser, codes: &[Value]) -> Result<()> {
    let elsewhere = Browser::new(server.http, "a browser elsewhere");
    for address in [RUI, "nobody@customer.example"] {
        elsewhere.post("/password-resets", &json!({ "address": address }))?.expect(202)?;
    }
    let secret = secret_in(&mail_to(postfix, RUI, 4)?, "password-reset")?;
    let form = json!({ "secret": secret, "password": NEW_PASSWORD });
    elsewhere.post("/password-resets/redeem", &form)?.expect(200)?;
    let again = elsewhere.post("/password-resets/redeem", &form)?.status;
    ensure!((400..500).contains(&again), "the link works once, and here it is {again}");
    before.send("GET", "/session", None)?.expect(401).context("a session of before")?;
    elsewhere.log_in(RUI, PASSWORD, &json!({ "code": codes[0] }))?.expect(401)?;
    elsewhere.log_in(RUI, NEW_PASSWORD, &json!({}))?.expect(401).context("it takes no second factor away")?;
    elsewhere.log_in(RUI, NEW_PASSWORD, &json!({ "code": codes[1] }))?.expect(201)?;
    assert_eq!(elsewhere.get("/tickets")?["items"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[test]
fn from_an_invitation_by_mail_to_a_first_answer() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?.set("http.public_url", PUBLIC);
        let server = place.start()?;
        let postfix = Postfix::start(&World::their_server()?)?;
        let ana = founded(world, &server, &postfix)?;
        let keys = ana
            .post("/tokens", &json!({ "name": "keys", "scopes": ["settings:read"], "password": PASSWORD }))?
            .expect(201)?
            .json()?;
        world.publish_keys_of(&server.api_as(keys["secret"].as_str()), HOME)?;
        let rui = invited(&server, &postfix, &ana)?;
        let codes = with_telephone(&rui)?;
        let mut listener = listener(&server, &rui)?;
        answers(world, &postfix, &rui, &mut listener)?;

        let cookie = rui.cookie(SESSION).context("no session")?;
        rui.send("DELETE", "/session", None)?.expect(204)?;
        assert_eq!(rui.cookie(SESSION), None, "the cookie is taken away");
        rui.set_cookie(SESSION, &cookie);
        rui.send("GET", "/tickets/1", None)?.expect(401).context("and opens nothing any more")?;

        let before = Browser::new(server.http, "another browser");
        before.log_in(RUI, PASSWORD, &json!({ "code": codes[2] }))?.expect(201)?;
        comes_back(&server, &postfix, &before, &codes)?;
        let deeds = ana.get("/audit?limit=100")?.to_string();
        for deed in ["person.invited", "session.opened", "session.refused"] {
            ensure!(deeds.contains(deed), "{deed}: {deeds}");
        }
        Ok(())
    })
}
