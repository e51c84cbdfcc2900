use guichet_mail::verdict::{DmarcAlignment, DmarcPolicy};
use guichet_sys::dns::DnsLimits;
use guichet_testkit::{FakeDns, StillClock, Zone};
use mail_auth::dkim::Canonicalization;

use super::*;
use crate::signing::{ed25519, sign};

const MAIL: &str =
    "From: Ann <ann@example.org>\r\nTo: help@desk.example\r\nSubject: broken\r\n\r\nIt is.\r\n";
const CLIENT_IP: &str = "192.0.2.1";

fn examination<'a>(raw: &'a str, mail_from: Option<&'a str>) -> Examination<'a> {
    Examination {
        client_ip: CLIENT_IP.parse().unwrap(),
        helo: "mx.example.org",
        mail_from,
        raw: raw.as_bytes(),
        now: Timestamp::UNIX_EPOCH,
    }
}

async fn verify(zone: Zone, examination: Examination<'_>) -> Verdicts {
    Verifier::new(FakeDns::resolver(zone), Limits::default(), "mx.desk.example").verify(examination).await
}

/// A decent sender: everything published.
fn published(key_record: &str) -> Zone {
    Zone::new()
        .address("mx.example.org", CLIENT_IP)
        .ptr(CLIENT_IP, "mx.example.org")
        .txt("mx.example.org", "v=spf1 a -all")
        .txt("example.org", "v=spf1 include:_spf.example.org -all")
        .txt("_spf.example.org", "v=spf1 ip4:192.0.2.0/28 ~all")
        .txt("_dmarc.example.org", "v=DMARC1; p=reject")
        .txt("s._domainkey.example.org", key_record)
}

#[tokio::test]
async fn a_decent_sender_passes_everything() {
    let (key, record) = ed25519();
    let mail = sign(MAIL, "example.org", key, Canonicalization::Relaxed);
    let verdicts = verify(published(&record), examination(&mail, Some("ann@example.org"))).await;
    assert_eq!(verdicts.spf_helo.result, AuthResult::Pass);
    assert_eq!(verdicts.spf_mail_from.result, AuthResult::Pass);
    assert_eq!(verdicts.dkim[0].result, AuthResult::Pass);
    assert_eq!(verdicts.dmarc.aligned_by, Some(DmarcAlignment::SpfAndDkim));
    assert_eq!(verdicts.arc.result, AuthResult::None);
    assert_eq!(verdicts.iprev.host.as_deref(), Some("mx.example.org"));
}

#[tokio::test]
async fn a_forger_is_named_with_the_policy_of_whom_he_forges() {
    let forger = Examination {
        client_ip: "198.51.100.7".parse().unwrap(),
        helo: "home.forger.example",
        ..examination(MAIL, Some("ann@example.org"))
    };
    let verdicts = verify(published("v=DKIM1; p="), forger).await;
    assert_eq!(verdicts.spf_mail_from.result, AuthResult::Fail);
    assert_eq!(verdicts.dmarc.policy, Some(DmarcPolicy::Reject));
    assert!(verdicts.is_rejected_by_sender());
}

#[tokio::test]
async fn the_null_sender_is_judged_by_its_name_in_helo() {
    let verdicts = verify(published("v=DKIM1; p="), examination(MAIL, None)).await;
    assert_eq!(verdicts.spf_mail_from, verdicts.spf_helo);
    assert_eq!(verdicts.dmarc.aligned_by, Some(DmarcAlignment::Spf));
}

#[tokio::test(start_paused = true)]
async fn without_dns_every_check_is_passing_trouble_and_in_time() {
    let (key, _) = ed25519();
    let mail = sign(MAIL, "example.org", key, Canonicalization::Relaxed);
    let mute = [
        "mx.example.org",
        "example.org",
        "s._domainkey.example.org",
        "_dmarc.example.org",
        "1.2.0.192.in-addr.arpa",
    ]
    .iter()
    .fold(Zone::new(), |zone, name| zone.silence(name, &[]));
    // The resolver would wait longer than the verifier lets it.
    let limits = DnsLimits { lookup_secs_max: 3600, ..DnsLimits::default() };
    let resolver = Resolver::new(FakeDns::new(mute), Arc::new(StillClock::default()), limits);
    let verifier = Verifier::new(Arc::new(resolver), Limits::default(), "mx.desk.example");
    let before = Instant::now();
    let verdicts = verifier.verify(examination(&mail, Some("ann@example.org"))).await;
    assert_eq!(before.elapsed(), Duration::from_secs(Limits::default().verify_secs_max));
    let results = [
        verdicts.spf_helo.result,
        verdicts.spf_mail_from.result,
        verdicts.dkim[0].result,
        verdicts.dmarc.result,
        verdicts.iprev.result,
    ];
    assert_eq!(results, [AuthResult::TempError; 5]);
    assert!(!verdicts.is_rejected_by_sender());
}

#[tokio::test]
async fn a_mail_without_header_or_with_garbage_still_gets_verdicts() {
    for raw in ["", "\r\n", "garbage", "\u{0}\u{1}: x\r\n\r\n", "From: \r\n\r\n"] {
        let verdicts = verify(Zone::new(), examination(raw, Some("no address"))).await;
        assert_eq!(verdicts.dmarc.result, AuthResult::None, "{raw:?}");
        assert_eq!(verdicts.spf_mail_from.result, AuthResult::None);
    }
}

#[tokio::test]
async fn a_second_mail_of_the_same_sender_asks_dns_nothing() {
    let (key, record) = ed25519();
    let mail = sign(MAIL, "example.org", key, Canonicalization::Relaxed);
    let dns = FakeDns::new(published(&record));
    let resolver = Resolver::new(dns.clone(), Arc::new(StillClock::default()), DnsLimits::default());
    let verifier = Verifier::new(Arc::new(resolver), Limits::default(), "mx.desk.example");
    let first = verifier.verify(examination(&mail, Some("ann@example.org"))).await;
    let asked = dns.questions();
    assert_eq!(verifier.verify(examination(&mail, Some("ann@example.org"))).await, first);
    assert_eq!(dns.questions(), asked);
}
