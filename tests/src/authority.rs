//! A name server with authority: Knot DNS, with zones written as their owners write them.
//!
//! The resolver of the private Internet ([`crate::dns`]) asks it what it has no words of its own for: name servers of a
//! zone, wildcards, and a name's absence said by one whose word counts.
//!
//! *Standards*: RFC 1035 5 (zone files), RFC 1034 4.3.3 (wildcards).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::peer;
use crate::process::Process;
use crate::wait::START_SECS_MAX;

/// The program, by which a journey knows whether it is there.
pub const PROGRAM: &str = "knotd";

/// A running name server.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
    address: SocketAddr,
    /// The text of each zone, as its owner wrote it.
    zones: BTreeMap<String, String>,
    process: Option<Process>,
}

impl Authority {
    /// Starts it there with these zones; each gets its SOA and NS records by itself.
    pub fn start(address: SocketAddr, zones: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("knot-").tempdir().context("a temporary folder")?;
        let zones = zones.iter().map(|(zone, text)| ((*zone).to_owned(), (*text).to_owned())).collect();
        let mut authority = Self { folder, address, zones, process: None };
        authority.restart()?;
        Ok(authority)
    }

    /// What the owner of a zone wrote.
    pub fn text(&self, zone: &str) -> String {
        self.zones.get(zone).cloned().unwrap_or_default()
    }

    /// Serves this instead of what the zone said before, and waits until that is so.
    pub fn publish(&mut self, zone: &str, text: &str) -> Result<()> {
        self.zones.insert(zone.to_owned(), text.to_owned());
        self.restart()
    }

    fn restart(&mut self) -> Result<()> {
        if let Some(process) = self.process.take() {
            process.stop()?;
        }
        for (zone, text) in &self.zones {
            fs::write(self.folder.path().join(format!("{zone}.zone")), self.file(zone, text))
                .context("a zone")?;
        }
        let configuration = self.folder.path().join("knot.conf");
        fs::write(&configuration, self.configuration()).context("the name server's configuration")?;
        let mut command = Command::new(peer::find(PROGRAM).context("no knotd")?);
        let process = Process::start(command.arg("-c").arg(configuration))?;
        process.err.find(PROGRAM, START_SECS_MAX, |line| line.contains("server started").then_some(()))?;
        let lines = process.err.lines();
        if lines.iter().any(|line| line.contains(" error: ")) {
            bail!("knotd does not take a zone:\n{}", lines.join("\n"));
        }
        self.process = Some(process);
        Ok(())
    }

    /// One worker of each kind is enough for a test.
    fn configuration(&self) -> String {
        let folder = self.folder.path().display();
        let (ip, port) = (self.address.ip(), self.address.port());
        let mut text = format!(
            "server:\n    rundir: \"{folder}\"\n    listen: {ip}@{port}\n    udp-workers: 1\n    tcp-workers: 1\n    \
             background-workers: 1\nlog:\n  - target: stderr\n    any: info\ndatabase:\n    storage: \"{folder}\"\n\
             template:\n  - id: default\n    storage: \"{folder}\"\n    file: \"%s.zone\"\n    zonefile-sync: -1\n    \
             journal-content: none\nzone:\n"
        );
        for zone in self.zones.keys() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  - domain: \"{zone}\"");
        }
        text
    }

    fn file(&self, zone: &str, text: &str) -> String {
        format!(
            "$ORIGIN {zone}.\n$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A {}\n{text}\n",
            self.address.ip()
        )
    }
}
