//! What the counts of all views cost in a full store: those built in and twenty saved ones, half of them with several
//! conditions, in one request.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use guichet_tests::api::{Api, BASE};
use serde_json::{Value, json};

use super::figure::{Figure, Table, Target};
use super::{Extent, growth, subject};
use crate::load::{self, Mails, Plan, Size, percentile};

/// Tickets that differ from the rest, so that there is something to count apart.
const CHANGED: usize = 2_000;
/// How often all counts are asked for.
const REQUESTS: usize = 500;
const COUNTS_MS_MAX: f64 = 20.0;

/// Fills a store of its own: growth measures the same in the one that it fills.
pub(crate) fn measure(extent: Extent, table: &mut Table) -> Result<()> {
    let filling = Mails::prepare(Plan {
        organisations: growth::TEAMS,
        count: extent.tickets,
        size: Size::Bytes(growth::FILL_BYTES),
        seed: 2,
        ..Plan::to("team{n}@demo.desk.localhost")
    })?;
    let names = subject::names(&filling)?;
    let place = subject::guichet(&names)?;
    let server = place.start()?;
    growth::staff(&server)?;
    let filled = load::send(&filling, growth::delivery(server.smtp))?;
    of_views(&server.api(), filled.accepted(), table)?;
    server.stop()?;
    Ok(())
}

/// How long it takes to count all views of somebody who sees all of these tickets.
pub(super) fn of_views(api: &Api, tickets: usize, table: &mut Table) -> Result<()> {
    for at in 0..CHANGED.min(tickets) {
        change(api, tickets / CHANGED.min(tickets) * at + 1, at)?;
    }
    for (at, filter) in filters().into_iter().enumerate() {
        let body = json!({ "name": format!("View {at}"), "filter": filter }).to_string();
        let fields = [("Content-Type", "application/json")];
        api.request("POST", &format!("{BASE}/views"), &fields, body.as_bytes())?.expect(201)?;
    }
    let (mut waits, mut views) = (Vec::with_capacity(REQUESTS), Vec::new());
    for _ in 0..REQUESTS {
        let clock = Instant::now();
        let answer = api.read("/views/counts")?;
        waits.push(clock.elapsed());
        views = answer.json()?.get("items").and_then(Value::as_array).cloned().context("no counts")?;
    }
    waits.sort_unstable();
    let exact = views.iter().filter(|view| view.get("is_exact") == Some(&Value::Bool(true))).count();
    ensure!(exact + 4 >= views.len(), "only {exact} of {} counts are exact", views.len());
    table.note(format!("counts: {} views, {exact} of them exactly", views.len()));
    table.add(Figure {
        name: format!("counts of {} views at {tickets} tickets, p99", views.len()),
        unit: "ms",
        ours: percentile(&waits, 0.99).as_secs_f64() * 1000.0,
        peer: None,
        target: Target::AtMost(COUNTS_MS_MAX),
    });
    Ok(())
}

/// Twenty views: ten with one condition, ten with several, two of which no sum answers.
fn filters() -> Vec<Value> {
    let mut filters: Vec<Value> = ["new", "open", "pending", "solved", "closed"]
        .into_iter()
        .map(|state| json!({ "states": [state] }))
        .collect();
    filters.extend(["low", "high", "urgent"].into_iter().map(|priority| json!({ "priorities": [priority] })));
    filters.push(json!({ "tags": ["invoice"] }));
    filters.push(json!({ "unread": true }));
    for priority in ["low", "high", "urgent"] {
        filters.push(json!({ "states": ["new", "open"], "priorities": [priority], "assignees": ["none"] }));
        filters.push(json!({ "states": ["new", "open"], "priorities": [priority], "tags": ["invoice"] }));
        filters.push(json!({ "states": ["solved"], "priorities": [priority], "assignees": ["me", "none"] }));
    }
    filters.push(json!({ "states": ["open"], "tags": ["invoice", "printer"] }));
    filters
}

/// Makes a ticket differ from the rest.
fn change(api: &Api, number: usize, at: usize) -> Result<()> {
    let pick = |words: &[&'static str]| words.get(at % words.len()).copied().unwrap_or_default();
    let body = json!({
        "state": pick(&["open", "pending", "solved", "closed", "new", "open", "solved"]),
        "priority": pick(&["low", "normal", "high", "urgent"]),
        "tags": [pick(&["invoice", "printer", "delivery", "refund", "vip"])],
    });
    let fields = [("Content-Type", "application/json")];
    let path = format!("{BASE}/tickets/{number}");
    api.request("PATCH", &path, &fields, body.to_string().as_bytes())?.expect(200)?;
    Ok(())
}
