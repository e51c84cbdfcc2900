//! What we sign is verified by our own verification and by another implementation.

mod changes;

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use guichet_mail::{DomainName, verdict::AuthResult};
use guichet_testkit::{FakeDns, Zone};
use jiff::Timestamp;
use mail_auth::{AuthenticatedMessage, DkimResult};

use super::*;
use crate::{dkim, signing::peer};

const DOMAIN: &str = "example.org";
const MAIL: &str = "Date: Sat, 21 Nov 2026 05:00:00 +0000\r\nFrom: Ann <ann@example.org>\r\nTo: bob@customer.example\r\n\
                    Subject: Your order\r\nMessage-ID: <1@example.org>\r\nX-Mailer: x\r\n\r\nIt is sent.\r\n";
const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);

/// Finding an RSA key takes a moment: one serves all tests.
static RSA: LazyLock<Vec<u8>> = LazyLock::new(|| SigningKey::generate_rsa().unwrap().to_pkcs8());

fn signer(selector: &str, key: SigningKey) -> Signer {
    Signer { domain: DomainName::parse(DOMAIN).unwrap(), selector: selector.to_owned(), key }
}

fn ed25519() -> Signer {
    signer("e", SigningKey::generate_ed25519().unwrap())
}

fn both() -> [Signer; 2] {
    [signer("r", SigningKey::from_pkcs8(&RSA).unwrap()), ed25519()]
}

/// What DNS says of these signers.
fn zone(signers: &[Signer]) -> Zone {
    signers.iter().fold(Zone::new(), |zone, signer| {
        zone.txt(&format!("{}._domainkey.{}", signer.selector, signer.domain), signer.key.record())
    })
}

fn signed(mail: &[u8], signers: &[Signer]) -> Vec<u8> {
    [sign(mail, signers, NOW).unwrap().as_bytes(), mail].concat()
}

/// What our own verification says of each signature.
async fn verdicts(mail: &[u8], signers: &[Signer]) -> Vec<AuthResult> {
    let resolver = FakeDns::resolver(zone(signers));
    let verdicts = dkim::verify(&Message::new(mail), &resolver, NOW, 8).await;
    verdicts.into_iter().map(|verdict| verdict.result).collect()
}

/// Whether the other implementation lets every signature pass.
async fn passes_elsewhere(mail: &[u8], signers: &[Signer]) -> bool {
    let (_server, peer) = peer(&zone(signers)).await;
    let message = AuthenticatedMessage::parse(mail).unwrap();
    let outcomes = peer.verify_dkim(&message).await;
    outcomes.len() == signers.len() && outcomes.iter().all(|one| *one.result() == DkimResult::Pass)
}

#[tokio::test]
async fn both_signatures_pass_here_and_elsewhere() {
    let signers = both();
    let mail = signed(MAIL.as_bytes(), &signers);
    assert_eq!(verdicts(&mail, &signers).await, [AuthResult::Pass; 2]);
    assert!(passes_elsewhere(&mail, &signers).await);
}

#[tokio::test]
async fn bodies_and_headers_of_every_shape_pass_here_and_elsewhere() {
    let signers = both();
    let from = "From: Ann <ann@example.org>\r\n";
    for mail in [
        format!("{from}\r\n"),
        format!("{from}\r\nno line break at the end"),
        format!("{from}\r\n\r\n\r\n"),
        format!("{from}\r\n a \t b \r\n\r\nc\r\n\r\n\r\n"),
        format!("{from}\r\nä, as it is\r\n"),
        format!("{from}Subject: a\r\n\tlong \r\n  one\r\n\r\nx\r\n"),
        format!("{from}Subject:no space\r\nsubject: two\r\nTO: a@b.example\r\nTo: c@d.example\r\n\r\nx\r\n"),
        format!("{from}Subject: gr\u{fc}n\r\nTo: gr\u{fc}n@b.example\r\n\r\nx\r\n"),
        format!("{from}List-Id: <l.example.org>\r\nlist-unsubscribe: <https://example.org>\r\n\r\nx\r\n"),
    ] {
        let mail = signed(mail.as_bytes(), &signers);
        assert_eq!(verdicts(&mail, &signers).await, [AuthResult::Pass; 2], "{}", mail.escape_ascii());
        assert!(passes_elsewhere(&mail, &signers).await, "{}", mail.escape_ascii());
    }
    // What others need not know: octets of no character set, a space before the colon (RFC 5322 4.5.8).
    for header in [&b"Subject: \xfc\xff\r\n"[..], b"Subject : x\r\nsubject: y\r\n"] {
        let mail = signed(&[header, b"From: ann@example.org\r\n\r\n\xfc\r\n"].concat(), &signers);
        assert_eq!(verdicts(&mail, &signers).await, [AuthResult::Pass; 2], "{}", mail.escape_ascii());
    }
}

