use std::{fs, path::PathBuf, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use guichet_mail::verdict::{AuthResult, DkimVerdict};
use guichet_testkit::{FakeDns, Zone};
use jiff::Timestamp;
use mail_auth::{
    common::headers::HeaderWriter,
    dkim::{Canonicalization, DkimSigner},
};

use crate::{
    message::Message,
    signing::{SIGNED, ed25519, rsa, sign},
};

const MAIL: &str = "From: Ann <ann@example.org>\r\nTo: help@desk.example\r\nSubject: broken\r\n\r\n\
                    It is  broken.\r\n\r\nAnn\r\n\r\n";
const SIGNATURES_MAX: usize = 3;

async fn verify_at(mail: &str, zone: Zone, now: Timestamp) -> Vec<DkimVerdict> {
    super::verify(&Message::new(mail.as_bytes()), &FakeDns::resolver(zone), now, SIGNATURES_MAX).await
}

async fn verify(mail: &str, zone: Zone) -> Vec<DkimVerdict> {
    verify_at(mail, zone, Timestamp::UNIX_EPOCH).await
}

/// The only verdict, with its reason.
async fn outcome(mail: &str, zone: Zone) -> (AuthResult, String) {
    let [verdict] = verify(mail, zone).await.try_into().unwrap();
    (verdict.result, verdict.reason.unwrap_or_default())
}

fn key_zone(record: &str) -> Zone {
    Zone::new().txt("s._domainkey.example.org", record)
}

#[tokio::test]
async fn a_signed_mail_passes_in_every_form_and_with_every_kind_of_key() {
    for form in [Canonicalization::Simple, Canonicalization::Relaxed] {
        let (key, record) = ed25519();
        let [verdict] =
            verify(&sign(MAIL, "example.org", key, form), key_zone(&record)).await.try_into().unwrap();
        assert_eq!((verdict.result, verdict.reason), (AuthResult::Pass, None), "{form:?}");
        assert_eq!(verdict.domain.as_deref(), Some("example.org"));
        assert_eq!(
            (verdict.selector.as_deref(), verdict.algorithm.as_deref()),
            (Some("s"), Some("ed25519-sha256"))
        );
        let (key, record) = rsa();
        let mail = sign(MAIL, "example.org", key, form);
        assert_eq!(outcome(&mail, key_zone(&record)).await, (AuthResult::Pass, String::new()), "{form:?}");
    }
}

#[tokio::test]
async fn what_was_changed_says_whether_it_was_body_or_header() {
    let (key, record) = ed25519();
    let mail = sign(MAIL, "example.org", key, Canonicalization::Relaxed);
    for (from, to, reason) in [
        ("It is  broken", "It was broken", "the body changed"),
        ("Ann\r\n\r\n", "", "the body changed"),
        ("From: Ann", "From: Boss", "a signed field changed"),
        ("Subject: broken", "Subject: a\r\nSubject: broken", "a signed field changed"),
    ] {
        let (result, given) = outcome(&mail.replace(from, to), key_zone(&record)).await;
        assert!(result == AuthResult::Fail && given.contains(reason), "{from:?}: {result:?} {given}");
    }
    let harmless = mail.replace("is  broken.", "is broken. \t").replace("Ann\r\n\r\n", "Ann\r\n \r\n\t\r\n");
    assert_eq!(outcome(&harmless, key_zone(&record)).await.0, AuthResult::Pass);
    let (_, other) = ed25519();
    assert_eq!(outcome(&mail, key_zone(&other)).await.0, AuthResult::Fail);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_can_not_be_had_is_lasting_or_passing_trouble() {
    let (key, record) = ed25519();
    let mail = sign(MAIL, "example.org", key, Canonicalization::Relaxed);
    let name = "s._domainkey.example.org";
    assert_eq!(outcome(&mail, Zone::new()).await.0, AuthResult::PermError);
    assert_eq!(outcome(&mail, Zone::new().txt(name, "v=DKIM1; p=")).await.0, AuthResult::PermError);
    assert_eq!(outcome(&mail, Zone::new().serv_fail(name)).await.0, AuthResult::TempError);
    assert_eq!(outcome(&mail, Zone::new().silence(name, &[])).await.0, AuthResult::TempError);
    let beside_another = Zone::new().txt(name, "some text").txt(name, record);
    assert_eq!(outcome(&mail, beside_another).await.0, AuthResult::Pass);
}

#[tokio::test]
async fn an_expired_signature_fails() {
    let (key, record) = ed25519();
    let signer = DkimSigner::from_key(key).domain("example.org").selector("s").headers(SIGNED).expiration(60);
    let mail = signer.sign(MAIL.as_bytes()).unwrap().to_header() + MAIL;
    assert_eq!(outcome(&mail, key_zone(&record)).await.0, AuthResult::Pass);
    let verdicts = verify_at(&mail, key_zone(&record), "2300-01-01T00:00:00Z".parse().unwrap()).await;
    assert_eq!(verdicts[0].result, AuthResult::Fail);
    assert_eq!(verdicts[0].reason.as_deref(), Some("the signature has expired"));
}

/// Signs by hand what no decent signer would: `tags` go into the field, `body_hash` is taken over `hashed`.
fn sign_by_hand(tags: &str, hashed: &str) -> (String, Zone) {
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{Ed25519KeyPair, KeyPair},
    };
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let key = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let body_hash = BASE64.encode(digest(&SHA256, hashed.as_bytes()).as_ref());
    let field = format!(
        "dkim-signature:v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.org; s=s; h=from; bh={body_hash}; {tags}; b="
    );
    let signed = format!("from:Ann <ann@example.org>\r\n{field}");
    let signature = BASE64.encode(key.sign(digest(&SHA256, signed.as_bytes()).as_ref()).as_ref());
    let record = format!("k=ed25519; p={}", BASE64.encode(key.public_key().as_ref()));
    (format!("{field}{signature}\r\n{MAIL}"), key_zone(&record))
}

#[tokio::test]
async fn a_signature_that_leaves_the_end_of_the_body_open_is_not_trusted() {
    let (mail, zone) = sign_by_hand("l=4", "It i");
    assert_eq!(outcome(&mail, zone).await.0, AuthResult::Policy);
    let (mail, zone) = sign_by_hand("l=0", "");
    assert_eq!(outcome(&mail, zone).await.0, AuthResult::Policy);
    let (mail, zone) = sign_by_hand("l=22", "It is broken.\r\n\r\nAnn\r\n");
    assert_eq!(outcome(&mail, zone).await.0, AuthResult::Pass);
}

#[tokio::test]
async fn the_identity_has_to_be_within_the_domain() {
    let whole = "It is broken.\r\n\r\nAnn\r\n";
    for (tags, record_tags, expected) in [
        ("i=ann@mail.example.org", "", AuthResult::Pass),
        ("i=ann@mail.example.org", "; t=s", AuthResult::PermError),
        ("i=ann@example.org", "; t=s", AuthResult::Pass),
        ("i=ann@badexample.org", "", AuthResult::PermError),
    ] {
        let (mail, zone) = sign_by_hand(tags, whole);
        let resolver = FakeDns::resolver(zone);
        let record = resolver.txt("s._domainkey.example.org").await.unwrap()[0].clone();
        let zone = key_zone(&(String::from_utf8(record.into()).unwrap() + record_tags));
        assert_eq!(outcome(&mail, zone).await.0, expected, "{tags} {record_tags}");
    }
}

#[tokio::test]
async fn what_can_not_be_a_signature_is_refused_before_any_question() {
    let hash = BASE64.encode(&[0; 32]);
    let good = format!("v=1; a=rsa-sha256; d=example.org; s=s; h=from; bh={hash}; b=AAAA");
    let many = "h=from".to_owned() + &":x".repeat(300);
    for (from, to, expected) in [
        ("v=1", "v=2", AuthResult::PermError),
        ("v=1; ", "", AuthResult::PermError),
        ("a=rsa-sha256", "a=rsa-sha1", AuthResult::Policy),
        ("a=rsa-sha256", "a=x", AuthResult::Neutral),
        ("d=example.org", "d=good.example(.bad.example", AuthResult::PermError),
        ("h=from", "h=to", AuthResult::PermError),
        ("h=from", &many, AuthResult::Policy),
        ("bh=A", "bh=!", AuthResult::PermError),
        ("b=AAAA", "b=AAAA; b=AAAA", AuthResult::PermError),
        ("s=s", "s=s; q=dns/x", AuthResult::PermError),
        ("s=s", "s=s; l=-1", AuthResult::PermError),
        ("s=s", "s=s; c=relaxed/none", AuthResult::PermError),
    ] {
        let dns = FakeDns::new(Zone::new());
        let resolver = guichet_sys::dns::Resolver::new(
            dns.clone(),
            Arc::new(guichet_testkit::StillClock::default()),
            guichet_sys::dns::DnsLimits::default(),
        );
        let mail = format!("DKIM-Signature: {}\r\n{MAIL}", good.replace(from, to));
        let message = Message::new(mail.as_bytes());
        let verdicts = super::verify(&message, &resolver, Timestamp::UNIX_EPOCH, SIGNATURES_MAX).await;
        assert_eq!((verdicts[0].result, dns.questions()), (expected, 0), "{to}: {verdicts:?}");
    }
}

#[tokio::test]
async fn a_short_key_is_refused_by_policy() {
    let hash = BASE64.encode(&[0; 32]);
    let mail =
        format!("DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s; h=from; bh={hash}; b=AAAA\r\n{MAIL}");
    let record = format!("k=rsa; p={}", BASE64.encode(&[0x30; 94]));
    assert_eq!(outcome(&mail, key_zone(&record)).await.0, AuthResult::Policy);
}

#[tokio::test]
async fn only_so_many_signatures_are_verified() {
    let mail = "DKIM-Signature: v=1\r\n".repeat(100) + MAIL;
    let verdicts = verify(&mail, Zone::new()).await;
    assert_eq!(verdicts.len(), SIGNATURES_MAX + 1);
    assert_eq!(verdicts.last().unwrap().result, AuthResult::Policy);
}

#[tokio::test]
async fn a_header_too_large_to_be_checked_is_an_error_of_its_sender() {
    let (key, record) = ed25519();
    let mail = sign(MAIL, "example.org", key, Canonicalization::Relaxed);
    let mail = mail.replace("To: ", &("X: y\r\n".repeat(6_000) + "To: "));
    assert_eq!(outcome(&mail, key_zone(&record)).await.0, AuthResult::PermError);
}

/// Mails of dkimpy's tests, RFC 8463's example among them, with the keys that belong to them.
#[tokio::test]
async fn mail_that_others_signed() {
    let Some(corpora) = std::env::var_os("GUICHET_CORPORA") else {
        println!("skipped 7 mails signed by others: GUICHET_CORPORA is not set");
        return;
    };
    let folder = PathBuf::from(corpora).join("dkim_vectors");
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let zone = Zone::new()
        .txt("test._domainkey.football.example.com", read("test.txt").trim())
        // RFC 8463 section A.2.
        .txt(
            "brisbane._domainkey.football.example.com",
            "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        )
        .txt("sed._domainkey.test.ex", read("eximtest.dns").trim());
    for (name, expected) in [
        ("rfc6376.signed.msg", &[AuthResult::Pass, AuthResult::Pass][..]),
        ("rfc6376.signed.rsa.msg", &[AuthResult::Pass]),
        // A tag was added after it was signed.
        ("rfc6376.signed.no_t.msg", &[AuthResult::Fail]),
        ("ed25519test2.msg", &[AuthResult::Pass]),
        // d= carries a comment.
        ("test.message.baddomain", &[AuthResult::PermError]),
        // Their keys are gone.
        ("message.mbox", &[AuthResult::PermError]),
        ("test2.message", &[AuthResult::PermError]),
    ] {
        let mail = read(name).replace("\r\n", "\n").replace('\n', "\r\n");
        let verdicts = verify(&mail, zone.clone()).await;
        let results: Vec<_> = verdicts.iter().map(|verdict| verdict.result).collect();
        assert_eq!(results, expected, "{name}: {verdicts:?}");
    }
    println!("7 mails signed by others end as they should");
}
