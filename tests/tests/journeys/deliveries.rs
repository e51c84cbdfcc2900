//! What became of an answer stands on its ticket, in the words of the server that had to take it.

use std::net::TcpListener;

use anyhow::{Context, Result, ensure};
use guichet_tests::certificate::Certificate;
use guichet_tests::installation::Server;
use guichet_tests::mailbox::Mail;
use guichet_tests::postfix::Postfix;
use guichet_tests::postgrey::Postgrey;
use guichet_tests::python;
use guichet_tests::smtp::Client;
use guichet_tests::wait::in_secs;
use serde_json::{Value, json};

use crate::agent::{Agent, last_words};
use crate::customer::{ADA, CHANNEL, OUR_HOST, THEIR_HOST, World, hosts, journey, their_address};
use crate::letters::every;

/// A ticket of Ada's, whose mail came without a server of hers.
fn ticket(world: &World, server: &Server<'_>, agent: &mut Agent) -> Result<u64> {
    let mail = world.letter(CHANNEL, "Invoice 7", "Message-ID: <first@customer.example>\r\n")?;
    Client::greet(server.smtp, THEIR_HOST)?.send(ADA, &[CHANNEL], &mail)?.expect(250)?;
    agent.next_ticket()
}

#[test]
fn a_server_that_is_busy_is_asked_again() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let busy = World::their_server()?.answering(&[(ADA, "450 4.2.1 The mailbox is busy")]);
        let postfix = Postfix::start(&busy)?;
        let ticket = ticket(world, &server, &mut agent)?;

        let delivery = agent.reply(ticket, json!({}))?.delivery()?;
        let deferred = agent.until(&delivery, "deferred").with_context(|| postfix.log())?;
        let (code, words) = last_words(&deferred);
        ensure!(code == 450 && words.contains("The mailbox is busy"), "{deferred:#}");
        assert_eq!(deferred["last_attempt"]["stage"], "rcpt");
        ensure!(deferred["due"].is_string(), "another attempt follows: {deferred:#}");

        postfix.change(&World::their_server()?)?;
        agent.act(&delivery, "retry")?;
        let delivered = agent.until(&delivery, "delivered").with_context(|| postfix.log())?;
        assert_eq!(delivered["attempts"].as_array().map(Vec::len), Some(2), "{delivered:#}");
        assert_eq!(postfix.mails(1)?.len(), 1);
        Ok(())
    })
}

#[test]
fn a_refusal_opens_the_ticket_and_nothing_more_goes_to_an_address_that_is_not_there() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let gone = World::their_server()?.answering(&[(ADA, "550 5.1.1 There is no Ada here")]);
        let postfix = Postfix::start(&gone)?;
        let ticket = ticket(world, &server, &mut agent)?;

        let delivery = agent.reply(ticket, json!({ "state": "closed" }))?.delivery()?;
        let bounced = agent.until(&delivery, "bounced").with_context(|| postfix.log())?;
        let (code, words) = last_words(&bounced);
        ensure!(code == 550 && words.contains("There is no Ada here"), "{bounced:#}");
        assert_eq!(bounced["last_attempt"]["status"], "5.1.1");
        let after = agent.ticket(ticket)?;
        assert_eq!((&after["state"], &after["attention"]), (&json!("open"), &json!(true)), "{after}");
        let suppressed = every(&agent.api, "/suppressions")?;
        assert_eq!(suppressed.iter().map(|entry| &entry["address"]).collect::<Vec<_>>(), [ADA]);

        let attempts = postfix.log().matches("There is no Ada here").count();
        let again = agent.reply(ticket, json!({}))?;
        assert_eq!(again.0["deliveries"][0]["state"], "suppressed", "{}", again.0);
        assert_eq!(postfix.log().matches("There is no Ada here").count(), attempts, "it was not even asked");
        Ok(())
    })
}

/// gophish/gophish#1604: a 5xx that is over tomorrow.
#[test]
fn case_19_a_quota_that_is_used_up_waits_for_the_next_one() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let words = "550 5.4.5 Daily user sending quota exceeded";
        let postfix = Postfix::start(&World::their_server()?.answering(&[(ADA, words)]))?;
        let ticket = ticket(world, &server, &mut agent)?;
        let delivery = agent.reply(ticket, json!({}))?.delivery()?;
        let deferred = agent.until(&delivery, "deferred").with_context(|| postfix.log())?;
        assert_eq!((last_words(&deferred).0, &deferred["last_attempt"]["retry"]), (550, &json!("late")));
        assert_eq!(every(&agent.api, "/suppressions")?.len(), 0);
        Ok(())
    })
}

/// Where postgrey listens.
const POLICY: ([u8; 4], u16) = ([127, 0, 0, 1], 10_023);

