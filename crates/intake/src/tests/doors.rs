//! Listeners: PROXY headers, and the graceful stop.

use std::net::Ipv4Addr;

use super::client::{Client, letter};
use super::world::{World, dial};
use crate::Network;

pub(super) fn loopback() -> Network {
    Network { address: Ipv4Addr::LOCALHOST.into(), prefix_bits: 8 }
}

#[tokio::test]
async fn each_listener_takes_mail() {
    let mut world = World::new().await;
    for (address, ticket) in world.open().await.into_iter().zip(1..) {
        let mut client = Client::greeted(dial(address).await.into_stream()).await;
        let said = client.mail(&["support@demo.example"], &letter(&format!("n{ticket}"))).await;
        assert_eq!(said, format!("250 2.0.0 ticket #{ticket}\r\n"));
    }
    assert_eq!(world.message(world.demo, 1).record.envelope.unwrap().client.to_string(), "127.0.0.1");
}

#[tokio::test]
async fn an_address_literal_is_ours_if_it_was_connected_to() {
    let mut world = World::new().await;
    let [address, _] = world.open().await;
    let mut client = Client::greeted(dial(address).await.into_stream()).await;
    let said = client.mail(&["postmaster@[127.0.0.1]"], &letter("x")).await;
    assert_eq!(said, "250 2.0.0 ticket #1\r\n");
}

#[tokio::test]
async fn a_proxy_of_ours_names_the_client() {
    let mut world = World::new().await;
    world.settings.proxies = vec![loopback()];
    world.settings.connections_per_address_max = 1;
    let [address, _] = world.open().await;
    let mut clients = Vec::new();
    for (header, client, ticket) in [
        (&b"PROXY TCP4 203.0.113.9 198.51.100.25 4321 25\r\n"[..], "203.0.113.9", 1),
        (b"PROXY TCP6 2001:db8::9 2001:db8::25 4321 25\r\n", "2001:db8::9", 2),
        (
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x0a\xc6\x33\x64\x19\x10\xe1\0\x19",
            "203.0.113.10",
            3,
        ),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1", 4),
    ] {
        let mut dialled = dial(address).await;
        dialled.send(header).await;
        let mut session = Client::greeted(dialled.into_stream()).await;
        session.mail(&["support@demo.example"], &letter(client)).await;
        assert_eq!(world.message(world.demo, ticket).record.envelope.unwrap().client.to_string(), client);
        clients.push(session);
    }
    let mut second = dial(address).await;
    second.send("PROXY TCP4 203.0.113.9 198.51.100.25 9999 25\r\n").await;
    assert!(second.reply().await.starts_with("421 4.7.0 "), "it is the client that is counted");
}

#[tokio::test]
async fn what_follows_a_proxy_header_at_once_is_the_clients() {
    let mut world = World::new().await;
    world.settings.proxies = vec![loopback()];
    let [address, _] = world.open().await;
    let mut client = dial(address).await;
    client.send("PROXY TCP4 203.0.113.9 198.51.100.25 4321 25\r\nEHLO early.example\r\n").await;
    assert!(client.reply().await.starts_with("220 "));
    assert!(client.reply().await.starts_with("250-mx.example\r\n"));
    client.expect(&[("NOOP", "250 ")]).await;
}

#[tokio::test]
async fn a_proxy_of_ours_without_its_header_is_not_served() {
    let mut world = World::new().await;
    world.settings.proxies = vec![loopback()];
    let [address, _] = world.open().await;
    for beginning in ["EHLO mail.customer.example\r\n", "PROXY TCP4 nonsense\r\n"] {
        let mut client = dial(address).await;
        client.send(beginning).await;
        assert_eq!(client.reply().await, "");
    }
}

#[tokio::test]
async fn a_proxy_header_from_anybody_else_names_nobody() {
    let mut world = World::new().await;
    let [address, _] = world.open().await;
    let mut client = dial(address).await;
    assert!(client.reply().await.starts_with("220 "));
    let said = client.say("PROXY TCP4 203.0.113.9 198.51.100.25 4321 25\r\n").await;
    assert!(said.starts_with("500 ") || said.starts_with("421 "), "{said}");
}

#[tokio::test]
async fn a_stop_lets_each_session_finish_its_mail() {
    let mut world = World::new().await;
    let [address, other_address] = world.open().await;
    let mut idle = Client::greeted(dial(address).await.into_stream()).await;
    let mut busy = Client::greeted(dial(other_address).await.into_stream()).await;
    busy.begin(&["support@demo.example"]).await;
    world.stop.send_replace(true);
    assert_eq!(
        idle.reply().await,
        "421 4.3.2 This server is about to restart. Please connect again in a moment.\r\n"
    );
    assert!(idle.is_closed().await);
    busy.send(format!("{}.\r\n", letter("last"))).await;
    assert_eq!(busy.reply().await, "250 2.0.0 ticket #1\r\n");
    assert!(busy.reply().await.starts_with("421 4.3.2 "));
    let stopped = world.closed().await;
    assert_eq!(stopped.cut, 0);
    assert!(stopped.finished >= 1);
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_door_whose_owner_is_gone_closes() {
    let mut world = World::new().await;
    world.open().await;
    world.stop = tokio::sync::watch::Sender::new(false);
    let stopped = world.closed().await;
    assert_eq!((stopped.finished, stopped.cut), (0, 0));
}