/// mail-auth 0.13.3 keeps such lines, so it is asked about the mail without them.
#[tokio::test]
async fn white_space_lines_at_the_end_are_no_part_of_what_is_signed() {
    let signers = both();
    for end in [" \r\n", "\r\n\t \r\n\r\n", " \t", "\r\n \r\n  "] {
        let mail = format!("{MAIL}{end}");
        let fields = sign(mail.as_bytes(), &signers, NOW).unwrap();
        let (with, without) = (format!("{fields}{mail}"), format!("{fields}{MAIL}"));
        assert_eq!(verdicts(with.as_bytes(), &signers).await, [AuthResult::Pass; 2], "{end:?}");
        assert_eq!(verdicts(without.as_bytes(), &signers).await, [AuthResult::Pass; 2], "{end:?}");
        assert!(passes_elsewhere(without.as_bytes(), &signers).await, "{end:?}");
    }
}

#[tokio::test]
async fn a_second_from_breaks_the_signature() {
    let signers = [ed25519()];
    let mail = signed(MAIL.as_bytes(), &signers);
    for forged in [[b"From: boss@example.org\r\n", &mail[..]].concat(), {
        let text = String::from_utf8(mail.clone()).unwrap();
        text.replace("X-Mailer: x\r\n", "From: boss@example.org\r\n").into_bytes()
    }] {
        assert_eq!(verdicts(&forged, &signers).await, [AuthResult::Fail]);
    }
}

#[test]
fn a_field_says_what_is_signed_and_no_more() {
    let field = sign(MAIL.as_bytes(), &[ed25519()], NOW).unwrap();
    let unfolded = field.replace("\r\n ", " ");
    let (tags, signature) = unfolded.trim_end().rsplit_once("b=").unwrap();
    let body_hash = BASE64.encode(digest(&SHA256, b"It is sent.\r\n").as_ref());
    assert_eq!(
        tags,
        format!(
            "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.org; s=e; t=1795000000; \
             h=Date:From:To:Subject:Message-ID:From; bh={body_hash}; "
        )
    );
    for absent in [" l=", " x=", " i=", " z="] {
        assert!(!field.contains(absent), "{absent}");
    }
    assert_eq!(BASE64.decode(signature.replace(' ', "").as_bytes()).unwrap().len(), 64);
}

#[test]
fn lines_stay_below_78_characters() {
    let header = SIGNED.map(|name| format!("{name}: x\r\n")).concat();
    let lists = (0..40).map(|n| format!("List-X-{n}: x\r\n")).collect::<Vec<_>>().concat();
    let mail = format!("{header}{lists}\r\nx\r\n");
    for domain in
        ["a.example", &format!("{}.example", "a".repeat(60)), &format!("{}.b.example", "a".repeat(62))]
    {
        for key in [SigningKey::from_pkcs8(&RSA).unwrap(), SigningKey::generate_ed25519().unwrap()] {
            let signer = Signer { domain: DomainName::parse(domain).unwrap(), ..signer("selector-1", key) };
            let field = sign(mail.as_bytes(), &[signer], NOW).unwrap();
            assert!(field.ends_with("\r\n") && !field.contains("\r\n\r\n"));
            for line in field.split_terminator("\r\n") {
                assert!(line.len() < 78 && !line.trim().is_empty(), "{line:?}");
            }
        }
    }
}

#[test]
fn what_can_not_be_signed_says_why() {
    let error = |mail: &str, signer| sign(mail.as_bytes(), &[signer], NOW).unwrap_err();
    assert_eq!(error("To: x\r\n\r\n", ed25519()), SignError::NoFrom);
    assert_eq!(error(&format!("{}{MAIL}", "To: x\r\n".repeat(300)), ed25519()), SignError::HeaderTooLarge);
    for selector in ["", "a; d=b", "a\r\nb", "A"] {
        let signer = Signer { selector: selector.to_owned(), ..ed25519() };
        assert_eq!(error(MAIL, signer), SignError::BadSelector(selector.to_owned()));
    }
    assert_eq!(SigningKey::from_pkcs8(b"no key").unwrap_err(), SignError::BadKey);
    assert_eq!(sign(MAIL.as_bytes(), &[], NOW).unwrap(), "");
}

#[test]
fn a_key_is_the_same_after_it_was_kept_and_shows_nothing_of_itself() {
    for key in [SigningKey::from_pkcs8(&RSA).unwrap(), SigningKey::generate_ed25519().unwrap()] {
        let kept = SigningKey::from_pkcs8(&key.to_pkcs8()).unwrap();
        assert_eq!((kept.record(), kept.algorithm()), (key.record(), key.algorithm()));
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.algorithm()));
    }
}

/// RFC 8463 section 4: the key alone. RFC 6376 3.6.1: an RSA key is published as `SubjectPublicKeyInfo`.
#[test]
fn a_record_holds_the_public_key_as_verifiers_expect_it() {
    let octets = |record: String, prefix: &str| {
        BASE64.decode(record.strip_prefix(prefix).unwrap().as_bytes()).unwrap()
    };
    let ed25519 = SigningKey::generate_ed25519().unwrap().record();
    assert_eq!(octets(ed25519, "v=DKIM1; k=ed25519; p=").len(), 32);
    let rsa = octets(SigningKey::from_pkcs8(&RSA).unwrap().record(), "v=DKIM1; k=rsa; p=");
    let info_of_2048_bits = [0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09];
    assert_eq!((rsa.len(), &rsa[..8]), (294, &info_of_2048_bits[..]));
}
