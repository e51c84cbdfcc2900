//! What comes back: reports about mails of ours.
//!
//! Two kinds: those that follow RFC 3464, and the free text of servers that never did, each known by its own structure. An
//! address that merely stands in some text is never taken for a recipient.
//!
//! *Standards*: RFC 3461, RFC 3464, RFC 6522, RFC 6533, RFC 3463.
//!
//! *Security*: a report is a stranger's word. It says which delivery it means ([`DeliveryReport::envelope_id`],
//! [`DeliveryReport::returned_message_id`]); whether that is true the caller decides by our tokens (case 41).

use jiff::Timestamp;

use crate::address::MailAddress;
use crate::message_id::MessageId;
use crate::parse::Parsed;

/// A report, and how it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// A machine-readable one (RFC 3464, RFC 6533).
    DeliveryStatus(DeliveryReport),
    /// A text whose structure is that of a known mail server.
    FreeText(DeliveryReport),
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryReport {
    /// One entry a recipient, in order, at most [`RECIPIENTS_MAX`].
    pub recipients: Vec<RecipientReport>,
    /// `Original-Envelope-Id`: the ENVID that we gave.
    pub envelope_id: Option<String>,
    /// The Message-ID of the mail that came back, whole or its header.
    pub returned_message_id: Option<MessageId>,
    /// `Reporting-MTA` without its type.
    pub reporting_mta: Option<String>,
}

/// Recipients of one report that are looked at. A delivery of ours has one; a list server's report has hundreds of its own.
pub const RECIPIENTS_MAX: usize = 100;

/// What became of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientReport {
    /// `Original-Recipient`: whom we wrote to, where the report says so.
    pub original_recipient: Option<MailAddress>,
    /// `Final-Recipient`: where it ended.
    pub final_recipient: Option<MailAddress>,
    /// What happened.
    pub action: Action,
    /// `5.1.1`, where it is a status (RFC 3463).
    pub status: Option<String>,
    /// The server's own words, on one line, bounded.
    pub diagnostic: Option<String>,
    /// `Remote-MTA` without its type.
    pub remote_mta: Option<String>,
}

/// What happened to a recipient (RFC 3464, section 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// It will never arrive.
    Failed,
    /// It has not arrived yet; the server goes on trying.
    Delayed,
    /// It arrived.
    Delivered,
    /// It was handed to a server that gives no notices.
    Relayed,
    /// It was delivered to several further recipients.
    Expanded,
}

/// Reads a report, if the mail is one.
pub fn report(raw: &[u8], parsed: &Parsed) -> Option<Report> {
    let _ = (raw, parsed);
    None
}

/// Whether a refusal says that *we* sent too much for now (case 19: `550 5.4.5 Daily user sending quota exceeded`): temporary, whatever the
/// code's first digit says. `status` is the enhanced status, `5.4.5`.
pub fn is_quota(code: u16, status: Option<&str>, text: &str) -> bool {
    let _ = (code, status, text);
    false
}

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
    /// The header of the mail that arrived, as it was (bounded here).
    pub returned_header: &'a [u8],
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

/// Composes a notice of success (RFC 3464; RFC 3461, sections 6.2 and 6.3). Only the header of the mail is returned.
pub fn compose_success_dsn(dsn: &SuccessDsn<'_>) -> Vec<u8> {
    let _ = dsn;
    Vec::new()
}
