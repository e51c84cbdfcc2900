//! A company that has one of everything, each with the same word in it: what nobody else may ever read.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use guichet_tests::api::{Api, BASE};
use guichet_tests::browser::Browser;
use guichet_tests::installation::{DEMO_ADDRESS, Server};
use guichet_tests::mailbox::Mail;
use guichet_tests::smtp::Client;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::letters::letter;
use crate::replies::forged;

/// The word.
pub(crate) const WORD: &str = "clandestine";
/// The password of everybody who has one.
pub(crate) const PASSWORD: &str = "nine quiet purple bicycles";
/// Who writes to the company.
pub(crate) const ADA: &str = "ada@clandestine.example";
const DEMO: &str = "demo";
/// How often the admin has logged in.
const SESSIONS: usize = 5;
const ADMIN: &str = "admin@demo.desk.localhost";

/// The company: its admin with a token and with a browser, and what stands for `{id}` below each list.
pub(crate) struct Furnished {
    pub(crate) api: Api,
    pub(crate) browser: Browser,
    ids: BTreeMap<&'static str, String>,
}

impl Furnished {
    /// An address of the document with what there is.
    pub(crate) fn filled(&self, path: &str) -> Result<String> {
        let mut list = "";
        let parts = path.split('/').map(|part| {
            let id = match part {
                "{part}" => Some("1"),
                _ if !part.starts_with('{') => {
                    list = part;
                    Some(part)
                }
                _ => self.ids.get(list).map(String::as_str),
            };
            id.with_context(|| format!("the journey has nothing for {part} of {path}"))
        });
        Ok(parts.collect::<Result<Vec<_>>>()?.join("/"))
    }

    /// What stands for `{id}` below that list.
    pub(crate) fn id(&self, list: &str) -> Result<&str> {
        self.ids.get(list).map(String::as_str).with_context(|| format!("none of {list}"))
    }

    fn note(&mut self, list: &'static str, id: &Value) -> Result<()> {
        let id = id.as_str().map(str::to_owned).or_else(|| id.as_u64().map(|number| number.to_string()));
        self.ids.insert(list, id.with_context(|| format!("no id of {list}"))?);
        Ok(())
    }

    /// Makes one more and keeps its id.
    fn make(&mut self, list: &'static str, at: &str, body: &Value) -> Result<Value> {
        let made = self.browser.post(at, body)?.expect(201).with_context(|| format!("POST {at}"))?.json()?;
        self.note(list, &made["id"])?;
        Ok(made)
    }
}

/// Somebody's browser, in which they chose their password by the operator's link and are logged in.
pub(crate) fn browser(server: &Server<'_>, organisation: &str, address: &str) -> Result<Browser> {
    let reset = server.operator(&["admin", "reset", address, "--organisation", organisation])?;
    let link = reset["link"].as_str().context("no link")?;
    let (_, secret) = link.split_once('#').context("no secret")?;
    let browser = Browser::new(server.http, &format!("{WORD} browser"));
    browser
        .post("/password-resets/redeem", &json!({ "secret": secret, "password": PASSWORD }))?
        .expect(200)?;
    browser.log_in(address, PASSWORD, &json!({ "organisation": organisation }))?.expect(201)?;
    Ok(browser)
}

/// A person with a token that may do all that their role allows.
pub(crate) fn person(server: &Server<'_>, organisation: &str, address: &str, more: &[&str]) -> Result<Api> {
    server.operator(&[&["person", "add", organisation, address], more].concat())?;
    let words = ["token", "add", organisation, address, "--name", "all", "--scope", "all"];
    let made = server.operator(&words)?;
    Ok(server.api_as(Some(made["secret"].as_str().context("no secret")?)))
}

/// A file that waits to be attached.
pub(crate) fn upload(api: &Api, name: &str, content: &[u8]) -> Result<String> {
    let fields = [("Content-Type", "text/plain")];
    let answer = api.request("POST", &format!("{BASE}/uploads?name={name}"), &fields, content)?;
    let made = answer.expect(201)?.json()?;
    Ok(made["id"].as_str().context("no id")?.to_owned())
}

/// The company of the first start, furnished.
pub(crate) fn furnished(server: &Server<'_>) -> Result<Furnished> {
    let browser = browser(server, DEMO, ADMIN)?;
    let mut company = Furnished { api: server.api(), browser, ids: BTreeMap::new() };
    company.settings()?;
    company.mail(server)?;
    company.personal()?;
    Ok(company)
}

