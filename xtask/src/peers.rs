//! The other programs that the tests talk to: which, from which package, and how they get here.
//!
//! On a Debian-like system as root they are installed from the distribution's own packages, said first and without
//! a question; elsewhere it is named what is left out. Installing starts no service, and leaves the policy of the
//! system on that as it was.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::cargo;

/// A program, the Debian packages it comes in, and what can't be tested without it.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) program: &'static str,
    packages: &'static [&'static str],
    pub(crate) tests: &'static str,
}

/// Python's verifiers, known by a program that comes along, with what they take from elsewhere: Ed25519 and SPF.
const AUTHHEADERS: &[&str] = &["python3-authheaders", "python3-nacl", "python3-spf"];

const PEERS: &[Peer] = &[
    Peer { program: "postfix", packages: &["postfix"], tests: "delivery by a real mail server" },
    Peer { program: "postgrey", packages: &["postgrey"], tests: "greylisting" },
    Peer {
        program: "dmarc-policy-find",
        packages: AUTHHEADERS,
        tests: "our signatures, by another verifier",
    },
    Peer { program: "dnsmasq", packages: &["dnsmasq-base"], tests: "real DNS in a private network" },
    Peer { program: "knotd", packages: &["knot"], tests: "records of domains at their own name servers" },
    Peer { program: "swaks", packages: &["swaks"], tests: "SMTP as another client speaks it" },
    Peer { program: "curl", packages: &["curl"], tests: "the quick start's own lines" },
    Peer { program: "strace", packages: &["strace"], tests: "faults of the disk" },
    Peer { program: "ip", packages: &["iproute2"], tests: "the private network" },
    Peer { program: "unshare", packages: &["util-linux"], tests: "the private network" },
];

/// What the tests may do about missing peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Install {
    Allowed,
    Refused,
}

/// Installs what is missing where that is possible, and says in one line what is left out where it is not.
pub(crate) fn prepare(install: Install) -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    if let Some(reason) = obstacle(install) {
        println!("test: left out ({reason}): {}", left_out(&missing));
        return Ok(());
    }
    apt_install(&missing.iter().flat_map(|peer| peer.packages).copied().collect::<Vec<_>>())
}

/// Why nothing is installed from the distribution; none where it can be.
pub(crate) fn obstacle(install: Install) -> Option<&'static str> {
    match install {
        Install::Refused => Some("--no-install"),
        Install::Allowed if find("apt-get").is_none() => Some("not a Debian-like system"),
        Install::Allowed if !is_root() => Some("not root"),
        Install::Allowed => None,
    }
}

fn missing() -> Vec<&'static Peer> {
    PEERS.iter().filter(|peer| find(peer.program).is_none()).collect()
}

fn left_out(missing: &[&Peer]) -> String {
    let one = |peer: &&Peer| format!("{} (no {})", peer.tests, peer.program);
    missing.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Where a program is: in `PATH`, or where servers lie, which is not in everyone's `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Whether this process, whose folder in /proc belongs to its user, runs as root.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|folder| folder.uid() == 0)
}

pub(crate) fn apt_install(packages: &[&str]) -> Result<()> {
    println!("test: installing from the distribution: {}", packages.join(" "));
    let _quiet = NoServices::begin()?;
    if packages.contains(&"postfix") {
        leave_postfix_unconfigured()?;
    }
    // The lists may be absent (a container image) or so old that what they name is gone: then they are fetched.
    if apt_get(packages).is_err() {
        cargo::run(apt().arg("update"))?;
        apt_get(packages)?;
    }
    Ok(())
}

fn apt_get(packages: &[&str]) -> Result<()> {
    cargo::run(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet=2").stdin(Stdio::null());
    apt
}

/// Answers the one question of the package: each test brings its own configuration.
fn leave_postfix_unconfigured() -> Result<()> {
    let answer = "echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections";
    cargo::run(Command::new("sh").args(["-c", answer]))
}

/// While it lives, no package starts a service: Debian's way is a program that answers 101 (forbidden). One that was
/// there before decides instead, and stays.
struct NoServices {
    ours: bool,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";
const POLICY_TEXT: &str =
    "#!/bin/sh\n# Written by `cargo xtask test` while it installs packages; removed after it.\nexit 101\n";

impl NoServices {
    fn begin() -> Result<Self> {
        let policy = Path::new(POLICY);
        // One of ours may have been left behind when an earlier run was killed.
        let ours = match fs::read_to_string(policy) {
            Ok(text) => text == POLICY_TEXT,
            Err(_) => true,
        };
        if ours {
            fs::write(policy, POLICY_TEXT).with_context(|| format!("writing {POLICY}"))?;
            fs::set_permissions(policy, fs::Permissions::from_mode(0o755)).context(POLICY)?;
        }
        Ok(Self { ours })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours
            && let Err(error) = fs::remove_file(POLICY)
        {
            eprintln!("xtask: {POLICY} must be removed by hand: {error}");
        }
    }
}
