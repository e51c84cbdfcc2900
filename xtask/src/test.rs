//! `cargo xtask test`: the peers, then every test, then the fuzz targets for a moment, then the counts.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write, stdout};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::args::Args;
use crate::peers::{self, Install};
use crate::{cargo, fuzz, python};

/// Enough to pass the obvious ways through each target; longer runs are `cargo xtask fuzz --runs N`.
const FUZZ_RUNS: u32 = 4_000;

/// What a test that is left out prints at the start of its line (`guichet_tests::skip`).
const SKIPPED: &str = "skipped: ";

pub(crate) fn run(mut args: Args) -> Result<()> {
    let install = if args.flag("--no-install") { Install::Refused } else { Install::Allowed };
    let passed_on = args.finish()?;
    peers::prepare(install)?;
    let path = python::prepare(install)?;
    cargo::build_all()?;
    let counts = cargo_test(&passed_on, &path)?;
    let fuzzed = fuzz::every_target(FUZZ_RUNS)?;
    println!("test: {counts}; {fuzzed} fuzz targets, {FUZZ_RUNS} runs each");
    Ok(())
}

fn cargo_test(passed_on: &[String], path: &OsStr) -> Result<Counts> {
    let mut command = cargo::command(["test", "--workspace", "--no-fail-fast", "--"]);
    command.args(passed_on).env("PATH", path).stdout(Stdio::piped());
    cargo::say(&command);
    let mut tests = command.spawn().context("starting cargo test")?;
    let output = tests.stdout.take().context("output of cargo test")?;
    let counts = relay(BufReader::new(output), stdout())?;
    let status = tests.wait().context("waiting for cargo test")?;
    println!("test: {counts}");
    if !status.success() {
        bail!("cargo test failed: {status}");
    }
    Ok(counts)
}

/// Passes the output on as it comes and counts what it tells.
fn relay(output: impl BufRead, mut to: impl Write) -> Result<Counts> {
    let mut counts = Counts::default();
    for line in output.split(b'\n') {
        let line = line.context("reading the tests' output")?;
        counts.add(&String::from_utf8_lossy(&line));
        to.write_all(&line)?;
        to.write_all(b"\n")?;
    }
    Ok(counts)
}

/// Over all test programs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u32,
    failed: u32,
    ignored: u32,
    skipped: u32,
}

impl Counts {
    fn add(&mut self, line: &str) {
        // A test's name may stand before it: `test journeys::x ... skipped: no postfix`.
        if line.contains(SKIPPED) {
            self.skipped += 1;
        }
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        let number = |name: &str| {
            let part = result.split([';', '.']).map(str::trim).find_map(|part| part.strip_suffix(name));
            part.and_then(|number| number.trim().parse::<u32>().ok()).unwrap_or(0)
        };
        self.passed += number(" passed");
        self.failed += number(" failed");
        self.ignored += number(" ignored");
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { passed, failed, ignored, skipped } = self;
        let whole = passed.saturating_sub(*skipped);
        write!(
            out,
            "{whole} passed, {failed} failed, {ignored} ignored, {skipped} skipped for want of a peer"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, relay};

    #[test]
    fn adds_up_over_all_test_programs() {
        let output = "\
running 2 tests
test journeys::quick_start ... skipped: no curl
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s
test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out; finished in 1.00s
";
        let counts = relay(output.as_bytes(), &mut Vec::new()).unwrap();
        assert_eq!(counts, Counts { passed: 15, failed: 2, ignored: 1, skipped: 1 });
    }
}
