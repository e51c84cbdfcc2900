//! Mail between addresses of this server: it arrives, once, and starts no loop.

use anyhow::{Context, Result};
use guichet_tests::installation::Server;
use serde_json::{Value, json};

use crate::agent::{Agent, Written};
use crate::customer::{CHANNEL, ORGANISATION, World, journey};
use crate::letters::every;

const BILLING: &str = "billing@demo.desk.example";
const HELP: &str = "help@other.desk.example";

/// Two channels that answer by themselves, so that a loop would show.
fn channels(server: &Server<'_>) -> Result<()> {
    server.operator(&["channel", "add", ORGANISATION, BILLING, "--name", "Billing"])?;
    for channel in [CHANNEL, BILLING] {
        server.operator(&["channel", "set", ORGANISATION, channel, "--auto-reply", "We have your mail."])?;
    }
    Ok(())
}

/// A new mail from the first channel.
fn write(agent: &Agent, to: &str) -> Result<Written> {
    let channel = &every(&agent.api, "/channels")?[0]["id"];
    let body = json!({ "channel": channel, "to": [to], "subject": "Invoice 7", "text": "Who takes this?" });
    Ok(Written(agent.post("/tickets", &body)?.expect(201)?.json()?))
}

fn tickets(agent: &Agent) -> Result<Vec<Value>> {
    every(&agent.api, "/tickets")
}

#[test]
fn from_one_channel_to_another_it_is_one_ticket_there_and_the_answer_comes_back() -> Result<()> {
    journey(&[], |_world| {
        let place = World::guichet()?;
        let server = place.start()?;
        channels(&server)?;
        let mut agent = Agent::of(&server)?;
        let written = write(&agent, BILLING)?;
        agent.until(&written.delivery()?, "delivered")?;
        let (here, all) = (&written.0["ticket"]["number"], tickets(&agent)?);
        assert_eq!(all.len(), 2, "{all:?}");
        let there = all.iter().find(|ticket| ticket["number"] != *here).context("no other ticket")?;
        assert_eq!(there["message_count"], 1, "it arrived once, and was not answered: {there}");
        assert_eq!(every(&agent.api, "/deliveries")?.len(), 1);

        let answer = agent.reply(there["number"].as_u64().context("no number")?, json!({}))?;
        agent.until(&answer.delivery()?, "delivered")?;
        assert_eq!(tickets(&agent)?.len(), 2, "the answer began no third");
        assert_eq!(agent.ticket(here.as_u64().context("no number")?)?["message_count"], 2);
        assert_eq!(every(&agent.api, "/deliveries")?.len(), 2);
        Ok(())
    })
}

#[test]
fn from_a_channel_to_itself_it_arrives_once() -> Result<()> {
    journey(&[], |_world| {
        let place = World::guichet()?;
        let server = place.start()?;
        channels(&server)?;
        let mut agent = Agent::of(&server)?;
        let written = write(&agent, CHANNEL)?;
        agent.until(&written.delivery()?, "delivered")?;
        let all = tickets(&agent)?;
        // It is there already: what comes back is known as the same mail.
        assert_eq!((all.len(), &all[0]["message_count"]), (1, &json!(1)), "{all:?}");
        assert_eq!(every(&agent.api, "/deliveries")?.len(), 1, "no answer was sent");
        Ok(())
    })
}

#[test]
fn to_another_organisation_on_the_same_server_it_is_a_strangers_mail() -> Result<()> {
    journey(&[], |_world| {
        let place = World::guichet()?;
        let server = place.start()?;
        channels(&server)?;
        server.operator(&["organisation", "add", "other"])?;
        server.operator(&["channel", "add", "other", HELP])?;
        server.operator(&["channel", "set", "other", HELP, "--auto-reply", "We have your mail."])?;
        server.operator(&["person", "add", "other", "eve@other.desk.example", "--role", "admin"])?;
        let words = ["token", "add", "other", "eve@other.desk.example", "--name", "all", "--scope", "all"];
        let secret = server.operator(&words)?["secret"].as_str().context("no secret")?.to_owned();
        let mut agent = Agent::of(&server)?;
        let mut other = Agent::by(server.api_as(Some(&secret)))?;

        let written = write(&agent, HELP)?;
        let ticket = other.next_ticket()?;
        agent.until(&written.delivery()?, "delivered")?;
        assert_eq!(
            other.ticket(ticket)?["message_count"],
            1,
            "never an automatic answer to an address of ours"
        );
        let answer = other.reply(ticket, json!({}))?;
        other.until(&answer.delivery()?, "delivered")?;
        let number = written.0["ticket"]["number"].as_u64().context("no number")?;
        assert_eq!(agent.ticket(number)?["message_count"], 2, "its answer comes back to the ticket");
        assert_eq!(tickets(&agent)?.len(), 1);
        assert_eq!(every(&agent.api, "/deliveries")?.len(), 1);
        assert_eq!(every(&other.api, "/deliveries")?.len(), 1);
        Ok(())
    })
}
