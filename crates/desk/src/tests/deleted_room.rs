//! The room of what is deleted: it comes back, and nothing that is still named goes with it.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use guichet_store::{Options, Store};

use super::deleting::{check_whole, delete, throw_and_delete};
use super::queue_world::set_state;
use super::world::{World, at, mail};
use crate::{Desk, EventKind, Log, Outcome, Recipient, State};

const BIA: &str = "Bia <bia@customer.example>";

/// A desk on files, in whose folders one can look.
async fn on_disk() -> (tempfile::TempDir, World) {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { journal_bytes: 4 << 20, disk_reserve_bytes_min: 0, ..Options::default() };
    let store = Store::open(directory.path(), &options).unwrap();
    let world = World::over(store).await;
    (directory, world)
}

fn bytes_in(directory: &Path, folder: &str) -> u64 {
    let files = std::fs::read_dir(directory.join(folder)).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

async fn sweep(desk: &Desk) {
    while desk.sweep_blobs().await.unwrap() {}
}

/// A mail of about this size that hardly compresses.
fn big_mail(id: u64, bytes: usize) -> String {
    let mut noise = blake3::Hasher::new().update(&id.to_be_bytes()).finalize_xof();
    let mut octets = vec![0; bytes / 2];
    noise.fill(&mut octets);
    let lines = octets.chunks(30).map(|line| data_encoding::HEXLOWER.encode(line) + "\n");
    let text: String = lines.collect();
    mail(BIA, &format!("{id}@customer.example"), "Large", "") + &text
}

#[tokio::test]
async fn room_really_comes_back_of_small_and_large_mails() {
    let (directory, world) = on_disk().await;
    for id in 1..=60 {
        let bytes = if id % 20 == 0 { 1_500_000 } else { 120_000 };
        world.receive(&big_mail(id, bytes), &[&world.support]).await;
    }
    let size = || bytes_in(directory.path(), "segments") + bytes_in(directory.path(), "blobs");
    let before = size();
    for number in 1..=60 {
        if number != 7 {
            throw_and_delete(&world, number).await;
        }
    }
    sweep(&world.desk).await;
    assert!(size() < before / 20, "{} of {before} bytes stay", size());
    assert!(world.raw(7).contains("Large"), "what stays is read");
}

#[tokio::test]
async fn a_mail_that_two_tickets_have_goes_with_the_last_of_them() {
    let (directory, world) = on_disk().await;
    world.receive(&big_mail(1, 1_500_000), &[&world.support, &world.billing]).await;
    assert_ne!(bytes_in(directory.path(), "blobs"), 0);
    throw_and_delete(&world, 1).await;
    sweep(&world.desk).await;
    assert!(world.raw(2).contains("Large"));
    throw_and_delete(&world, 2).await;
    sweep(&world.desk).await;
    assert_eq!(bytes_in(directory.path(), "blobs"), 0);
}

#[tokio::test]
async fn a_mail_to_forty_teams_goes_with_the_last_ticket_in_whatever_order_they_go() {
    let (directory, world) = on_disk().await;
    let mut channels = Vec::new();
    for n in 0..40 {
        let team = world.desk.accounts().create_team(world.acme, &format!("Team {n}")).await.unwrap().id;
        channels.push(world.channel(&format!("team{n}@acme.example"), Some(team)).await);
    }
    world.receive(&big_mail(1, 1_500_000), &channels.iter().collect::<Vec<_>>()).await;
    let mut left: Vec<u64> = (1..=40).collect();
    for step in 0..40 {
        let number = left.remove((step * 17) % left.len());
        throw_and_delete(&world, number).await;
        sweep(&world.desk).await;
        assert_eq!(bytes_in(directory.path(), "blobs") > 0, !left.is_empty(), "{} are left", left.len());
    }
}

#[tokio::test]
async fn two_tickets_of_one_mail_that_go_at_once_leave_nothing() {
    let (directory, world) = on_disk().await;
    for id in 1..=8 {
        world.receive(&big_mail(id, 600_000), &[&world.support, &world.billing]).await;
    }
    for number in 1..=16 {
        set_state(&world, number, State::Trash).await;
    }
    let world = Arc::new(world);
    let deleting = |number| {
        let world = Arc::clone(&world);
        async move { delete(&world, number).await.unwrap() }
    };
    for pair in 0..8 {
        tokio::join!(deleting(2 * pair + 1), deleting(2 * pair + 2));
    }
    sweep(&world.desk).await;
    assert_eq!(bytes_in(directory.path(), "blobs"), 0);
}

#[tokio::test]
async fn who_reads_a_raw_mail_while_it_is_deleted_reads_it_to_its_end() {
    let (_directory, world) = on_disk().await;
    for id in 1..=12 {
        world.receive(&big_mail(id, if id % 2 == 0 { 600_000 } else { 200_000 }), &[&world.support]).await;
    }
    let mut readers: Vec<_> = (1..=12)
        .map(|number| (world.raw(number), world.desk.raw(&world.admin(), &world.stored(number)).unwrap()))
        .collect();
    for number in 1..=12 {
        throw_and_delete(&world, number).await;
    }
    sweep(&world.desk).await;
    for (expected, reader) in &mut readers {
        let mut read = String::new();
        reader.read_to_string(&mut read).unwrap();
        assert!(read == *expected);
    }
}

/// Mail keeps coming, for the very tickets that are thrown away and deleted: each is in a ticket or was deleted with one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_1_and_2_nothing_is_lost_by_deletions_beside_intake() {
    let (_directory, world) = on_disk().await;
    let world = Arc::new(world);
    world.receive(&mail(BIA, "0@customer.example", "Hello", ""), &[&world.support]).await;
    let intake = |from: u64, to: Recipient| {
        let world = Arc::clone(&world);
        async move {
            for n in from..from + 40 {
                let more = format!("In-Reply-To: <{}@customer.example>\n", n.saturating_sub(3));
                world.receive(&mail(BIA, &format!("{n}@customer.example"), "Hello", &more), &[&to]).await;
            }
        }
    };
    let deletions = {
        let world = Arc::clone(&world);
        async move {
            let mut deleted = 0;
            for number in 1..=30 {
                let change =
                    crate::TicketChange { state: Some(State::Trash), ..crate::TicketChange::default() };
                if world.desk.change_ticket(&world.admin(), number, &change, None, at(1)).await.is_ok() {
                    delete(&world, number).await.unwrap();
                    deleted += 1;
                }
                world.desk.sweep_blobs().await.unwrap();
                tokio::task::yield_now().await;
            }
            deleted
        }
    };
    let (support, billing) = (world.support.clone(), world.billing.clone());
    let ((), (), deleted) = tokio::join!(intake(1, support), intake(100, billing), deletions);
    assert!(deleted > 0);
    sweep(&world.desk).await;
    let last = mail(BIA, "last@customer.example", "Hello", "");
    assert!(matches!(world.receive(&last, &[&world.support]).await[..], [Outcome::Created { .. }]));
    let there = check_whole(&world);
    let Log::Events { events, .. } = world.desk.events(&world.admin(), 0).unwrap() else { panic!() };
    let begun = events.iter().filter(|event| event.event.kind == EventKind::TicketCreated).count();
    let gone = events.iter().filter(|event| event.event.kind == EventKind::TicketDeleted).count();
    assert_eq!(begun, there.len() + gone);
}

