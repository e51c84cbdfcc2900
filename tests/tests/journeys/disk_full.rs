//! The disk fills up: `452`, the service stays up, nothing is torn, and it goes on when there is room.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use data_encoding::BASE64;
use guichet_tests::dns::Zone;
use guichet_tests::installation::{DEMO_ADDRESS, Installation};
use guichet_tests::private_internet;
use guichet_tests::random::Random;
use guichet_tests::smtp::{Client, Reply};
use guichet_tests::wait::{ANSWER_SECS_MAX, until};

use crate::letters::{every, letter, only_message};

const DISK_BYTES: usize = 160 << 20;
/// What another program has on the same disk, until it is deleted.
const OTHER_BYTES: usize = 48 << 20;
/// Lines of a mail that does not compress: about a megabyte.
const LINES: usize = 13_000;
/// More mails than fit.
const MAILS_MAX: usize = 160;

fn mount(folder: &Path) -> Result<()> {
    fs::create_dir(folder)?;
    let size = format!("size={DISK_BYTES}");
    let status = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).status()?;
    ensure!(status.success(), "mount: {status}");
    Ok(())
}

fn large(number: usize, random: &mut Random) -> Vec<u8> {
    let mut mail = letter("ada@customer.example", DEMO_ADDRESS, &format!("large-{number}"), "");
    let mut bytes = [0; 57];
    for _ in 0..LINES {
        random.fill(&mut bytes);
        mail.extend(BASE64.encode(&bytes).as_bytes());
        mail.extend(b"\r\n");
    }
    mail
}

fn send(client: &mut Client, mail: &[u8]) -> Result<Reply> {
    client.send("ada@customer.example", &[DEMO_ADDRESS], mail)
}

#[test]
fn a_full_disk_is_452_and_the_service_goes_on_when_there_is_room() -> Result<()> {
    private_internet::inside(&Zone::new(), || {
        let folder = tempfile::tempdir()?;
        let disk = folder.path().join("disk");
        mount(&disk)?;
        let other = disk.join("other");
        fs::write(&other, vec![1; OTHER_BYTES])?;
        let place = Installation::at(&disk.join("data")).set("disk_reserve_bytes_min", "8 MB");
        let server = place.start()?;
        let mut random = Random::new(1);
        let mut client = Client::greet(server.smtp, "client.example")?;

        let mut accepted = Vec::new();
        let refused = loop {
            let mail = large(accepted.len(), &mut random);
            let reply = send(&mut client, &mail)?;
            if reply.code != 250 {
                break reply;
            }
            accepted.push(mail);
            ensure!(accepted.len() < MAILS_MAX, "the disk never fills");
        };
        assert_eq!(refused.code, 452, "{refused:?}");
        assert!(accepted.len() > 5, "refused after {} mails", accepted.len());
        let api = server.api();
        assert_eq!(api.request("GET", "/healthz", &[], b"")?.status, 200, "the service stays up");
        assert_eq!(every(&api, "/tickets")?.len(), accepted.len(), "the refused one left nothing");

        fs::remove_file(&other)?;
        let mail = large(accepted.len(), &mut random);
        until("mail taken again", ANSWER_SECS_MAX, || {
            let mut client = Client::greet(server.smtp, "client.example").ok()?;
            send(&mut client, &mail).ok().filter(|reply| reply.code == 250)
        })?;
        accepted.push(mail);
        server.kill()?;

        let server = place.start()?;
        for (number, mail) in accepted.iter().enumerate() {
            let message = only_message(&server.api(), number as u64 + 1)?;
            let raw = server.api().read(&format!("/messages/{}/raw", message["id"]))?.body;
            assert!(raw == *mail, "mail {number} is torn");
        }
        Ok(())
    })
}
