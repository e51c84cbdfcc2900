//! Many domains of which some are slow and some refuse: nobody waits behind them.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use anyhow::{Context, Result};
use guichet_tests::dns::{NameServer, Zone};
use guichet_tests::installation::Installation;
use serde_json::json;

use super::figure::{Figure, Table, Target};
use super::sink::Sink;
use super::writer::{self, Writer};
use super::{Extent, private};

const DOMAINS: usize = 1_000;
/// Seconds that a slow server takes for each answer.
const SLOW_SECS: &str = "20";
const DELIVERY_SECS_MAX: u64 = 300;
/// What the good ones may take with such neighbours, as a multiple of what they take without.
const TIMES_ALONE_MAX: f64 = 1.3;

/// Which domains misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Neighbours {
    Good,
    /// Of ten domains one is slow, one refuses.
    Mixed,
}

pub(crate) fn measure(extent: Extent, table: &mut Table) -> Result<()> {
    if !private::is_inside() {
        table.note("many domains: left out, for want of the right to make a network (root)");
        return Ok(());
    }
    let (alone, good) = run(extent.mails, Neighbours::Good)?;
    let alone = writer::per_second(good, alone);
    let (mixed, good) = run(extent.mails, Neighbours::Mixed)?;
    let mixed = writer::per_second(good, mixed);
    table.note(format!("many domains: {alone:.0} mails/s where all are good, {mixed:.0} to the good ones among slow and refusing"));
    table.add(Figure {
        name: format!("{} recipients in {DOMAINS} domains, a tenth slow, a tenth refusing", extent.mails),
        unit: "x alone",
        ours: alone / mixed,
        peer: None,
        target: Target::AtMost(TIMES_ALONE_MAX),
    });
    Ok(())
}

/// How long the good domains' mails took, and how many those were.
fn run(mails: usize, neighbours: Neighbours) -> Result<(Duration, usize)> {
    let at = |address: &str| -> Result<SocketAddr> { Ok(SocketAddr::new(address.parse()?, 25)) };
    let good = Sink::start(at(private::GOOD)?, &[])?;
    let _slow = Sink::start(at(private::SLOW)?, &["-w", SLOW_SECS])?;
    let _refusing = Sink::start(at(private::REFUSING)?, &["-r", "rcpt"])?;
    let names = names()?;
    let place = Installation::new()?
        .set("dns.servers", &names.address.to_string())
        .set("dns.cache_entries_max", "100000")
        .set("outbound.mode", "deliver");
    let server = place.start()?;
    let writer = Writer::of(&server)?;
    let release =
        writer.fill_to(mails, |number| format!("someone{number}@{}", domain(number, neighbours)))?;
    writer::wait_for(release);
    let expected = (0..mails).filter(|number| domain(*number, neighbours).ends_with(".good.example")).count();
    let took = good.wait_for(expected, DELIVERY_SECS_MAX)?;
    server.kill()?;
    Ok((took, expected))
}

fn domain(number: usize, neighbours: Neighbours) -> String {
    let domain = number % DOMAINS;
    let kind = match (neighbours, domain % 10) {
        (Neighbours::Mixed, 0) => "slow",
        (Neighbours::Mixed, 1) => "refusing",
        _ => "good",
    };
    format!("d{domain}.{kind}.example")
}

/// Every domain has its own MX record; the hosts behind them are three.
fn names() -> Result<NameServer> {
    let host = |zone: Zone, name: &str, address: &str| -> Result<Zone> {
        Ok(zone.host(name, address.parse::<IpAddr>().context("an address")?))
    };
    let mut zone = host(Zone::new(), "mx.good.example", private::GOOD)?;
    zone = host(zone, "mx.slow.example", private::SLOW)?;
    zone = host(zone, "mx.refusing.example", private::REFUSING)?;
    for domain in 0..DOMAINS {
        for kind in ["good", "slow", "refusing"] {
            zone = zone.mail(&format!("d{domain}.{kind}.example"), &format!("mx.{kind}.example"));
        }
    }
    let free = UdpSocket::bind("127.0.0.1:0").and_then(|port| port.local_addr()).context("a free port")?;
    NameServer::start(&zone, free)
}

impl Writer {
    /// Writes a mail to each of these addresses, all to leave at one time; answers when.
    fn fill_to(&self, mails: usize, to: impl Fn(usize) -> String + Sync) -> Result<std::time::SystemTime> {
        self.fill_with(mails, |number, send_at| {
            self.mail_to(number, &[to(number)], json!({ "send_at": send_at }))
        })
    }
}
