//! What tickets go through in the hands of two agents at once, with a customer who keeps answering: drafts, snooze, merge,
//! split, trash. The power goes between the acts.

use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use guichet_tests::api::{Api, BASE, Response};
use guichet_tests::installation::{Installation, Server};
use guichet_tests::mailbox::Mail;
use guichet_tests::postfix::Postfix;
use guichet_tests::wait::in_secs;
use serde_json::{Value, json};

use crate::agent::{Agent, Written};
use crate::customer::{CHANNEL, ORGANISATION, World, journey};
use crate::furnished::{person, upload};
use crate::letters::every;

const DAY_SECS: i64 = 24 * 3_600;
const FIRST: &str = "Message-ID: <first@customer.example>\r\n";
const SECOND: &str = "Message-ID: <second@customer.example>\r\n";

/// Two agents of a team and the admin, on a server that runs just now.
struct Office {
    admin: Agent,
    sam: Api,
    bea: Api,
    tokens: [String; 2],
}

impl Office {
    /// The team, its agents and the channel that is theirs.
    fn open(server: &Server<'_>) -> Result<Self> {
        server.operator(&["team", "add", ORGANISATION, "Support"])?;
        let admin = Agent::of(server)?;
        let team = admin.api.get("/teams")?["items"][0]["id"].clone();
        change(&admin.api, "PATCH", "/channels/1", &json!({ "team": team }))?.expect(200)?;
        let agent = |name: &str| {
            person(server, ORGANISATION, &format!("{name}@demo.desk.example"), &["--team", "Support"])
        };
        let (sam, bea) = (agent("sam")?, agent("bea")?);
        let tokens = [&sam, &bea].map(|api| api.token().unwrap_or_default().to_owned());
        Ok(Self { admin, sam, bea, tokens })
    }

    /// The same people after the server was killed and is there again.
    fn again(self, server: &Server<'_>) -> Result<Self> {
        let [sam, bea] = [0, 1].map(|at| server.api_as(Some(&self.tokens[at])));
        Ok(Self { admin: Agent::of(server)?, sam, bea, tokens: self.tokens })
    }

    /// Sends an answer and waits until the customer's server has it: her copy.
    fn answer(&mut self, ticket: u64, postfix: &Postfix) -> Result<Mail> {
        let before = postfix.delivered();
        let written = Agent::by(self.sam.clone())?.reply(ticket, json!({}))?;
        self.admin.until(&written.delivery()?, "delivered").with_context(|| postfix.log())?;
        postfix.mails(before + 1)?.pop().context("no mail")
    }

    /// The customer answers that mail: the ticket where it lands.
    fn answered(&mut self, world: &World, postfix: &Postfix, mail: &Mail, subject: &str) -> Result<u64> {
        let to = mail.address("Reply-To");
        World::submit(postfix, &to, &world.letter(&to, subject, "")?)?;
        let message = self.admin.next_message().with_context(|| postfix.log())?;
        message["ticket"].as_u64().context("in no ticket")
    }
}

/// Any change, with JSON.
fn change(api: &Api, method: &str, path: &str, body: &Value) -> Result<Response> {
    let fields = [("Content-Type", "application/json")];
    api.request(method, &format!("{BASE}{path}"), &fields, body.to_string().as_bytes())
}

/// Two requests at once, each as if it were alone.
fn at_once(one: (&Api, &str, &Value), other: (&Api, &str, &Value)) -> Result<[Response; 2]> {
    let post = |(api, path, body): (&Api, &str, &Value)| change(api, "POST", path, body);
    thread::scope(|scope| {
        let first = scope.spawn(|| post(one));
        let second = post(other)?;
        Ok([first.join().map_err(|_| anyhow!("a panic"))??, second])
    })
}

/// The customer begins a ticket.
fn begun(world: &World, postfix: &Postfix, office: &mut Office, subject: &str, more: &str) -> Result<u64> {
    World::submit(postfix, CHANNEL, &world.letter(CHANNEL, subject, more)?)?;
    office.admin.next_ticket().with_context(|| postfix.log())
}

/// An agent leaves a draft with a file; the other does not see it.
fn drafts(office: &Office, ticket: u64) -> Result<()> {
    let file = upload(&office.sam, "plan.txt", b"the plan of the house")?;
    let draft = json!({ "kind": "reply", "text": "Dear Ada, half a sen", "attachments": [file] });
    let path = format!("/tickets/{ticket}/draft");
    change(&office.sam, "PUT", &path, &draft)?.expect(200)?;
    office.bea.request("GET", &format!("{BASE}{path}"), &[], b"")?.expect(404)?;
    ensure!(every(&office.bea, "/drafts")?.is_empty(), "a draft is its author's");
    Ok(())
}

