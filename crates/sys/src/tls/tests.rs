use std::{fs, os::unix::fs::PermissionsExt};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tempfile::TempDir;
use tokio_rustls::TlsConnector;

use super::*;

const NAME: &str = "mx.example.org";

fn fresh_pair() -> (String, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([NAME.to_owned()]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

fn write_pair(folder: &TempDir, (chain, key): &(String, String)) -> TlsSource {
    let source =
        TlsSource::Files { chain: folder.path().join("chain.pem"), key: folder.path().join("key.pem") };
    fs::write(folder.path().join("chain.pem"), chain).unwrap();
    fs::write(folder.path().join("key.pem"), key).unwrap();
    source
}

/// Does a handshake that trusts `chain` alone; true if the server shows it.
async fn is_shown(material: &TlsMaterial, chain: &str) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (ours, theirs) = tokio::io::duplex(16_384);
    let connector = TlsConnector::from(Arc::new(client));
    let (accepted, connected) = tokio::join!(
        material.acceptor().accept(ours),
        connector.connect(ServerName::try_from(NAME).unwrap(), theirs)
    );
    accepted.is_ok() && connected.is_ok()
}

#[tokio::test]
async fn a_server_without_a_certificate_makes_one_and_keeps_it() {
    let folder = TempDir::new().unwrap();
    let source =
        TlsSource::SelfSigned { data_dir: folder.path().to_owned(), host_names: vec![NAME.to_owned()] };
    let material = TlsMaterial::load(&source).unwrap();
    let path = folder.path().join("tls/self-signed.pem");
    let first = fs::read_to_string(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(is_shown(&material, &first).await);
    TlsMaterial::load(&source).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), first);
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart() {
    let folder = TempDir::new().unwrap();
    let (old, new) = (fresh_pair(), fresh_pair());
    let material = TlsMaterial::load(&write_pair(&folder, &old)).unwrap();
    assert_eq!(material.reload_if_changed().unwrap(), Reload::Unchanged);
    write_pair(&folder, &new);
    assert_eq!(material.reload_if_changed().unwrap(), Reload::Reloaded);
    assert!(is_shown(&material, &new.0).await);
    assert!(!is_shown(&material, &old.0).await);
}

#[tokio::test]
async fn a_broken_renewal_leaves_the_old_certificate_and_says_so_once() {
    let folder = TempDir::new().unwrap();
    let pair = fresh_pair();
    let material = TlsMaterial::load(&write_pair(&folder, &pair)).unwrap();
    fs::write(folder.path().join("chain.pem"), fresh_pair().0).unwrap();
    let error = material.reload_if_changed().unwrap_err();
    assert!(matches!(error, TlsError::Mismatch { .. }), "{error}");
    assert_eq!(material.reload_if_changed().unwrap(), Reload::Unchanged);
    assert!(is_shown(&material, &pair.0).await);
}

#[test]
fn each_complaint_names_the_file_and_what_to_do() {
    let folder = TempDir::new().unwrap();
    let (chain, key) = fresh_pair();
    for (chain, key, file, advice) in [
        ("", key.as_str(), "chain.pem", "BEGIN CERTIFICATE"),
        (chain.as_str(), "", "key.pem", "BEGIN PRIVATE KEY"),
        (chain.as_str(), fresh_pair().1.as_str(), "chain.pem", "renew both together"),
    ] {
        let source = write_pair(&folder, &(chain.to_owned(), key.to_owned()));
        let sentence = TlsMaterial::load(&source).err().unwrap().to_string();
        assert!(sentence.contains(file) && sentence.contains(advice), "{sentence}");
    }
    let source =
        TlsSource::Files { chain: folder.path().join("none.pem"), key: folder.path().join("key.pem") };
    let sentence = TlsMaterial::load(&source).err().unwrap().to_string();
    assert!(sentence.contains("none.pem") && sentence.contains("exists"), "{sentence}");
}
