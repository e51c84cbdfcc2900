//! One organisation never sees another's: the test walks every address that the API documents.

use anyhow::{Context, Result};
use guichet_tests::api::{Api, BASE};
use guichet_tests::browser::Browser;
use guichet_tests::installation::{DEMO_ADDRESS, Installation, Server};
use guichet_tests::smtp::Client;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::furnished::{Furnished, WORD, browser, furnished, person};
use crate::letters::letter;

const STRANGER: &str = "eve@other.example";
/// Addresses whose answer is nobody's secret, or which never ends.
const OPEN: [&str; 2] = ["/openapi.json", "/events"];

/// Mail that leaves a ticket, a message and a contact; an answer with its delivery, and an address that gets none. The
/// delivery's number.
pub(crate) fn something_to_see(server: &Server<'_>) -> Result<String> {
    let more = "X-Kind: first\r\n";
    let mail = letter("ada@customer.example", DEMO_ADDRESS, "private", more);
    let mut client = Client::greet(server.smtp, "client.example")?;
    client.send("ada@customer.example", &[DEMO_ADDRESS], &mail)?.expect(250)?;
    let agent = Agent::of(server)?;
    let suppressed = json!({ "address": "bob@customer.example", "reason": "they asked for it" });
    agent.post("/suppressions", &suppressed)?.expect(201)?;
    agent.reply(1, json!({}))?.delivery()
}

/// A second company, with an admin who may do everything there: by a token, and in a browser.
struct Stranger {
    api: Api,
    browser: Browser,
}

impl Stranger {
    fn of(server: &Server<'_>) -> Result<Self> {
        server.operator(&["organisation", "add", "other"])?;
        let api = person(server, "other", STRANGER, &["--role", "admin"])?;
        Ok(Self { api, browser: browser(server, "other", STRANGER)? })
    }

    /// What a token and a session are answered there: status and text.
    fn ask(&self, method: &str, path: &str) -> Result<[(u16, String); 2]> {
        let fields = [("Content-Type", "application/json"), ("If-Match", "*")];
        let token = self.api.request(method, &format!("{BASE}{path}"), &fields, b"{}")?;
        let session = self.browser.send(method, path, Some(&json!({})))?;
        Ok([(token.status, token.text()), (session.status, session.text())])
    }
}

/// The methods and paths of the document.
pub(crate) fn operations(api: &Api) -> Result<Vec<(String, String)>> {
    let document = api.get("/openapi.json")?;
    let paths = document["paths"].as_object().context("no paths")?;
    let each = paths.iter().flat_map(|(path, item)| {
        let path = path.strip_prefix(BASE).unwrap_or(path);
        item.as_object()
            .into_iter()
            .flat_map(move |item| item.keys().map(move |method| (method.to_uppercase(), path.to_owned())))
    });
    Ok(each.collect())
}

#[test]
fn promise_7_another_organisations_token_gets_404_everywhere() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    let (owner, stranger) = (furnished(&server)?, Stranger::of(&server)?);
    let mut walked = 0;
    for (method, path) in operations(&owner.api)?.iter().filter(|(_, path)| path.contains('{')) {
        let filled = owner.filled(path)?;
        let [token, session] = stranger.ask(method, &filled)?;
        // Who is no operator hears so before anything is looked up, and so do tokens where only people are served.
        let expected = match path {
            _ if path.starts_with("/operator/") => (403, 403),
            _ if path.starts_with("/sessions/") || path.starts_with("/tokens/") => (403, 404),
            _ => (404, 404),
        };
        assert_eq!((token.0, session.0), expected, "{method} {filled}: {token:?} {session:?}");
        walked += 1;
    }
    assert!(walked >= 70, "only {walked} addresses: is this the whole document?");
    for (_, path) in
        operations(&owner.api)?.iter().filter(|(method, path)| method == "GET" && path.contains('{'))
    {
        owner.browser.send("GET", &owner.filled(path)?, None)?.expect(200).with_context(|| path.clone())?;
    }
    Ok(())
}

#[test]
fn promise_7_lists_searches_and_counts_of_another_organisation_are_empty_to_a_stranger() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    let (owner, stranger) = (furnished(&server)?, Stranger::of(&server)?);
    let own_alone = ["/account", "/session", "/views/counts", "/operator/"];
    let mut lists: Vec<String> = operations(&owner.api)?
        .into_iter()
        .filter(|(method, path)| method == "GET" && !path.contains('{') && !OPEN.contains(&path.as_str()))
        .map(|(_, path)| path)
        .filter(|path| !own_alone.iter().any(|own| path.starts_with(own)) || path == "/sessions")
        .collect();
    lists.push(format!("/contacts?name={WORD}"));
    lists.push("/contacts?address=ada%40clandestine.example".to_owned());
    lists.push(format!("/companies?name={WORD}"));
    lists.push("/tickets?state=pending&limit=1".to_owned());
    lists.push("/deliveries?state=captured".to_owned());
    let mut bare = Vec::new();
    for list in &lists {
        let (own, theirs) = (owner.browser.get(list)?, stranger.browser.get(list)?);
        // A notice of what isn't proven repeats nothing of it; so it is the only one without the word.
        if !own.to_string().contains(WORD) && (list != "/notices" || own["items"] == json!([])) {
            bare.push(list);
        }
        // The stranger's browser bears the word too.
        assert!(list == "/sessions" || !theirs.to_string().contains(WORD), "{list}: {theirs}");
    }
    assert!(bare.is_empty(), "these have nothing to hide: {bare:?}");
    assert_eq!(stranger.browser.get("/notices")?["items"], json!([]));
    assert_eq!(stranger.browser.get("/sessions")?["items"].as_array().map(Vec::len), Some(1));
    let counts = |browser: &Browser| {
        let counts = browser.get("/views/counts")?;
        let each = counts["items"].as_array().context("no counts")?.iter();
        anyhow::Ok(each.filter_map(|count| count["tickets"].as_u64()).sum::<u64>())
    };
    assert!(counts(&owner.browser)? > 0);
    assert_eq!(counts(&stranger.browser)?, 0);
    Ok(())
}

