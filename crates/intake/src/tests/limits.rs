//! Every bound, overstepped (promise 9).

use tempfile::TempDir;

use super::client::{Client, large_letter, letter};
use super::world::{World, dial};

const NO_ROOM: &str = "452 4.3.1 There is no room for this mail just now. Please try again later.\r\n";
const TOO_MANY: &str = "421 4.7.0 There are too many connections just now. Please try again later.\r\n";

/// The reply to DATA, for a mail that says how large it will be.
async fn declare<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(
    client: &mut Client<S>,
    bytes: u64,
) -> String {
    client
        .expect(&[
            (&format!("MAIL FROM:<anna@customer.example> SIZE={bytes}"), "250 "),
            ("RCPT TO:<support@demo.example>", "250 "),
        ])
        .await;
    client.say("DATA\r\n").await
}

#[tokio::test]
async fn promise_9_bytes_in_flight_over_all_are_bounded_and_free_again() {
    let mut world = World::new().await;
    world.settings.bytes_in_flight_max = 100_000;
    let (mut first, mut second) = (world.greeted().await, world.greeted().await);
    assert!(declare(&mut first, 90_000).await.starts_with("354 "));
    assert_eq!(declare(&mut second, 90_000).await, NO_ROOM);
    first.expect(&[(&format!("{}.", letter("first")), "250 2.0.0 ticket #1")]).await;
    assert!(declare(&mut second, 90_000).await.starts_with("354 "));
    drop(second);
    world.ended().await.unwrap();
    assert!(declare(&mut first, 90_000).await.starts_with("354 "), "who hangs up gives back what it held");
}

#[tokio::test]
async fn promise_9_a_mail_that_grows_past_the_bytes_in_flight_is_put_off_at_its_end() {
    let mut world = World::new().await;
    world.settings.bytes_in_flight_max = 70_000;
    let mut client = world.greeted().await;
    assert_eq!(client.mail(&["support@demo.example"], &large_letter("large", 200_000)).await, NO_ROOM);
    let reply = client.mail(&["support@demo.example"], &letter("small")).await;
    assert_eq!(reply, "250 2.0.0 ticket #1\r\n", "and the next mail of the session is served");
}

#[tokio::test]
async fn a_full_disk_puts_mail_off_and_the_server_stays() {
    let folder = TempDir::new().unwrap();
    let mut world = World::on_disk(&folder, u64::MAX).await;
    let mut client = world.greeted().await;
    assert_eq!(declare(&mut client, 10).await, NO_ROOM);
    client.expect(&[("NOOP", "250 ")]).await;
}

#[tokio::test]
async fn promise_9_a_mail_has_a_largest_size() {
    let mut world = World::new().await;
    world.settings.session.message_bytes_max = 100_000;
    let mut client = world.greeted().await;
    client
        .expect(&[("MAIL FROM:<anna@customer.example> SIZE=100001", "552 5.3.4 The mail is too large")])
        .await;
    let reply = client.mail(&["support@demo.example"], &large_letter("large", 300_000)).await;
    assert!(reply.starts_with("552 5.3.4 The mail is too large"), "{reply}");
    assert!(world.tickets(world.demo).is_empty());
    assert_eq!(client.mail(&["support@demo.example"], &letter("small")).await, "250 2.0.0 ticket #1\r\n");
}

#[tokio::test]
async fn promise_9_a_mail_has_a_largest_number_of_recipients() {
    let mut world = World::new().await;
    world.settings.session.recipients_max = 2;
    let mut client = world.greeted().await;
    client
        .expect(&[
            ("MAIL FROM:<anna@customer.example>", "250 "),
            ("RCPT TO:<support@demo.example>", "250 "),
            ("RCPT TO:<support@other.example>", "250 "),
            ("RCPT TO:<postmaster>", "452 4.5.3 "),
            ("DATA", "354 "),
            (&format!("{}.", letter("x")), "250 2.0.0 tickets #1, #1"),
        ])
        .await;
}

#[tokio::test]
async fn promise_9_one_client_has_a_largest_number_of_connections() {
    let mut world = World::new().await;
    world.settings.connections_per_address_max = 1;
    let first = world.greeted().await;
    let mut second = world.connect();
    assert_eq!(second.reply().await, TOO_MANY);
    assert!(second.is_closed().await);
    let mut elsewhere = world.connect_from([192, 0, 2, 2].into(), 1024);
    assert!(elsewhere.reply().await.starts_with("220 "));
    drop((first, second));
    world.ended().await.unwrap();
    world.ended().await.unwrap();
    world.greeted().await;
}

#[tokio::test]
async fn promise_9_all_clients_together_have_a_largest_number_of_connections() {
    let mut world = World::new().await;
    world.settings.connections_max = 1;
    let [address, other_address] = world.open().await;
    let mut first = dial(address).await;
    assert!(first.reply().await.starts_with("220 "));
    let mut second = dial(other_address).await;
    assert_eq!(second.reply().await, TOO_MANY);
    assert!(second.is_closed().await);
    first.expect(&[("QUIT", "221 ")]).await;
    assert!(first.is_closed().await);
    // The place is free soon after the connection is gone.
    while !dial(address).await.reply().await.starts_with("220 ") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn promise_9_errors_end_a_session() {
    let mut world = World::new().await;
    world.settings.session.errors_max = 2;
    let mut client = world.greeted().await;
    client.expect(&[("NONSENSE", "500 "), ("NONSENSE", "500 "), ("NOOP", "421 4.7.0 ")]).await;
    assert!(client.is_closed().await);
    world.ended().await.unwrap();
}
