//! `cargo xtask bench`: each figure that Guichet must reach, beside its peer's, in one run on one machine.
//!
//! What must hold: both sides get the same mails from the same generator, one after the other, each on a fresh store
//! on the same disk; a figure that misses its target is printed and fails nothing; what can't be measured says why.

mod counts;
mod disk;
mod domains;
mod figure;
mod growth;
mod intake;
mod memory;
mod outbound;
mod private;
mod processor;
mod sign_in;
mod sink;
mod streams;
mod subject;
mod waiting;
mod writer;

use std::process::Command;

use anyhow::Result;

use crate::args::Args;
use crate::cargo;
use figure::Table;

const HELP: &str = "\
cargo xtask bench [OPTIONS]

  --quick        a tenth of the mails, and nothing about growth
  --mails N      mails of 5 KB in each run (10000); other sizes in proportion
  --tickets N    how many tickets the store is filled with to measure growth (1000000)
  --only NAME    one part: intake, outbound, domains, waiting, memory, sign-in, streams, disk, growth;
                 or counts, which growth measures too
";

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// Mails of 5 KB in one run.
    mails: usize,
    /// Tickets that growth is measured with; none, and it is left out.
    tickets: usize,
}

/// A part and what measures it.
type Part = (&'static str, fn(Extent, &mut Table) -> Result<()>);

const PARTS: [Part; 9] = [
    ("intake", intake::measure),
    ("outbound", outbound::measure),
    ("domains", domains::measure),
    ("waiting", waiting::measure),
    ("memory", memory::measure),
    ("sign-in", sign_in::measure),
    ("streams", streams::measure),
    ("disk", disk::measure),
    ("growth", growth::measure),
];

/// Measured by another part as well, so only where they are named.
const NAMED: [Part; 1] = [("counts", counts::measure)];

pub(crate) fn run(mut args: Args) -> Result<()> {
    if args.flag("--help") {
        print!("{HELP}");
        return Ok(());
    }
    let quick = args.flag("--quick");
    let only: Option<String> = args.value("--only")?;
    let usual = if quick {
        Extent { mails: 1_000, tickets: 0 }
    } else {
        Extent { mails: 10_000, tickets: 1_000_000 }
    };
    let extent = Extent {
        mails: args.value("--mails")?.unwrap_or(usual.mails),
        tickets: args.value("--tickets")?.unwrap_or(usual.tickets),
    };
    args.finish()?;
    if !private::is_inside() {
        cargo::run(&mut cargo::command(["build", "--release", "--package", "guichet"]))?;
        private::enter()?;
    }
    describe_machine();
    let mut table = Table::default();
    let named = NAMED.into_iter().filter(|_| only.is_some());
    let parts = PARTS.into_iter().chain(named);
    for (name, measure) in parts.filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name)) {
        eprintln!("bench: {name}");
        if let Err(error) = measure(extent, &mut table) {
            println!("bench: {name} could not be measured: {error:#}");
        }
    }
    println!("\n{table}");
    Ok(())
}

/// What the figures depend on.
fn describe_machine() {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let place = std::env::temp_dir();
    let disk =
        cargo::output(Command::new("df").args(["--output=fstype,source"]).arg(&place)).unwrap_or_default();
    let disk = disk.lines().last().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" on ");
    println!(
        "bench: {processors} processors shared with the generator; data in {} ({disk})",
        place.display()
    );
}
