//! Whose address it is, and what the others hear.

use guichet_accounts::{Actor, DomainChange};
use guichet_desk::{DeliveryId, Hold, Target, Writing};
use guichet_mail::compose::Mailbox;

use super::client::letter;
use super::world::{World, domain_name, mail_address};

const UNKNOWN: &str = "550 5.1.1 There is nobody here by the address ";
const FOREIGN: &str =
    "550 5.7.1 This server takes mail only for its own domains, and that one is not among them.\r\n";

#[tokio::test]
async fn every_recipient_is_answered_by_its_address() {
    let mut world = World::new().await;
    world
        .accounts()
        .add_alias(world.demo, world.support.id, &mail_address("help@demo.example"))
        .await
        .unwrap();
    let mut client = world.greeted().await;
    client.expect(&[("MAIL FROM:<anna@customer.example>", "250 ")]).await;
    let nobody = format!("{UNKNOWN}nobody@demo.example. Please check it for typing errors.\r\n");
    let at_literal = format!("{UNKNOWN}support@[198.51.100.25]. Please check it for typing errors.\r\n");
    for (recipient, reply) in [
        ("support@demo.example", "250 2.1.5 "),
        ("Support@DEMO.example", "250 2.1.5 "),
        ("\"support\"@demo.example", "250 2.1.5 "),
        ("support+order-7@demo.example", "250 2.1.5 "),
        ("help@demo.example", "250 2.1.5 "),
        ("postmaster@demo.example", "250 2.1.5 "),
        ("abuse@other.example", "250 2.1.5 "),
        ("postmaster", "250 2.1.5 "),
        ("Postmaster@[198.51.100.25]", "250 2.1.5 "),
        ("nobody@demo.example", nobody.as_str()),
        ("support@[198.51.100.25]", at_literal.as_str()),
        ("postmaster@[198.51.100.26]", FOREIGN),
        ("postmaster@[IPv6:2001:db8::1]", FOREIGN),
        ("support@foreign.example", FOREIGN),
        ("support@sub.demo.example", FOREIGN),
        ("support%foreign.example@demo.example", "550 5.1.1 "),
    ] {
        let said = client.say(&format!("RCPT TO:<{recipient}>\r\n")).await;
        assert!(said.starts_with(reply), "{recipient}: {said}");
    }
}

#[tokio::test]
async fn a_catch_all_takes_what_nobody_has() {
    let mut world = World::new().await;
    let change = DomainChange { catch_all: Some(Some(world.support.id)), ..DomainChange::default() };
    world.accounts().change_domain(world.demo, &domain_name("demo.example"), change).await.unwrap();
    let mut client = world.greeted().await;
    assert_eq!(client.mail(&["anything@demo.example"], &letter("x")).await, "250 2.0.0 ticket #1\r\n");
    let envelope = world.message(world.demo, 1).record.envelope.unwrap();
    assert_eq!(envelope.recipients, ["anything@demo.example"]);
}

#[tokio::test]
async fn the_address_is_kept_as_it_was_given() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    for (recipient, ticket) in [("support+Order@demo.example", 1), ("postmaster", 2)] {
        let said = client.mail(&[recipient], &letter(recipient)).await;
        assert_eq!(said, format!("250 2.0.0 ticket #{ticket}\r\n"));
        assert_eq!(world.message(world.demo, ticket).record.envelope.unwrap().recipients, [recipient]);
    }
}

#[tokio::test]
async fn without_any_recipient_no_content_is_taken() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    client
        .expect(&[
            ("MAIL FROM:<anna@customer.example>", "250 "),
            ("RCPT TO:<nobody@demo.example>", "550 5.1.1 "),
            ("DATA", "554 5.5.1 "),
        ])
        .await;
}

