//! Two teams of one company: an agent sees the mail of their own, and of the other not even that it is there.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use guichet_tests::api::{Api, BASE, Response};
use guichet_tests::events::Events;
use guichet_tests::installation::{Installation, Server};
use guichet_tests::smtp::Client;
use serde_json::{Value, json};

use crate::agent::{Agent, Written};
use crate::furnished::{Furnished, WORD, furnished, person, upload};
use crate::isolation::operations;
use crate::letters::{every, letter};

const SALES: &str = "sales@demo.desk.localhost";
const BILLING: &str = "billing@demo.desk.localhost";
const ADA: &str = "ada@customer.example";
/// Writes to Billing alone.
const CARL: &str = "carl@clandestine.example";

/// What belongs to a team; all else of the company its people may read.
const OF_TEAMS: [&str; 8] =
    ["tickets", "messages", "deliveries", "contacts", "drafts", "views", "suppressions", "tokens"];

#[test]
fn promise_7_an_agent_of_another_team_gets_404_for_all_that_a_ticket_has() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    let company = furnished(&server)?;
    entrust(&company)?;
    let agent = person(&server, "demo", "sam@demo.desk.localhost", &["--team", "first"])?;
    let of_team =
        |path: &&(String, String)| OF_TEAMS.iter().any(|list| path.1.contains(&format!("/{list}/{{")));
    let mut walked = 0;
    for (method, path) in operations(&company.api)?.iter().filter(of_team) {
        let filled = company.filled(path)?;
        let fields = [("Content-Type", "application/json"), ("If-Match", "*")];
        let answer = agent.request(method, &format!("{BASE}{filled}"), &fields, b"{}")?;
        let expected = if path.starts_with("/tokens/") { 403 } else { 404 };
        assert_eq!(answer.status, expected, "{method} {filled}: {}", answer.text());
        walked += 1;
    }
    assert!(walked >= 45, "only {walked} addresses: is this the whole document?");
    let insider = person(&server, "demo", "ina@demo.desk.localhost", &["--team", WORD])?;
    for path in ["/tickets/{number}", "/messages/{id}/raw", "/deliveries/{id}", "/views/{id}"] {
        insider.read(&company.filled(path)?)?;
    }
    Ok(())
}

/// Gives the ticket and the saved view to one team.
fn entrust(company: &Furnished) -> Result<()> {
    let team = company.id("teams")?.parse::<u64>()?;
    company.browser.send("PATCH", "/tickets/1", Some(&json!({ "team": team })))?.expect(200)?;
    let view = format!("/views/{}", company.id("views")?);
    company.browser.send("PATCH", &view, Some(&json!({ "teams": [team] })))?.expect(200)?;
    Ok(())
}

/// The company with both teams, their channels and an agent of each.
struct Company<'a> {
    server: &'a Server<'a>,
    admin: Agent,
    sam: Api,
    bea: Api,
    sales: u64,
    billing: u64,
}

impl<'a> Company<'a> {
    fn of(server: &'a Server<'a>) -> Result<Self> {
        let team = |name: &str, channel: &str| {
            let made = server.operator(&["team", "add", "demo", name])?;
            server.operator(&["channel", "add", "demo", channel, "--team", name])?;
            made["id"].as_u64().context("no team")
        };
        let (sales, billing) = (team("Sales", SALES)?, team("Billing", BILLING)?);
        let sam = person(server, "demo", "sam@demo.desk.localhost", &["--team", "Sales"])?;
        let bea = person(server, "demo", "bea@demo.desk.localhost", &["--team", "Billing"])?;
        Ok(Self { server, admin: Agent::of(server)?, sam, bea, sales, billing })
    }

    fn mail(&mut self, from: &str, to: &[&str], subject: &str) -> Result<Vec<u64>> {
        let mail = letter(from, &to.join(", "), subject, "");
        Client::greet(self.server.smtp, "client.example")?.send(from, to, &mail)?.expect(250)?;
        to.iter().map(|_| self.admin.next_ticket()).collect()
    }

