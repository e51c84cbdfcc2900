//! Processor time and memory of a server, as the kernel counts them.

use std::collections::HashMap;
use std::fs;

use anyhow::{Context, Result};

/// The kernel counts in hundredths of a second for whoever reads /proc (`USER_HZ`, fixed on Linux).
const TICKS_PER_SEC: f64 = 100.0;

/// Seconds of processor that a process and all its descendants have used, those that ended included: the kernel adds
/// a process's time to its parent's when the parent takes note of its end.
pub(crate) fn family_secs(pid: u32) -> Result<f64> {
    let all = processes();
    let parents: HashMap<u32, u32> = all.iter().map(|process| (process.pid, process.parent)).collect();
    let family = all.iter().filter(|process| descends(process.pid, pid, &parents));
    let ticks: Vec<u64> = family.map(|process| process.ticks).collect();
    if ticks.is_empty() {
        anyhow::bail!("process {pid} is gone");
    }
    #[expect(clippy::cast_precision_loss, reason = "hundredths of seconds of a run of minutes")]
    let sum = ticks.iter().sum::<u64>() as f64;
    Ok(sum / TICKS_PER_SEC)
}

fn descends(pid: u32, from: u32, parents: &HashMap<u32, u32>) -> bool {
    let line =
        std::iter::successors(Some(pid), |pid| parents.get(pid).copied().filter(|parent| *parent != 0));
    line.take(parents.len() + 1).any(|ancestor| ancestor == from)
}

struct Process {
    pid: u32,
    parent: u32,
    /// Its own and those of its children that ended.
    ticks: u64,
}

fn processes() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // One that ends meanwhile is counted by its parent.
    pids.filter_map(|pid: u32| read(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?).ok()).collect()
}

/// proc(5): `pid (name) state ppid ... utime stime cutime cstime` as the fields 1, 2, 3, 4 and 14 to 17.
fn read(stat: &str) -> Result<Process> {
    let (pid, rest) = stat.split_once(" (").context("no name")?;
    // The name may hold anything, parentheses included.
    let (_, rest) = rest.rsplit_once(") ").context("no name")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let field = |number: usize| fields.get(number - 3).context("too few fields");
    let ticks = (14..=17).map(|number| Ok(field(number)?.parse::<u64>()?)).sum::<Result<u64>>()?;
    Ok(Process { pid: pid.parse()?, parent: field(4)?.parse()?, ticks })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn reads_a_line_whose_name_is_odd() {
        let line = "42 (a) b) S 7 42 42 0 -1 4194304 100 0 0 0 10 20 3 4 20 0 1 0 100 0 0";
        let process = read(line).unwrap();
        assert_eq!((process.pid, process.parent, process.ticks), (42, 7, 37));
    }
}
