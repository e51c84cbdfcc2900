//! Calling cargo and other programs from the project's root, saying what is called.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The project's root: the folder above this package.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// A call of the cargo that called us, in the project's root.
pub(crate) fn command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(args);
    command
}

/// Builds every program and test of the workspace in one go. Always the same call, so that `check`, `generate` and
/// `test` share one build: another choice of packages would choose other features and compile things twice.
pub(crate) fn build_all() -> Result<()> {
    run(&mut command(["build", "--workspace", "--all-targets"]))
}

/// A program of the workspace that stands built beside this one.
pub(crate) fn built(name: &str) -> Result<PathBuf> {
    let path = env::current_exe().context("finding this program")?.with_file_name(name);
    if !path.exists() {
        bail!("{} is not there: `cargo build --workspace` makes it", path.display());
    }
    Ok(path)
}

/// Says the command, runs it and waits; an error unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    say(command);
    let status = command.status().with_context(|| format!("starting {}", words(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", words(command));
    }
    Ok(())
}

/// Runs the command and returns what it wrote to standard output; an error unless it succeeds.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("starting {}", words(command)))?;
    if !output.status.success() {
        let cause = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed: {}\n{}", words(command), output.status, cause.trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("output of `{}`", words(command)))
}

/// Says what is about to be called.
pub(crate) fn say(command: &Command) {
    eprintln!("xtask: {}", words(command));
}

/// The command as a person would type it: program without its folder, then the arguments.
fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