/// The draft is as it was left; sent from two windows at once it goes out once, with its file.
fn draft_is_sent(office: &mut Office, ticket: u64, postfix: &Postfix) -> Result<()> {
    let path = format!("/tickets/{ticket}/draft");
    let draft = office.sam.get(&path)?;
    assert_eq!(
        (&draft["text"], &draft["attachments"][0]["name"]),
        (&json!("Dear Ada, half a sen"), &json!("plan.txt"))
    );
    let send = format!("/drafts/{}/send", draft["id"].as_str().context("no id")?);
    let nothing = json!({});
    let window = (&office.sam, send.as_str(), &nothing);
    let [one, other] = at_once(window, window)?;
    let (one, other) = (one.expect(201)?.json()?, other.expect(201)?.json()?);
    assert_eq!(one["message"]["id"], other["message"]["id"], "the second is the answer of the first");
    office.admin.until(&Written(one).delivery()?, "delivered").with_context(|| postfix.log())?;
    let mail = postfix.mails(1)?.pop().context("no mail")?;
    ensure!(mail.text().contains("plan.txt"), "{}", mail.text());
    assert_eq!(every(&office.admin.api, "/deliveries")?.len(), 1);
    office.sam.request("GET", &format!("{BASE}{path}"), &[], b"")?.expect(404)?;
    Ok(())
}

/// A snoozed ticket is out of the way until the customer answers.
fn snooze(office: &mut Office, world: &World, postfix: &Postfix, ticket: u64) -> Result<()> {
    let mail = postfix.mails(1)?.pop().context("no mail")?;
    let until = json!({ "until": in_secs(DAY_SECS).to_string() });
    change(&office.bea, "PUT", &format!("/tickets/{ticket}/snooze"), &until)?.expect(200)?;
    ensure!(every(&office.sam, "/tickets")?.is_empty(), "it left the ordinary lists");
    assert_eq!(office.sam.get("/tickets?snoozed=true")?["items"][0]["number"], ticket);
    assert_eq!(office.answered(world, postfix, &mail, "Re: the house")?, ticket);
    let woken = office.admin.api.get(&format!("/tickets/{ticket}"))?;
    assert_eq!((&woken["snoozed_until"], &woken["state"]), (&Value::Null, &json!("open")), "{woken}");
    assert_eq!(every(&office.sam, "/tickets")?.len(), 1);
    Ok(())
}

/// Both agents merge, each the other way round: one is done, and what answers either lands there. The target, the source,
/// and the answers that the customer had in each.
fn merge(office: &mut Office, world: &World, postfix: &Postfix, tickets: [u64; 2]) -> Result<Merged> {
    let [one, other] = tickets;
    let mails = [office.answer(one, postfix)?, office.answer(other, postfix)?];
    let [first, second] = at_once(
        (&office.sam, &format!("/tickets/{one}/merge"), &json!({ "into": other })),
        (&office.bea, &format!("/tickets/{other}/merge"), &json!({ "into": one })),
    )?;
    let done = (first.status == 200, second.status == 200);
    ensure!(done.0 != done.1, "{} / {}", first.text(), second.text());
    let lost = if done.0 { second.status } else { first.status };
    ensure!([409, 422].contains(&lost), "the other is told so: {lost}");
    let [own, moved] = mails;
    let merged = if done.0 {
        Merged { target: other, source: one, of_target: moved, of_source: own }
    } else {
        Merged { target: one, source: other, of_target: own, of_source: moved }
    };
    for mail in [&merged.of_source, &merged.of_target] {
        assert_eq!(office.answered(world, postfix, mail, "Re: merged")?, merged.target);
    }
    let empty = office.sam.get(&format!("/tickets/{}", merged.source))?;
    assert_eq!(
        (&empty["merged_into"], &empty["state"]),
        (&json!(merged.target), &json!("closed")),
        "{empty}"
    );
    assert_eq!(every(&office.sam, &format!("/tickets/{}/messages", merged.source))?, Vec::<Value>::new());
    Ok(merged)
}

struct Merged {
    target: u64,
    source: u64,
    of_target: Mail,
    of_source: Mail,
}

