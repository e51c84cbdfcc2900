//! Mail that would come back, or that has nowhere to go.

use guichet_desk::DeliveryState;
use guichet_testkit::{Script, ScriptedMx, Zone};

use super::world::{World, said};
use crate::{LocalNetworks, Security, SmartHost};

/// Nothing listens anywhere: all is known from DNS.
async fn outcome(zone: Zone, own: &[&str]) -> (DeliveryState, String, String) {
    let mut world = World::with_dns(zone).await;
    world.settings.local_networks = LocalNetworks::Refused;
    world.settings.own_addresses = own.iter().map(|address| address.parse().unwrap()).collect();
    world.run();
    let (state, attempt) = world.send().await;
    assert_eq!(attempt.stage, "dns");
    (state, attempt.status.unwrap(), attempt.text)
}

#[tokio::test]
async fn a_null_mx_refuses_the_mail() {
    let (state, status, text) = outcome(Zone::new().mx("customer.example", 0, "."), &[]).await;
    assert_eq!((state, status.as_str()), (DeliveryState::Bounced, "5.1.10"), "{text}");
}

#[tokio::test]
async fn a_domain_that_does_not_exist_refuses_the_mail() {
    let (state, status, text) = outcome(Zone::new(), &[]).await;
    assert_eq!((state, status.as_str()), (DeliveryState::Bounced, "5.1.2"), "{text}");
    let (state, status, text) = outcome(Zone::new().txt("customer.example", "no mail"), &[]).await;
    assert_eq!((state, status.as_str()), (DeliveryState::Bounced, "5.1.2"), "{text}");
}

#[tokio::test]
async fn trouble_of_dns_defers_the_mail() {
    let (state, status, text) = outcome(Zone::new().serv_fail("customer.example"), &[]).await;
    assert_eq!((state, status.as_str()), (DeliveryState::Deferred, "4.4.3"), "{text}");
    let dead_host = Zone::new().mx("customer.example", 10, "mx.customer.example");
    let (state, status, text) = outcome(dead_host, &[]).await;
    assert_eq!((state, status.as_str()), (DeliveryState::Deferred, "4.4.4"), "{text}");
}

#[tokio::test]
async fn mail_never_goes_to_this_machine_or_to_ourselves() {
    for address in ["127.0.0.1", "::1", "0.0.0.0", "169.254.1.1", "198.51.100.25"] {
        let zone = Zone::new().mx("customer.example", 10, "mx.customer.example");
        let zone = zone.address("mx.customer.example", address);
        let (state, status, text) = outcome(zone, &["198.51.100.25:2525"]).await;
        assert_eq!((state, status.as_str()), (DeliveryState::Bounced, "5.4.6"), "{address}: {text}");
    }
    let zone =
        Zone::new().mx("customer.example", 10, "mx.demo.example").address("mx.demo.example", "192.0.2.9");
    assert_eq!(outcome(zone, &[]).await.1, "5.4.6", "our own name");
}

#[tokio::test]
async fn a_server_that_greets_with_our_own_name_gets_no_mail() {
    let mut world = World::new().await;
    let mx = ScriptedMx::start(Script::new().name("MX.demo.example")).await.unwrap();
    world.start(&mx);
    let (state, attempt) = world.send().await;
    assert_eq!(state, DeliveryState::Bounced);
    assert_eq!(said(&attempt), ("dns", None, Some("5.4.6")));
    assert!(mx.mails().is_empty());
}

/// A world whose smart host is `mx.demo.example`, our own name, at the port of this server.
async fn with_smart_host(port: u16) -> World {
    let mut world = World::with_dns(Zone::new().address("mx.demo.example", "127.0.0.1")).await;
    world.settings.local_networks = LocalNetworks::Refused;
    let host = world.settings.hostname.clone();
    world.settings.smart_host = Some(SmartHost { host, port, security: Security::None, credentials: None });
    world
}

#[tokio::test]
async fn a_smart_host_beside_us_may_have_our_name() {
    let mx = ScriptedMx::start(Script::new().name("mx.demo.example")).await.unwrap();
    let mut world = with_smart_host(mx.address().port()).await;
    world.settings.own_addresses = vec!["127.0.0.1:2525".parse().unwrap()];
    world.run();
    let (state, attempt) = world.send().await;
    assert_eq!(state, DeliveryState::Delivered, "{}", attempt.text);
}

#[tokio::test]
async fn a_smart_host_that_is_ourselves_is_a_mistake_of_the_settings() {
    let mx = ScriptedMx::start(Script::new()).await.unwrap();
    let mut world = with_smart_host(mx.address().port()).await;
    world.settings.own_addresses = vec![mx.address()];
    world.run();
    let (state, attempt) = world.send().await;
    assert_eq!((state, said(&attempt)), (DeliveryState::Deferred, ("dns", None, Some("4.4.6"))));
    assert!(attempt.text.contains("is this server itself"), "{}", attempt.text);
    assert!(mx.mails().is_empty());
}
