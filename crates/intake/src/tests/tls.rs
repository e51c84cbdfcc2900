//! STARTTLS with a certificate of our own making.

use std::sync::Arc;

use guichet_sys::tls::{TlsMaterial, TlsSource};
use tempfile::TempDir;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::client::{Client, letter};
use super::world::World;

pub(super) fn material(folder: &TempDir) -> TlsMaterial {
    let source = TlsSource::SelfSigned {
        data_dir: folder.path().to_owned(),
        host_names: vec!["mx.example".to_owned()],
    };
    TlsMaterial::load(&source).unwrap()
}

/// A client that trusts this certificate alone.
fn connector(material: &TlsMaterial, version: &'static SupportedProtocolVersion) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(material.chain_path()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn a_mail_comes_through_tls_after_starttls() {
    let folder = TempDir::new().unwrap();
    let material = material(&folder);
    let mut world = World::new().await;
    world.backends.tls = Some(material.acceptor());
    for (version, session, ticket) in [
        (&TLS13, "TLSv1.3 TLS_AES_256_GCM_SHA384", 1),
        (&TLS12, "TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 2),
    ] {
        let mut client = world.greeted().await;
        client.expect(&[("STARTTLS", "220 2.0.0 ")]).await;
        let name = ServerName::try_from("mx.example").unwrap();
        let stream = connector(&material, version).connect(name, client.into_stream()).await.unwrap();
        let mut client = Client::new(stream);
        let hello = client.say("EHLO mail.customer.example\r\n").await;
        assert!(!hello.contains("STARTTLS"), "{hello}");
        let said = client.mail(&["support@demo.example"], &letter(session)).await;
        assert_eq!(said, format!("250 2.0.0 ticket #{ticket}\r\n"));
        let envelope = world.message(world.demo, ticket).record.envelope.unwrap();
        assert_eq!(envelope.tls.as_deref(), Some(session));
        assert!(envelope.trace.contains(&format!("with ESMTPS ({session})\r\n")), "{}", envelope.trace);
        client.expect(&[("QUIT", "221 ")]).await;
        assert!(client.is_closed().await);
        world.ended().await.unwrap();
    }
}

#[tokio::test]
async fn commands_injected_behind_starttls_are_not_obeyed() {
    let folder = TempDir::new().unwrap();
    let mut world = World::new().await;
    world.backends.tls = Some(material(&folder).acceptor());
    let mut client = world.greeted().await;
    let said = client.say("STARTTLS\r\nMAIL FROM:<anna@customer.example>\r\n").await;
    assert!(said.starts_with("421 4.7.0 "), "{said}");
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn without_a_certificate_starttls_is_not_offered() {
    let mut world = World::new().await;
    let mut client = world.connect();
    client.reply().await;
    let hello = client.say("EHLO mail.customer.example\r\n").await;
    assert!(!hello.contains("STARTTLS"), "{hello}");
    client.expect(&[("STARTTLS", "502 5.5.1 ")]).await;
}