impl Furnished {
    fn settings(&mut self) -> Result<()> {
        for name in ["first", WORD] {
            self.make("teams", "/teams", &json!({ "name": name }))?;
        }
        let team = self.id("teams")?.parse::<u64>()?;
        let address = format!("{WORD}@demo.desk.localhost");
        self.make("channels", "/channels", &json!({ "address": address, "name": WORD }))?;
        let forwards = format!("/channels/{}/forwards", self.id("channels")?);
        self.make("forwards", &forwards, &json!({ "address": "shop@clandestine.example" }))?;
        self.make("claims", "/claims", &json!({ "label": WORD, "local_part": "hello", "name": WORD }))?;
        self.browser.post("/domains", &json!({ "name": "clandestine.example" }))?.expect(201)?;
        self.note("domains", &json!("clandestine.example"))?;
        let guest =
            json!({ "address": "guest@clandestine.example", "name": WORD, "role": "agent", "teams": [team] });
        let invited = self.make("invitations", "/invitations", &guest)?;
        self.note("people", &invited["id"])?;
        self.note("watchers", &self.browser.get("/account")?["person"]["id"])
    }

    fn mail(&mut self, server: &Server<'_>) -> Result<()> {
        let mut client = Client::greet(server.smtp, "client.example")?;
        client.send(ADA, &[DEMO_ADDRESS], &letter(ADA, DEMO_ADDRESS, WORD, ""))?.expect(250)?;
        let gmail = "forwarding-noreply@google.com";
        let confirmation =
            letter(gmail, DEMO_ADDRESS, "(#123456789) Confirmation from shop@clandestine.example", "");
        client.send(gmail, &[DEMO_ADDRESS], &confirmation)?.expect(250)?;
        let mut agent = Agent::of(server)?;
        let file = upload(&self.api, "clandestine.txt", b"clandestine")?;
        let written = agent.reply(1, json!({ "attachments": [file], "undo_seconds": 0 }))?;
        let delivery = written.delivery()?;
        agent.until(&delivery, "captured")?;
        self.note("deliveries", &json!(delivery))?;
        let sent = Mail { raw: agent.api.read(&format!("/deliveries/{delivery}/raw"))?.body };
        let reply_to = sent.address("Reply-To");
        let aside = letter(ADA, &reply_to, &format!("{WORD} too"), "");
        client.send(ADA, &[&forged(&reply_to)], &aside)?.expect(250)?;
        self.note("tickets", &json!(1))?;
        for (list, at) in [("messages", "/tickets/1/messages"), ("quarantine", "/quarantine")] {
            let first = self.api.get(at)?["items"][0]["id"].clone();
            self.note(list, &first)?;
        }
        let notice = self.api.get("/notices")?["items"][0]["id"].clone();
        self.note("notices", &notice)
    }

    fn personal(&mut self) -> Result<()> {
        let wish = json!({ "address": "gone@clandestine.example", "reason": "they asked for it" });
        self.browser.post("/suppressions", &wish)?.expect(201)?;
        self.note("suppressions", &json!("gone@clandestine.example"))?;
        self.make("companies", "/companies", &json!({ "name": WORD, "domains": ["clandestine.example"] }))?;
        let contact = json!({ "addresses": ["friend@clandestine.example"], "name": WORD });
        self.make("contacts", "/contacts", &contact)?;
        let view =
            json!({ "name": WORD, "filter": { "states": ["new", "open", "pending"] }, "shared": true });
        self.make("views", "/views", &view)?;
        let file = upload(&self.api, "clandestine.txt", b"clandestine")?;
        let draft = json!({ "kind": "reply", "text": WORD, "attachments": [file] });
        self.browser.send("PUT", "/tickets/1/draft", Some(&draft))?.expect(200)?;
        self.make("drafts", "/drafts", &json!({ "subject": WORD, "text": WORD }))?;
        self.make(
            "tokens",
            "/tokens",
            &json!({ "name": WORD, "scopes": ["tickets:read"], "password": PASSWORD }),
        )?;
        // Numbers begin anew in each organisation: these are beyond those of another that has just begun.
        for _ in 0..SESSIONS {
            self.browser.log_in(ADMIN, PASSWORD, &json!({}))?.expect(201)?;
        }
        let session = self.browser.get("/sessions")?["items"][0]["id"].clone();
        self.note("sessions", &session)?;
        // What the operator calls claims and organisations; nobody else has any use for it.
        self.note("organisations", &json!(1))
    }
}
