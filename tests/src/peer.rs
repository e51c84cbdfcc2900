//! Other programs that a journey needs, and how a test is left out where one is missing.
//!
//! What must hold: a test that is left out says so on standard output, past the test runner's capturing, and in CI
//! (`CI` set) it fails instead: there everything is installed, so something is broken.

use std::env;
use std::io::{Write as _, stdout};
use std::path::PathBuf;

/// The path of a program, or `None` after saying that the test is left out.
///
/// # Panics
///
/// In CI, where it is missing.
pub fn peer(program: &str) -> Option<PathBuf> {
    let found = find(program);
    if found.is_none() {
        skip(&format!("no {program}"));
    }
    found
}

/// Says that the rest of this test is left out, and why.
///
/// # Panics
///
/// In CI.
pub fn skip(reason: &str) {
    assert!(env::var_os("CI").is_none(), "a test would be left out in CI: {reason}");
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    // A runner that closed its output has nobody to tell.
    drop(writeln!(stdout(), "skipped: {test}: {reason}"));
}

/// Where a program is: in `PATH`, or where servers lie, which is not in everyone's `PATH`.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}
