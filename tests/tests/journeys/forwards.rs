//! Mail that is forwarded here from elsewhere: a provider asks for it, and a probe shows what the way does to a mail.

use anyhow::{Context, Result, ensure};
use guichet_tests::dns::Zone;
use guichet_tests::installation::Server;
use guichet_tests::postfix::{Options, Postfix};
use guichet_tests::smtp::Client;
use guichet_tests::wait::{DELIVERY_SECS_MAX, until};
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::customer::{ADA, CHANNEL, World, journey};
use crate::letters::every;
use crate::names::{self, Names};

const GOOGLE: &str = "google.com";
const SENDER: &str = "forwarding-noreply@google.com";
const CODE: &str = "123456789";
const LINK: &str = "https://mail-settings.google.com/mail/vf-%5BANGjdJ-x%5D-kQ2x9";
/// The mailbox that forwards to us.
const SHOP: &str = "shop@customer.example";

/// A question in the form of Gmail's, to the address that shall get the mail.
fn question(code: &str, link: &str) -> Vec<u8> {
    format!(
        "MIME-Version: 1.0\r\nDate: Sat, 21 Nov 2026 08:00:00 +0000\r\nMessage-ID: <{code}@mail.gmail.com>\r\n\
         Subject: (#{code}) Gmail Forwarding Confirmation - Receive Mail from {SHOP}\r\n\
         From: Gmail Team <{SENDER}>\r\nTo: {CHANNEL}\r\nContent-Type: text/plain; charset=\"UTF-8\"\r\n\r\n\
         {SHOP} has requested to automatically forward mail to your email\r\naddress {CHANNEL}.\r\n\
         Confirmation code: {code}\r\n\r\n\
         To allow {SHOP} to automatically forward mail to your address,\r\n\
         please click the link below to confirm the request:\r\n\r\n{link}\r\n\r\n\
         If you accidentally clicked the link, but you do not want to allow\r\n\
         {SHOP} to automatically forward messages to your address, click\r\n\
         this link to cancel this verification:\r\nhttps://mail-settings.google.com/mail/uf-%5BANGjdJ-x%5D-kQ2x9\r\n"
    )
    .into_bytes()
}

/// It is sent from somewhere; only a signature can say by whom.
fn send(server: &Server<'_>, mail: &[u8]) -> Result<()> {
    Client::greet(server.smtp, "mail-sor-f69.google.com")?.send(SENDER, &[CHANNEL], mail)?.expect(250)?;
    Ok(())
}

fn notices(agent: &Agent) -> Result<Vec<Value>> {
    let mut notices = every(&agent.api, "/notices")?;
    notices.retain(|notice| notice["kind"] == "forwarding_confirmation");
    Ok(notices)
}

/// Case 43.
#[test]
fn case_43_gmails_question_is_pinned_with_code_and_link_and_a_forged_one_has_neither() -> Result<()> {
    journey(&[], |world| {
        let signer = world.signer();
        let keys = Zone::new()
            .text(&signer.record_name(GOOGLE), &signer.record()?)
            .text(&format!("_dmarc.{GOOGLE}"), "v=DMARC1; p=reject");
        world.add(&keys)?;
        let place = World::guichet()?;
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let forged = question("666666666", "https://mail-settings.google.com/mail/vf-evil");
        send(&server, &forged)?;
        let pinned = notices(&agent)?;
        ensure!(pinned.len() == 1, "somebody should look at it: {pinned:#?}");
        let about = &pinned[0]["about"];
        assert_eq!(
            (&about["proven"], &about["code"], &about["link"]),
            (&json!(false), &json!(null), &json!(null))
        );
        let shown = pinned[0].to_string();
        ensure!(!shown.contains("666666666") && !shown.contains("vf-evil"), "{shown}");

        let mail = question(CODE, LINK);
        let signature = world.signer().sign(GOOGLE, &mail)?;
        send(&server, &[signature.as_bytes(), &mail].concat())?;
        let mut pinned = notices(&agent)?;
        pinned.retain(|notice| notice["about"]["proven"] == true);
        let [notice] = pinned.as_slice() else { anyhow::bail!("not one: {pinned:#?}") };
        let about = &notice["about"];
        assert_eq!((&about["code"], &about["link"]), (&json!(CODE), &json!(LINK)), "{notice:#}");
        assert_eq!((&about["address"], &about["provider"]), (&json!(SHOP), &json!("Gmail")), "{notice:#}");
        assert_eq!(notice["open"], true);
        let ticket = notice["ticket"].as_u64().context("the mail itself is hidden")?;
        agent.ticket(ticket)?;
        assert_eq!(every(&agent.api, "/deliveries")?.len(), 0, "nobody answers it");
        stays_pinned_until_dismissed(&mut agent, notice)
    })
}

