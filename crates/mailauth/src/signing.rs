//! Signs and verifies mail in tests, through another implementation than the one that is tested, with keys made on the
//! spot.

use data_encoding::BASE64;
use guichet_testkit::{DnsServer, Zone};
use mail_auth::{
    MessageAuthenticator,
    common::{
        crypto::{Ed25519Key, RsaKey, Sha256, SigningKey},
        headers::HeaderWriter,
    },
    dkim::{Canonicalization, DkimSigner},
    hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts},
};

/// What the signed mails of tests sign.
pub(crate) const SIGNED: [&str; 4] = ["From", "To", "Subject", "Subject"];

/// A key and the record that publishes it.
pub(crate) fn ed25519() -> (Ed25519Key, String) {
    let key = Ed25519Key::from_pkcs8_der(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
    let record = format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(&key.public_key()));
    (key, record)
}

/// A 2048-bit key and the record that publishes it.
pub(crate) fn rsa() -> (RsaKey<Sha256>, String) {
    use aws_lc_rs::{
        encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
        rsa::KeySize,
        signature::{KeyPair, RsaKeyPair},
    };
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public_key: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let record = format!("v=DKIM1; k=rsa; p={}", BASE64.encode(public_key.as_ref()));
    let private_key: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let private_key = rustls_pki_types::PrivatePkcs8KeyDer::from(private_key.as_ref().to_vec());
    (RsaKey::from_key_der(private_key.into()).unwrap(), record)
}

/// `mail` with a signature of `domain` on top, made with the key at the selector `s`.
pub(crate) fn sign<K: SigningKey>(mail: &str, domain: &str, key: K, form: Canonicalization) -> String {
    let signature = DkimSigner::from_key(key)
        .domain(domain)
        .selector("s")
        .headers(SIGNED)
        .header_canonicalization(form)
        .body_canonicalization(form)
        .sign(mail.as_bytes())
        .unwrap();
    signature.to_header() + mail
}

/// Another implementation, asking a server on loopback.
pub(crate) async fn peer(zone: &Zone) -> (DnsServer, MessageAuthenticator) {
    let server = DnsServer::start(zone.clone()).await.unwrap();
    let mut connection = ConnectionConfig::udp();
    connection.port = server.address().port();
    let servers = vec![NameServerConfig::new(server.address().ip(), true, vec![connection])];
    let config = ResolverConfig::from_parts(None, Vec::new(), servers);
    (server, MessageAuthenticator::new(config, ResolverOpts::default()).unwrap())
}