/// Each thing of another, named in a request of the stranger's own.
fn borrowed(owner: &Furnished, upload: &str) -> Result<Vec<(&'static str, &'static str, Value)>> {
    let number = |list| anyhow::Ok(owner.id(list)?.parse::<u64>()?);
    let (team, contact, company) = (number("teams")?, number("contacts")?, number("companies")?);
    let (person, channel, message) = (number("people")?, number("channels")?, number("quarantine")?);
    let reply = |more: Value| {
        let mut body = json!({ "kind": "reply", "text": "mine" });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        body
    };
    Ok(vec![
        ("POST", "/tickets/1/messages", reply(json!({ "attachments": [upload] }))),
        ("POST", "/tickets/1/messages", reply(json!({ "answers": message }))),
        ("POST", "/tickets/1/messages", reply(json!({ "contacts": [contact] }))),
        ("POST", "/tickets/1/messages", reply(json!({ "channel": channel }))),
        ("POST", "/tickets/1/messages", json!({ "kind": "note", "text": "mine", "mentions": [person] })),
        ("POST", "/tickets/1/merge", json!({ "into": 2 })),
        ("POST", "/tickets/1/split", json!({ "messages": [message] })),
        ("POST", "/tickets/1/requester", json!({ "contact": contact })),
        ("PATCH", "/tickets/1", json!({ "team": team })),
        ("PATCH", "/tickets/1", json!({ "assignee": person })),
        ("PATCH", "/tickets/1", json!({ "company": company })),
        ("PUT", "/tickets/1/draft", reply(json!({ "attachments": [upload] }))),
        ("POST", "/contacts/1/merge", json!({ "into": contact })),
        ("PATCH", "/contacts/1", json!({ "company": company })),
        ("POST", "/views", json!({ "name": "mine", "shared": true, "teams": [team], "filter": {} })),
        ("POST", "/channels", json!({ "address": "theirs@demo.desk.localhost", "name": "mine" })),
        (
            "POST",
            "/invitations",
            json!({ "address": "x@other.example", "name": "X", "role": "agent", "teams": [team] }),
        ),
    ])
}

#[test]
fn promise_7_what_another_organisation_has_is_of_no_use_in_a_request() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    let (owner, stranger) = (furnished(&server)?, Stranger::of(&server)?);
    let home = "support@other.desk.localhost";
    let mail = letter("bob@customer.example", home, "mine", "");
    Client::greet(server.smtp, "client.example")?
        .send("bob@customer.example", &[home], &mail)?
        .expect(250)?;
    let upload = crate::furnished::upload(&owner.api, "clandestine.txt", b"clandestine")?;
    for (method, path, body) in borrowed(&owner, &upload)? {
        let answer = stranger.browser.send(method, path, Some(&body))?;
        // For what it names, not for its form.
        let is_not_there =
            ["there is no", "is none of this ticket's", "names nobody", "is no domain of this organisation"];
        let refused =
            [404, 422].contains(&answer.status) && is_not_there.iter().any(|why| answer.text().contains(why));
        assert!(refused && !answer.text().contains(WORD), "{method} {path} {body}: {}", answer.text());
    }
    let ticket = stranger.api.get("/tickets/1")?;
    assert_eq!((&ticket["message_count"], &ticket["state"]), (&json!(1), &json!("new")), "{ticket}");
    Ok(())
}

#[test]
fn promise_7_a_stranger_hears_of_nothing_that_happens_elsewhere() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    let (owner, stranger) = (furnished(&server)?, Stranger::of(&server)?);
    let now = stranger.api.events(None)?;
    let agent = Agent::by(owner.api.clone())?;
    agent.reply(1, json!({}))?;
    let home = "support@other.desk.localhost";
    let mail = letter("bob@customer.example", home, "mine", "");
    Client::greet(server.smtp, "client.example")?
        .send("bob@customer.example", &[home], &mail)?
        .expect(250)?;
    for mut events in [stranger.api.events(Some("0"))?, now] {
        let first = events.next_event()?;
        assert_eq!((first.event.as_str(), &first.data["ticket"]), ("ticket.created", &json!(1)), "{first:?}");
        assert_eq!(first.data["sequence"], 1, "nothing came before it");
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
