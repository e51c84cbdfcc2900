//! Resident memory: at rest, under load, and while large mails arrive at once.

use anyhow::Result;
use guichet_tests::installation::{DEMO_ADDRESS, Server};
use guichet_tests::process::memory_bytes;

use super::figure::{Figure, Table, Target};
use super::{Extent, subject};
use crate::load::{self, Connections, Content, Delivery, Mails, Plan, Size};

const LARGE_MAILS: usize = 20;
const LARGE_BYTES: usize = 30_000_000;

pub(crate) fn measure(extent: Extent, table: &mut Table) -> Result<()> {
    let small = Plan { count: extent.mails, ..Plan::to(DEMO_ADDRESS) };
    let (rest, load) = rest_and_peak(small, table)?;
    let content = Content::Random;
    let large =
        Plan { count: LARGE_MAILS, size: Size::Bytes(LARGE_BYTES), content, ..Plan::to(DEMO_ADDRESS) };
    let (_, large) = rest_and_peak(large, table)?;
    let figures = [
        ("resident at rest", rest, 50.0),
        ("resident peak, 20 sessions of 5 KB", load, 200.0),
        ("resident peak, twenty 30 MB mails at once", large, 300.0),
    ];
    for (name, ours, most) in figures {
        let target = Target::AtMost(most);
        table.add(Figure { name: name.to_owned(), unit: "MB", ours, peer: None, target });
    }
    Ok(())
}

/// Before the mails, and the most that was in use until after them, on a fresh server; in megabytes.
fn rest_and_peak(plan: Plan, table: &mut Table) -> Result<(f64, f64)> {
    let mails = Mails::prepare(plan)?;
    let name_server = subject::names(&mails)?;
    let place = subject::guichet(&name_server)?;
    let server = place.start()?;
    let rest = megabytes(&server, "VmRSS")?;
    let delivery = Delivery { to: server.smtp, sessions: LARGE_MAILS, connections: Connections::Kept };
    let report = load::send(&mails, delivery)?;
    if report.failed > 0 {
        table.note(format!("memory: not all mails were taken:\n{report}"));
    }
    let peak = megabytes(&server, "VmHWM")?;
    server.stop()?;
    Ok((rest, peak))
}

pub(crate) fn megabytes(server: &Server<'_>, line: &str) -> Result<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a machine's memory is far below 2^52 bytes")]
    let bytes = memory_bytes(server.process().pid(), line)? as f64;
    Ok(bytes / 1e6)
}
