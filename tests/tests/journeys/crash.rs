//! The power goes at any moment under load: what heard `250` is there, once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use anyhow::{Context, Result};
use guichet_tests::installation::{DEMO_ADDRESS, Installation};
use guichet_tests::peer::{peer, skip};
use guichet_tests::random::Random;
use guichet_tests::smtp::Client;
use serde_json::Value;

use crate::letters::{every, letter};

/// Another seed kills at other moments.
const SEED: u64 = 7;
const KILLS: usize = 6;
const SENDERS: usize = 4;
/// A kill comes after one to so many accepted mails.
const ACCEPTED_MAX: usize = 60;

/// So many different syncs are the last one.
const SYNCS: usize = 12;

const ADA: &str = "ada@customer.example";

/// Each mail has a subject of its own, and stays the same when it is sent again.
fn mail(name: &str) -> Vec<u8> {
    letter(ADA, DEMO_ADDRESS, name, &format!("Message-ID: <{name}@customer.example>\r\n"))
}

/// Sends until the server is gone; tells each mail that was accepted.
fn send(to: SocketAddr, names: &AtomicUsize, accepted: &Sender<String>) -> Result<()> {
    let mut client = Client::greet(to, "client.example")?;
    loop {
        let name = format!("mail-{}", names.fetch_add(1, Ordering::Relaxed));
        client.send(ADA, &[DEMO_ADDRESS], &mail(&name))?.expect(250)?;
        accepted.send(name)?;
    }
}

/// How often each subject stands in a ticket of its own.
fn subjects(place: &Installation) -> Result<BTreeMap<String, usize>> {
    let server = place.start()?;
    let mut counts = BTreeMap::new();
    for ticket in every(&server.api(), "/tickets")? {
        let subject = ticket["subject"].as_str().context("no subject")?.to_owned();
        *counts.entry(subject).or_default() += 1;
    }
    server.stop()?;
    Ok(counts)
}

/// Waits until so many were accepted, and tells which.
fn take(accepted: &Receiver<String>, count: usize) -> Vec<String> {
    accepted.iter().take(count).collect()
}

#[test]
fn promise_1_a_kill_loses_nothing_that_heard_250_and_doubles_nothing() -> Result<()> {
    let place = Installation::new()?;
    let names = AtomicUsize::new(0);
    let mut random = Random::new(SEED);
    let mut promised = BTreeSet::new();
    for _ in 0..KILLS {
        let server = place.start()?;
        let (tell, accepted) = channel();
        thread::scope(|scope| {
            for _ in 0..SENDERS {
                let (tell, names, to) = (tell.clone(), &names, server.smtp);
                // It ends with the error that the server is gone.
                scope.spawn(move || drop(send(to, names, &tell)));
            }
            drop(tell);
            promised.extend(take(&accepted, 1 + random.below(ACCEPTED_MAX)));
            server.kill()?;
            promised.extend(accepted.iter());
            anyhow::Ok(())
        })?;
    }
    let there = subjects(&place)?;
    let lost: Vec<&String> = promised.iter().filter(|name| !there.contains_key(*name)).collect();
    assert!(lost.is_empty(), "seed {SEED}: lost {lost:?} of {}", promised.len());
    let doubled: Vec<_> = there.iter().filter(|(_, count)| **count != 1).collect();
    assert!(doubled.is_empty(), "seed {SEED}: doubled {doubled:?}");
    Ok(())
}

/// Whether a program can be killed at a call of its choice; says so where it can't.
pub(crate) fn may_trace() -> Result<bool> {
    if peer("strace").is_none() {
        return Ok(false);
    }
    let may = Command::new("strace").args(["-o", "/dev/null", "true"]).status()?.success();
    if !may {
        skip("no right to trace");
    }
    Ok(may)
}

/// Kills the server as its `when`th sync begins: the moment between writing and promising.
pub(crate) fn killed_at_sync(place: &Installation, when: usize) -> Result<Command> {
    killed_at(place, "fdatasync", when)
}

/// Kills it as one of its threads begins such a call of the system for the `when`th time.
pub(crate) fn killed_at(place: &Installation, calls: &str, when: usize) -> Result<Command> {
    let mut strace = Command::new("strace");
    let (trace, kill) = (format!("trace={calls}"), format!("inject={calls}:signal=SIGKILL:when={when}"));
    strace.args(["-f", "-o", "/dev/null", "-e", &trace, "-e", &kill, "--"]);
    let command = place.command()?;
    strace.arg(command.get_program()).args(command.get_args());
    Ok(strace)
}

#[test]
fn promise_1_a_kill_in_the_middle_of_a_sync_loses_nothing_that_heard_250() -> Result<()> {
    if !may_trace()? {
        return Ok(());
    }
    let place = Installation::new()?;
    place.start()?.stop()?;
    let names = AtomicUsize::new(0);
    let mut promised = Vec::new();
    for when in 1..=SYNCS {
        // The first syncs are those of the start itself; killed there, it has promised nothing.
        let Ok(server) = place.start_as(&mut killed_at_sync(&place, when)?) else { continue };
        let (tell, accepted) = channel();
        assert!(send(server.smtp, &names, &tell).is_err(), "it outlived sync {when}");
        drop(tell);
        promised.extend(accepted.iter());
    }
    let there = subjects(&place)?;
    assert!(!promised.is_empty(), "no mail was ever accepted");
    let lost: Vec<&String> = promised.iter().filter(|name| there.get(*name) != Some(&1)).collect();
    assert!(lost.is_empty(), "lost or doubled: {lost:?}");
    Ok(())
}

#[test]
fn a_mail_whose_250_was_lost_comes_again_and_is_recognised() -> Result<()> {
    let place = Installation::new()?;
    let first = {
        let server = place.start()?;
        let reply =
            Client::greet(server.smtp, "client.example")?.send(ADA, &[DEMO_ADDRESS], &mail("again"))?;
        server.kill()?;
        reply.expect(250)?
    };
    let server = place.start()?;
    let again = Client::greet(server.smtp, "client.example")?.send(ADA, &[DEMO_ADDRESS], &mail("again"))?;
    assert!(
        first.text().contains("#1") && again.expect(250)?.text().contains("#1"),
        "the first ticket's number"
    );
    let tickets = every(&server.api(), "/tickets")?;
    assert_eq!(tickets.iter().map(|ticket| &ticket["message_count"]).collect::<Vec<_>>(), [&Value::from(1)]);
    Ok(())
}