/// Writes a new mail from the support channel to a customer; answers the bounce address of its delivery.
async fn sent(world: &World) -> (DeliveryId, String) {
    let desk = &world.backends.desk;
    world.accounts().ensure_token_key([7; 32]).await.unwrap();
    let sends = DomainChange { sends: Some(true), ..DomainChange::default() };
    world.accounts().change_domain(world.demo, &domain_name("demo.example"), sends).await.unwrap();
    let writing = Writing {
        target: Target::New { channel: world.support.id, subject: "Hello".to_owned(), team: None },
        to: Some(vec![Mailbox { name: None, address: mail_address("anna@customer.example") }]),
        cc: None,
        bcc: None,
        subject: None,
        text: "Hello".to_owned(),
        quote: false,
        attachments: Vec::new(),
        include_attachments: false,
        channel: None,
        state: None,
        hold: Hold::None,
        contacts: Vec::new(),
        company: None,
        mentions: Vec::new(),
    };
    let (actor, now) = (Actor::system(world.demo), world.backends.clock.now());
    let id = desk.write(&actor, writing, None, None, now).await.unwrap().deliveries[0];
    let lease = desk.lease(world.demo, id, now).await.unwrap().unwrap();
    let address = lease.reverse_path.clone();
    assert!(address.starts_with("bounce+"), "{address}");
    (id, address)
}

#[tokio::test]
async fn a_bounce_address_of_ours_takes_reports_and_a_forged_one_is_nobody_s() {
    let mut world = World::new().await;
    let (id, address) = sent(&world).await;
    let mut client = world.greeted().await;
    let forged = address.replacen("bounce+", "bounce+a", 1).replacen(&address[7..9], &address[8..9], 1);
    let elsewhere = address.replace("@demo.example", "@other.example");
    client.expect(&[("MAIL FROM:<>", "250 ")]).await;
    for nobody in [forged, elsewhere, "bounce@demo.example".to_owned()] {
        let said = client.say(&format!("RCPT TO:<{nobody}>\r\n")).await;
        assert_eq!(said, format!("{UNKNOWN}{nobody}. Please check it for typing errors.\r\n"));
    }
    let folded = address.to_uppercase();
    client.expect(&[(&format!("RCPT TO:<{folded}>"), "250 2.1.5 "), ("DATA", "354 ")]).await;
    let report = "From: MAILER-DAEMON@mx.customer.example\r\nSubject: failed\r\nMIME-Version: 1.0\r\n\
                  Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
                  --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.customer.example\r\n\r\n\
                  Final-Recipient: rfc822; anna@customer.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n.\r\n";
    assert_eq!(client.say(report).await, format!("250 2.0.0 recorded for delivery {id}\r\n"));
}

#[tokio::test]
async fn what_the_sender_asked_to_be_told_is_kept_with_the_envelope() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    client
        .expect(&[
            ("MAIL FROM:<anna@customer.example> RET=HDRS ENVID=QQ+2B1", "250 "),
            (
                "RCPT TO:<support@demo.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Help+40Demo.Example",
                "250 ",
            ),
            ("RCPT TO:<postmaster@demo.example> NOTIFY=FAILURE", "250 "),
            ("RCPT TO:<support@other.example> NOTIFY=SUCCESS", "250 "),
            ("DATA", "354 "),
        ])
        .await;
    assert!(client.say(&format!("{}.\r\n", letter("x"))).await.starts_with("250 "));
    let kept = world.message(world.demo, 1).record.envelope.unwrap().notification.unwrap();
    assert_eq!(kept.envelope_id.as_deref(), Some("QQ+1"));
    let success: Vec<_> =
        kept.on_success.iter().map(|one| (one.address.as_str(), one.original.as_deref())).collect();
    assert_eq!(success, [("support@demo.example", Some("rfc822;Help@Demo.Example"))]);
    let other = world.message(world.other, 1).record.envelope.unwrap().notification.unwrap();
    assert_eq!(other.on_success.len(), 1, "and nobody hears of another organisation's recipients");
    assert_eq!(other.on_success[0].address, "support@other.example");
}
