use std::path::Path;
use std::sync::Arc;

use axum::Extension;
use axum::routing::get;
use guichet_sys::tls::{ClientTls, Proof, Reload, TlsMaterial, TlsSource};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::tests::{PATIENCE, REQUEST, Server, limits, read_all};
use super::*;

/// A certificate in files, as an operator has it.
fn write_certificate(directory: &Path) {
    let made = tempfile::tempdir().unwrap();
    let host_names = vec!["desk.example".to_owned()];
    let own = TlsSource::SelfSigned { data_dir: made.path().to_owned(), host_names };
    let pem = std::fs::read(TlsMaterial::load(&own).unwrap().chain_path()).unwrap();
    std::fs::write(directory.join("both.pem"), pem).unwrap();
}

fn material(directory: &Path) -> TlsMaterial {
    let file = directory.join("both.pem");
    TlsMaterial::load(&TlsSource::Files { chain: file.clone(), key: file }).unwrap()
}

async fn https(material: &TlsMaterial) -> Server {
    let said = async |Extension(peer): Extension<Peer>| format!("encrypted: {}", peer.is_encrypted);
    let router = Router::new().route("/", get(said));
    let tls = Some(material.acceptor_of(PROTOCOL));
    Server::start_served(Served { router, tls, limits: limits(10, 3_600) }).await
}

async fn connect(server: &Server, protocols: &[&[u8]]) -> io::Result<TlsStream<TcpStream>> {
    let client = ClientTls::load(None).unwrap();
    let mut config = ClientConfig::clone(client.connector(Proof::None).config());
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let name = ServerName::try_from("desk.example").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, server.connect().await).await
}

async fn ask(stream: &mut TlsStream<TcpStream>) -> String {
    stream.write_all(REQUEST).await.unwrap();
    let mut bytes = [0; 512];
    let length = stream.read(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[tokio::test]
async fn https_speaks_http_1_1_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    write_certificate(directory.path());
    let server = https(&material(directory.path())).await;
    for protocols in [&[][..], &[PROTOCOL], &[b"h2", PROTOCOL]] {
        let mut stream = connect(&server, protocols).await.unwrap();
        assert!(ask(&mut stream).await.ends_with("encrypted: true"));
    }
    assert!(connect(&server, &[b"h2"]).await.is_err(), "what is meant for another port is not taken");
}

#[tokio::test]
async fn one_who_speaks_plain_http_at_the_door_of_https_gets_no_answer() {
    let directory = tempfile::tempdir().unwrap();
    write_certificate(directory.path());
    let server = https(&material(directory.path())).await;
    let mut stream = server.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    assert!(!String::from_utf8_lossy(&bytes).contains("encrypted"));
}

#[tokio::test(start_paused = true)]
async fn promise_9_one_who_is_slow_with_tls_is_let_go_and_holds_up_nobody() {
    let directory = tempfile::tempdir().unwrap();
    write_certificate(directory.path());
    let server = https(&material(directory.path())).await;
    let mut silent = server.connect().await;
    let mut quick = connect(&server, &[]).await.unwrap();
    assert!(ask(&mut quick).await.ends_with("encrypted: true"));
    assert_eq!(timeout(PATIENCE, read_all(&mut silent)).await.unwrap(), "");
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_to_the_next_client() {
    let directory = tempfile::tempdir().unwrap();
    write_certificate(directory.path());
    let material = material(directory.path());
    let server = https(&material).await;
    let shown = async || {
        let stream = connect(&server, &[]).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap().first().unwrap().to_vec()
    };
    let before = shown().await;
    assert_eq!(shown().await, before);
    write_certificate(directory.path());
    assert_eq!(material.reload_if_changed().unwrap(), Reload::Reloaded);
    assert_ne!(shown().await, before);
}
