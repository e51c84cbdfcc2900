//! A machine at the other end that answers every mail of ours: the exchange ends.

use anyhow::{Context, Result, ensure};
use guichet_tests::installation::Server;
use guichet_tests::mailbox::Mail;
use guichet_tests::postfix::Postfix;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::customer::{ADA, CHANNEL, ORGANISATION, THEIRS, World, journey};
use crate::letters::every;

/// However patient the machine, it never gets so many mails of ours.
const ANSWERS_MAX: usize = 60;

fn first_answer_on(server: &Server<'_>) -> Result<()> {
    let words = ["channel", "set", ORGANISATION, CHANNEL, "--auto-reply", "We have your mail."];
    server.operator(&words).map(drop)
}

/// The only automatic mail of a ticket, if it has one.
fn first_answer(agent: &Agent, ticket: u64) -> Result<Option<Value>> {
    let mut messages = agent.messages(ticket)?;
    messages.retain(|message| message["kind"] == "automatic");
    ensure!(messages.len() <= 1, "{messages:?}");
    Ok(messages.pop())
}

fn is_marked(answer: &Mail) {
    assert_eq!(answer.field("Auto-Submitted"), "auto-replied");
    assert_eq!(answer.address("Return-Path"), "", "nothing answers the null sender, but this machine");
    assert!(!answer.text().contains("Invoice"), "it quotes nothing: {}", answer.text());
}

#[test]
fn promise_5_a_machine_that_answers_every_mail_gets_one() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        world.publish_keys(&server)?;
        first_answer_on(&server)?;
        let mut agent = Agent::of(&server)?;
        let postfix = Postfix::start(&World::their_server()?)?;
        World::submit(&postfix, CHANNEL, &world.letter(CHANNEL, "Invoice 7", "")?)?;
        let ticket = agent.next_ticket().with_context(|| postfix.log())?;
        first_answer(&agent, ticket)?.context("no first answer")?;
        let answer = postfix.mails(1)?.pop().context("no mail")?;
        is_marked(&answer);

        // It answers, as RFC 3834 has it, to the envelope's sender where there is one; ours are empty, so to From.
        for (number, to) in [answer.address("From"), reply_address(&answer)].iter().enumerate() {
            let more = format!(
                "Message-ID: <auto-{number}@{THEIRS}>\r\nIn-Reply-To: <{}>\r\nAuto-Submitted: auto-replied\r\n",
                answer.address("Message-ID")
            );
            World::submit(&postfix, to, &world.letter(to, "Automatic reply", &more)?)?;
            let noted = agent.next_message().with_context(|| postfix.log())?;
            assert_eq!((&noted["ticket"], &noted["automatic"]), (&json!(ticket), &json!("reply")), "{noted}");
        }
        assert_eq!(every(&agent.api, "/deliveries")?.len(), 1, "one mail of ours, and no more");
        assert_eq!(every(&agent.api, "/tickets")?.len(), 1);
        Ok(())
    })
}

/// Where answers to it are asked for.
fn reply_address(mail: &Mail) -> String {
    let asked = mail.address("Reply-To");
    if asked.is_empty() { mail.address("From") } else { asked }
}

/// zammad#5113: as Gmail writes it, without a word of Microsoft's.
#[test]
fn case_14_an_out_of_office_answer_is_noted_and_the_ticket_stays_as_it_is() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let postfix = Postfix::start(&World::their_server()?)?;
        World::submit(&postfix, CHANNEL, &world.letter(CHANNEL, "Invoice 7", "")?)?;
        let ticket = agent.next_ticket().with_context(|| postfix.log())?;
        let written = agent.reply(ticket, json!({}))?;
        agent.until(&written.delivery()?, "delivered").with_context(|| postfix.log())?;
        let mail = postfix.mails(1)?.pop().context("no mail")?;

        // Such answers go to the envelope's sender (RFC 3834, 4), those of other programs to Reply-To.
        for (number, to) in [mail.address("Return-Path"), mail.address("Reply-To")].iter().enumerate() {
            let more = format!(
                "Message-ID: <away-{number}@{THEIRS}>\r\nAuto-Submitted: auto-replied (vacation)\r\n"
            );
            World::submit(&postfix, to, &world.letter(to, "Out of office", &more)?)?;
            let noted = agent.next_message().with_context(|| postfix.log())?;
            assert_eq!((&noted["ticket"], &noted["automatic"]), (&json!(ticket), &json!("reply")), "{noted}");
            let after = agent.ticket(ticket)?;
            assert_eq!((&after["state"], &after["attention"]), (&json!("pending"), &json!(false)), "{after}");
        }
        assert_eq!(agent.delivery(&written.delivery()?)?["state"], "delivered");
        Ok(())
    })
}

/// osTicket#1041, chatwoot#5131: it marks nothing, and its address is another one each time.
#[test]
fn promise_5_a_machine_that_hides_and_changes_its_address_comes_to_an_end() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        world.publish_keys(&server)?;
        first_answer_on(&server)?;
        let mut agent = Agent::of(&server)?;
        let postfix = Postfix::start(&World::their_server()?)?;
        let mut from = ADA.to_owned();
        let mut answers = 0;
        loop {
            let id = format!("Message-ID: <robot-{answers}@{THEIRS}>\r\n");
            let mail = world.letter_of(&from, CHANNEL, &format!("Invoice {answers}"), &id)?;
            World::submit_from(&postfix, &from, CHANNEL, &mail)?;
            let ticket = agent.next_ticket().with_context(|| postfix.log())?;
            if first_answer(&agent, ticket)?.is_none() {
                break;
            }
            answers += 1;
            ensure!(answers < ANSWERS_MAX, "it never ends");
            let mails = postfix.mails(answers)?;
            let answer = mails.iter().find(|mail| mail.field("Delivered-To") == from).context("no answer")?;
            is_marked(answer);
            from = format!("ada{answers}@{THEIRS}");
        }
        ensure!(answers > 1, "each of its first addresses was answered once");
        Ok(())
    })
}
