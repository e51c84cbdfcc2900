//! A stranger who learned a Message-ID, an address or a number gets nowhere: one test for each way.
//!
//! Ada's ticket is answered through her real server in each; the stranger has a domain of his own that proves itself.

use anyhow::{Context, Result};
use guichet_tests::dns::Zone;
use guichet_tests::installation::Server;
use guichet_tests::mailbox::Mail;
use guichet_tests::postfix::Postfix;
use guichet_tests::smtp::{Client, Reply};
use serde_json::{Value, json};

use crate::agent::{Agent, Written};
use crate::customer::{ADA, CHANNEL, OURS, THEIRS, World, hosts, journey};
use crate::letters::{every, letter};
use crate::replies::forged;

const STRANGERS: &str = "stranger.example";
const EVE: &str = "eve@stranger.example";

/// Ada's ticket, answered, and what the stranger may have learned of it.
struct Scene<'a> {
    world: &'a World,
    server: &'a Server<'a>,
    agent: Agent,
    ticket: u64,
    written: Written,
    answer: Mail,
    before: Value,
}

fn scene(world: &mut World, act: impl FnOnce(&mut Scene<'_>) -> Result<()>) -> Result<()> {
    world.add(&strangers(world)?)?;
    let place = World::guichet()?;
    let server = place.start()?;
    world.publish_keys(&server)?;
    let mut agent = Agent::of(&server)?;
    let postfix = Postfix::start(&World::their_server()?)?;
    let mail = world.letter(CHANNEL, "Invoice 7", "Message-ID: <first@customer.example>\r\n")?;
    World::submit(&postfix, CHANNEL, &mail)?;
    let ticket = agent.next_ticket().with_context(|| postfix.log())?;
    let written = agent.reply(ticket, json!({}))?;
    agent.until(&written.delivery()?, "delivered").with_context(|| postfix.log())?;
    let answer = postfix.mails(1)?.pop().context("no mail")?;
    let before = agent.ticket(ticket)?;
    act(&mut Scene { world, server: &server, agent, ticket, written, answer, before })
}

/// His domain: his mail may come from where the test sends it.
fn strangers(world: &World) -> Result<Zone> {
    let signer = world.signer();
    Ok(Zone::new()
        .text(STRANGERS, &format!("v=spf1 ip4:{} -all", hosts()[0]))
        .text(&signer.record_name(STRANGERS), &signer.record()?)
        .text(&format!("_dmarc.{STRANGERS}"), "v=DMARC1; p=reject"))
}

impl Scene<'_> {
    /// He writes, and his domain stands behind it.
    fn stranger_writes(&self, to: &str, subject: &str, more: &str) -> Result<Reply> {
        let mail = letter(EVE, to, subject, more);
        let signed = [self.world.signer().sign(STRANGERS, &mail)?.as_bytes(), &mail].concat();
        self.send(EVE, to, &signed)
    }

    fn send(&self, from: &str, to: &str, mail: &[u8]) -> Result<Reply> {
        Client::greet(self.server.smtp, "mail.stranger.example")?.send(from, &[to], mail)
    }

    /// His mail began a ticket of its own, and Ada's is as it was.
    fn is_apart(&mut self) -> Result<Value> {
        let own = self.agent.next_ticket()?;
        assert_ne!(own, self.ticket);
        self.is_unchanged()?;
        self.agent.ticket(own)
    }

    fn is_unchanged(&self) -> Result<()> {
        assert_eq!(self.agent.ticket(self.ticket)?, self.before);
        Ok(())
    }
}

#[test]
fn promise_4_a_message_id_from_another_authenticated_domain_opens_nothing() -> Result<()> {
    journey(&["postfix"], |world| {
        scene(world, |scene| {
            let id = scene.written.message_id()?;
            let more = format!("In-Reply-To: <{id}>\r\nReferences: <first@customer.example> <{id}>\r\n");
            scene.stranger_writes(CHANNEL, "Re: Invoice 7", &more)?.expect(250)?;
            scene.is_apart().map(drop)
        })
    })
}