#[test]
fn greylisting_is_visited_again_soon() -> Result<()> {
    journey(&["postfix", "postgrey"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let postgrey = Postgrey::start(POLICY.into())?;
        let policy = format!("check_policy_service inet:{}", postgrey.address);
        let postfix = Postfix::start(&World::their_server()?.set("smtpd_recipient_restrictions", &policy))?;
        let ticket = ticket(world, &server, &mut agent)?;

        let delivery = agent.reply(ticket, json!({}))?.delivery()?;
        let first = agent.until(&delivery, "deferred").with_context(|| postfix.log())?;
        let last = &first["last_attempt"];
        ensure!(last_words(&first).1.contains("Greylisted"), "{first:#}");
        assert_eq!((&last["code"], &last["retry"]), (&json!(450), &json!("soon")), "{first:#}");

        // An agent who can't wait for the minute asks until it is let in.
        let mut attempts = 1;
        let delivered = loop {
            agent.act(&delivery, "retry")?;
            attempts += 1;
            let asked = agent.until_that(&delivery, |delivery| delivery["attempt_count"] == attempts)?;
            if asked["state"] == "delivered" {
                break asked;
            }
        };
        assert_eq!(postfix.mails(1)?.len(), 1, "{delivered:#}");
        Ok(())
    })
}

#[test]
fn what_bounces_later_comes_back_to_its_ticket_and_makes_no_other() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let later = World::their_server()?.script_for(ADA, "echo The disk of this mailbox broke; exit 67");
        let postfix = Postfix::start(&later)?;
        let ticket = ticket(world, &server, &mut agent)?;

        let written = agent.reply(ticket, json!({ "state": "closed" }))?;
        let delivery = written.delivery()?;
        agent.until_that(&delivery, |delivery| delivery["attempt_count"] == 1)?;
        let bounced = agent.until(&delivery, "bounced").with_context(|| postfix.log())?;
        assert_eq!(bounced["attempts"][0]["outcome"], "delivered", "it was taken at first: {bounced:#}");
        let note = bounced["note"].as_str().unwrap_or_default();
        ensure!(note.contains("The disk of this mailbox broke"), "{bounced:#}");

        let after = agent.ticket(ticket)?;
        assert_eq!((&after["state"], &after["attention"]), (&json!("open"), &json!(true)), "{after}");
        let messages = agent.messages(ticket)?;
        let report = messages.last().context("no message")?;
        assert_eq!(
            (&report["kind"], &report["reports_on"]),
            (&json!("report"), &json!(delivery)),
            "{report}"
        );
        assert_eq!(every(&agent.api, "/tickets")?.len(), 1);
        assert_eq!(every(&agent.api, "/deliveries")?.len(), 1, "nothing is sent because of it");
        Ok(())
    })
}

#[test]
fn one_recipient_is_refused_and_the_other_gets_it() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let bob = "bob@customer.example";
        let postfix =
            Postfix::start(&World::their_server()?.answering(&[(bob, "554 5.7.1 Bob wants no mail")]))?;
        let ticket = ticket(world, &server, &mut agent)?;

        let written = agent.reply(ticket, json!({ "to": [ADA], "cc": [bob] }))?;
        let to_bob = agent.until(&written.delivery_to(bob)?, "bounced").with_context(|| postfix.log())?;
        ensure!(last_words(&to_bob).1.contains("Bob wants no mail"), "{to_bob:#}");
        agent.until(&written.delivery_to(ADA)?, "delivered")?;
        let mails = postfix.mails(1)?;
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].field("Delivered-To"), ADA);
        Ok(())
    })
}

/// A server of theirs with that certificate, where we insist on TLS: what is said of the mail to it.
fn where_tls_is_required(
    world: &World,
    shown: &Certificate,
    trusted: Option<&Certificate>,
) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let mut place = World::guichet()?.set("outbound.require_tls", "customer.example");
    if let Some(trusted) = trusted {
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, trusted.chain())?;
        place = place.set("outbound.ca_certificates", &file.display().to_string());
    }
    let server = place.start()?;
    let mut agent = Agent::of(&server)?;
    let postfix = Postfix::start(&World::their_server()?.tls(shown))?;
    let ticket = ticket(world, &server, &mut agent)?;

    let delivery = agent.reply(ticket, json!({}))?.delivery()?;
    let deferred = agent.until(&delivery, "deferred").with_context(|| postfix.log())?;
    let last = &deferred["last_attempt"];
    assert_eq!((&last["stage"], &last["code"]), (&json!("starttls"), &Value::Null), "{deferred:#}");
    assert_eq!(postfix.delivered(), 0);
    Ok(last_words(&deferred).1.to_owned())
}

#[test]
fn where_tls_is_required_an_expired_certificate_defers_and_says_why() -> Result<()> {
    journey(&["postfix"], |world| {
        let expired = Certificate::expired(THEIR_HOST)?;
        let words = where_tls_is_required(world, &expired, Some(&expired))?;
        ensure!(words.contains("expired"), "{words}");
        Ok(())
    })
}

