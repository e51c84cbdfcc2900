//! `cargo xtask fuzz`: builds and runs the targets in fuzz/ on the stable toolchain.
//!
//! `cargo fuzz` wants nightly, for the address sanitiser. There is no unsafe code of ours to watch, so coverage
//! alone is asked of LLVM, which stable can do. The layout is that of `cargo fuzz`, which runs the same targets.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::args::Args;
use crate::cargo;

/// What `cargo xtask fuzz` runs when not told otherwise.
const RUNS: u32 = 100_000;
/// A single input that takes longer is a finding.
const INPUT_SECS_MAX: u32 = 10;
const INPUT_BYTES_MAX: u32 = 65_536;
const MEMORY_MB_MAX: u32 = 2_048;

/// Coverage for libFuzzer, as `cargo fuzz` asks for it: counters to see new ways, comparisons to find words.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Ccodegen-units=1";

pub(crate) fn run(mut args: Args) -> Result<()> {
    let runs = args.value("--runs")?.unwrap_or(RUNS);
    let target = args.positional();
    args.finish()?;
    build()?;
    match target {
        Some(target) => fuzz(&target, runs),
        None => each(runs).map(|_| ()),
    }
}

/// Builds and runs all of them; their number.
pub(crate) fn every_target(runs: u32) -> Result<usize> {
    build()?;
    each(runs)
}

fn each(runs: u32) -> Result<usize> {
    let targets = targets()?;
    targets.iter().try_for_each(|target| fuzz(target, runs))?;
    Ok(targets.len())
}

fn folder() -> PathBuf {
    cargo::root().join("fuzz")
}

/// Where the instrumented build goes: apart, or it would rebuild everything each time the other flags are used.
fn target_dir() -> PathBuf {
    folder().join("target")
}

/// The files in `fuzz/fuzz_targets` are the targets.
fn targets() -> Result<Vec<String>> {
    let files = fs::read_dir(folder().join("fuzz_targets")).context("fuzz/fuzz_targets")?;
    let mut names = Vec::new();
    for file in files {
        let path = file?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn build() -> Result<()> {
    let manifest = folder().join("Cargo.toml");
    let mut build = cargo::command(["build", "--release", "--manifest-path"]);
    // Plain flags in the environment would reach build scripts too, unless a target is named.
    build
        .arg(manifest)
        .args(["--target", &host()?])
        .env("RUSTFLAGS", COVERAGE)
        .env("CARGO_TARGET_DIR", target_dir());
    cargo::run(&mut build)
}

/// The triple this toolchain builds for.
fn host() -> Result<String> {
    let text = cargo::output(Command::new("rustc").arg("-vV"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).context("rustc names no host")
}

fn fuzz(target: &str, runs: u32) -> Result<()> {
    let program = target_dir().join(host()?).join("release").join(target);
    if !program.exists() {
        bail!("no fuzz target `{target}`: there are {}", targets()?.join(", "));
    }
    // What earlier runs found stays out of the tree; the seeds are committed and only read.
    let found = folder().join("corpus").join(target);
    let seeds = folder().join("seeds").join(target);
    let artifacts = folder().join("artifacts").join(target);
    for folder in [&found, &artifacts] {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let mut fuzz = Command::new(program);
    fuzz.arg(&found).args(Some(&seeds).filter(|seeds| Path::is_dir(seeds)));
    fuzz.arg(format!("-runs={runs}")).arg(format!("-timeout={INPUT_SECS_MAX}"));
    fuzz.arg(format!("-max_len={INPUT_BYTES_MAX}")).arg(format!("-rss_limit_mb={MEMORY_MB_MAX}"));
    fuzz.arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg("-verbosity=0")
        .arg("-print_final_stats=1");
    cargo::run(&mut fuzz)
}
