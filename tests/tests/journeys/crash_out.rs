//! The power goes while an answer is on its way: it goes out in the end, and twice only where the other side had it
//! already and we had not written that down.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use guichet_tests::installation::{Installation, Server};
use guichet_tests::process::kill;
use guichet_tests::remote::{Remote, Step};
use guichet_tests::smtp::Client;
use serde_json::json;

use crate::agent::{Agent, Written};
use crate::crash::{killed_at_sync, may_trace};
use crate::customer::{ADA, CHANNEL, THEIR_HOST, World, journey, their_address};

const DISK_BYTES: usize = 160 << 20;
/// What another program fills the disk with, until less is left than the reserve.
const OTHER_BYTES: usize = 120 << 20;

/// The server that dies as the remote comes to that step: its process number.
type Victim = Arc<Mutex<Option<(Step, u32)>>>;

/// A remote that kills its client at the step that was asked for.
fn remote(victim: &Victim) -> Result<Remote> {
    let victim = Arc::clone(victim);
    Remote::start(their_address(), move |step| {
        let mut victim = victim.lock().unwrap_or_else(PoisonError::into_inner);
        match *victim {
            Some((when, pid)) if when == step => {
                *victim = None;
                // Where it is gone already there is nothing left to do.
                drop(kill(pid));
                false
            }
            _ => true,
        }
    })
}

fn ticket(world: &World, server: &Server<'_>, agent: &mut Agent) -> Result<u64> {
    let mail = world.letter(CHANNEL, "Invoice 7", "Message-ID: <first@customer.example>\r\n")?;
    Client::greet(server.smtp, THEIR_HOST)?.send(ADA, &[CHANNEL], &mail)?.expect(250)?;
    agent.next_ticket()
}

/// The same, and the server stops.
fn first_ticket(world: &World, place: &Installation) -> Result<u64> {
    let server = place.start()?;
    let ticket = ticket(world, &server, &mut Agent::of(&server)?)?;
    server.stop()?;
    Ok(ticket)
}

/// Kills the server as an answer comes to that step, and starts it again until the answer is there: how often the remote
/// took it.
fn killed_at(
    place: &Installation,
    remote: &Remote,
    victim: &Victim,
    ticket: u64,
    step: Step,
) -> Result<usize> {
    let mut server = place.start()?;
    let agent = Agent::of(&server)?;
    *victim.lock().unwrap_or_else(PoisonError::into_inner) = Some((step, server.process().pid()));
    let written = agent.reply(ticket, json!({}))?;
    server.wait()?;
    let server = place.start()?;
    let mut agent = Agent::of(&server)?;
    let delivery = agent.until(&written.delivery()?, "delivered").with_context(|| format!("{step:?}"))?;
    assert_eq!(delivery["attempts"].as_array().map(Vec::len), Some(1), "{step:?}: {delivery:#}");
    server.stop()?;
    taken(remote, &written)
}

/// How often the remote took this mail, each time the same.
fn taken(remote: &Remote, written: &Written) -> Result<usize> {
    let id = written.message_id()?;
    let all = remote.taken();
    let same: Vec<_> = all.iter().filter(|taken| taken.mail.address("Message-ID") == id).collect();
    for pair in same.windows(2) {
        assert_eq!(pair[0].from, pair[1].from, "the envelope is the same");
    }
    Ok(same.len())
}

#[test]
fn promise_6_a_kill_at_any_step_loses_no_answer_and_doubles_only_what_was_taken() -> Result<()> {
    journey(&[], |world| {
        let victim = Victim::default();
        let remote = remote(&victim)?;
        let place = World::guichet()?;
        let ticket = first_ticket(world, &place)?;
        for step in [Step::Greeting, Step::Mail, Step::Recipient, Step::Data] {
            assert_eq!(killed_at(&place, &remote, &victim, ticket, step)?, 1, "{step:?}");
        }
        assert_eq!(
            killed_at(&place, &remote, &victim, ticket, Step::Content)?,
            2,
            "taken, and not written down"
        );
        Ok(())
    })
}

/// So many different syncs are the last one: those of a start, of a writing and of what came of it.
const SYNCS: usize = 14;
/// More answers than that many syncs let through.
const ANSWERS_MAX: usize = 30;