#[test]
fn promise_4_a_number_in_a_subject_opens_nothing() -> Result<()> {
    journey(&["postfix"], |world| {
        scene(world, |scene| {
            let subject = format!("Re: [#{}] Invoice 7", scene.ticket);
            scene.stranger_writes(CHANNEL, &subject, "")?.expect(250)?;
            let own = scene.is_apart()?;
            assert_eq!(own["mentions"], json!([scene.ticket]), "it says so");
            Ok(())
        })
    })
}

#[test]
fn promise_4_the_channels_address_opens_nothing() -> Result<()> {
    journey(&["postfix"], |world| {
        scene(world, |scene| {
            scene.stranger_writes(CHANNEL, "Re: Invoice 7", "")?.expect(250)?;
            scene.is_apart().map(drop)
        })
    })
}

#[test]
fn promise_4_the_participants_name_without_their_domain_behind_it_opens_nothing() -> Result<()> {
    journey(&["postfix"], |world| {
        scene(world, |scene| {
            let id = scene.written.message_id()?;
            let mail = letter(ADA, CHANNEL, "Re: Invoice 7", &format!("In-Reply-To: <{id}>\r\n"));
            scene.send(EVE, CHANNEL, &mail)?.expect(250)?;
            scene.is_apart().map(drop)
        })
    })
}

#[test]
fn promise_4_a_learned_reply_address_is_marked_and_gets_no_further_mail() -> Result<()> {
    journey(&["postfix"], |world| {
        scene(world, |scene| {
            let reply_to = scene.answer.address("Reply-To");
            scene.stranger_writes(&reply_to, "Re: Invoice 7", "")?.expect(250)?;
            let message = scene.agent.next_message()?;
            assert_eq!(
                (&message["ticket"], &message["marked"]),
                (&json!(scene.ticket), &json!(true)),
                "{message}"
            );
            let after = scene.agent.ticket(scene.ticket)?;
            assert_eq!(
                (&after["attention"], &after["participants"]),
                (&json!(true), &json!([ADA])),
                "{after}"
            );
            for kind in ["reply", "reply_all"] {
                let answer = scene.agent.reply(scene.ticket, json!({ "kind": kind }))?;
                let deliveries = answer.0["deliveries"].as_array().context("no deliveries")?;
                let to: Vec<&Value> = deliveries.iter().map(|delivery| &delivery["recipient"]).collect();
                assert_eq!(to, [ADA], "{kind}");
            }
            Ok(())
        })
    })
}

#[test]
fn who_is_agreed_to_takes_part_from_then_on() -> Result<()> {
    journey(&["postfix"], |world| {
        scene(world, |scene| {
            let reply_to = scene.answer.address("Reply-To");
            scene
                .stranger_writes(&reply_to, "Re: Invoice 7", "Message-ID: <1@stranger.example>\r\n")?
                .expect(250)?;
            assert_eq!(scene.agent.next_message()?["marked"], true);
            let path = format!("/tickets/{}/participants", scene.ticket);
            let agreed = scene.agent.post(&path, &json!({ "address": EVE }))?.expect(200)?.json()?;
            assert_eq!(agreed["participants"], json!([ADA, EVE]));

            let id = scene.written.message_id()?;
            let more = format!("Message-ID: <2@stranger.example>\r\nIn-Reply-To: <{id}>\r\n");
            scene.stranger_writes(CHANNEL, "Re: Invoice 7", &more)?.expect(250)?;
            let joined = scene.agent.next_message()?;
            assert_eq!(
                (&joined["ticket"], &joined["marked"]),
                (&json!(scene.ticket), &json!(false)),
                "{joined}"
            );
            Ok(())
        })
    })
}

#[test]
fn promise_4_a_forged_message_id_of_ours_is_kept_aside() -> Result<()> {
    journey(&["postfix"], |world| {
        scene(world, |scene| {
            let tagged = format!("x+{}", scene.written.message_id()?);
            let forged = forged(&tagged).replacen("x+", "", 1);
            scene
                .stranger_writes(CHANNEL, "Re: Invoice 7", &format!("In-Reply-To: <{forged}>\r\n"))?
                .expect(250)?;
            scene.agent.next("message.quarantined")?;
            scene.is_unchanged()
        })
    })
}

