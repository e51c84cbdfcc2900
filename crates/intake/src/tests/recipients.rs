//! Whose address it is, and what the others hear.

use guichet_accounts::DomainChange;

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
    let envelope = world.message(world.demo, 1).record.envelope;
    assert_eq!(envelope.recipients, ["anything@demo.example"]);
}

#[tokio::test]
async fn the_address_is_kept_as_it_was_given() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    for (recipient, ticket) in [("support+Order@demo.example", 1), ("postmaster", 2)] {
        let said = client.mail(&[recipient], &letter(recipient)).await;
        assert_eq!(said, format!("250 2.0.0 ticket #{ticket}\r\n"));
        assert_eq!(world.message(world.demo, ticket).record.envelope.recipients, [recipient]);
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
