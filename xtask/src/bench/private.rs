//! A network of the bench's own, so that mail can go to many servers at the port 25 and none of it leaves the machine.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Result, bail};

/// Set in the run inside.
const INSIDE: &str = "GUICHET_BENCH_PRIVATE";

/// Addresses of a documentation's network (RFC 5737) on which recipients' servers stand.
pub(crate) const GOOD: &str = "198.51.100.1";
pub(crate) const SLOW: &str = "198.51.100.2";
pub(crate) const REFUSING: &str = "198.51.100.3";

const SETUP: &str = r#"set -e
ip link set lo up
for address in $1; do ip address add "$address/32" dev lo; done
shift
exec "$@""#;

/// Becomes the same program inside such a network, where the system allows it; else goes on outside.
pub(crate) fn enter() -> Result<()> {
    let is_allowed =
        Command::new("unshare").args(["-n", "true"]).output().is_ok_and(|done| done.status.success());
    if is_inside() || !is_allowed {
        return Ok(());
    }
    let addresses = [GOOD, SLOW, REFUSING].join(" ");
    let mut command = Command::new("unshare");
    command.args(["-n", "--", "sh", "-c", SETUP, "sh", &addresses]);
    command.arg(env::current_exe()?).args(env::args().skip(1)).env(INSIDE, "1");
    bail!("unshare: {}", command.exec())
}

/// Whether this is the run inside.
pub(crate) fn is_inside() -> bool {
    env::var_os(INSIDE).is_some()
}
