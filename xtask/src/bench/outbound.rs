//! How fast answers leave the queue to a smart host, beside Postfix, and how soon one leaves that nothing holds.

use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use guichet_tests::dns::{NameServer, Zone};
use guichet_tests::installation::{Installation, Server};
use guichet_tests::peer;
use guichet_tests::postfix::{Options, Postfix};
use serde_json::{Value, json};

use super::figure::{Figure, Table, Target};
use super::sink::Sink;
use super::writer::{self, Writer};
use super::{Extent, processor};
use crate::load::{self, Connections, Delivery, Mails, Plan, percentile};

/// The name of the smart host.
const SMART_HOST: &str = "sink.example";
/// Seconds for everything to leave.
const DELIVERY_SECS_MAX: u64 = 300;
/// Answers sent one after the other to see how soon each leaves.
const SINGLE: usize = 200;
const MEDIAN_MS_MAX: f64 = 50.0;

pub(crate) fn measure(extent: Extent, table: &mut Table) -> Result<()> {
    let (ours, our_secs) = our_rate(extent.mails)?;
    let (theirs, their_secs) = their_rate(extent.mails)?;
    let rate = |took: Duration| writer::per_second(extent.mails, took);
    table.add(Figure {
        name: "5 KB answers out of the queue to a smart host, 20 connections".to_owned(),
        unit: "mails/s",
        ours: rate(ours),
        peer: Some(rate(theirs)),
        target: Target::TimesPeer(2.0),
    });
    table.add(Figure {
        name: "answers out: processor per 1,000".to_owned(),
        unit: "s",
        ours: writer::per_thousand(our_secs, extent.mails),
        peer: Some(writer::per_thousand(their_secs, extent.mails)),
        target: Target::None,
    });
    table.note("answers out: guichet signs each mail twice (RSA-2048, Ed25519) and records each attempt durably; postfix signs nothing");
    single(table)
}

/// From the first mail to the last at the sink, and the processor that the server used.
fn our_rate(mails: usize) -> Result<(Duration, f64)> {
    let sink_at = free_port()?;
    let sink = Sink::start(sink_at, &[])?;
    let names = names()?;
    let place = installation(&names, sink_at)?;
    let server = place.start()?;
    let writer = Writer::of(&server)?;
    let release = writer.fill(mails)?;
    let pid = server.process().pid();
    let before = processor::family_secs(pid)?;
    writer::wait_for(release);
    let took = sink.wait_for(mails, DELIVERY_SECS_MAX)?;
    let used = processor::family_secs(pid)? - before;
    server.stop()?;
    Ok((took, used))
}

fn their_rate(mails: usize) -> Result<(Duration, f64)> {
    let sink_at = free_port()?;
    let sink = Sink::start(sink_at, &[])?;
    let options = Options::new("postfix.example", free_port()?)
        .set("relayhost", &format!("[127.0.0.1]:{}", sink_at.port()))
        .set("in_flow_delay", "0")
        .set("initial_destination_concurrency", "20")
        .set("default_destination_concurrency_limit", "20")
        .set("default_process_limit", "200")
        // Nothing leaves until the queue manager runs.
        .set("master_service_disable", "qmgr.unix");
    let postfix = Postfix::start(&options)?;
    let plan = Plan { count: mails, ..Plan::to("someone@customer.example") };
    let sent = load::send(
        &Mails::prepare(plan)?,
        Delivery { to: postfix.address, sessions: 20, connections: Connections::Kept },
    )?;
    if sent.accepted() < mails {
        bail!("Postfix did not take all mails:\n{sent}");
    }
    let pid = postfix.pid()?;
    let before = processor::family_secs(pid)?;
    release(&postfix)?;
    let took = sink.wait_for(mails, DELIVERY_SECS_MAX)?;
    Ok((took, processor::family_secs(pid)? - before))
}

/// Lets the queue manager run.
fn release(postfix: &Postfix) -> Result<()> {
    let config = postfix.queue().with_file_name("config");
    let main = config.join("main.cf");
    let text = fs::read_to_string(&main)?.replace("master_service_disable = qmgr.unix", "");
    fs::write(&main, text)?;
    for (program, words) in [("postfix", ["reload"].as_slice()), ("postqueue", &["-f"])] {
        let program = peer::find(program).context("no postfix")?;
        let done = Command::new(program).arg("-c").arg(&config).args(words).output()?;
        if !done.status.success() {
            bail!("postfix: {}", String::from_utf8_lossy(&done.stderr));
        }
    }
    Ok(())
}

/// From the request to the remote's `250`, one answer at a time.
fn single(table: &mut Table) -> Result<()> {
    let sink_at = free_port()?;
    let _sink = Sink::start(sink_at, &[])?;
    let names = names()?;
    let place = installation(&names, sink_at)?;
    let server = place.start()?;
    let waits = leave_one_by_one(&server, SINGLE)?;
    table.add(Figure {
        name: "from POST to the remote's 250, median".to_owned(),
        unit: "ms",
        ours: percentile(&waits, 0.5).as_secs_f64() * 1e3,
        peer: None,
        target: Target::AtMost(MEDIAN_MS_MAX),
    });
    server.stop()?;
    Ok(())
}

/// How long each of so many answers took from the request to the remote's `250`, in order of length.
pub(crate) fn leave_one_by_one(server: &Server<'_>, count: usize) -> Result<Vec<Duration>> {
    let writer = Writer::of(server)?;
    let mut waits = Vec::with_capacity(count);
    for number in 0..count {
        let began = SystemTime::now();
        let made = writer.post(&writer.mail(number, json!({ "undo_seconds": 0 })))?;
        let message = made.pointer("/message/id").and_then(Value::as_u64).context("no message")?;
        let path = format!("/messages/{message}/deliveries");
        let ended = guichet_tests::wait::until("the delivery", DELIVERY_SECS_MAX, || {
            let deliveries = writer.api.get(&path).ok()?;
            let last = deliveries.pointer("/items/0/last_attempt")?;
            (last.get("code")?.as_u64()? == 250)
                .then(|| last.get("ended").and_then(Value::as_str).map(str::to_owned))?
        })?;
        let ended = ended.parse::<jiff::Timestamp>().context("when it ended")?;
        let since = Duration::try_from(ended.duration_since(jiff::Timestamp::UNIX_EPOCH))?;
        waits.push(since.saturating_sub(began.duration_since(UNIX_EPOCH)?));
    }
    waits.sort_unstable();
    Ok(waits)
}

/// A fresh server that sends all to the sink.
pub(crate) fn installation(names: &NameServer, sink: SocketAddr) -> Result<Installation> {
    Ok(Installation::new()?
        .set("dns.servers", &names.address.to_string())
        .set("outbound.mode", "deliver")
        .set("outbound.smart_host", &format!("{SMART_HOST}:{}", sink.port()))
        .set("outbound.smart_host_security", "none"))
}

/// Knows the smart host.
pub(crate) fn names() -> Result<NameServer> {
    let free = UdpSocket::bind("127.0.0.1:0").and_then(|port| port.local_addr()).context("a free port")?;
    NameServer::start(&Zone::new().host(SMART_HOST, [127, 0, 0, 1].into()), free)
}

pub(crate) fn free_port() -> Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).context("a free port")
}
