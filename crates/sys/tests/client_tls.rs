//! TLS as a client, against servers of an authority of the test's own.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::Write as _;

use guichet_sys::tls::{ClientTls, Proof, TlsError};
use guichet_testkit::{Authority, Validity};
use rustls_pki_types::ServerName;

/// Whether a client that asks for `mx.example` is content with such a server.
async fn is_content(proof: Proof, name: &str, validity: Validity, is_trusted: bool) -> bool {
    let authority = Authority::new();
    let trusted = if is_trusted { authority.pem() } else { Authority::new().pem() };
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(trusted.as_bytes()).unwrap();
    let client = ClientTls::of_file(file.path()).unwrap();
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let asked = ServerName::try_from("mx.example").unwrap();
    let acceptor = authority.acceptor(name, validity);
    let (connected, _) = tokio::join!(client.connector(proof).connect(asked, ours), acceptor.accept(theirs));
    connected.is_ok()
}

#[tokio::test]
async fn a_name_is_proven_by_a_trusted_authority_alone() {
    assert!(is_content(Proof::Name, "mx.example", Validity::Good, true).await);
    assert!(!is_content(Proof::Name, "other.example", Validity::Good, true).await);
    assert!(!is_content(Proof::Name, "mx.example", Validity::Expired, true).await);
    assert!(!is_content(Proof::Name, "mx.example", Validity::Good, false).await);
}

#[tokio::test]
async fn without_proof_any_certificate_will_do() {
    assert!(is_content(Proof::None, "other.example", Validity::Expired, false).await);
}

#[test]
fn a_file_without_an_authority_is_an_error_that_names_it() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"nothing").unwrap();
    let error = ClientTls::load(Some(file.path())).err().unwrap();
    assert!(matches!(&error, TlsError::NoCertificate { path } if path == file.path()), "{error}");
}