#[test]
fn promise_4_a_forged_bounce_address_does_not_exist() -> Result<()> {
    journey(&["postfix"], |world| {
        scene(world, |scene| {
            let forged = forged(&scene.answer.address("Return-Path"));
            let reply = scene.send("", &forged, b"Subject: Undeliverable\r\n\r\n")?;
            assert_eq!(reply.code, 550, "{reply:?}");
            scene.is_unchanged()
        })
    })
}

#[test]
fn promise_4_the_token_of_one_purpose_serves_no_other() -> Result<()> {
    journey(&["postfix"], |world| {
        scene(world, |scene| {
            let id = scene.written.message_id()?;
            let token = id.split('@').next().unwrap_or_default();
            let as_bounce =
                scene.send("", &format!("bounce+{token}@{OURS}"), b"Subject: Undeliverable\r\n\r\n")?;
            assert_eq!(as_bounce.code, 550, "{as_bounce:?}");
            scene.stranger_writes(&format!("support+{token}@{OURS}"), "Re: Invoice 7", "")?.expect(250)?;
            scene.agent.next("message.quarantined")?;
            scene.is_unchanged()
        })
    })
}

/// What a server says that could not deliver the mail with this Message-ID to this address.
fn delivery_status(recipient: &str, message_id: &str) -> Vec<u8> {
    format!(
        "From: MAILER-DAEMON@stranger.example\r\nTo: {CHANNEL}\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.stranger.example\r\n\r\n\
         Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 nobody here\r\n\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nFrom: {CHANNEL}\r\nTo: {recipient}\r\n\
         Message-ID: <{message_id}>\r\nSubject: Re: Invoice 7\r\n\r\nx\r\n--b--\r\n"
    )
    .into_bytes()
}

#[test]
fn promise_4_an_invented_bounce_to_the_channel_is_kept_aside() -> Result<()> {
    journey(&["postfix"], |world| {
        scene(world, |scene| {
            let report = delivery_status(ADA, &format!("aaaabbbbccccddddeeeeffffgggga@{OURS}"));
            scene.send("", CHANNEL, &report)?.expect(250)?;
            scene.agent.next("message.quarantined")?;
            scene.is_unchanged()?;
            let delivery = scene.agent.delivery(&scene.written.delivery()?)?;
            assert_eq!(delivery["state"], "delivered");
            assert_eq!(every(&scene.agent.api, "/tickets")?.len(), 1);
            Ok(())
        })
    })
}

#[test]
fn promise_4_a_bounce_by_one_who_knows_the_message_id_stops_no_mail_to_ada() -> Result<()> {
    journey(&["postfix"], |world| {
        scene(world, |scene| {
            let report = delivery_status(ADA, &scene.written.message_id()?);
            scene.send("", CHANNEL, &report)?.expect(250)?;
            let message = scene.agent.next_message()?;
            assert_eq!(
                (&message["ticket"], &message["kind"]),
                (&json!(scene.ticket), &json!("report")),
                "{message}"
            );
            assert_eq!(every(&scene.agent.api, "/suppressions")?.len(), 0, "the address is not suppressed");
            assert_eq!(every(&scene.agent.api, "/tickets")?.len(), 1);
            let again = scene.agent.reply(scene.ticket, json!({}))?;
            scene.agent.until(&again.delivery()?, "delivered").map(drop)
        })
    })
}

#[test]
fn promise_4_somebody_of_the_same_domain_is_not_ada() -> Result<()> {
    journey(&["postfix"], |world| {
        scene(world, |scene| {
            let id = scene.written.message_id()?;
            let mallory = format!("mallory@{THEIRS}");
            let more = format!("In-Reply-To: <{id}>\r\n");
            let mail = scene.world.letter_of(&mallory, CHANNEL, "Re: Invoice 7", &more)?;
            scene.send(EVE, CHANNEL, &mail)?.expect(250)?;
            scene.is_apart().map(drop)
        })
    })
}
