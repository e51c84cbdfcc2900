use guichet_mail::verdict::{ArcVerdict, AuthResult};
use guichet_testkit::{FakeDns, Zone};
use mail_auth::{
    ArcOutput, AuthenticatedMessage, AuthenticationResults, arc::ArcSealer, common::headers::HeaderWriter,
};

use crate::{
    message::Message,
    signing::{SIGNED, ed25519, peer},
};

const MAIL: &str =
    "From: Ann <ann@example.org>\r\nTo: help@desk.example\r\nSubject: broken\r\n\r\nIt is.\r\n";

async fn verify(mail: &str, zone: &Zone) -> ArcVerdict {
    super::verify(&Message::new(mail.as_bytes()), &FakeDns::resolver(zone.clone())).await
}

/// The mail after it went through `list.example` and `forwarder.example`, and the zone with their keys.
async fn forwarded_twice() -> (String, Zone) {
    let mut zone = Zone::new();
    let mut mail = MAIL.to_owned();
    for domain in ["list.example", "forwarder.example"] {
        let (key, record) = ed25519();
        let sealed = {
            let message = AuthenticatedMessage::parse(mail.as_bytes()).unwrap();
            let (_server, peer) = peer(&zone).await;
            let before: ArcOutput<'_> = peer.verify_arc(&message).await;
            let results = AuthenticationResults::new(domain);
            let sealer = ArcSealer::from_key(key).domain(domain).selector("s").headers(SIGNED);
            sealer.seal(&message, &results, &before).unwrap().to_header()
        };
        mail = sealed + &mail;
        zone = zone.txt(&format!("s._domainkey.{domain}"), record);
    }
    (mail, zone)
}

#[tokio::test]
async fn a_mail_without_arc_has_no_chain() {
    assert_eq!(verify(MAIL, &Zone::new()).await, ArcVerdict::default());
}

#[tokio::test]
async fn a_chain_passes_and_names_its_last_sealer() {
    let (mail, zone) = forwarded_twice().await;
    let verdict = verify(&mail, &zone).await;
    assert_eq!((verdict.result, verdict.reason), (AuthResult::Pass, None));
    assert_eq!((verdict.chain_length, verdict.sealer.as_deref()), (2, Some("forwarder.example")));
}

#[tokio::test]
async fn whatever_breaks_a_chain_fails_it() {
    let (mail, zone) = forwarded_twice().await;
    for (from, to) in [
        ("It is.", "It was."),
        ("Subject: broken", "Subject: urgent"),
        ("ARC-Authentication-Results: i=1;", "ARC-Authentication-Results: i=1; dkim=pass;"),
        ("ARC-Authentication-Results: i=1;", "ARC-Authentication-Results: i=3;"),
        ("ARC-Authentication-Results: i=1;", "X-Results: i=1;"),
        ("cv=pass", "cv=fail"),
        ("cv=pass", "cv=none"),
    ] {
        let broken = mail.replace(from, to);
        assert_ne!(broken, mail, "{from}");
        assert_eq!(verify(&broken, &zone).await.result, AuthResult::Fail, "{from} -> {to}");
    }
}

#[tokio::test]
async fn a_seal_whose_key_can_not_be_asked_for_may_be_asked_for_again() {
    let (mail, zone) = forwarded_twice().await;
    let verdict = verify(&mail, &zone.serv_fail("s._domainkey.list.example")).await;
    assert_eq!(verdict.result, AuthResult::TempError);
    assert!(verdict.reason.unwrap().starts_with("seal 1:"));
}

#[tokio::test]
async fn a_chain_of_more_than_fifty_is_none() {
    let fields = ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"];
    let set = |n: u8| fields.map(|name| format!("{name}: i={n}; cv=pass\r\n")).concat();
    let sets = (1..=51).map(set).collect::<Vec<_>>().concat();
    let verdict = verify(&(sets + MAIL), &Zone::new()).await;
    assert_eq!((verdict.result, verdict.chain_length), (AuthResult::Fail, 0));
}
