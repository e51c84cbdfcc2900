//! The operator's own check, against a mail server on loopback.

use std::sync::Arc;

use guichet_testkit::{Authority, FakeDns, Script, ScriptedMx, Validity, Zone};

use super::world::{World, domains, name, operators};
use crate::{Purpose, ServerItem, ServerReport, Settings, State};

/// A server whose mail server is this one, and what the check finds.
async fn checked(script: Script, change: impl Fn(Zone) -> Zone) -> Arc<ServerReport> {
    let mail_server = ScriptedMx::start(script).await.unwrap();
    let world = World::new().await;
    let zone = Zone::new()
        .ns("desk.example", "ns.provider.example")
        .ns("127.in-addr.arpa", "ns.provider.example")
        .address("ns.provider.example", "192.0.2.53")
        .address("mx.desk.example", "127.0.0.1");
    let zone = operators(zone).txt("_dmarc.desk.example", "v=DMARC1; p=none");
    let zone = zone.ptr("127.0.0.1", "mx.desk.example");
    let dns = FakeDns::new(change(world.with_base_keys(zone)));
    let settings =
        Settings { smtp_port: mail_server.address().port(), ..Settings::new(name("mx.desk.example")) };
    let desk = world.domains.0.backends.desk.clone();
    domains(&world.store, desk, &dns, &world.clock, settings).check_server().await.unwrap()
}

fn item(report: &ServerReport, purpose: Purpose) -> &ServerItem {
    report.items.iter().find(|item| item.purpose == purpose).unwrap()
}

fn with_our_address(zone: Zone) -> Zone {
    ["desk.example", "*.desk.example"].iter().fold(zone, |zone, name| zone.empty(name))
}

#[tokio::test]
async fn a_server_that_is_as_it_should_be() {
    let report = checked(Script::new().name("mx.desk.example"), |zone| zone).await;
    let lacks: Vec<_> = report.items.iter().filter(|item| item.look.state != State::Ok).collect();
    // The addresses of the SPF records are others, and the certificate is nobody's.
    assert!(
        lacks.iter().all(|item| matches!(item.purpose, Purpose::Spf | Purpose::Certificate)),
        "{lacks:#?}"
    );
    assert_eq!(item(&report, Purpose::Port).look.found[0].split(' ').nth(1), Some("mx.desk.example"));
    let wildcard = report.items.iter().find(|item| item.name == "*.desk.example").unwrap();
    assert_eq!((wildcard.purpose, wildcard.look.state), (Purpose::Mx, State::Ok));
    assert!(!report.is_fine());
}

#[tokio::test]
async fn a_port_that_nobody_answers_at_is_told() {
    let report =
        checked(Script::new(), |zone| with_our_address(zone).address("mx.desk.example", "127.0.0.77")).await;
    let port = report.items.iter().rfind(|item| item.purpose == Purpose::Port).unwrap();
    assert_eq!(port.look.state, State::Missing);
    assert!(port.look.advice.contains("127.0.0.77 port"), "{}", port.look.advice);
}

#[tokio::test]
async fn another_name_in_the_greeting_and_no_name_of_the_address_are_told() {
    let report =
        checked(Script::new().name("localhost"), |zone| zone.ptr("127.0.0.1", "other.example")).await;
    assert_eq!(item(&report, Purpose::Port).look.state, State::Different);
    // One of its two names leads back.
    assert_eq!(item(&report, Purpose::Ptr).look.state, State::Ok);
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_proves_nothing() {
    let authority = Authority::new();
    let tls = authority.acceptor("mx.desk.example", Validity::Good);
    let report = checked(Script::new().name("mx.desk.example").tls(tls), |zone| zone).await;
    let certificate = item(&report, Purpose::Certificate);
    assert_eq!((certificate.look.state, certificate.is_required), (State::Different, false));
    assert!(
        certificate.look.advice.contains("does not prove mx.desk.example"),
        "{}",
        certificate.look.advice
    );
}
