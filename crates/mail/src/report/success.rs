//! The notice of success that a sender asked for with `NOTIFY=SUCCESS`.
//!
//! *Standards*: RFC 3461, sections 6.2 and 6.3; RFC 3464, sections 2.2 and 2.3; RFC 3834 (marked as automatic); RFC
//! 6533 (recipients beyond ASCII).
//!
//! *Security*: envelope identifier, original recipient and Message-ID are a stranger's; they are written as one line of
//! ASCII. Nothing else of the mail is returned, neither of its header nor of its text.

use std::fmt::Write as _;

use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;

use super::Action;
use crate::address::MailAddress;
use crate::compose::Mailbox;
use crate::compose::header::{self, Field};
use crate::compose::transfer::TextEncoding;
use crate::display::one_line;
use crate::message_id::MessageId;

/// The longest foreign value, in characters: ENVID and ORCPT are bounded to 100 and 500 by RFC 3461, section 4.
const VALUE_CHARS_MAX: usize = 500;
/// Octets of the digest that the boundary shows.
const BOUNDARY_DIGEST_BYTES: usize = 15;

/// A notice of success that a sender asked for (RFC 3461, `NOTIFY=SUCCESS`).
#[derive(Debug, Clone)]
pub struct SuccessDsn<'a> {
    /// The sender of the notice, `mailer-daemon@...`; the envelope sender is empty.
    pub from: MailAddress,
    /// Whom it goes to: the envelope sender of the mail that arrived.
    pub to: MailAddress,
    /// Its own Message-ID.
    pub message_id: MessageId,
    /// When it was made.
    pub date: Timestamp,
    /// The name of the server that reports.
    pub reporting_mta: &'a str,
    /// `ENVID` as it was given, decoded.
    pub envelope_id: Option<&'a str>,
    /// When the mail arrived.
    pub arrival: Timestamp,
    /// The recipients that asked for it.
    pub recipients: Vec<SuccessRecipient<'a>>,
    /// The Message-ID of the mail that arrived: all that is returned of it.
    pub returned_message_id: Option<&'a MessageId>,
}

/// One recipient of a notice of success.
#[derive(Debug, Clone)]
pub struct SuccessRecipient<'a> {
    /// `ORCPT` as it was given, decoded: `rfc822;anna@example.org`.
    pub original_recipient: Option<&'a str>,
    /// Whom the transaction named.
    pub final_recipient: MailAddress,
    /// [`Action::Delivered`] or [`Action::Relayed`].
    pub action: Action,
}

/// Composes a notice of success (RFC 3464; RFC 3461, sections 6.2 and 6.3).
pub fn compose_success_dsn(dsn: &SuccessDsn<'_>) -> Vec<u8> {
    let boundary = boundary(&dsn.message_id);
    let mut out = Vec::new();
    write_header(dsn, &boundary, &mut out);
    let mut part = |header: &str, body: &[u8]| {
        out.extend_from_slice(format!("--{boundary}\r\n{header}\r\n\r\n").as_bytes());
        out.extend_from_slice(body);
        // The line break before a delimiter belongs to it; the last field wants one of its own.
        out.extend_from_slice(b"\r\n");
    };
    part(
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
        &words(dsn),
    );
    part("Content-Type: message/delivery-status", fields(dsn).as_bytes());
    if let Some(id) = dsn.returned_message_id.and_then(header::identifier) {
        part("Content-Type: text/rfc822-headers", format!("Message-ID: {id}\r\n").as_bytes());
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out
}

/// As in a mail: `=_` is in no encoded part, and the digest in none that is not.
fn boundary(id: &MessageId) -> String {
    let digest = blake3::hash(id.as_str().as_bytes());
    let bytes = digest.as_bytes().get(..BOUNDARY_DIGEST_BYTES).unwrap_or_default();
    format!("=_d_{}", BASE32_NOPAD.encode(bytes).to_ascii_lowercase())
}

fn write_header(dsn: &SuccessDsn<'_>, boundary: &str, out: &mut Vec<u8>) {
    let from = Mailbox { name: Some("Mail Delivery System".to_owned()), address: dsn.from.clone() };
    let to = Mailbox { name: None, address: dsn.to.clone() };
    let fields = [
        Field::new("Date", vec![header::date(dsn.date)]),
        Field::new("From", header::mailboxes(&[from])),
        Field::new("To", header::mailboxes(&[to])),
        Field::new("Subject", vec!["Your mail was delivered".to_owned()]),
        Field::new("Message-ID", header::identifier(&dsn.message_id).into_iter().collect()),
        Field::new("Auto-Submitted", vec!["auto-replied".to_owned()]),
        Field::new("X-Auto-Response-Suppress", vec!["All".to_owned()]),
        Field::new("MIME-Version", vec!["1.0".to_owned()]),
    ];
    for field in fields {
        // Writing into a vector can't fail.
        let _ = field.write(out);
    }
    out.extend_from_slice(
        format!(
            "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"{boundary}\"\r\n\r\n"
        )
        .as_bytes(),
    );
}

/// The notice for people.
fn words(dsn: &SuccessDsn<'_>) -> Vec<u8> {
    let mut text = format!("This is the mail server {}.\n\n", ascii(dsn.reporting_mta));
    for recipient in &dsn.recipients {
        let fate = match recipient.action {
            Action::Relayed => "was handed to a server that sends no notices, for",
            _ => "was delivered to",
        };
        let _ = writeln!(text, "Your mail {fate}\n  {}", recipient.final_recipient);
    }
    let mut out = Vec::new();
    let _ = TextEncoding::QuotedPrintable.write(&text, &mut out);
    out
}

/// The notice for machines.
fn fields(dsn: &SuccessDsn<'_>) -> String {
    let mut out = format!("Reporting-MTA: dns; {}\r\n", ascii(dsn.reporting_mta));
    if let Some(id) = dsn.envelope_id {
        let _ = write!(out, "Original-Envelope-Id: {}\r\n", ascii(id));
    }
    let _ = write!(out, "Arrival-Date: {}\r\n", header::date(dsn.arrival));
    for recipient in &dsn.recipients {
        out.push_str("\r\n");
        if let Some(original) = recipient.original_recipient {
            let _ = write!(out, "Original-Recipient: {}\r\n", ascii(original));
        }
        let word = if recipient.action == Action::Relayed { "relayed" } else { "delivered" };
        let _ = write!(out, "Final-Recipient: {}\r\n", recipient_field(&recipient.final_recipient));
        let _ = write!(out, "Action: {word}\r\nStatus: 2.0.0\r\n");
    }
    out
}

/// An address with its type; beyond ASCII escaped as RFC 6533, section 3 has it, so that the part stays ASCII.
fn recipient_field(address: &MailAddress) -> String {
    let text = address.to_string();
    if text.is_ascii() {
        return format!("rfc822; {text}");
    }
    let mut out = "utf-8; ".to_owned();
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
        }
    }
    out
}

/// One line of ASCII; what is beyond becomes `?`.
fn ascii(text: &str) -> String {
    one_line(text, VALUE_CHARS_MAX).chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}
