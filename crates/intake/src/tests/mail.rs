//! A mail from its first command to what stands at the desk.

use tempfile::TempDir;

use super::client::{Client, large_letter, letter};
use super::world::World;

#[tokio::test]
async fn promise_1_a_mail_is_a_ticket_before_its_250() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    let content = letter("broken");
    assert_eq!(client.mail(&["support@demo.example"], &content).await, "250 2.0.0 ticket #1\r\n");
    assert_eq!(world.tickets(world.demo), [1]);
    assert_eq!(world.raw(world.demo, 1), content);
    let envelope = world.message(world.demo, 1).record.envelope.unwrap();
    assert_eq!(envelope.reverse_path, "anna@customer.example");
    assert_eq!(envelope.recipients, ["support@demo.example"]);
    assert_eq!(envelope.client.to_string(), "192.0.2.1");
    assert_eq!(envelope.helo, "mail.customer.example");
    assert_eq!(envelope.tls, None);
    assert!(envelope.trace.starts_with("Return-Path: <anna@customer.example>\r\n"), "{}", envelope.trace);
    assert!(envelope.trace.contains("Authentication-Results: mx.example"), "{}", envelope.trace);
    assert!(
        envelope.trace.contains(
            "\r\nReceived: from mail.customer.example ([192.0.2.1])\r\n\tby mx.example with ESMTP\r\n"
        ),
        "{}",
        envelope.trace
    );
}

#[tokio::test]
async fn promise_1_a_mail_that_the_store_cannot_keep_is_put_off_and_leaves_nothing() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    client.begin(&["support@demo.example"]).await;
    world.backends.store.close().await;
    let reply = client.say(&format!("{}.\r\n", letter("broken"))).await;
    assert_eq!(reply, "451 4.3.0 We have a problem of our own. Please try again later.\r\n");
    assert!(world.tickets(world.demo).is_empty());
}

#[tokio::test]
async fn promise_1_a_mail_whose_sender_hangs_up_at_its_end_is_kept() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    client.begin(&["support@demo.example"]).await;
    client.send(format!("{}.\r\n", letter("broken"))).await;
    drop(client);
    let _ = world.ended().await;
    assert_eq!(world.tickets(world.demo), [1]);
}

#[tokio::test]
async fn a_mail_that_comes_again_is_answered_with_its_ticket() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    let content = letter("broken");
    client.mail(&["support@demo.example"], &content).await;
    let again = client.mail(&["support@demo.example"], &content).await;
    assert_eq!(again, "250 2.0.0 ticket #1 (already received)\r\n");
    assert_eq!(world.tickets(world.demo), [1]);
}

#[tokio::test]
async fn a_mail_to_several_organisations_becomes_one_ticket_each() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    client.mail(&["support@demo.example"], &letter("first")).await;
    let both = ["support@other.example", "support@demo.example", "SUPPORT@demo.example"];
    let content = letter("both");
    let reply = client.mail(&both, &content).await;
    assert_eq!(reply, "250 2.0.0 tickets #2, #1\r\n");
    assert_eq!((world.tickets(world.demo), world.tickets(world.other)), (vec![1, 2], vec![1]));
    assert_eq!((world.raw(world.demo, 2), world.raw(world.other, 1)), (content.clone(), content));
    let seen = world.message(world.other, 1).record.envelope.unwrap();
    assert_eq!(seen.recipients, ["support@other.example"]);
    assert!(!seen.trace.contains("demo.example"), "no recipient hears of another: {}", seen.trace);
}

#[tokio::test]
async fn a_recipient_given_twice_counts_once() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    let twice = ["support@demo.example", "support@demo.example"];
    assert_eq!(client.mail(&twice, &letter("broken")).await, "250 2.0.0 ticket #1\r\n");
    assert_eq!(world.message(world.demo, 1).record.envelope.unwrap().recipients, ["support@demo.example"]);
}

#[tokio::test]
async fn a_transaction_keeps_nothing_of_the_one_before() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    client
        .expect(&[
            ("MAIL FROM:<anna@customer.example>", "250 "),
            ("RCPT TO:<support@other.example>", "250 "),
            ("RSET", "250 "),
        ])
        .await;
    client.mail(&["support@demo.example"], &letter("broken")).await;
    assert_eq!((world.tickets(world.demo), world.tickets(world.other)), (vec![1], vec![]));
}

#[tokio::test]
async fn the_null_sender_is_taken() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    client
        .expect(&[
            ("MAIL FROM:<>", "250 "),
            ("RCPT TO:<support@demo.example>", "250 "),
            ("DATA", "354 "),
            (&format!("{}.", letter("bounce")), "250 2.0.0 ticket #1"),
        ])
        .await;
    let envelope = world.message(world.demo, 1).record.envelope.unwrap();
    assert_eq!(envelope.reverse_path, "");
    assert!(envelope.trace.starts_with("Return-Path: <>\r\n"), "{}", envelope.trace);
}

