//! What we build upon: its licences, what must never come in, and how much of it there is.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use super::spdx;
use crate::cargo;
use crate::tree::Package;

/// Licences that ask for nothing but their notice.
const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "NCSA",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages let in by name, with the licence they were let in for. MPL-2.0 asks for the source of its own files
/// alone, which we use unchanged; both come with the HTML sanitiser.
const BY_NAME: &[(&str, &str)] = &[("cssparser", "MPL-2.0"), ("dtoa-short", "MPL-2.0")];

/// One TLS provider (aws-lc-rs), and no C library of the system's.
const FORBIDDEN: &[&str] = &["ring", "openssl-sys", "native-tls"];

/// It is compiled on two cores by everyone who tries it.
const DEFAULT_BUILD_CRATES_MAX: usize = 400;

pub(crate) fn check(packages: &[Package]) -> Result<()> {
    let mut wrong: Vec<String> = packages.iter().filter_map(judge).collect();
    let linked = default_build("normal")?;
    let forbidden =
        FORBIDDEN.iter().filter(|name| linked.iter().any(|line| line.split(' ').next() == Some(name)));
    wrong
        .extend(forbidden.map(|name| format!("{name} is in the default build: one TLS provider, aws-lc-rs")));
    let crates = default_build("normal,build")?.len();
    if crates > DEFAULT_BUILD_CRATES_MAX {
        wrong.push(format!("the default build has {crates} crates, more than {DEFAULT_BUILD_CRATES_MAX}"));
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    println!("check: licences: the default build has {crates} crates of at most {DEFAULT_BUILD_CRATES_MAX}");
    Ok(())
}

/// A sentence where the package's licence is none that we take.
fn judge(package: &Package) -> Option<String> {
    let Package { name, version, license, .. } = package;
    let by_name = |id: &str| BY_NAME.contains(&(name.as_str(), id));
    let good = license
        .as_deref()
        .is_some_and(|expression| spdx::permitted(expression, &|id| PERMISSIVE.contains(&id) || by_name(id)));
    let license = license.as_deref().unwrap_or("none named");
    (!good).then(|| format!("{name} {version}: licence not on the list: {license}"))
}

/// The packages (`name vX.Y.Z ...`) that `cargo build` compiles on this platform. Asked of `cargo tree`, which leaves
/// out what only a dev-dependency switches on.
fn default_build(edges: &str) -> Result<BTreeSet<String>> {
    let tree = ["tree", "--package", "guichet", "--prefix", "none", "--format", "{p}", "--edges", edges];
    let text = cargo::output(&mut cargo::command(tree)).context("the default build's packages")?;
    Ok(text.lines().filter(|line| !line.is_empty()).map(|line| line.replace(" (*)", "")).collect())
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::tree::Package;

    fn package(name: &str, license: Option<&str>) -> Package {
        let license = license.map(str::to_owned);
        Package {
            name: name.into(),
            version: "1.0.0".into(),
            license,
            member: false,
            dependencies: Vec::new(),
        }
    }

    #[test]
    fn takes_permissive_licences_and_says_what_it_does_not_take() {
        assert_eq!(judge(&package("a", Some("MIT OR Apache-2.0"))), None);
        assert_eq!(judge(&package("cssparser", Some("MPL-2.0"))), None);
        assert!(judge(&package("b", Some("MPL-2.0"))).is_some_and(|sentence| sentence.contains("MPL-2.0")));
        assert!(judge(&package("c", Some("MIT AND AGPL-3.0-only"))).is_some());
        assert!(judge(&package("d", None)).is_some());
    }
}