    /// One mail to both teams, one to each, an answer of each, and what Billing notes: the tickets of Sales, then those of
    /// Billing.
    fn busy(&mut self) -> Result<[Vec<u64>; 2]> {
        let both = self.mail(ADA, &[SALES, BILLING], "to both")?;
        let team = |ticket: &u64| anyhow::Ok(self.admin.ticket(*ticket)?["team"].as_u64());
        let is_first = team(&both[0])? == Some(self.sales);
        let (ours, theirs) = if is_first { (both[0], both[1]) } else { (both[1], both[0]) };
        let own = self.mail(ADA, &[SALES], "for Sales")?;
        let hidden = self.mail(CARL, &[BILLING], WORD)?;
        let (sam, bea) = (Agent::by(self.sam.clone())?, Agent::by(self.bea.clone())?);
        sam.reply(own[0], json!({}))?.delivery()?;
        let file = upload(&self.bea, "clandestine.txt", b"clandestine")?;
        bea.reply(hidden[0], json!({ "attachments": [file], "text": WORD }))?;
        bea.post(&format!("/tickets/{}/messages", hidden[0]), &json!({ "kind": "note", "text": WORD }))?
            .expect(201)?;
        bea.post("/drafts", &json!({ "subject": WORD, "text": WORD }))?.expect(201)?;
        bea.post("/views", &json!({ "name": WORD, "filter": {} }))?.expect(201)?;
        let company = json!({ "name": "Customer", "domains": ["clandestine.example", "customer.example"] });
        self.admin.post("/companies", &company)?.expect(201)?;
        Ok([vec![ours, own[0]], vec![theirs, hidden[0]]])
    }
}

fn numbers(list: &[Value], member: &str) -> BTreeSet<u64> {
    list.iter().filter_map(|item| item[member].as_u64()).collect()
}

#[test]
fn promise_7_lists_searches_and_counts_show_an_agent_their_teams_alone() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    let mut company = Company::of(&server)?;
    let [ours, theirs] = company.busy()?;
    let (sam, billing) = (&company.sam, company.billing);
    let seen: BTreeSet<u64> = ours.iter().copied().collect();

    assert_eq!(numbers(&every(sam, "/tickets")?, "number"), seen);
    let contact = sam.get("/contacts?address=ada%40customer.example")?["items"][0]["id"].clone();
    let customer = sam.get("/companies?name=customer")?["items"][0]["id"].clone();
    for query in [format!("team={billing}"), format!("requester={contact}"), format!("company={customer}")] {
        let found = numbers(items(&sam.get(&format!("/tickets?{query}"))?)?, "number");
        assert!(
            found.is_subset(&seen) && found.is_empty() == query.starts_with("team"),
            "{query}: {found:?}"
        );
    }
    for list in [format!("/contacts/{contact}/tickets"), format!("/companies/{customer}/tickets")] {
        assert_eq!(numbers(&every(sam, &list)?, "number"), seen, "{list}");
    }
    for list in [format!("/contacts/{contact}/messages"), format!("/companies/{customer}/messages")] {
        assert_eq!(numbers(&every(sam, &list)?, "ticket"), seen, "{list}");
    }
    assert_eq!(numbers(&every(sam, "/deliveries")?, "ticket"), BTreeSet::from([ours[1]]));
    assert_eq!(
        every(sam, &format!("/tickets/{}/links", ours[0]))?,
        Vec::<Value>::new(),
        "its twin is hidden"
    );
    assert_eq!(every(&company.admin.api, &format!("/tickets/{}/links", ours[0]))?.len(), 1);
    let counted = |api: &Api, view: &str| {
        let counts = api.get("/views/counts")?;
        let found = items(&counts)?.iter().find(|count| count["view"] == view).cloned();
        anyhow::Ok(found.with_context(|| format!("no count of {view}"))?["tickets"].as_u64())
    };
    // Both answered a ticket, which is pending since; one each is left in the inbox.
    assert_eq!((counted(sam, "inbox")?, counted(&company.admin.api, "inbox")?), (Some(1), Some(2)));
    nothing_is_told(sam, &company.admin.api)?;
    assert!(sam.request("GET", &format!("{BASE}/tickets/{}", theirs[0]), &[], b"")?.status == 404);
    Ok(())
}

