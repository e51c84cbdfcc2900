//! The servers that are measured: ours and Postfix, started fresh, each seen through the same few questions.

use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use anyhow::{Context, Result};
use guichet_tests::dns::NameServer;
use guichet_tests::installation::{Installation, Server};
use guichet_tests::postfix::{Options, Postfix};
use guichet_tests::wait::{self, DELIVERY_SECS_MAX};

use super::processor;
use crate::load::{self, Delivery, Mails, Report};

/// The domains that Postfix takes mail for: those that the organisations here have.
const DOMAINS: &str = "^demo[0-9]*\\.desk\\.localhost$";

/// One run of the generator and what the server spent on it.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) report: Report,
    /// Seconds of processor for 1,000 mails, until all of them rest where they belong.
    pub(crate) server_per_thousand: f64,
}

/// Something to be measured.
pub(crate) trait Subject {
    fn smtp(&self) -> SocketAddr;
    fn pid(&self) -> Result<u32>;
    /// Waits until nothing is on its way any more.
    fn settle(&self) -> Result<()>;
}

/// Sends the mails and counts.
pub(crate) fn run(
    subject: &dyn Subject,
    mails: &Mails,
    delivery: impl Fn(SocketAddr) -> Delivery,
) -> Result<Run> {
    let pid = subject.pid()?;
    let before = processor::family_secs(pid)?;
    let report = load::send(mails, delivery(subject.smtp()))?;
    subject.settle()?;
    let used = processor::family_secs(pid)? - before;
    if report.failed > 0 {
        eprintln!("{report}");
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of mails")]
    let server_per_thousand = used * 1000.0 / report.accepted().max(1) as f64;
    Ok(Run { report, server_per_thousand })
}

impl Subject for Server<'_> {
    fn smtp(&self) -> SocketAddr {
        self.smtp
    }

    fn pid(&self) -> Result<u32> {
        Ok(self.process().pid())
    }

    /// With the last `250` everything is done.
    fn settle(&self) -> Result<()> {
        Ok(())
    }
}

impl Subject for Postfix {
    fn smtp(&self) -> SocketAddr {
        self.address
    }

    fn pid(&self) -> Result<u32> {
        Postfix::pid(self)
    }

    fn settle(&self) -> Result<()> {
        let waiting = ["incoming", "active", "deferred"].map(|name| self.queue().join(name));
        let empty = || {
            waiting.iter().all(|folder| fs::read_dir(folder).is_ok_and(|mut files| files.next().is_none()))
        };
        wait::until("Postfix's queue", DELIVERY_SECS_MAX, || empty().then_some(()))
    }
}

/// A fresh Guichet that asks this name server.
pub(crate) fn guichet(names: &NameServer) -> Result<Installation> {
    Ok(Installation::new()?.set("dns.servers", &names.address.to_string()))
}

/// A fresh Postfix into one maildir. It verifies nothing.
pub(crate) fn postfix() -> Result<Postfix> {
    let address =
        TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).context("a free port")?;
    // Its brake for a queue that fills faster than it empties: off, it is at its fastest.
    Postfix::start(&Options::new("postfix.example", address).maildir_for(DOMAINS).set("in_flow_delay", "0"))
}

/// A name server that knows the senders of these mails.
pub(crate) fn names(mails: &Mails) -> Result<NameServer> {
    let free = UdpSocket::bind("127.0.0.1:0").and_then(|port| port.local_addr()).context("a free port")?;
    NameServer::start(&mails.zone()?, free)
}

/// Organisations `demo1`, `demo2`, ... each of which has `support@demoN.desk.localhost` from its beginning.
pub(crate) fn organisations(server: &Server<'_>, count: usize) -> Result<()> {
    for number in 1..=count {
        server.operator(&["organisation", "add", &format!("demo{number}")])?;
    }
    Ok(())
}
