//! Schemathesis: makes requests out of the API's own document, good and bad ones, and holds each answer against it.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::installation::Server;
use crate::peer::{self, peer};

const PROGRAM: &str = "schemathesis";
/// What each answer must be: no `5xx`, with a status, a type, header fields and a body that the document names.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,ignored_auth";
/// The same requests in each run.
const SEED: &str = "2026";
/// Made for each address, besides the examples and the edges of each parameter.
const EXAMPLES: &str = "15";

/// Whether it is there; says so where it is not.
pub fn is_there() -> bool {
    peer(PROGRAM).is_some()
}

/// Calls every address of the API but this one with this token.
pub fn call_all_but(server: &Server<'_>, token: &str, path: &str) -> Result<()> {
    run(server, token, &["--exclude-path", path])
}

/// Calls every address of the API below this path with this token.
pub fn call_below(server: &Server<'_>, token: &str, path: &str) -> Result<()> {
    run(server, token, &["--include-path-regex", &format!("^{path}/")])
}

fn run(server: &Server<'_>, token: &str, which: &[&str]) -> Result<()> {
    let program = peer::find(PROGRAM).context("no schemathesis")?;
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let document = folder.path().join("openapi.json");
    fs::write(&document, server.api_as(Some(token)).read("/openapi.json")?.body)?;
    let mut command = Command::new(program);
    command.current_dir(folder.path()).env("NO_COLOR", "1").arg("run").arg(&document);
    command.arg("--url").arg(format!("http://{}", server.http));
    command.arg("--header").arg(format!("Authorization: Bearer {token}"));
    command.args(["--checks", CHECKS, "--seed", SEED, "--max-examples", EXAMPLES]);
    command.args(["--phases", "examples,coverage,fuzzing", "--warnings", "off"]);
    command.args(["--suppress-health-check", "all", "--no-color"]).args(which);
    let finished = command.output().context("starting schemathesis")?;
    if !finished.status.success() {
        bail!(
            "schemathesis: {}{}",
            String::from_utf8_lossy(&finished.stdout),
            String::from_utf8_lossy(&finished.stderr)
        );
    }
    Ok(())
}
