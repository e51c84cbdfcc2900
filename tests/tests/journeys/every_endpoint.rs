//! Every address of the API under requests that nobody thought of.

use anyhow::{Context, Result};
use guichet_tests::installation::Installation;
use guichet_tests::schemathesis;

use crate::isolation::something_to_see;

/// A stream, which never ends.
const STREAM: &str = "/api/v1/events";
/// What only operators may.
const OPERATORS: &str = "/api/v1/operator";

#[test]
fn no_request_draws_a_server_error_or_an_answer_that_is_not_documented() -> Result<()> {
    if !schemathesis::is_there() {
        return Ok(());
    }
    let place = Installation::new()?;
    let server = place.start()?;
    something_to_see(&server)?;
    schemathesis::call_all_but(&server, &server.token()?, STREAM)
}

#[test]
fn no_request_of_an_operator_draws_a_server_error_or_an_answer_that_is_not_documented() -> Result<()> {
    if !schemathesis::is_there() {
        return Ok(());
    }
    let place = Installation::new()?;
    let server = place.start()?;
    server.operator(&["person", "add", "house", "olga@operator.example", "--role", "operator"])?;
    let words = ["token", "add", "house", "olga@operator.example", "--name", "all", "--scope", "all"];
    let made = server.operator(&words)?;
    let token = made["secret"].as_str().context("no secret")?;
    schemathesis::call_below(&server, token, OPERATORS)
}
