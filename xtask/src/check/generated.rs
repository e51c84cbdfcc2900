//! Files in the tree that the program itself writes: `cargo xtask generate` makes them, `check` fails where one is old.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::args::Args;
use crate::cargo;

/// What `guichet generate` is asked for, and where its answer is kept.
const FILES: &[(&str, &str)] = &[
    ("configuration", "docs/configuration.md"),
    ("cli", "docs/cli.md"),
    ("openapi", "docs/openapi.json"),
    ("example", "resources/guichet.toml"),
];

pub(crate) fn write(args: Args) -> Result<()> {
    args.finish()?;
    cargo::build_all()?;
    for (subject, path) in FILES {
        let file = cargo::root().join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        fs::write(&file, generate(subject)?).with_context(|| format!("writing {path}"))?;
        println!("generate: {path}");
    }
    Ok(())
}

pub(crate) fn compare() -> Result<()> {
    cargo::build_all()?;
    let mut old = Vec::new();
    for (subject, path) in FILES {
        let kept = fs::read_to_string(cargo::root().join(path)).unwrap_or_default();
        if kept != generate(subject)? {
            old.push(*path);
        }
    }
    if !old.is_empty() {
        bail!("not what the code says: {}; run `cargo xtask generate` and commit", old.join(", "));
    }
    Ok(())
}

fn generate(subject: &str) -> Result<String> {
    cargo::output(Command::new(cargo::built("guichet")?).args(["generate", subject]))
}
