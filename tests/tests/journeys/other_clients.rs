//! SMTP as other programs speak it.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use guichet_tests::installation::{DEMO_ADDRESS, Installation};
use guichet_tests::peer::peer;
use serde_json::Value;

use crate::letters::only_message;

/// Runs it; an error shows what it said.
fn run(program: &str, arguments: &[&str]) -> Result<String> {
    let done = Command::new(program).args(arguments).output().context("starting it")?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    ensure!(done.status.success(), "{program}: {said}{}", String::from_utf8_lossy(&done.stderr));
    Ok(said)
}

#[test]
fn curl_sends_a_file_over_starttls() -> Result<()> {
    if peer("curl").is_none() {
        return Ok(());
    }
    let place = Installation::new()?;
    let server = place.start()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("invoice.pdf");
    fs::write(&file, "%PDF")?;
    let url = format!("smtp://{}", server.smtp);
    let attached = format!("file=@{}", file.display());
    let envelope = ["--mail-from", "ada@customer.example", "--mail-rcpt", DEMO_ADDRESS];
    let mail =
        ["--header", "Subject: from curl", "--form", "=Here it is.;type=text/plain", "--form", &attached];
    // Between strangers nobody's certificate is verified (RFC 7435).
    let connection = ["--silent", "--show-error", "--ssl-reqd", "--insecure", "--url", &url];
    run("curl", &[connection.as_slice(), &envelope, &mail].concat())?;
    let message = only_message(&server.api(), 1)?;
    assert_eq!(message["subject"], "from curl");
    assert_ne!(message["envelope"]["tls"], Value::Null);
    assert_eq!(message["attachments"][0]["name"], "invoice.pdf");
    Ok(())
}

#[test]
fn swaks_pipelines_to_an_address_and_its_plus_address_and_it_is_one_ticket() -> Result<()> {
    if peer("swaks").is_none() {
        return Ok(());
    }
    let place = Installation::new()?;
    let server = place.start()?;
    let (to, both) = (server.smtp.to_string(), format!("{DEMO_ADDRESS},support+vip@demo.desk.localhost"));
    let said =
        run("swaks", &["--server", &to, "--pipeline", "--from", "ada@customer.example", "--to", &both])?;
    ensure!(said.contains("#1"), "the reply names the ticket: {said}");
    let message = only_message(&server.api(), 1)?;
    assert_eq!(message["envelope"]["recipients"].as_array().map(Vec::len), Some(2));
    Ok(())
}
