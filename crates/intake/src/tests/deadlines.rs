//! Slow clients. Time stands still but for what is waited for, so nothing here takes any.

use std::io::ErrorKind;

use super::world::{World, dial};

const TOO_SLOW: &str = "421 4.4.2 You were silent or slow for too long.\r\n";

#[tokio::test]
async fn promise_9_a_silent_client_is_hung_up_on() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    assert_eq!(client.reply().await, TOO_SLOW);
    assert_eq!(began.elapsed().as_secs(), world.settings.session.command_secs_max.into());
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn promise_9_a_client_is_silent_only_since_its_last_command() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    tokio::time::advance(std::time::Duration::from_secs(200)).await;
    client.expect(&[("NOOP", "250 ")]).await;
    assert_eq!(client.reply().await, TOO_SLOW);
    assert_eq!(began.elapsed().as_secs(), 500);
}

#[tokio::test]
async fn promise_9_a_silent_body_is_given_up_and_leaves_nothing() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    client.begin(&["support@demo.example"]).await;
    client.send("Subject: half").await;
    tokio::time::pause();
    assert_eq!(client.reply().await, TOO_SLOW);
    assert!(client.is_closed().await);
    assert!(world.tickets(world.demo).is_empty());
}

#[tokio::test]
async fn promise_9_a_client_that_does_not_read_is_let_go() {
    let mut world = World::new().await;
    let mut client = world.connect_from([192, 0, 2, 1].into(), 64);
    assert!(client.reply().await.starts_with("220 "));
    // The answer has more than the pipe holds, and nobody reads it.
    client.send("EHLO mail.customer.example\r\n").await;
    tokio::time::pause();
    assert_eq!(world.ended().await.unwrap_err().kind(), ErrorKind::TimedOut);
}

#[tokio::test]
async fn promise_9_a_proxy_that_sends_no_header_is_let_go() {
    let mut world = World::new().await;
    world.settings.proxies = vec![super::doors::loopback()];
    let [address, _] = world.open().await;
    tokio::time::pause();
    assert!(dial(address).await.is_closed().await);
}

#[tokio::test]
async fn promise_9_a_handshake_that_does_not_come_is_given_up() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut world = World::new().await;
    world.backends.tls = Some(super::tls::material(&folder).acceptor());
    let mut client = world.greeted().await;
    client.expect(&[("STARTTLS", "220 ")]).await;
    tokio::time::pause();
    assert!(client.is_closed().await);
    assert_eq!(world.ended().await.unwrap_err().kind(), ErrorKind::TimedOut);
}

#[tokio::test]
async fn promise_9_sessions_that_do_not_end_are_cut_when_the_server_stops() {
    let mut world = World::new().await;
    let [address, _] = world.open().await;
    let mut client = super::client::Client::greeted(dial(address).await.into_stream()).await;
    client.begin(&["support@demo.example"]).await;
    tokio::time::pause();
    world.stop.send_replace(true);
    let stopped = world.closed().await;
    assert_eq!((stopped.finished, stopped.cut), (0, 1));
    assert!(client.is_closed().await);
}
