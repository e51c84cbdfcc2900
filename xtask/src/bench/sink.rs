//! The servers that mail goes to: Postfix's `smtp-sink`, which takes everything and counts.

use std::io::Read as _;
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use guichet_tests::peer;
use guichet_tests::wait;

/// Connections that may wait to be accepted.
const BACKLOG: &str = "256";
/// Seconds until it takes connections.
const START_SECS_MAX: u64 = 10;

/// What came so far.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    mails: usize,
    first: Option<Instant>,
    last: Option<Instant>,
}

/// A running sink; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Sink {
    child: Child,
    count: Arc<Mutex<Count>>,
}

impl Sink {
    /// Starts one there, with further options of smtp-sink(1).
    pub(crate) fn start(address: SocketAddr, options: &[&str]) -> Result<Self> {
        let program = peer::find("smtp-sink").context("no smtp-sink: it comes with postfix")?;
        let mut command = Command::new(program);
        command.args(["-u", "nobody", "-c"]).args(options).arg(address.to_string()).arg(BACKLOG);
        let mut child = command.stdout(Stdio::piped()).spawn().context("smtp-sink")?;
        let mut out = child.stdout.take().context("smtp-sink's output")?;
        let count = Arc::new(Mutex::new(Count::default()));
        let counted = Arc::clone(&count);
        thread::spawn(move || {
            let mut text = [0; 4096];
            while let Ok(read @ 1..) = out.read(&mut text) {
                note(&counted, &String::from_utf8_lossy(text.get(..read).unwrap_or_default()));
            }
        });
        wait::until("smtp-sink", START_SECS_MAX, || TcpStream::connect(address).ok())?;
        Ok(Self { child, count })
    }

    /// Waits for this many mails; answers how long it took from the first to the last of them.
    pub(crate) fn wait_for(&self, mails: usize, secs_max: u64) -> Result<Duration> {
        let reached = || {
            let count = *self.count.lock().unwrap_or_else(PoisonError::into_inner);
            (count.mails >= mails).then_some(count)
        };
        let count = wait::until("the mails", secs_max, reached)
            .with_context(|| format!("only {} came", self.mails()))?;
        match (count.first, count.last) {
            (Some(first), Some(last)) => Ok(last - first),
            _ => bail!("no mail came"),
        }
    }

    /// How many mails came.
    pub(crate) fn mails(&self) -> usize {
        self.count.lock().unwrap_or_else(PoisonError::into_inner).mails
    }
}

/// It says `sess=1 quit=0 mesg=7` after each change.
fn note(count: &Mutex<Count>, text: &str) {
    let Some((_, number)) = text.rsplit_once("mesg=") else { return };
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    let Ok(mails) = digits.parse::<usize>() else { return };
    let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
    if mails > count.mails {
        let now = Instant::now();
        count.first.get_or_insert(now);
        *count = Count { mails, first: count.first, last: Some(now) };
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
