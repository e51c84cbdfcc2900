//! TLS where it can be had, and where it has to be.

use guichet_desk::{Attempt, DeliveryState};
use guichet_testkit::{Reaction, Script, ScriptedMx, Validity, Zone};

use super::world::{World, assert_deferred, domain};
use crate::{Credentials, Security, SmartHost};

const HOST: &str = "mx.customer.example";

async fn sent(world: &mut World, script: Script) -> (DeliveryState, Attempt, ScriptedMx) {
    let mx = ScriptedMx::start(script).await.unwrap();
    world.start(&mx);
    let (state, attempt) = world.send().await;
    (state, attempt, mx)
}

#[tokio::test]
async fn any_certificate_is_better_than_none() {
    for validity in [Validity::Good, Validity::Expired] {
        let mut world = World::new().await;
        let script = Script::new().tls(world.authority.acceptor("another.example", validity));
        let (state, attempt, mx) = sent(&mut world, script).await;
        assert_eq!(state, DeliveryState::Delivered);
        assert_eq!(attempt.tls.as_deref().map(|tls| tls.starts_with("TLSv1.3 TLS_")), Some(true));
        assert!(mx.mails()[0].tls);
    }
}

#[tokio::test]
async fn after_a_broken_handshake_the_mail_goes_in_the_clear_once() {
    let mut world = World::new().await;
    let script =
        Script::new().tls(world.authority.acceptor(HOST, Validity::Good)).on("STARTTLS", Reaction::NoTls);
    let (state, attempt, mx) = sent(&mut world, script).await;
    assert_eq!((state, attempt.tls), (DeliveryState::Delivered, None));
    assert_eq!((mx.connections(), mx.mails()[0].tls), (2, false));
}

#[tokio::test]
async fn where_tls_is_required_nothing_less_will_do() {
    for (name, validity, expected) in [
        (HOST, Validity::Good, DeliveryState::Delivered),
        (HOST, Validity::Expired, DeliveryState::Deferred),
        ("another.example", Validity::Good, DeliveryState::Deferred),
    ] {
        let mut world = World::new().await;
        world.settings.require_tls = vec![domain("customer.example")];
        let script = Script::new().tls(world.authority.acceptor(name, validity));
        let (state, attempt, mx) = sent(&mut world, script).await;
        assert_eq!(state, expected, "{name} {validity:?}: {}", attempt.text);
        assert_eq!(mx.mails().len(), usize::from(expected == DeliveryState::Delivered));
        assert_eq!(mx.connections(), 1, "no second one in the clear");
    }
}

#[tokio::test]
async fn where_tls_is_required_a_server_without_it_gets_no_mail() {
    let mut world = World::new().await;
    world.settings.require_tls = vec![domain("customer.example")];
    let (state, attempt, mx) = sent(&mut world, Script::new()).await;
    assert_eq!(state, DeliveryState::Deferred);
    assert_deferred(&attempt);
    assert_eq!((attempt.status.as_deref(), mx.mails().len()), (Some("4.7.10"), 0));
}

#[tokio::test]
async fn a_smart_host_takes_all_mail_for_others() {
    let zone = Zone::new().address("relay.example", "127.0.0.1");
    let mut world = World::with_dns(zone).await;
    let script = Script::new()
        .tls(world.authority.acceptor("relay.example", Validity::Good))
        .extension("AUTH PLAIN")
        .say("AUTH", "235 2.7.0 welcome");
    let mx = ScriptedMx::start(script).await.unwrap();
    world.settings.smart_host = Some(SmartHost {
        host: domain("relay.example"),
        port: mx.address().port(),
        security: Security::StartTls,
        credentials: Some(Credentials { user: "guichet".to_owned(), password: b"secret".to_vec().into() }),
    });
    world.run();
    let (state, attempt) = world.send().await;
    assert_eq!(state, DeliveryState::Delivered, "{}", attempt.text);
    assert_eq!(attempt.host.as_deref(), Some("relay.example"));
    assert!(mx.mails()[0].tls);
    assert!(mx.commands().iter().any(|command| command.starts_with("AUTH PLAIN")));
}