fn stays_pinned_until_dismissed(agent: &mut Agent, notice: &Value) -> Result<()> {
    let id = notice["id"].as_str().context("no id")?;
    let open = |agent: &Agent| anyhow::Ok(notices(agent)?.iter().any(|one| one["id"] == id));
    ensure!(open(agent)?);
    agent.post(&format!("/notices/{id}/dismiss"), &json!({}))?.expect(200)?;
    agent.next("notice.changed")?;
    ensure!(!open(agent)?);
    Ok(())
}

/// A server of the shop's that passes its mail on to us.
fn forwarder() -> Result<Options> {
    let alias = format!("inline:{{ {{ {SHOP} = {CHANNEL} }} }}");
    Ok(World::their_server()?.set("virtual_alias_maps", &alias))
}

/// Enters the forward and waits for its probe: the forward as it is then.
fn probed(agent: &Agent, postfix: &Postfix) -> Result<Value> {
    let channel = every(&agent.api, "/channels")?[0]["id"].clone();
    let forwards = format!("/channels/{channel}/forwards");
    let entered = agent.post(&forwards, &json!({ "address": SHOP }))?.expect(201)?.json()?;
    assert_eq!((&entered["state"], &entered["report"]), (&json!("waiting"), &json!(null)), "{entered}");
    let verified = until("the probe's return", DELIVERY_SECS_MAX, || {
        let mut all = every(&agent.api, &forwards).ok()?.into_iter();
        all.find(|forward| forward["state"] != "waiting")
    });
    let verified = verified.with_context(|| postfix.log())?;
    assert_eq!(verified["state"], "verified", "{verified:#}");
    assert_eq!(every(&agent.api, "/tickets")?.len(), 0, "a probe is nobody's ticket");
    Ok(verified)
}

/// What a probe that came back says of one thing.
fn said<'v>(verified: &'v Value, member: &str) -> &'v str {
    verified["report"][member].as_str().unwrap_or_default()
}

#[test]
fn a_probe_that_a_real_server_forwards_verifies_the_way_and_says_what_it_does() -> Result<()> {
    journey(names::PROGRAMS, |world| {
        let mut names = Names::of(world)?;
        let place = names::guichet()?;
        let server = place.start()?;
        names.publish_base(&server)?;
        let mut agent = Agent::of(&server)?;
        let postfix = Postfix::start(&forwarder()?)?;

        let verified = probed(&agent, &postfix)?;
        ensure!(said(&verified, "spf").starts_with("SPF breaks (fail)"), "{verified:#}");
        ensure!(said(&verified, "dkim").starts_with("DKIM survives"), "{verified:#}");
        assert_eq!(said(&verified, "dmarc"), "DMARC passes, by DKIM alone.");
        assert_eq!(verified["report"]["carries_strict_senders"], true);

        World::submit(&postfix, SHOP, &world.letter(SHOP, "Where is my parcel?", "")?)?;
        let ticket = agent.next_ticket().with_context(|| postfix.log())?;
        let first = agent.messages(ticket)?.remove(0);
        assert_eq!(first["from"][0]["address"], ADA, "{first:#}");
        Ok(())
    })
}

#[test]
fn a_way_that_changes_the_subject_is_verified_all_the_same_and_what_breaks_is_said() -> Result<()> {
    journey(names::PROGRAMS, |world| {
        let mut names = Names::of(world)?;
        let place = names::guichet()?;
        let server = place.start()?;
        names.publish_base(&server)?;
        let agent = Agent::of(&server)?;
        let tagging = "regexp:{{/^Subject: (.*)/ REPLACE Subject: [shop] $$1}}";
        let postfix = Postfix::start(&forwarder()?.set("header_checks", tagging))?;

        let verified = probed(&agent, &postfix)?;
        ensure!(said(&verified, "dkim").starts_with("DKIM breaks"), "{verified:#}");
        ensure!(said(&verified, "dmarc").starts_with("DMARC fails"), "{verified:#}");
        ensure!(said(&verified, "advice").contains("no tag in the subject"), "{verified:#}");
        assert_eq!(verified["report"]["carries_strict_senders"], false);
        Ok(())
    })
}
