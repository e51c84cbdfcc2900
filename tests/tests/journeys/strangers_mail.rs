//! Mail from a stranger's server, found by its MX, over TLS on port 25, with real DNS.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result};
use guichet_tests::api::Api;
use guichet_tests::dkim::{Algorithm, Signer};
use guichet_tests::dns::Zone;
use guichet_tests::installation::Installation;
use guichet_tests::peer::peer;
use guichet_tests::postfix::{Options, Postfix};
use guichet_tests::private_internet::{self, ADDRESSES};
use guichet_tests::smtp::Client;
use serde_json::Value;

use crate::letters::{every, letter};

const OURS: &str = "demo.desk.example";
const CHANNEL: &str = "support@demo.desk.example";
const THEIRS: &str = "customer.example";
const ADA: &str = "ada@customer.example";
const THEIR_HOST: &str = "mail.customer.example";

/// Our server, theirs, and one that may not send for them.
fn hosts() -> [IpAddr; 3] {
    ADDRESSES.map(IpAddr::from)
}

fn zone(signer: &Signer) -> Result<Zone> {
    let [our_host, their_host, elsewhere] = hosts();
    Ok(Zone::new()
        .host("mx.desk.example", our_host)
        .mail(OURS, "mx.desk.example")
        .host(THEIR_HOST, their_host)
        .host("elsewhere.example", elsewhere)
        .mail(THEIRS, THEIR_HOST)
        .text(THEIRS, &format!("v=spf1 ip4:{their_host} -all"))
        .text(THEIR_HOST, &format!("v=spf1 ip4:{their_host} -all"))
        .text(&signer.record_name(THEIRS), &signer.record()?)
        .text(&format!("_dmarc.{THEIRS}"), "v=DMARC1; p=reject"))
}

fn guichet() -> Result<Installation> {
    let listen = SocketAddr::new(hosts()[0], 25).to_string();
    let place = Installation::new()?.with("--smtp-listen", &listen);
    Ok(place.set("base_domain", "desk.example").set("smtp.hostname", "mx.desk.example"))
}

/// What Ada writes, signed for her domain.
fn signed(signer: &Signer, subject: &str, more: &str) -> Result<Vec<u8>> {
    let mail = letter(ADA, CHANNEL, subject, more);
    Ok([signer.sign(THEIRS, &mail)?.as_bytes(), &mail].concat())
}

/// Gives the mail to their server, as Ada's mail program does.
fn submit(postfix: &Postfix, mail: &[u8]) -> Result<()> {
    Client::greet(postfix.address, "ada-laptop")?.send(ADA, &[CHANNEL], mail)?.expect(250)?;
    Ok(())
}

fn result<'a>(message: &'a Value, verdict: &str) -> &'a str {
    message.pointer(&format!("/verdicts/{verdict}/result")).and_then(Value::as_str).unwrap_or("absent")
}

#[test]
fn a_strangers_mail_becomes_a_ticket_and_a_reply_joins_it_and_a_forgery_is_told() -> Result<()> {
    if peer("postfix").is_none() {
        return Ok(());
    }
    let signer = Signer::generate(Algorithm::Rsa, "s2026")?;
    private_internet::inside(&zone(&signer)?, || {
        let place = guichet()?;
        let server = place.start()?;
        let api = server.api();
        let mut events = api.events(None)?;
        let postfix =
            Postfix::start(&Options::new(THEIR_HOST, SocketAddr::new(hosts()[1], 25)).relay_by_tls())?;

        let mail = signed(&signer, "Invoice 7", "Message-ID: <first@customer.example>\r\n")?;
        submit(&postfix, &mail)?;
        let created = events.find(|event| event.event == "ticket.created").with_context(|| postfix.log())?;
        let ticket = created.data["ticket"].as_u64().context("no ticket")?;
        let first = message(&api, &created.data["message"])?;
        genuine(&first);
        let raw = api.read(&format!("/messages/{}/raw", first["id"]))?.body;
        assert!(raw.ends_with(&mail), "{}", String::from_utf8_lossy(&raw));
        assert!(raw.starts_with(b"Received:"), "their server's own line stands before it");

        let more = "Message-ID: <second@customer.example>\r\nIn-Reply-To: <first@customer.example>\r\n\
                    References: <first@customer.example>\r\n";
        submit(&postfix, &signed(&signer, "Re: Invoice 7", more)?)?;
        let joined = events.find(|event| event.event == "message.received")?;
        assert_eq!(joined.data["ticket"], ticket);
        assert_eq!(every(&api, &format!("/tickets/{ticket}/messages"))?.len(), 2);

        let forged = letter(ADA, CHANNEL, "Pay here", more);
        Client::greet(server.smtp, "elsewhere.example")?.send(ADA, &[CHANNEL], &forged)?.expect(250)?;
        let apart = events.find(|event| event.event == "ticket.created")?;
        assert_ne!(apart.data["ticket"], ticket, "a stranger does not enter the ticket");
        let forged = message(&api, &apart.data["message"])?;
        assert_eq!((result(&forged, "spf_mail_from"), result(&forged, "dmarc")), ("fail", "fail"));
        Ok(())
    })
}

fn message(api: &Api, number: &Value) -> Result<Value> {
    api.get(&format!("/messages/{number}"))
}

fn genuine(message: &Value) {
    for verdict in ["spf_helo", "spf_mail_from", "dkim/0", "dmarc", "iprev"] {
        assert_eq!(result(message, verdict), "pass", "{verdict}: {}", message["verdicts"]);
    }
    let tls = message.pointer("/envelope/tls").and_then(Value::as_str).unwrap_or("in the clear");
    assert!(tls.starts_with("TLSv1.3"), "{tls}");
    assert_eq!(message.pointer("/envelope/client").and_then(Value::as_str), Some(&*hosts()[1].to_string()));
}

#[test]
fn an_event_stream_goes_on_where_it_was_left() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    let api = server.api();
    let mut events = api.events(None)?;
    let channel = guichet_tests::installation::DEMO_ADDRESS;
    let mut client = Client::greet(server.smtp, "client.example")?;
    for subject in ["one", "two", "three"] {
        client.send("a@b.example", &[channel], &letter("a@b.example", channel, subject, ""))?.expect(250)?;
    }
    let first = events.next_event()?;
    drop(events);
    let rest: Vec<String> = {
        let mut events = api.events(Some(&first.id))?;
        (0..2).map(|_| Ok(events.next_event()?.data["ticket"].to_string())).collect::<Result<_>>()?
    };
    assert_eq!(rest, ["2", "3"]);
    Ok(())
}

#[test]
fn the_raw_mail_comes_back_byte_for_byte() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    let channel = guichet_tests::installation::DEMO_ADDRESS;
    let mail = letter("a@b.example", channel, "bytes", "X-Odd:\tas  it\r\n  came\r\n");
    Client::greet(server.smtp, "client.example")?.send("a@b.example", &[channel], &mail)?.expect(250)?;
    assert_eq!(server.api().read("/messages/1/raw")?.body, mail);
    Ok(())
}
