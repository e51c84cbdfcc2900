//! Every address of the API under requests that nobody thought of.

use anyhow::Result;
use guichet_tests::installation::Installation;
use guichet_tests::schemathesis;

use crate::isolation::something_to_see;

/// A stream, which never ends.
const STREAM: &str = "/api/v1/events";

#[test]
fn no_request_draws_a_server_error_or_an_answer_that_is_not_documented() -> Result<()> {
    if !schemathesis::is_there() {
        return Ok(());
    }
    let place = Installation::new()?;
    let server = place.start()?;
    something_to_see(&server)?;
    schemathesis::run(&server, &server.token()?, &[STREAM])
}
