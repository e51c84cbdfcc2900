//! Programs from `PyPI` that the tests run: in a folder of their own below the target folder, exactly as
//! tests/python/requirements.txt pins them.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo;
use crate::peers::{self, Install};

const REQUIREMENTS: &str = "tests/python/requirements.txt";
/// A copy of the requirements that the folder was made for, written last.
const MADE_FOR: &str = "made-for.txt";

/// Makes the folder where that is possible and puts its programs before all others for what is started from here.
/// Gives the `PATH` to start it with.
pub(crate) fn prepare(install: Install) -> Result<OsString> {
    let folder = folder()?;
    let wanted = fs::read_to_string(cargo::root().join(REQUIREMENTS)).context(REQUIREMENTS)?;
    let is_made = fs::read_to_string(folder.join(MADE_FOR)).is_ok_and(|made| made == wanted);
    if !is_made {
        match install {
            Install::Allowed => make(&folder, &wanted)?,
            Install::Refused => println!("test: left out (--no-install): what {REQUIREMENTS} names"),
        }
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.join("bin")).chain(env::split_paths(&path));
    env::join_paths(folders).context("PATH")
}

/// Beside what cargo builds.
fn folder() -> Result<PathBuf> {
    let here = env::current_exe().context("finding this program")?;
    let target = here.parent().and_then(Path::parent).context("the target folder")?;
    Ok(target.join("python"))
}

fn make(folder: &Path, wanted: &str) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let venv = |python: &str| cargo::run(Command::new(python).args(["-m", "venv"]).arg(folder));
    if venv("python3").is_err() {
        if let Some(reason) = peers::obstacle(Install::Allowed) {
            println!("test: left out (python3 has no venv; {reason}): what {REQUIREMENTS} names");
            return Ok(());
        }
        // Debian keeps this part of Python in a package of its own.
        peers::apt_install(&["python3-venv"])?;
        venv("/usr/bin/python3")?;
    }
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.current_dir(cargo::root()).args(["install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    cargo::run(pip.args(["--requirement", REQUIREMENTS]))?;
    fs::write(folder.join(MADE_FOR), wanted).context(MADE_FOR)
}
