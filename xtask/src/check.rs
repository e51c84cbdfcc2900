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

pub(crate) fn run(args: Args) -> Result<()> {
    args.finish()?;
    let packages = tree::packages()?;
    let checks: [(&str, &dyn Fn() -> Result<()>); 5] = [
        ("format", &format),
        ("layers", &|| layers::check(&packages)),
        ("licences", &|| licences::check(&packages)),
        ("lints", &lints),
        ("generated files", &generated::compare),
    ];
    let mut failed = Vec::new();
    for (name, check) in checks {
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
