//! A queue in which very many deliveries wait: what it takes of memory, what it costs the mail that comes in, and what
//! the mail that goes out.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use guichet_tests::installation::Server;
use guichet_tests::process::memory_bytes;
use serde_json::json;

use super::figure::{Figure, Table, Target};
use super::sink::Sink;
use super::writer::{self, Writer};
use super::{Extent, outbound, subject};
use crate::load::{Connections, Delivery, Mails, Plan, percentile};
use guichet_tests::installation::DEMO_ADDRESS;

/// Deliveries that wait, for each mail of the usual measure.
const TIMES: usize = 10;
/// Recipients of one mail: what the fewest requests make the most of.
const RECIPIENTS: usize = 50;
/// When they are due: not during the measuring.
const HOLD: Duration = Duration::from_hours(24);
/// Answers sent one after the other, before and after.
const SINGLE: usize = 100;

const RESIDENT_MB_MAX: f64 = 100.0;
const TIMES_EMPTY_MAX: f64 = 1.1;
const SCAN_MS_MAX: f64 = 1.0;

pub(crate) fn measure(extent: Extent, table: &mut Table) -> Result<()> {
    let probe = |seed| Mails::prepare(Plan { count: extent.mails, seed, ..Plan::to(DEMO_ADDRESS) });
    let sink_at = outbound::free_port()?;
    let _sink = Sink::start(sink_at, &[])?;
    let names = outbound::names()?;
    let place = outbound::installation(&names, sink_at)?;
    let server = place.start()?;
    let empty = subject::run(&server, &probe(1)?, delivery)?;
    let waiting = fill(&server, extent.mails * TIMES)?;
    let resident = megabytes(&server)?;
    let full = subject::run(&server, &probe(2)?, delivery)?;
    table.add(Figure {
        name: format!("resident with {waiting} deliveries waiting"),
        unit: "MB",
        ours: resident,
        peer: None,
        target: Target::AtMost(RESIDENT_MB_MAX),
    });
    table.add(Figure {
        name: format!("intake with {waiting} deliveries waiting: time"),
        unit: "x empty",
        ours: empty.report.rate() / full.report.rate(),
        peer: None,
        target: Target::AtMost(TIMES_EMPTY_MAX),
    });
    let waits = outbound::leave_one_by_one(&server, SINGLE)?;
    table.add(Figure {
        name: format!("from POST to 250 with {waiting} waiting, median"),
        unit: "ms",
        ours: percentile(&waits, 0.5).as_secs_f64() * 1e3,
        peer: None,
        target: Target::None,
    });
    scans(&server, table)?;
    server.stop()?;
    Ok(())
}

fn delivery(to: SocketAddr) -> Delivery {
    Delivery { to, sessions: 20, connections: Connections::Kept }
}

/// Makes so many deliveries wait; answers how many.
fn fill(server: &Server<'_>, deliveries: usize) -> Result<usize> {
    let writer = Writer::of(server)?;
    let send_at = writer::timestamp(SystemTime::now() + HOLD);
    let mails = deliveries.div_ceil(RECIPIENTS);
    writer.write(mails, |number| {
        let to: Vec<String> =
            (0..RECIPIENTS).map(|one| format!("someone{one}@customer{number}.example")).collect();
        writer.mail_to(number, &to, json!({ "send_at": send_at }))
    })?;
    Ok(mails * RECIPIENTS)
}

/// How long it takes to find what is due, as the server's own metrics have it.
fn scans(server: &Server<'_>, table: &mut Table) -> Result<()> {
    let answer = server.api().request("GET", "/metrics", &[], b"")?.expect(200)?;
    let text = answer.text();
    let value = |name: &str| -> Result<f64> {
        let line = text.lines().find(|line| line.starts_with(name)).with_context(|| format!("no {name}"))?;
        Ok(line.rsplit(' ').next().unwrap_or_default().parse()?)
    };
    let scans = value("guichet_outbound_due_scan_seconds_count")?;
    let secs = value("guichet_outbound_due_scan_seconds_sum")?;
    table.add(Figure {
        name: "finding what is due, mean".to_owned(),
        unit: "ms",
        ours: secs / scans.max(1.0) * 1e3,
        peer: None,
        target: Target::AtMost(SCAN_MS_MAX),
    });
    Ok(())
}

fn megabytes(server: &Server<'_>) -> Result<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a machine's memory is far below 2^52 bytes")]
    let bytes = memory_bytes(server.process().pid(), "VmRSS")? as f64;
    Ok(bytes / 1e6)
}
