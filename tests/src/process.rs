//! A child that ends when its owner is dropped, and what the system knows of a running process.

use std::fs;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::output::Output;
use crate::wait::{self, STOP_SECS_MAX};

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    /// What it writes to standard output.
    pub out: Output,
    /// What it writes to standard error.
    pub err: Output,
}

impl Process {
    /// Starts it, with its output read from the first byte on.
    pub fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("starting {name}"))?;
        let out = child.stdout.take().map(Output::of).context("standard output")?;
        let err = child.stderr.take().map(Output::of).context("standard error")?;
        Ok(Self { name, child, out, err })
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop (SIGTERM) and waits until it has.
    pub fn stop(mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.ended()
    }

    /// Kills it at once (SIGKILL), as a power cut would.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("killing {}", self.name))?;
        self.child.wait().with_context(|| format!("waiting for {}", self.name))?;
        Ok(())
    }

    /// Waits until it ends by itself.
    pub fn ended(&mut self) -> Result<ExitStatus> {
        let what = format!("the end of {}", self.name);
        let child = &mut self.child;
        wait::until(&what, STOP_SECS_MAX, || child.try_wait().transpose())?.context(what)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).with_context(|| format!("signalling {}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; either way there is nobody left to tell.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Kills any process at once (SIGKILL).
pub fn kill(pid: u32) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("no process")?;
    kill_process(pid, Signal::KILL).context("killing")
}

/// The value of a line like `VmRSS:   1234 kB` of `/proc/PID/status`, in bytes.
pub fn memory_bytes(pid: u32, line: &str) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| path.clone())?;
    let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let kilobytes = value.and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.map(|kilobytes| kilobytes * 1024).with_context(|| format!("{line} in {path}"))
}
