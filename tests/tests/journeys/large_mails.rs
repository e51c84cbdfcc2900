//! Large mails, and the limits on them that a sender can see.

use anyhow::Result;
use guichet_tests::installation::{DEMO_ADDRESS, Installation};
use guichet_tests::smtp::Client;

use crate::letters::letter;

const LIMIT: usize = 2_000_000;

fn of_bytes(bytes: usize) -> Vec<u8> {
    let mut mail = letter("ada@customer.example", DEMO_ADDRESS, "large", "");
    while mail.len() < bytes {
        mail.extend(b"The quick brown fox jumps over the lazy dog, again and again and again.\r\n");
    }
    mail
}

#[test]
fn case_22_too_large_is_552_whether_it_is_announced_or_not_and_the_next_sender_is_served() -> Result<()> {
    let place = Installation::new()?.set("smtp.size_max", "2 MB");
    let server = place.start()?;
    let mut client = Client::greet(server.smtp, "client.example")?;
    let announced = client.command(&format!("MAIL FROM:<ada@customer.example> SIZE={}", LIMIT + 1))?;
    assert!(announced.expect(552)?.text().starts_with("5.3.4"));

    let mut client = Client::greet(server.smtp, "client.example")?;
    let reply = client.send("ada@customer.example", &[DEMO_ADDRESS], &of_bytes(LIMIT + 100_000))?;
    assert!(reply.expect(552)?.text().starts_with("5.3.4"));
    client.send("ada@customer.example", &[DEMO_ADDRESS], &of_bytes(LIMIT - 1_000))?.expect(250)?;
    Ok(())
}
