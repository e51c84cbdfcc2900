//! What `cargo metadata` says of the workspace and of every package it depends on.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::cargo;

/// One package: of ours or of others.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// SPDX expression, as the package's author wrote it.
    pub(crate) license: Option<String>,
    pub(crate) member: bool,
    pub(crate) dependencies: Vec<Dependency>,
}

/// An edge as written in a manifest.
#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// Which builds use the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Build,
    Dev,
}

/// Every package of the workspace and below it, on any platform.
pub(crate) fn packages() -> Result<Vec<Package>> {
    let text = cargo::output(&mut cargo::command(["metadata", "--format-version", "1", "--locked"]))?;
    let tree: Value = serde_json::from_str(&text).context("cargo metadata")?;
    let members: Vec<&str> = items(&tree, "workspace_members").filter_map(Value::as_str).collect();
    Ok(items(&tree, "packages").map(|package| read(package, &members)).collect())
}

fn read(package: &Value, members: &[&str]) -> Package {
    Package {
        name: text(package, "name"),
        version: text(package, "version"),
        license: package.get("license").and_then(Value::as_str).map(str::to_owned),
        member: package.get("id").and_then(Value::as_str).is_some_and(|id| members.contains(&id)),
        dependencies: items(package, "dependencies").map(dependency).collect(),
    }
}

fn dependency(edge: &Value) -> Dependency {
    let kind = match edge.get("kind").and_then(Value::as_str) {
        Some("dev") => Kind::Dev,
        Some("build") => Kind::Build,
        _ => Kind::Normal,
    };
    Dependency { name: text(edge, "name"), kind }
}

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
