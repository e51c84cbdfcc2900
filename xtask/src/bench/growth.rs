//! What a full store costs: intake beside an empty one, pages of the lists, and the start after a kill.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use guichet_tests::api::{Api, BASE};
use guichet_tests::installation::{Installation, Server};
use serde_json::{Value, json};

use super::figure::{Figure, Table, Target};
use super::{Extent, counts, subject};
use crate::load::{self, Connections, Delivery, Mails, Plan, Size, percentile};

/// Mails that fill the store: small ones, it is their number that counts.
pub(super) const FILL_BYTES: usize = 1_000;
pub(super) const TEAMS: usize = 4;
/// Tickets that an agent has, spread over the whole store.
const ASSIGNED: usize = 1_000;
const PAGE: usize = 50;
/// Pages asked for in each list; where a list ends it is begun again.
const PAGES: usize = 500;

/// A full store may cost so many times what an empty one does.
const TIMES_EMPTY_MAX: f64 = 1.3;
const PAGE_MS_MAX: f64 = 5.0;
const START_SECS_MAX: f64 = 5.0;

pub(crate) fn measure(extent: Extent, table: &mut Table) -> Result<()> {
    if extent.tickets == 0 {
        table.note("growth was left out");
        return Ok(());
    }
    let plan = Plan { organisations: TEAMS, ..Plan::to("team{n}@demo.desk.localhost") };
    let probe = |seed| Mails::prepare(Plan { count: extent.mails, seed, ..plan.clone() });
    let filling = Mails::prepare(Plan {
        count: extent.tickets,
        size: Size::Bytes(FILL_BYTES),
        seed: 2,
        ..plan.clone()
    })?;
    let names = subject::names(&filling)?;
    let place = subject::guichet(&names)?;
    let server = place.start()?;
    let agent = staff(&server)?;
    let empty = subject::run(&server, &probe(1)?, delivery)?;
    let filled = load::send(&filling, delivery(server.smtp))?;
    table.note(format!("growth: {} tickets, filled at {:.0} mails/s", filled.accepted(), filled.rate()));
    let full = subject::run(&server, &probe(3)?, delivery)?;
    let name = format!("intake with {} tickets: processor", filled.accepted());
    let times = full.server_per_thousand / empty.server_per_thousand;
    table.add(Figure {
        name,
        unit: "x empty",
        ours: times,
        peer: None,
        target: Target::AtMost(TIMES_EMPTY_MAX),
    });
    let times = empty.report.rate() / full.report.rate();
    let name = format!("intake with {} tickets: time", filled.accepted());
    table.add(Figure {
        name,
        unit: "x empty",
        ours: times,
        peer: None,
        target: Target::AtMost(TIMES_EMPTY_MAX),
    });
    pages(&server.api(), &agent, filled.accepted(), table)?;
    counts::of_views(&server.api(), filled.accepted(), table)?;
    start_after_kill(&place, server, table)
}

pub(super) fn delivery(to: std::net::SocketAddr) -> Delivery {
    Delivery { to, sessions: 20, connections: Connections::Kept }
}

/// The numbers of a team and of an agent.
pub(super) struct Staff {
    team: Value,
    person: Value,
}

/// A channel for each team; the admin of the first start is the agent.
pub(super) fn staff(server: &Server<'_>) -> Result<Staff> {
    let mut team = Value::Null;
    for number in 1..=TEAMS {
        let name = format!("team{number}");
        team = field(&server.operator(&["team", "add", "demo", &name])?, "id")?;
        let address = format!("{name}@demo.desk.localhost");
        server.operator(&["channel", "add", "demo", &address, "--team", &name])?;
    }
    let people = server.operator(&["person", "list", "demo"])?;
    let person = people.pointer("/items/0").context("nobody is there")?;
    Ok(Staff { team, person: field(person, "id")? })
}

fn field(record: &Value, name: &str) -> Result<Value> {
    record.get(name).cloned().with_context(|| format!("no {name} in {record}"))
}

fn pages(api: &Api, staff: &Staff, tickets: usize, table: &mut Table) -> Result<()> {
    for at in 0..ASSIGNED.min(tickets) {
        assign(api, tickets / ASSIGNED.min(tickets) * at + 1, &staff.person)?;
    }
    let lists = [
        ("state", "state=new".to_owned()),
        ("team", format!("team={}", plain(&staff.team))),
        ("assignee", format!("assignee={}", plain(&staff.person))),
    ];
    for (name, filter) in lists {
        let waits = waits(api, &filter)?;
        table.add(Figure {
            name: format!("page of {PAGE} tickets by {name}, p99"),
            unit: "ms",
            ours: percentile(&waits, 0.99).as_secs_f64() * 1000.0,
            peer: None,
            target: Target::AtMost(PAGE_MS_MAX),
        });
    }
    Ok(())
}

/// A number or a text, as it stands in a query.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn assign(api: &Api, number: usize, person: &Value) -> Result<()> {
    let path = format!("/tickets/{number}");
    let tag = api.read(&path)?.field("etag").context("no ETag")?.to_owned();
    let body = json!({ "assignee": person }).to_string();
    let fields = [("If-Match", tag.as_str()), ("Content-Type", "application/json")];
    api.request("PATCH", &format!("{BASE}{path}"), &fields, body.as_bytes())?.expect(200)?;
    Ok(())
}

/// How long each page took, in order of length.
fn waits(api: &Api, filter: &str) -> Result<Vec<Duration>> {
    let mut cursor = None::<String>;
    let mut waits = Vec::with_capacity(PAGES);
    for _ in 0..PAGES {
        let from = cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let clock = Instant::now();
        let page = api.read(&format!("/tickets?{filter}&limit={PAGE}{from}"))?;
        waits.push(clock.elapsed());
        cursor = page.json()?.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
    }
    waits.sort_unstable();
    Ok(waits)
}

fn start_after_kill(place: &Installation, server: Server<'_>, table: &mut Table) -> Result<()> {
    server.kill()?;
    let clock = Instant::now();
    let server = place.start()?;
    let ours = clock.elapsed().as_secs_f64();
    let target = Target::AtMost(START_SECS_MAX);
    table.add(Figure { name: "ready after a kill".to_owned(), unit: "s", ours, peer: None, target });
    server.stop()?;
    Ok(())
}