fn items(page: &Value) -> Result<&Vec<Value>> {
    page["items"].as_array().with_context(|| format!("no list: {page}"))
}

/// No list that the document knows has the word in it for the agent.
fn nothing_is_told(agent: &Api, admin: &Api) -> Result<()> {
    let searches =
        ["/contacts?name=ada", "/contacts?address=carl%40clandestine.example", "/tickets?state=pending"];
    let lists: Vec<String> = operations(admin)?
        .into_iter()
        .filter(|(method, path)| {
            method == "GET" && !path.contains('{') && path != "/events" && path != "/openapi.json"
        })
        .map(|(_, path)| path)
        .chain(searches.map(str::to_owned))
        // What the company says of its customers' companies all its people may read.
        .filter(|path| path != "/companies")
        .collect();
    for list in lists {
        let answer = agent.request("GET", &format!("{BASE}{list}"), &[], b"")?;
        assert!([200, 403].contains(&answer.status), "{list}: {}", answer.text());
        assert!(!answer.text().contains(WORD), "{list}: {}", answer.text());
    }
    Ok(())
}

#[test]
fn promise_7_what_another_team_has_is_of_no_use_in_a_request() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    let mut company = Company::of(&server)?;
    let [ours, theirs] = company.busy()?;
    let agent = Agent::by(company.sam.clone())?;
    let carl = company.bea.get("/contacts?address=carl%40clandestine.example")?["items"][0]["id"].clone();
    let message = company.bea.get(&format!("/tickets/{}/messages", theirs[1]))?["items"][0]["id"].clone();
    let file = upload(&company.bea, "clandestine.txt", b"clandestine")?;
    let own = format!("/tickets/{}", ours[1]);
    let reply = |more: &str, value: &Value| json!({ "kind": "reply", "text": "mine", more: value });
    // Each beside the same with a number that nobody has: they are answered alike.
    let requests = [
        (format!("{own}/merge"), json!({ "into": theirs[1] }), json!({ "into": 999_999 })),
        (format!("{own}/split"), json!({ "messages": [message] }), json!({ "messages": [999_999] })),
        (format!("{own}/requester"), json!({ "contact": carl }), json!({ "contact": 999_999 })),
        (format!("{own}/messages"), reply("answers", &message), reply("answers", &json!(999_999))),
        (format!("{own}/messages"), reply("contacts", &json!([carl])), reply("contacts", &json!([999_999]))),
        (
            format!("{own}/messages"),
            reply("attachments", &json!([file])),
            reply("attachments", &json!(["aaaaaaaaaaaaa"])),
        ),
    ];
    for (path, named, absent) in requests {
        let (hidden, nothing) = (agent.post(&path, &named)?, agent.post(&path, &absent)?);
        assert!([404, 422].contains(&hidden.status), "{path} {named}: {}", hidden.text());
        assert_eq!(words(&hidden, &file), words(&nothing, "aaaaaaaaaaaaa"), "{path} {named}");
    }
    assert_eq!(agent.messages(ours[1])?.len(), 2, "nothing was written");
    Ok(())
}

/// What an answer says, but for the number or the id that was asked for.
fn words(answer: &Response, id: &str) -> String {
    answer.text().replace(id, "").chars().filter(|sign| !sign.is_ascii_digit()).collect()
}

/// The tickets that events name, until one of this kind about this ticket.
fn heard(events: &mut Events, kind: &str, ticket: u64) -> Result<Vec<(String, u64)>> {
    let mut heard = Vec::new();
    loop {
        let event = events.next_event()?;
        let about = event.data["ticket"].as_u64().with_context(|| format!("about nothing: {event:?}"))?;
        heard.push((event.event.clone(), about));
        if (event.event.as_str(), about) == (kind, ticket) {
            return Ok(heard);
        }
    }
}

