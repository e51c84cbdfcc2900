//! postgrey: refuses for now whoever comes for the first time, as many servers do.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::peer;
use crate::process::Process;
use crate::wait::START_SECS_MAX;

/// How soon a second visit is early enough to be let in: as soon as it can tell.
const DELAY_SECS: u32 = 1;

/// A running one, to be asked as a policy service of Postfix.
#[derive(Debug)]
pub struct Postgrey {
    _process: Process,
    _folder: TempDir,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Postgrey {
    /// Starts it there and waits until it listens.
    pub fn start(address: SocketAddr) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("postgrey-").tempdir().context("a temporary folder")?;
        let program = peer::find("postgrey").context("no postgrey")?;
        let mut command = Command::new(program);
        command.arg(format!("--inet={address}")).arg(format!("--delay={DELAY_SECS}"));
        command.arg(format!("--dbdir={}", folder.path().display()));
        command.args(["--user=root", "--group=root", "--hostname=mail.customer.example"]);
        for list in ["clients", "recipients"] {
            command.arg(format!("--whitelist-{list}=/dev/null"));
        }
        let process = Process::start(&mut command)?;
        let binds = |line: &str| line.contains("Binding to TCP port").then_some(());
        process.err.find("postgrey", START_SECS_MAX, binds)?;
        Ok(Self { _process: process, _folder: folder, address })
    }
}
