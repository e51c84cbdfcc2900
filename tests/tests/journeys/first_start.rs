//! One command: what a person sees who starts it for the first time, and who starts it wrongly.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use anyhow::{Context, Result};
use guichet_tests::installation::Installation;
use guichet_tests::peer::peer;
use serde_json::Value;

use crate::agent::Agent;

#[test]
fn the_lines_that_are_printed_work_when_pasted() -> Result<()> {
    if peer("curl").is_none() {
        return Ok(());
    }
    let place = Installation::new()?.set("outbound.undo_secs", "1");
    let server = place.start()?;
    let lines = server.process().out.lines();
    let pasted = |start: &str, end: &str| {
        let line = lines.iter().find(|line| line.starts_with(start) && line.ends_with(end));
        let line = line.context("no such line")?;
        let done = Command::new("sh").args(["-c", line]).output()?;
        anyhow::ensure!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
        anyhow::Ok(done.stdout)
    };
    pasted("printf ", "")?;
    let ticket: Value = serde_json::from_slice(&pasted("curl ", "/api/v1/tickets/1")?)?;
    assert_eq!(ticket["number"], 1);
    assert_eq!(ticket["subject"], "The printer is on fire");

    anyhow::ensure!(lines.iter().any(|line| line.starts_with("Answers are captured")), "{lines:?}");
    let mut agent = Agent::of(&server)?;
    let written: Value = serde_json::from_slice(&pasted("curl ", "/api/v1/tickets/1/messages")?)?;
    let delivery = written["deliveries"][0]["id"].as_str().context("no delivery")?;
    assert_eq!(written["deliveries"][0]["recipient"], "ada@customer.example");
    let captured = agent.until(delivery, "captured")?;
    assert_eq!(captured["last_attempt"]["outcome"], "captured");
    Ok(())
}

#[test]
fn a_second_start_on_the_same_data_just_starts() -> Result<()> {
    let place = Installation::new()?;
    let first = place.start()?;
    let token = first.token()?;
    assert!(first.stop()?.success());
    let server = place.start()?;
    let said = server.process().out.lines().join("\n");
    assert!(!said.contains("API token:"), "{said}");
    assert_eq!(server.token()?, token, "the first token still opens it");
    server.api().get("/tickets")?;
    assert!(server.stop()?.success());
    Ok(())
}

/// One clear line, exit code 2, nothing half made.
fn refuses(place: &Installation, names: &str) -> Result<()> {
    let refused = place.refused()?;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(names), "{said} does not name {names}");
    assert!(!place.data_dir().exists(), "half made");
    Ok(())
}

#[test]
fn a_taken_port_is_one_clear_line() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    refuses(&Installation::new()?.with("--smtp-listen", &address), &address)?;
    refuses(&Installation::new()?.with("--http-listen", &address), &address)
}

#[test]
fn a_misspelt_setting_is_one_clear_line() -> Result<()> {
    refuses(&Installation::new()?.set("smtp.lisen", "127.0.0.1:0"), "smtp.lisen")
}

#[test]
fn a_data_directory_that_cannot_be_made_is_one_clear_line() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // Not even root can make a folder inside a file.
    let file = folder.path().join("file");
    fs::write(&file, "")?;
    let place = Installation::at(&file.join("data"));
    refuses(&place, &file.display().to_string())
}

#[test]
fn the_same_data_serves_one_server_at_a_time() -> Result<()> {
    let place = Installation::new()?;
    let _first = place.start()?;
    let second = place.refused()?;
    assert_eq!(second.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&second.stderr).lines().count(), 1);
    Ok(())
}