#[test]
fn promise_7_an_agent_hears_of_their_teams_alone_and_that_a_ticket_left_them() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    let mut company = Company::of(&server)?;
    let mut live = company.sam.events(None)?;
    let [ours, theirs] = company.busy()?;
    let leaving = format!("/tickets/{}", ours[0]);
    let fields = [("Content-Type", "application/json")];
    let body = json!({ "team": company.billing }).to_string();
    company.admin.api.request("PATCH", &format!("{BASE}{leaving}"), &fields, body.as_bytes())?.expect(200)?;
    Agent::by(company.bea.clone())?.reply(ours[0], json!({}))?;
    let last = company.mail(ADA, &[SALES], "the last one")?[0];

    for events in [&mut live, &mut company.sam.events(Some("0"))?] {
        let heard = heard(events, "ticket.created", last)?;
        let about: BTreeSet<u64> = heard.iter().map(|(_, ticket)| *ticket).collect();
        assert_eq!(about, BTreeSet::from([ours[0], ours[1], last]), "{heard:?}");
        assert!(!about.contains(&theirs[0]) && !about.contains(&theirs[1]));
        let of_leaving = heard.iter().filter(|(_, ticket)| *ticket == ours[0]);
        let kinds: Vec<&str> = of_leaving.map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["ticket.created", "ticket.changed"], "that it went, and no more");
    }
    assert_eq!(company.sam.request("GET", &format!("{BASE}{leaving}"), &[], b"")?.status, 404);
    let written: Written = Agent::by(company.bea.clone())?.reply(ours[0], json!({}))?;
    let raw = format!("{BASE}/messages/{}/raw", written.0["message"]["id"]);
    assert_eq!(company.sam.request("GET", &raw, &[], b"")?.status, 404);
    Ok(())
}

#[test]
fn promise_7_who_names_whom_another_team_knows_gets_a_contact_of_their_own() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    let mut company = Company::of(&server)?;
    let [_, theirs] = company.busy()?;
    let carl = company.bea.get("/contacts?address=carl%40clandestine.example")?["items"][0].clone();
    let path = format!("{BASE}/contacts/{}", carl["id"]);
    let fields = [("Content-Type", "application/json")];
    let noted = json!({ "name": "Carl Clandestine", "note": "pays late" }).to_string();
    company.bea.request("PATCH", &path, &fields, noted.as_bytes())?.expect(200)?;

    let sam = Agent::by(company.sam.clone())?;
    let own = sam.post("/contacts", &json!({ "addresses": [CARL] }))?.expect(201)?.json()?;
    assert_eq!((&own["name"], &own["note"], &own["merged"]), (&Value::Null, &json!(""), &json!([])));
    assert!(own["id"] != carl["id"] && own["created"] != carl["created"], "{own}");
    let channel = every(&sam.api, "/channels")?.into_iter().find(|channel| channel["address"] == SALES);
    let channel = channel.context("no channel")?["id"].clone();
    let letter = json!({ "channel": channel, "to": [CARL], "subject": "Hello", "text": "Who are you?" });
    let written = Written(sam.post("/tickets", &letter)?.expect(201)?.json()?);
    assert_eq!(
        sam.ticket(written.0["ticket"]["number"].as_u64().context("no number")?)?["requester"],
        own["id"]
    );
    assert_eq!(sam.api.request("GET", &path, &[], b"")?.status, 404);

    // The admin, who sees both, makes them one.
    let into = json!({ "into": carl["id"] });
    company.admin.post(&format!("/contacts/{}/merge", own["id"]), &into)?.expect(200)?;
    let tickets = numbers(&every(&company.admin.api, &format!("/contacts/{}/tickets", own["id"]))?, "number");
    assert_eq!(tickets.len(), 2, "{tickets:?}");
    assert!(tickets.contains(&theirs[1]));
    Ok(())
}