#[tokio::test]
async fn a_pipelined_chunked_mail_is_one_write_and_one_answer() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    let content = letter("chunks");
    let (head, tail) = content.split_at(40);
    client
        .send(format!(
            "MAIL FROM:<anna@customer.example> SIZE={}\r\nRCPT TO:<support@demo.example>\r\n\
             BDAT 40\r\n{head}BDAT {} LAST\r\n{tail}QUIT\r\n",
            content.len(),
            tail.len()
        ))
        .await;
    for reply in ["250 2.1.0 ", "250 2.1.5 ", "250 2.0.0 Chunk", "250 2.0.0 ticket #1\r\n", "221 "] {
        let said = client.reply().await;
        assert!(said.starts_with(reply), "{said}");
    }
    assert!(client.is_closed().await);
    assert_eq!(world.raw(world.demo, 1), content);
}

#[tokio::test]
async fn smtputf8_reaches_a_domain_beyond_ascii() {
    let mut world = World::new().await;
    let name = super::world::domain_name("dömo.example");
    world
        .accounts()
        .add_domain(world.demo, &name, Some(&super::world::domain_name("demo.example")))
        .await
        .unwrap();
    let mut client = world.greeted().await;
    client
        .expect(&[
            ("MAIL FROM:<jürgen@dömo.example>", "553 5.6.7 "),
            ("MAIL FROM:<jürgen@dömo.example> SMTPUTF8 BODY=8BITMIME", "250 "),
            ("RCPT TO:<support@dömo.example>", "250 "),
            ("DATA", "354 "),
            ("Subject: Grüße\r\n\r\nGrüße\r\n.", "250 2.0.0 ticket #1"),
        ])
        .await;
    let envelope = world.message(world.demo, 1).record.envelope.unwrap();
    assert_eq!(envelope.reverse_path, "jürgen@dömo.example");
    assert!(envelope.trace.contains("with UTF8SMTP\r\n"), "{}", envelope.trace);
    assert!(envelope.trace.contains("for <support@dömo.example>;"), "{}", envelope.trace);
}

#[tokio::test]
async fn case_21_bytes_that_are_no_mail_become_a_ticket() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    client.begin(&["support@demo.example"]).await;
    let noise = [&b"\xff\xfe\x00\x01 no header at all\r\n"[..], b"..\r\n\r\n\x80\r\n"].concat();
    client.send(&noise).await;
    assert_eq!(client.say(".\r\n").await, "250 2.0.0 ticket #1\r\n");
    assert_eq!(world.message(world.demo, 1).record.raw.bytes_len(), noise.len() as u64 - 1);
}

#[tokio::test]
async fn an_empty_mail_becomes_a_ticket() {
    let mut world = World::new().await;
    let mut client = world.greeted().await;
    assert_eq!(client.mail(&["support@demo.example"], "").await, "250 2.0.0 ticket #1\r\n");
    assert_eq!(world.raw(world.demo, 1), "");
}

#[tokio::test]
async fn large_mails_come_through_byte_for_byte_and_one_after_the_other() {
    let mut world = World::new().await;
    // Less than one of them takes: each has it all.
    world.settings.parse_bytes_max = 1 << 20;
    let mut clients = [world.greeted().await, world.greeted().await];
    let contents = [large_letter("one", 2_000_000), large_letter("two", 700_000)];
    let [first, second] = &mut clients;
    let (one, two) = tokio::join!(
        first.mail(&["support@demo.example"], &contents[0]),
        second.mail(&["support@demo.example"], &contents[1])
    );
    assert!(one.starts_with("250 2.0.0 ticket #") && two.starts_with("250 2.0.0 ticket #"), "{one}{two}");
    let mut kept = [world.raw(world.demo, 1), world.raw(world.demo, 2)];
    kept.sort_unstable_by_key(|raw| usize::MAX - raw.len());
    assert!(kept == contents);
}

#[tokio::test]
async fn a_client_that_hangs_up_within_a_body_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let mut world = World::on_disk(&folder, 0).await;
    let before = files(&folder);
    let mut client = world.greeted().await;
    client.begin(&["support@demo.example"]).await;
    client.send(large_letter("half", 1_000_000)).await;
    client.send(large_letter("half", 1_000_000)).await;
    drop(client);
    world.ended().await.unwrap();
    assert!(world.tickets(world.demo).is_empty());
    assert_eq!(files(&folder), before);
    let mut client = world.greeted().await;
    client.mail(&["support@demo.example"], &large_letter("whole", 1_000_000)).await;
    assert_ne!(files(&folder), before, "a whole mail of that size is a file");
}

/// Every file below the folder.
fn files(folder: &TempDir) -> Vec<std::path::PathBuf> {
    let mut folders = vec![folder.path().to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn a_client_that_says_nothing_more_is_let_go() {
    let mut world = World::new().await;
    let client: Client<_> = world.greeted().await;
    drop(client);
    world.ended().await.unwrap();
}
