//! An agent answers, and the customer reads it: signed, over TLS, at a real server, and what they answer finds its way back.

use anyhow::{Context, Result, ensure};
use guichet_tests::mailbox::Mail;
use guichet_tests::postfix::Postfix;
use guichet_tests::python;
use serde_json::{Value, json};

use crate::agent::{Agent, Written};
use crate::customer::{ADA, CHANNEL, OUR_HOST, OURS, THEIR_HOST, World, hosts, journey};

/// Ada's question became this ticket, was answered, and the answer is in her mailbox.
fn answered(world: &World, agent: &mut Agent, postfix: &Postfix) -> Result<(u64, Written, Mail)> {
    let mail = world.letter(CHANNEL, "Invoice 7", "Message-ID: <first@customer.example>\r\n")?;
    World::submit(postfix, CHANNEL, &mail)?;
    let ticket = agent.next_ticket().with_context(|| postfix.log())?;
    let written = agent.reply(ticket, json!({}))?;
    agent.until(&written.delivery()?, "delivered").with_context(|| postfix.log())?;
    let mail = postfix.mails(1)?.pop().context("no mail")?;
    Ok((ticket, written, mail))
}

#[test]
fn an_answer_reaches_the_customers_server_over_tls_and_proves_who_wrote_it() -> Result<()> {
    if !python::is_there() {
        return Ok(());
    }
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        world.publish_keys(&server)?;
        let mut agent = Agent::of(&server)?;
        let postfix = Postfix::start(&World::their_server()?)?;
        let (ticket, written, mail) = answered(world, &mut agent, &postfix)?;

        let delivery = agent.delivery(&written.delivery()?)?;
        let attempt = &delivery["attempts"][0];
        assert_eq!((&attempt["host"], &attempt["code"]), (&json!(THEIR_HOST), &json!(250)), "{attempt}");
        let (tls, words) = (attempt["tls"].as_str(), attempt["text"].as_str());
        ensure!(tls.is_some_and(|tls| tls.starts_with("TLSv1.3 TLS_")), "{attempt}");
        ensure!(words.is_some_and(|words| words.contains("queued as")), "Postfix's own words: {attempt}");
        let received = mail.field("Received");
        ensure!(
            received.starts_with(&format!("from {OUR_HOST} ")) && received.contains("TLSv1.3"),
            "{received}"
        );

        assert_eq!(mail.address("To"), ADA);
        ensure!(
            mail.field("To").contains("Ada Lovelace"),
            "the contact's name is kept: {}",
            mail.field("To")
        );
        assert_eq!(mail.address("From"), CHANNEL);
        assert_eq!(mail.field("In-Reply-To"), "<first@customer.example>");
        assert_eq!(mail.field("References"), "<first@customer.example>");
        assert_eq!(mail.address("Message-ID"), written.message_id()?);
        ensure!(mail.text().contains("multipart/alternative"), "{}", mail.text());
        assert_eq!(agent.ticket(ticket)?["state"], "pending");

        let bounces_to = mail.address("Return-Path");
        ensure!(bounces_to.starts_with("bounce+") && bounces_to.ends_with(OURS), "{bounces_to}");
        let proven = python::authenticate(&mail, &hosts()[0].to_string(), &bounces_to, OUR_HOST)?;
        proves_all(&proven, &mail)
    })
}

/// SPF, both signatures and DMARC.
pub(crate) fn proves_all(proven: &Value, mail: &Mail) -> Result<()> {
    let signatures = proven["signatures"].as_array().context("no signatures")?;
    let mut algorithms: Vec<&str> = signatures.iter().filter_map(|one| one["algorithm"].as_str()).collect();
    algorithms.sort_unstable();
    assert_eq!(algorithms, ["ed25519-sha256", "rsa-sha256"], "{}", mail.text());
    ensure!(signatures.iter().all(|one| one["passes"] == true), "{proven}\n{}", mail.text());
    let results = proven["results"].as_str().unwrap_or_default();
    for pass in ["spf=pass", "dkim=pass", "dmarc=pass"] {
        ensure!(results.contains(pass), "{pass}: {results}");
    }
    Ok(())
}

#[test]
fn the_customers_answer_finds_its_ticket_by_the_reply_address_alone() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        world.publish_keys(&server)?;
        let mut agent = Agent::of(&server)?;
        let postfix = Postfix::start(&World::their_server()?)?;
        let (ticket, _, mail) = answered(world, &mut agent, &postfix)?;
        let reply_to = mail.address("Reply-To");
        ensure!(reply_to.starts_with("support+") && reply_to.ends_with(OURS), "{reply_to}");

        // A server or a mail program on the way has taken In-Reply-To and References away, and the subject is new.
        World::submit(&postfix, &reply_to, &world.letter(&reply_to, "One more thing", "")?)?;
        let message = agent.next_message().with_context(|| postfix.log())?;
        assert_eq!((&message["ticket"], &message["marked"]), (&json!(ticket), &json!(false)), "{message}");
        let after = agent.ticket(ticket)?;
        assert_eq!((&after["state"], &after["message_count"]), (&json!("open"), &json!(3)), "{after}");
        Ok(())
    })
}

#[test]
fn promise_4_a_forged_reply_address_is_kept_aside_and_changes_nothing() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let postfix = Postfix::start(&World::their_server()?)?;
        let (ticket, _, mail) = answered(world, &mut agent, &postfix)?;
        let before = agent.ticket(ticket)?;

        let genuine = mail.address("Reply-To");
        let forged = forged(&genuine);
        World::submit(&postfix, &forged, &world.letter(&forged, "Re: Invoice 7", "")?)?;
        let aside = agent.next("message.quarantined").with_context(|| postfix.log())?;
        let aside = agent.quarantined(&aside.data["message"])?;
        assert_eq!(aside["ticket"], Value::Null);
        let why = aside["quarantine"].as_str().unwrap_or_default();
        ensure!(why.contains("never gave"), "{why}");
        assert_eq!(agent.ticket(ticket)?, before, "the ticket is as it was");
        Ok(())
    })
}

/// The same address with one letter of its token changed.
pub(crate) fn forged(address: &str) -> String {
    let at = address.find('+').map_or(0, |plus| plus + 1);
    let other = if address[at..].starts_with('a') { "b" } else { "a" };
    format!("{}{other}{}", &address[..at], &address[at + 1..])
}

#[test]
fn an_authenticated_answer_finds_its_ticket_by_its_reference_alone() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        world.publish_keys(&server)?;
        let mut agent = Agent::of(&server)?;
        let postfix = Postfix::start(&World::their_server()?)?;
        let (ticket, written, _) = answered(world, &mut agent, &postfix)?;

        let answers = format!("In-Reply-To: <{}>\r\n", written.message_id()?);
        World::submit(&postfix, CHANNEL, &world.letter(CHANNEL, "Re: Invoice 7", &answers)?)?;
        assert_eq!(agent.next_message()?["ticket"], ticket, "by its reference alone");
        let again = agent.reply(ticket, json!({}))?;
        agent.until(&again.delivery()?, "delivered")?;
        let mails = postfix.mails(2)?;
        let last = mails.last().context("no mail")?;
        ensure!(last.field("References").contains(&written.message_id()?), "{}", last.field("References"));
        Ok(())
    })
}
