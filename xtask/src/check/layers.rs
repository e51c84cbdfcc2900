//! The house: which crate of ours may depend on which.
//!
//! The table is the drawing in ARCHITECTURE.md; an edge that isn't in it fails the check with a sentence. Tests may
//! use `testkit` besides, which nothing else does.

use anyhow::{Result, bail};

use crate::tree::{Dependency, Kind, Package};

/// What each crate may use, as drawn.
const HOUSE: &[(&str, &[&str])] = &[
    ("guichet-sys", &[]),
    ("guichet-smtp", &[]),
    ("guichet-mail", &[]),
    ("guichet-testkit", &["guichet-sys"]),
    ("guichet-store", &[]),
    ("guichet-mailauth", &["guichet-mail", "guichet-sys"]),
    ("guichet-accounts", &["guichet-store", "guichet-mail", "guichet-sys"]),
    ("guichet-desk", &["guichet-accounts", "guichet-store", "guichet-mail", "guichet-sys"]),
    (
        "guichet-domains",
        &[
            "guichet-desk",
            "guichet-accounts",
            "guichet-mailauth",
            "guichet-mail",
            "guichet-store",
            "guichet-sys",
        ],
    ),
    (
        "guichet-intake",
        &[
            "guichet-desk",
            "guichet-accounts",
            "guichet-mailauth",
            "guichet-smtp",
            "guichet-mail",
            "guichet-sys",
            "guichet-store",
        ],
    ),
    (
        "guichet-outbound",
        &[
            "guichet-desk",
            "guichet-accounts",
            "guichet-mailauth",
            "guichet-smtp",
            "guichet-mail",
            "guichet-store",
            "guichet-sys",
        ],
    ),
    ("guichet-web", &[]),
    (
        "guichet-api",
        &[
            "guichet-web",
            "guichet-domains",
            "guichet-desk",
            "guichet-accounts",
            "guichet-mail",
            "guichet-store",
            "guichet-sys",
        ],
    ),
    // Outside the house: the journeys know only the finished program.
    ("guichet-tests", &[]),
    ("xtask", &["guichet-tests"]),
];

/// The binary wires everything together: the only one that may know every other crate.
const TOP: &str = "guichet";
/// Ports as data, for tests alone.
const TESTKIT: &str = "guichet-testkit";

pub(crate) fn check(packages: &[Package]) -> Result<()> {
    let members: Vec<&Package> = packages.iter().filter(|package| package.member).collect();
    let ours = |edge: &&Dependency| members.iter().any(|member| member.name == edge.name);
    let mut wrong = Vec::new();
    for member in &members {
        let edges = member.dependencies.iter().filter(ours);
        wrong.extend(edges.filter_map(|edge| judge(&member.name, edge)));
        if member.name != TOP && allowed(&member.name).is_none() {
            wrong.push(format!("{} stands nowhere in the house: give it a place in the table", member.name));
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    HOUSE.iter().find(|(member, _)| *member == name).map(|(_, below)| *below)
}

/// A sentence where the edge is not in the drawing.
fn judge(from: &str, edge: &Dependency) -> Option<String> {
    let to = edge.name.as_str();
    if to == TESTKIT {
        let sentence = || format!("{from} uses {TESTKIT} outside its tests: it is for dev-dependencies only");
        return (edge.kind != Kind::Dev).then(sentence);
    }
    // A crate may name itself in its dev-dependencies, to switch on its own features for its tests.
    let good = from == to || from == TOP || allowed(from)?.contains(&to);
    let sentence = || format!("{from} may not depend on {to}: the house (ARCHITECTURE.md) has no such arrow");
    (!good).then(sentence)
}

#[cfg(test)]
mod tests {
    use super::{HOUSE, Kind, Package, TOP, allowed, check};
    use crate::tree::Dependency;

    fn package(name: &str, dependencies: &[(&str, Kind)]) -> Package {
        let edge = |(name, kind): &(&str, Kind)| Dependency { name: (*name).to_owned(), kind: *kind };
        let dependencies = dependencies.iter().map(edge).collect();
        Package { name: name.into(), version: "0.1.0".into(), license: None, member: true, dependencies }
    }

    fn house(more: &Package) -> Vec<Package> {
        let bare =
            ["guichet-sys", "guichet-testkit", "guichet-desk", "guichet-smtp"].map(|name| package(name, &[]));
        bare.into_iter().filter(|package| package.name != more.name).chain([more.clone()]).collect()
    }

    /// Each row of the drawing, ``| `crates/intake` | what it is | desk, smtp |``, is a row here.
    #[test]
    fn the_table_is_the_drawing_of_the_architecture() {
        let drawing = include_str!("../../../ARCHITECTURE.md");
        let rows = drawing.lines().filter_map(|line| line.strip_prefix("| `crates/")?.split_once('`'));
        let mut drawn = 0;
        for (folder, rest) in rows.filter(|(folder, _)| *folder != TOP) {
            let cell = rest.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or_default();
            let names = cell.split(',').map(str::trim).filter(|name| *name != "-");
            let below: Vec<String> = names.map(|name| format!("guichet-{name}")).collect();
            assert_eq!(allowed(&format!("guichet-{folder}")).unwrap_or_default(), below, "{folder}");
            drawn += 1;
        }
        assert_eq!(drawn + 2, HOUSE.len(), "the journeys and xtask have no row of this form");
    }

    #[test]
    fn an_arrow_of_the_drawing_passes() {
        check(&house(&package(
            "guichet-mailauth",
            &[("guichet-sys", Kind::Normal), ("mail-auth", Kind::Normal)],
        )))
        .unwrap();
        check(&house(&package("guichet", &[("guichet-desk", Kind::Normal)]))).unwrap();
    }

    #[test]
    fn an_arrow_upwards_fails_with_a_sentence() {
        let error = check(&house(&package("guichet-smtp", &[("guichet-desk", Kind::Normal)]))).unwrap_err();
        assert!(error.to_string().starts_with("guichet-smtp may not depend on guichet-desk"), "{error}");
        assert!(check(&house(&package("guichet-smtp", &[("guichet-desk", Kind::Dev)]))).is_err());
    }

    #[test]
    fn testkit_is_for_tests_alone() {
        check(&house(&package("guichet-smtp", &[("guichet-testkit", Kind::Dev)]))).unwrap();
        assert!(check(&house(&package("guichet-smtp", &[("guichet-testkit", Kind::Normal)]))).is_err());
        assert!(check(&house(&package("guichet", &[("guichet-testkit", Kind::Normal)]))).is_err());
    }

    #[test]
    fn a_crate_without_a_place_fails() {
        assert!(check(&house(&package("guichet-common", &[]))).is_err());
    }
}
