//! The mails that the journeys send, and what they ask about them afterwards.

use anyhow::{Context, Result};
use guichet_tests::api::Api;
use serde_json::Value;

/// A mail with these fields; its text tells it from others.
pub(crate) fn letter(from: &str, to: &str, subject: &str, more: &str) -> Vec<u8> {
    format!(
        "From: Ada Lovelace <{from}>\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Sat, 21 Nov 2026 08:00:00 +0000\r\n\
         {more}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         About {subject}:\r\n.. a line with dots,  two spaces and \u{fc}ml\u{e4}uts. \r\n"
    )
    .into_bytes()
}

/// All items of a list, page after page.
pub(crate) fn every(api: &Api, path: &str) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    let mut cursor = None::<String>;
    loop {
        let from = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = api.get(&format!("{path}?limit=100{from}"))?;
        all.extend(page["items"].as_array().with_context(|| format!("no list: {page}"))?.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(all),
        }
    }
}

/// The only message of a ticket that there is just one of.
pub(crate) fn only_message(api: &Api, ticket: u64) -> Result<Value> {
    let mut messages = every(api, &format!("/tickets/{ticket}/messages"))?;
    assert_eq!(messages.len(), 1, "ticket {ticket}: {messages:?}");
    messages.pop().context("no message")
}
