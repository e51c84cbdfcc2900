//! What people who log in cost the mail: the same mails with nobody and with everybody at the door.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use guichet_tests::api::{Api, BASE};
use guichet_tests::installation::{DEMO_ADDRESS, Server};
use serde_json::{Value, json};

use super::figure::{Figure, Table, Target};
use super::{Extent, subject};
use crate::load::{self, Connections, Delivery, Mails, Plan};

const PEOPLE: usize = 20;
const LOG_INS_PER_MINUTE: u32 = 200;
const PASSWORD: &str = "nine quiet purple bicycles";
/// Pairs of runs, one after the other, of which the middle one counts: the disk's moods change faster than this bench.
const PAIRS: u64 = 5;
/// Mails of one run are so many times those of the other parts: several log-ins have to fall into each.
const LONGER: usize = 3;
/// By how much log-ins may lengthen the intake.
const TIMES_ALONE_MAX: f64 = 1.1;

pub(crate) fn measure(extent: Extent, table: &mut Table) -> Result<()> {
    let plan = Plan { count: extent.mails * LONGER, ..Plan::to(DEMO_ADDRESS) };
    let names = subject::names(&Mails::prepare(Plan { count: 1, ..plan.clone() })?)?;
    let place = subject::guichet(&names)?;
    let server = place.start()?;
    let people = people(&server)?;
    send(&server, Plan { seed: 1, ..plan.clone() })?;
    let mut times = Vec::new();
    let mut log_ins = Vec::new();
    for pair in 1..=PAIRS {
        let alone = send(&server, Plan { seed: 2 * pair, ..plan.clone() })?;
        let at_the_door = while_they_log_in(&server, &people, &mut log_ins, || {
            send(&server, Plan { seed: 2 * pair + 1, ..plan.clone() })
        })?;
        times.push(at_the_door.as_secs_f64() / alone.as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    log_ins.sort();
    let took = load::percentile(&log_ins, 0.5).as_secs_f64() * 1000.0;
    table.note(format!("log-ins: {} while mail came in, the median one took {took:.0} ms", log_ins.len()));
    table.add(Figure {
        name: format!("intake while {LOG_INS_PER_MINUTE} people a minute log in: time"),
        unit: "x alone",
        ours: times.get(times.len() / 2).copied().context("no run")?,
        peer: None,
        target: Target::AtMost(TIMES_ALONE_MAX),
    });
    Ok(())
}

/// People with a password each.
fn people(server: &Server<'_>) -> Result<Vec<String>> {
    let mut people = Vec::with_capacity(PEOPLE);
    for number in 1..=PEOPLE {
        let address = format!("agent{number}@demo.example");
        server.operator(&["person", "add", "demo", &address, "--role", "admin"])?;
        let reset = server.operator(&["admin", "reset", &address])?;
        let link = reset.get("link").and_then(Value::as_str).context("no link")?;
        let secret = link.rsplit_once('#').context("no secret in the link")?.1;
        let body = json!({ "secret": secret, "password": PASSWORD });
        post(&server.api_as(None), "/password-resets/redeem", &body)?;
        people.push(address);
    }
    Ok(people)
}

fn post(api: &Api, path: &str, body: &Value) -> Result<()> {
    let fields = [("Content-Type", "application/json")];
    let answer = api.request("POST", &format!("{BASE}{path}"), &fields, body.to_string().as_bytes())?;
    anyhow::ensure!(answer.status < 300, "POST {path}: {} {}", answer.status, answer.text());
    Ok(())
}

/// How long all mails took.
fn send(server: &Server<'_>, plan: Plan) -> Result<Duration> {
    let mails = Mails::prepare(plan)?;
    let delivery = |to: SocketAddr| Delivery { to, sessions: 20, connections: Connections::Kept };
    let begun = Instant::now();
    let report = load::send(&mails, delivery(server.smtp))?;
    anyhow::ensure!(report.failed == 0, "not all mails were taken:\n{report}");
    Ok(begun.elapsed())
}

/// Does the work while people log in, evenly; notes how long each of them waited.
fn while_they_log_in<T>(
    server: &Server<'_>,
    people: &[String],
    took: &mut Vec<Duration>,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let is_done = AtomicBool::new(false);
    let api = server.api_as(None);
    thread::scope(|scope| {
        let logging_in = scope.spawn(|| {
            let mut took = Vec::new();
            for address in people.iter().cycle() {
                if is_done.load(Ordering::Relaxed) {
                    break;
                }
                let begun = Instant::now();
                post(&api, "/session", &json!({ "address": address, "password": PASSWORD }))?;
                took.push(begun.elapsed());
                thread::sleep((Duration::from_mins(1) / LOG_INS_PER_MINUTE).saturating_sub(begun.elapsed()));
            }
            anyhow::Ok(took)
        });
        let done = work();
        is_done.store(true, Ordering::Relaxed);
        let waited = logging_in.join().map_err(|_| anyhow::anyhow!("the thread that logs in panicked"))??;
        took.extend(waited);
        done
    })
}