/// Both agents take the same messages out again: one ticket comes of it, and each answer lands in the right one.
fn split(office: &mut Office, world: &World, postfix: &Postfix, merged: &Merged) -> Result<u64> {
    let own = merged.of_source.address("Message-ID");
    let messages = every(&office.sam, &format!("/tickets/{}/messages", merged.target))?;
    let wanted =
        messages.iter().find(|message| message["message_id"] == own.as_str()).context("no such message")?;
    let path = format!("/tickets/{}/split", merged.target);
    let body = json!({ "messages": [wanted["id"]], "subject": "Taken out" });
    let [first, second] = at_once((&office.sam, &path, &body), (&office.bea, &path, &body))?;
    let (done, refused) = if first.status == 201 { (first, second) } else { (second, first) };
    ensure!([404, 409, 422].contains(&refused.status), "the other is told so: {}", refused.text());
    let new = done.expect(201)?.json()?;
    let new = new["number"].as_u64().context("no number")?;
    assert_eq!(office.answered(world, postfix, &merged.of_source, "Re: taken out")?, new);
    assert_eq!(office.answered(world, postfix, &merged.of_target, "Re: left")?, merged.target);
    Ok(new)
}

/// Thrown away, taken back, thrown away and deleted for good: then nothing of it is there, and its mails are new.
fn trash(office: &mut Office, world: &World, postfix: &Postfix, merged: &Merged) -> Result<()> {
    let ticket = format!("/tickets/{}", merged.target);
    let messages = every(&office.sam, &format!("{ticket}/messages"))?;
    let before = office.sam.get(&ticket)?["state"].clone();
    let throw = json!({ "state": "trash" });
    change(&office.sam, "PATCH", &ticket, &throw)?.expect(200)?;
    ensure!(
        every(&office.sam, "/tickets")?.iter().all(|other| other["number"] != merged.target),
        "out of sight"
    );
    let back = change(&office.bea, "POST", &format!("{ticket}/restore"), &json!({}))?.expect(200)?.json()?;
    assert_eq!(back["state"], before);
    let admin = office.admin.api.clone();
    change(&admin, "DELETE", &ticket, &json!({}))?.expect(422).context("only out of the trash")?;
    change(&office.bea, "PATCH", &ticket, &throw)?.expect(200)?;
    change(&office.sam, "DELETE", &ticket, &json!({}))?.expect(403).context("only an admin")?;
    change(&admin, "DELETE", &ticket, &json!({}))?.expect(204)?;
    for message in &messages {
        for path in [format!("/messages/{}", message["id"]), format!("/messages/{}/raw", message["id"])] {
            admin.request("GET", &format!("{BASE}{path}"), &[], b"")?.expect(404)?;
        }
    }
    admin.request("GET", &format!("{BASE}{ticket}"), &[], b"")?.expect(404)?;

    let known = if merged.target == 1 { FIRST } else { SECOND };
    let again = begun(world, postfix, office, "The same mail", known)?;
    let to = merged.of_target.address("Reply-To");
    World::submit(postfix, &to, &world.letter(&to, "Re: gone", "")?)?;
    let late = office.admin.next_ticket().with_context(|| postfix.log())?;
    let numbers = [1, 2, again, late];
    ensure!(
        numbers.iter().all(|number| numbers.iter().filter(|other| *other == number).count() == 1),
        "{numbers:?}"
    );
    Ok(())
}

/// The power goes, and comes back.
fn killed<'a>(server: Server<'_>, place: &'a Installation) -> Result<Server<'a>> {
    server.kill()?;
    place.start()
}

#[test]
fn drafts_snooze_merge_split_and_trash_in_the_hands_of_two_agents() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        let postfix = Postfix::start(&World::their_server()?)?;
        let mut office = Office::open(&server)?;
        let first = begun(world, &postfix, &mut office, "The house", FIRST)?;
        drafts(&office, first)?;
        let server = killed(server, &place)?;
        let mut office = office.again(&server)?;
        draft_is_sent(&mut office, first, &postfix)?;
        snooze(&mut office, world, &postfix, first)?;
        let server = killed(server, &place)?;
        let mut office = office.again(&server)?;
        let second = begun(world, &postfix, &mut office, "The garden", SECOND)?;
        let merged = merge(&mut office, world, &postfix, [first, second])?;
        let server = killed(server, &place)?;
        let mut office = office.again(&server)?;
        let new = split(&mut office, world, &postfix, &merged)?;
        trash(&mut office, world, &postfix, &merged)?;
        assert_eq!(
            office.sam.get(&format!("/tickets/{new}"))?["subject"],
            "Taken out",
            "what was split off stays"
        );
        Ok(())
    })
}
