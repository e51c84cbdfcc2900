//! The binary: command line, configuration, wiring; the only place that knows every other crate.
//!
//! *Must hold*: whatever ends the program says so in one line on standard error; exit code 2 for what the caller has to
//! set right (usage, configuration, environment), 1 for what was refused.

mod accounts;
mod announce;
mod cautions;
mod cli;
mod command;
mod config;
mod control;
mod data_dir;
mod domains;
mod failure;
mod first_start;
mod generate;
mod http;
mod key_change;
mod logging;
mod machine;
mod master_key;
mod metrics;
mod operate;
mod outside;
mod retention;
mod room;
mod serve;
mod signals;
mod sockets;
mod stop;
mod tasks;
mod timers;
mod translate;
mod wiring;
mod workers;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Task};
use failure::Failure;

/// What is said last where a check found something.
const UNFINE: &str = "not everything is as mail needs it";

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Where standard error is closed, the exit code has to do.
            let _ = writeln!(io::stderr(), "guichet: {failure}");
            failure.exit_code()
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    if let Some(Task::Generate { subject }) = cli.task {
        return print(&generate::document(subject));
    }
    let variables: Vec<_> = std::env::vars_os().collect();
    let loaded = config::load(Path::new(""), &variables, cli.settings.into_flags()?)?;
    match cli.task {
        Some(Task::Operate(command)) => {
            let answer = operate::operate(&loaded.configuration, command)?;
            print(&if cli.json { answer.to_json() } else { answer.to_text() })?;
            if answer.is_fine() { Ok(()) } else { Err(Failure::Refused(UNFINE.to_owned())) }
        }
        Some(Task::Key(command)) => {
            let answer = command.execute(&loaded.configuration)?;
            print(&if cli.json { answer.to_json() } else { answer.to_text() })
        }
        _ => serve::run(&loaded),
    }
}

fn print(text: &str) -> Result<(), Failure> {
    io::stdout().write_all(text.as_bytes()).map_err(Failure::system("writing to standard output"))
}