#[test]
fn promise_6_a_kill_in_the_middle_of_a_sync_loses_no_answer_that_was_promised() -> Result<()> {
    journey(&["strace"], |world| {
        if !may_trace()? {
            return Ok(());
        }
        let remote = remote(&Victim::default())?;
        let place = World::guichet()?;
        let ticket = first_ticket(world, &place)?;
        let mut promised: Vec<Written> = Vec::new();
        for when in 1..=SYNCS {
            // The first syncs are those of the start itself; killed there, it has promised nothing.
            let Ok(server) = place.start_as(&mut killed_at_sync(&place, when)?) else { continue };
            let Ok(agent) = Agent::of(&server) else { continue };
            let answers = std::iter::from_fn(|| agent.reply(ticket, json!({})).ok());
            let before = promised.len();
            promised.extend(answers.take(ANSWERS_MAX));
            ensure!(promised.len() < before + ANSWERS_MAX, "it outlived sync {when}");
        }
        ensure!(!promised.is_empty(), "no answer was ever promised");
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        for written in &promised {
            agent.until(&written.delivery()?, "delivered")?;
            let times = taken(&remote, written)?;
            ensure!((1..=2).contains(&times), "{times} times: {}", written.0);
        }
        Ok(())
    })
}

#[test]
fn promise_6_a_kill_after_the_commit_sends_nothing_again() -> Result<()> {
    journey(&[], |world| {
        let remote = remote(&Victim::default())?;
        let place = World::guichet()?;
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let ticket = ticket(world, &server, &mut agent)?;
        let first = agent.reply(ticket, json!({}))?;
        agent.until(&first.delivery()?, "delivered")?;
        server.kill()?;

        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let second = agent.reply(ticket, json!({}))?;
        agent.until(&second.delivery()?, "delivered")?;
        assert_eq!((taken(&remote, &first)?, taken(&remote, &second)?), (1, 1));
        Ok(())
    })
}

fn mount(folder: &Path) -> Result<()> {
    fs::create_dir(folder)?;
    let size = format!("size={DISK_BYTES}");
    let status = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).status()?;
    ensure!(status.success(), "mount: {status}");
    Ok(())
}

/// Fills the disk, as another program would, until less is left than a commit needs.
fn fill(other: &Path) -> Result<()> {
    fs::write(other, vec![1; OTHER_BYTES]).or_else(|error| match error.kind() {
        std::io::ErrorKind::StorageFull => Ok(()),
        _ => Err(error.into()),
    })
}

#[test]
fn promise_6_what_left_while_the_disk_filled_is_recorded_once_there_is_room_and_not_sent_again() -> Result<()>
{
    journey(&[], |world| {
        let folder = tempfile::tempdir()?;
        let disk = folder.path().join("disk");
        mount(&disk)?;
        let other = disk.join("other");
        let filler = other.clone();
        // The mail is taken, and before our side hears so the disk is full.
        let remote =
            Remote::start(their_address(), move |step| step != Step::Content || fill(&filler).is_ok())?;
        let place = World::set_up(Installation::at(&disk.join("data"))).set("disk_reserve_bytes_min", "1 MB");
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let ticket = ticket(world, &server, &mut agent)?;
        let written = agent.reply(ticket, json!({}))?;
        guichet_tests::wait::until("a commit that fails", guichet_tests::wait::ANSWER_SECS_MAX, || {
            let metrics = server.api().request("GET", "/metrics", &[], b"").ok()?.text();
            let failed =
                metrics.lines().find(|line| line.starts_with("guichet_outbound_recording_failed_total"))?;
            (!failed.ends_with(" 0")).then_some(())
        })?;

        fs::remove_file(&other)?;
        agent.until(&written.delivery()?, "delivered")?;
        assert_eq!(taken(&remote, &written)?, 1, "it was recorded, not sent again");
        Ok(())
    })
}

#[test]
fn what_a_full_disk_cannot_record_is_refused_and_not_sent() -> Result<()> {
    journey(&[], |world| {
        let remote = remote(&Victim::default())?;
        let folder = tempfile::tempdir()?;
        let disk = folder.path().join("disk");
        mount(&disk)?;
        let place =
            World::set_up(Installation::at(&disk.join("data"))).set("disk_reserve_bytes_min", "64 MB");
        let server = place.start()?;
        let mut agent = Agent::of(&server)?;
        let ticket = ticket(world, &server, &mut agent)?;

        let other = disk.join("other");
        fill(&other)?;
        let body = json!({ "kind": "reply", "text": "This can't be kept." });
        let refused = agent.post(&format!("/tickets/{ticket}/messages"), &body)?;
        ensure!(matches!(refused.status, 503 | 507), "{} {}", refused.status, refused.text());
        assert_eq!(agent.messages(ticket)?.len(), 1, "nothing of it is there");

        fs::remove_file(&other)?;
        let written = guichet_tests::wait::until("room", guichet_tests::wait::ANSWER_SECS_MAX, || {
            agent.reply(ticket, json!({})).ok()
        })?;
        agent.until(&written.delivery()?, "delivered")?;
        assert_eq!(remote.taken().len(), 1, "only what was recorded was sent");
        Ok(())
    })
}
