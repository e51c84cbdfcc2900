//! An Internet of our own: the test runs once more inside a network and mount namespace, where the ports 25 and 53 are
//! free, the resolver is ours, and nothing reaches the real one.

use std::env;
use std::fs;
use std::io::{Write as _, stderr};
use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::dns::{NameServer, Zone};
use crate::peer;

/// Set in the inner run.
const INSIDE: &str = "GUICHET_TESTS_PRIVATE_INTERNET";
/// The resolver of everything inside.
const NAME_SERVER: ([u8; 4], u16) = ([127, 0, 0, 1], 53);

/// Addresses of the documentation's networks (RFC 5737), on which strangers' servers may stand.
pub const ADDRESSES: [[u8; 4]; 3] = [[192, 0, 2, 10], [192, 0, 2, 20], [198, 51, 100, 30]];

/// Makes the namespaces ready, then becomes the test. `$1` is the new `resolv.conf`, `$2` the addresses. Who connects to
/// another's address comes from the first one, which is ours; else the system would take the other's own.
const INSIDE_SETUP: &str = r#"set -e
ip link set lo up
ours=${2%% *}
for address in $2; do
    ip address add "$address/32" dev lo
    ip route change local "$address" dev lo table local proto kernel scope host src "$ours"
done
mount --bind "$1" /etc/resolv.conf
shift 2
exec "$@""#;

/// Runs the journey inside, with a name server that answers from `zone`. Left out, and said so, where the system does
/// not allow it or a program is missing.
///
/// To be called first thing in a test; the test is found again by its name, so `journey` must be a closure of it.
pub fn inside<F>(zone: &Zone, journey: F) -> Result<()>
where
    F: FnOnce() -> Result<()>,
{
    inside_as(test_name::<F>(), zone, |_names| journey())
}

/// The same for the test of that name, whose journey may publish more while it runs.
pub fn inside_as<F>(test: &str, zone: &Zone, journey: F) -> Result<()>
where
    F: FnOnce(NameServer) -> Result<()>,
{
    if env::var_os(INSIDE).is_some() {
        return journey(NameServer::start(zone, SocketAddr::from(NAME_SERVER))?);
    }
    for program in ["unshare", "ip", "mount", "dnsmasq"] {
        if peer::peer(program).is_none() {
            return Ok(());
        }
    }
    if !Command::new("unshare").args(["-n", "-m", "true"]).output().is_ok_and(|done| done.status.success()) {
        peer::skip("no right to make namespaces");
        return Ok(());
    }
    again(test)
}

/// The path of the test that this closure stands in, as the test runner knows it: a closure's type is named after the
/// function around it.
pub fn test_name<F>() -> &'static str {
    let full = std::any::type_name::<F>();
    let path = full.split_once("::").map_or(full, |(_crate, path)| path);
    path.trim_end_matches("::{{closure}}")
}

fn again(test: &str) -> Result<()> {
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let resolver = folder.path().join("resolv.conf");
    fs::write(&resolver, "nameserver 127.0.0.1\n").context("resolv.conf")?;
    let addresses = ADDRESSES.map(|[a, b, c, d]| format!("{a}.{b}.{c}.{d}")).join(" ");
    let mut command = Command::new("unshare");
    command.args(["-n", "-m", "--", "sh", "-c", INSIDE_SETUP, "sh"]).arg(&resolver).arg(addresses);
    command.arg(env::current_exe().context("finding this program")?);
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(INSIDE, "1");
    let finished = command.output().context("unshare")?;
    let said = String::from_utf8_lossy(&finished.stdout);
    // A left-out line must be seen outside as well.
    for line in said.lines().filter_map(|line| Some(&line[line.find("skipped: ")?..])) {
        drop(writeln!(std::io::stdout(), "{line}"));
    }
    if !finished.status.success() || !said.contains("1 passed") {
        drop(stderr().write_all(&finished.stderr));
        bail!("inside the private network:\n{said}");
    }
    Ok(())
}
