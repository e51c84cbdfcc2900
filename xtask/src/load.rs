//! `cargo xtask load`: distinct mails to an SMTP server, as fast as it takes them, at next to no cost of our own.
//!
//! It shares its processors with the server it measures, so what it spends is measured too and printed beside the
//! rate: bodies are slices of text made beforehand, signatures are made before the clock starts, and one thread waits
//! for all sessions.

mod client;
mod connection;
mod mails;
mod report;
mod text;

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use guichet_tests::dkim::Algorithm;
use guichet_tests::dns::NameServer;
use guichet_tests::installation::DEMO_ADDRESS;

pub(crate) use client::send;
pub(crate) use mails::{Content, Mails, Plan, Size};
pub(crate) use report::{Report, percentile};

use crate::args::Args;

/// Sessions that one call may hold open at most.
const SESSIONS_MAX: usize = 1_000;

const HELP: &str = "\
cargo xtask load --to ADDRESS [OPTIONS]

  --to ADDRESS           SMTP server, as 127.0.0.1:2525
  --count N              mails in all (10000)
  --sessions N           sessions at once (20)
  --keep                 many mails over one connection; otherwise a new connection for each
  --size BYTES|mixed     bytes of each mail (5000); mixed: 2 KB to 1 MB, 43 KB on average
  --content text|random|half
                         text (compresses well), random bytes in base64, or every second mail of each
  --recipient PATTERN    where to; {n} counts the organisations (support@demo.desk.localhost)
  --organisations N      how many {n} there are (1)
  --senders N            different senders (1000), in a tenth as many domains s0.example, s1.example, ...
  --signed rsa|ed25519   sign each mail for its sender's domain, with a fresh key
  --seed N               the same mails again, which a server may take for duplicates (each call sends others)
  --dns ADDRESS          meanwhile serve the senders' SPF, DKIM and DMARC records there
  --json                 the figures as one JSON object
";

/// How the mails are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery {
    pub(crate) to: SocketAddr,
    pub(crate) sessions: usize,
    pub(crate) connections: Connections,
}

/// What happens to a connection after its mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connections {
    /// `QUIT`, and a new one.
    PerMail,
    /// The next mail goes over it.
    Kept,
}

pub(crate) fn run(mut args: Args) -> Result<()> {
    if args.flag("--help") {
        print!("{HELP}");
        return Ok(());
    }
    let json = args.flag("--json");
    let delivery = delivery(&mut args)?;
    let dns: Option<SocketAddr> = args.value("--dns")?;
    let plan = plan(&mut args)?;
    args.finish()?;
    let mails = Mails::prepare(plan)?;
    let _names = dns.map(|address| NameServer::start(&mails.zone()?, address)).transpose()?;
    let report = send(&mails, delivery)?;
    if json {
        println!("{}", report.json());
    } else {
        print!("{report}");
    }
    Ok(())
}

fn delivery(args: &mut Args) -> Result<Delivery> {
    let connections = if args.flag("--keep") { Connections::Kept } else { Connections::PerMail };
    let sessions = args.value("--sessions")?.unwrap_or(20);
    if !(1..=SESSIONS_MAX).contains(&sessions) {
        bail!("--sessions must be 1 to {SESSIONS_MAX}");
    }
    let to = args.value("--to")?.context("--to names the server")?;
    Ok(Delivery { to, sessions, connections })
}

fn plan(args: &mut Args) -> Result<Plan> {
    let usual = Plan::to(DEMO_ADDRESS);
    let text = |args: &mut Args, name| args.value::<String>(name);
    Ok(Plan {
        count: args.value("--count")?.unwrap_or(usual.count),
        size: match text(args, "--size")?.as_deref() {
            None => usual.size,
            Some("mixed") => Size::Mixed,
            Some(bytes) => Size::Bytes(bytes.parse().context("--size")?),
        },
        content: match text(args, "--content")?.as_deref() {
            None | Some("text") => Content::Text,
            Some("random") => Content::Random,
            Some("half") => Content::Half,
            Some(other) => bail!("--content {other}: text, random or half"),
        },
        recipient: text(args, "--recipient")?.unwrap_or(usual.recipient),
        organisations: args.value("--organisations")?.unwrap_or(usual.organisations),
        senders: args.value("--senders")?.unwrap_or(usual.senders),
        signed: match text(args, "--signed")?.as_deref() {
            None => None,
            Some("rsa") => Some(Algorithm::Rsa),
            Some("ed25519") => Some(Algorithm::Ed25519),
            Some(other) => bail!("--signed {other}: rsa or ed25519"),
        },
        seed: args.value("--seed")?.unwrap_or_else(now_nanos),
    })
}

/// A seed that no call before this one had.
fn now_nanos() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
