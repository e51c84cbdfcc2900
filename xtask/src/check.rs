//! `cargo xtask check`: everything about the tree that can be judged without running it.
//!
//! All checks run, the cheap ones first; what fails is said at the end, so that one call shows all there is to mend.

pub(crate) mod generated;
mod layers;
mod licences;
mod spdx;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::{cargo, tree};

pub(crate) fn run(mut args: Args) -> Result<()> {
    let only = args.positional();
    args.finish()?;
    let packages = tree::packages()?;
    let checks: [(&str, &dyn Fn() -> Result<()>); 5] = [
        ("format", &format),
        ("layers", &|| layers::check(&packages)),
        ("licences", &|| licences::check(&packages)),
        ("lints", &lints),
        ("generated", &generated::compare),
    ];
    let mut failed = Vec::new();
    if let Some(only) = only.as_deref().filter(|only| !checks.iter().any(|(name, _)| name == only)) {
        bail!("no check `{only}`");
    }
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    for (name, check) in checks.into_iter().filter(|(name, _)| wanted(name)) {
        match check() {
            Ok(()) => println!("check: {name}: good"),
            Err(error) => {
                eprintln!("check: {name}: {error:#}");
                failed.push(name);
            }
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn format() -> Result<()> {
    cargo::run(&mut cargo::command(["fmt", "--all", "--check"]))
}

/// The whole workspace, the measuring commands included.
fn lints() -> Result<()> {
    let clippy =
        ["clippy", "--workspace", "--all-targets", "--features", "xtask/bench", "--", "-D", "warnings"];
    cargo::run(&mut cargo::command(clippy))
}