#[tokio::test]
async fn an_upload_that_is_forgotten_gives_its_room_back_unless_a_draft_keeps_it() {
    let (directory, world) = on_disk().await;
    let agent = world.billing_agent().await;
    let upload = async |name: &str| {
        let mut writer = world.desk.upload_writer().unwrap();
        let mut octets = vec![0; 400 << 10];
        blake3::Hasher::new().update(name.as_bytes()).finalize_xof().fill(&mut octets);
        writer.write(&octets).unwrap();
        let content = writer.finish().unwrap();
        world.desk.finish_upload(&agent, content, name, "application/x-data", at(1)).await.unwrap().id
    };
    let (kept, _forgotten) = (upload("kept").await, upload("forgotten").await);
    let draft = crate::Draft { attachments: vec![kept], ..crate::Draft::default() };
    let draft = world.desk.new_draft(&agent, &draft, at(2)).await.unwrap();
    while world.desk.forget_uploads(world.acme, at(100_000)).await.unwrap() {}
    sweep(&world.desk).await;
    assert_eq!(bytes_in(directory.path(), "blobs"), 400 << 10);
    world.desk.delete_draft(&agent, draft.id, None, at(3)).await.unwrap();
    sweep(&world.desk).await;
    assert_eq!(bytes_in(directory.path(), "blobs"), 0);
}
