//! A name server of our own: dnsmasq, told what to say.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use crate::peer;
use crate::process::Process;
use crate::wait::START_SECS_MAX;

/// How long an answer may be kept, in seconds. dnsmasq's own default of 0 would let nobody keep anything, as no
/// domain of the world asks for.
const TTL_SECS: u32 = 300;

/// One string of a TXT record holds this many bytes at most (RFC 1035, 3.3.14).
const TEXT_BYTES_MAX: usize = 255;

/// Records, as data. Every other name does not exist.
#[derive(Debug, Clone, Default)]
pub struct Zone(String);

impl Zone {
    /// Nothing at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// `name` has this address, and the address this name.
    #[must_use]
    pub fn host(self, name: &str, address: IpAddr) -> Self {
        self.line(&format!("host-record={name},{address}"))
    }

    /// Mail for `domain` goes to `host`.
    #[must_use]
    pub fn mail(self, domain: &str, host: &str) -> Self {
        self.line(&format!("mx-host={domain},{host},10"))
    }

    /// A TXT record, of any length.
    #[must_use]
    pub fn text(self, name: &str, text: &str) -> Self {
        let mut strings = String::new();
        for part in text.as_bytes().chunks(TEXT_BYTES_MAX) {
            // Writing to a string cannot fail.
            let _ = write!(strings, ",\"{}\"", String::from_utf8_lossy(part));
        }
        self.line(&format!("txt-record={name}{strings}"))
    }

    /// All of that domain is asked of another server, but for what is said here.
    #[must_use]
    pub fn elsewhere(self, domain: &str, server: IpAddr) -> Self {
        self.line(&format!("server=/{domain}/{server}"))
    }

    /// These records and those.
    #[must_use]
    pub fn and(mut self, more: &Self) -> Self {
        self.0.push_str(&more.0);
        self
    }

    fn line(mut self, line: &str) -> Self {
        self.0.push_str(line);
        self.0.push('\n');
        self
    }
}

/// A running name server.
#[derive(Debug)]
pub struct NameServer {
    process: Process,
    /// Where it listens, by UDP and TCP.
    pub address: SocketAddr,
    _configuration: NamedTempFile,
}

impl NameServer {
    /// Starts it there and waits until it answers.
    pub fn start(zone: &Zone, address: SocketAddr) -> Result<Self> {
        let SocketAddr::V4(v4) = address else { anyhow::bail!("{address}: IPv4 only") };
        let configuration = NamedTempFile::new().context("the name server's configuration")?;
        let settings = format!(
            "port={}\nlisten-address={}\nbind-interfaces\nno-resolv\nno-hosts\nno-ping\nlocal=/#/\n\
             user=root\npid-file=\ncache-size=0\ndns-forward-max=1000\nlocal-ttl={TTL_SECS}\n{}",
            v4.port(),
            v4.ip(),
            zone.0
        );
        std::fs::write(configuration.path(), settings).context("the name server's configuration")?;
        let program = peer::find("dnsmasq").context("no dnsmasq")?;
        let mut command = Command::new(program);
        command.args(["--no-daemon", "--log-facility=-"]);
        command.arg(format!("--conf-file={}", configuration.path().display()));
        let process = Process::start(&mut command)?;
        process.err.find("dnsmasq", START_SECS_MAX, |line| line.contains("started").then_some(()))?;
        Ok(Self { process, address, _configuration: configuration })
    }

    /// Answers from another zone from now on.
    pub fn publish(self, zone: &Zone) -> Result<Self> {
        let address = self.address;
        self.process.stop()?;
        Self::start(zone, address)
    }

    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }
}