#[test]
fn where_tls_is_required_a_certificate_of_nobody_defers_and_says_why() -> Result<()> {
    journey(&["postfix"], |world| {
        let words = where_tls_is_required(world, &Certificate::of(THEIR_HOST)?, None)?;
        ensure!(words.contains("UnknownIssuer"), "{words}");
        Ok(())
    })
}

#[test]
fn what_is_captured_is_shown_as_it_would_leave_and_nobody_is_connected_to() -> Result<()> {
    if !python::is_there() {
        return Ok(());
    }
    journey(&[], |world| {
        let place = World::guichet()?.set("outbound.mode", "capture");
        let server = place.start()?;
        world.publish_keys(&server)?;
        let mut agent = Agent::of(&server)?;
        let theirs = TcpListener::bind(their_address())?;
        theirs.set_nonblocking(true)?;
        let ticket = ticket(world, &server, &mut agent)?;

        let delivery = agent.reply(ticket, json!({}))?.delivery()?;
        let captured = agent.until(&delivery, "captured")?;
        assert_eq!(captured["attempts"][0]["outcome"], "captured", "{captured:#}");
        let raw = agent.api.read(&format!("/deliveries/{delivery}/raw"))?.body;
        let mail = Mail { raw };
        let proven = python::authenticate(&mail, &hosts()[0].to_string(), CHANNEL, OUR_HOST)?;
        let signatures = proven["signatures"].as_array().context("no signatures")?;
        ensure!(signatures.len() == 2 && signatures.iter().all(|one| one["passes"] == true), "{proven}");
        assert_eq!(theirs.accept().err().map(|error| error.kind()), Some(std::io::ErrorKind::WouldBlock));
        Ok(())
    })
}

#[test]
fn what_is_taken_back_in_time_never_leaves() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let postfix = Postfix::start(&World::their_server()?)?;
        let ticket = ticket(world, &server, &mut agent)?;

        let held = agent.reply(ticket, json!({ "undo_seconds": 3600, "text": "Never mind." }))?;
        assert_eq!(held.0["deliveries"][0]["state"], "held", "{}", held.0);
        agent.act(&held.delivery()?, "cancel")?;
        let sent = agent.reply(ticket, json!({}))?;
        agent.until(&sent.delivery()?, "delivered").with_context(|| postfix.log())?;

        assert_eq!(agent.delivery(&held.delivery()?)?["state"], "cancelled");
        let there: Vec<String> = postfix.mails(1)?.iter().map(|mail| mail.address("Message-ID")).collect();
        assert_eq!(there, [sent.message_id()?]);
        Ok(())
    })
}

/// Soon enough to wait for, late enough that it is held at first.
const LATER_SECS: i64 = 2;

#[test]
fn what_shall_leave_later_leaves_then() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let postfix = Postfix::start(&World::their_server()?)?;
        let ticket = ticket(world, &server, &mut agent)?;

        let at = in_secs(LATER_SECS);
        let held = agent.reply(ticket, json!({ "send_at": at.to_string() }))?;
        assert_eq!(held.0["deliveries"][0]["state"], "held", "{}", held.0);
        let delivered = agent.until(&held.delivery()?, "delivered").with_context(|| postfix.log())?;
        let started = delivered["attempts"][0]["started"].as_str().context("no attempt")?;
        ensure!(started.parse::<jiff::Timestamp>()? >= at, "{started} is before {at}");
        Ok(())
    })
}

#[test]
fn a_mail_program_that_asks_for_it_is_told_of_the_delivery() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let postfix = Postfix::start(&World::their_server()?)?;
        let mail = world.letter(CHANNEL, "Did it arrive", "Message-ID: <asks@customer.example>\r\n")?;
        let mut client = Client::greet(postfix.address, "ada-laptop")?;
        client.command(&format!("MAIL FROM:<{ADA}> RET=HDRS ENVID=asks"))?.expect(250)?;
        client.command(&format!("RCPT TO:<{CHANNEL}> NOTIFY=SUCCESS"))?.expect(250)?;
        client.command("DATA")?.expect(354)?;
        client.say(&guichet_tests::smtp::stuffed(&mail))?;
        client.reply()?.expect(250)?;
        agent.next_ticket().with_context(|| postfix.log())?;

        let notices = postfix.mails(1)?;
        assert_eq!(notices.len(), 1);
        let notice = &notices[0];
        ensure!(notice.text().contains("Action: delivered"), "{}", notice.text());
        ensure!(notice.text().contains("Original-Envelope-Id: asks"), "{}", notice.text());
        assert_eq!(notice.address("Return-Path"), "");
        Ok(())
    })
}
