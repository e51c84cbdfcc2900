//! What a developer runs: `cargo xtask check | generate | test | fuzz | load | bench`.
//!
//! Why a program and not scripts: it runs wherever the toolchain runs, and it is held to the same lints as the
//! rest. It is built on each call, so it depends on next to nothing; what `load` and `bench` need stands behind
//! the feature `bench`, with which they call themselves again in release mode.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks to the person who called it")]
#![allow(clippy::disallowed_methods, reason = "it reads the environment and measures time: that is its work")]

mod args;
mod cargo;
mod check;
mod fuzz;
mod peers;
mod python;
mod test;
mod tree;

#[cfg(feature = "bench")]
mod bench;
#[cfg(feature = "bench")]
mod load;

use std::process::ExitCode;

use anyhow::{Result, bail};
use args::Args;

const USAGE: &str = "\
cargo xtask check [NAME]           format, layers, licences, lints, generated: all, or the named one
cargo xtask generate               write the files that the program generates
cargo xtask test [--no-install] [-- ARGS]
                                   all the tests, with the peers they need; ARGS go to the test programs
cargo xtask fuzz [TARGET] [--runs N]
                                   fuzz targets, briefly
cargo xtask load --to ADDR ...     send distinct mails to an SMTP server (--help lists the options)
cargo xtask bench [--quick] ...    every figure beside its peer's (--help lists the options)
";

fn main() -> ExitCode {
    match run(Args::from_env()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut args: Args) -> Result<()> {
    match args.command().as_deref() {
        Some("check") => check::run(args),
        Some("generate") => check::generated::write(args),
        Some("test") => test::run(args),
        Some("fuzz") => fuzz::run(args),
        Some("load") => measured::load(args),
        Some("bench") => measured::bench(args),
        Some("help" | "--help") | None => {
            print!("{USAGE}");
            Ok(())
        }
        Some(other) => bail!("no command `{other}`\n\n{USAGE}"),
    }
}

/// With the feature: the commands themselves.
#[cfg(feature = "bench")]
mod measured {
    pub(crate) use crate::bench::run as bench;
    pub(crate) use crate::load::run as load;
}

/// Without it: a release build of this program that has it, called with the same words.
#[cfg(not(feature = "bench"))]
mod measured {
    use anyhow::Result;

    use crate::args::Args;
    use crate::cargo;

    pub(crate) fn load(args: Args) -> Result<()> {
        again("load", args)
    }

    pub(crate) fn bench(args: Args) -> Result<()> {
        again("bench", args)
    }

    fn again(command: &str, args: Args) -> Result<()> {
        let build = ["run", "--quiet", "--release", "--package", "xtask", "--features", "bench", "--"];
        cargo::run(cargo::command(build).arg(command).args(args.rest()))
    }
}
