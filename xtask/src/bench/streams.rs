//! What it costs that many listen: event streams of agents in several organisations, in memory and in time until each
//! has heard of a mail.

use std::time::Instant;

use anyhow::{Context, Result};
use guichet_tests::events::Events;
use guichet_tests::installation::Server;

use serde_json::Value;

use super::figure::{Figure, Table, Target};
use super::memory::megabytes;
use super::{Extent, subject};
use crate::load::{self, Connections, Delivery, Mails, Plan};

const STREAMS: usize = 2_000;
/// As many as one organisation may have 200 streams.
const ORGANISATIONS: usize = 10;
const MEGABYTES_MAX: f64 = 200.0;

pub(crate) fn measure(_: Extent, table: &mut Table) -> Result<()> {
    let plan = Plan {
        count: ORGANISATIONS,
        organisations: ORGANISATIONS,
        ..Plan::to("support@demo{n}.desk.localhost")
    };
    let mails = Mails::prepare(plan)?;
    let names = subject::names(&mails)?;
    let place = subject::guichet(&names)?;
    let server = place.start()?;
    subject::organisations(&server, ORGANISATIONS)?;
    let rest = megabytes(&server, "VmRSS")?;
    let mut streams = listen(&server)?;
    let begun = Instant::now();
    let delivery = Delivery { to: server.smtp, sessions: ORGANISATIONS, connections: Connections::Kept };
    load::send(&mails, delivery)?;
    for stream in &mut streams {
        stream.find(|event| event.event == "ticket.created")?;
    }
    table.note(format!(
        "event streams: {:.0} ms from ten mails until all {STREAMS} streams had heard of theirs; {rest:.0} MB resident before",
        begun.elapsed().as_secs_f64() * 1000.0
    ));
    table.add(Figure {
        name: format!("{STREAMS} event streams: resident"),
        unit: "MB",
        ours: megabytes(&server, "VmRSS")?,
        peer: None,
        target: Target::AtMost(MEGABYTES_MAX),
    });
    Ok(())
}

/// All streams, open.
fn listen(server: &Server<'_>) -> Result<Vec<Events>> {
    let mut streams = Vec::with_capacity(STREAMS);
    for number in 1..=ORGANISATIONS {
        let slug = format!("demo{number}");
        let address = format!("agent@{slug}.example");
        server.operator(&["person", "add", &slug, &address, "--role", "admin"])?;
        let token = ["token", "add", &slug, &address, "--name", "bench", "--scope", "events:read"];
        let made = server.operator(&token)?;
        let secret = made.get("secret").and_then(Value::as_str).context("no secret")?;
        let api = server.api_as(Some(secret));
        for _ in 0..STREAMS / ORGANISATIONS {
            streams.push(api.events(None)?);
        }
    }
    Ok(streams)
}
