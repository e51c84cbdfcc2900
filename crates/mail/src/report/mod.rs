//! What comes back: reports about mails of ours.
//!
//! Two kinds: those that follow RFC 3464, and the free text of servers that never did, each known by its own structure. An
//! address that merely stands in some text is never taken for a recipient.
//!
//! *Standards*: RFC 3461, RFC 3464, RFC 6522, RFC 6533, RFC 3463.
//!
//! *Security*: a report is a stranger's word. It says which delivery it means ([`DeliveryReport::envelope_id`],
//! [`DeliveryReport::returned_message_id`]); whether that is true the caller decides by our tokens (case 41).

mod delivery_status;
mod fields;
mod free_text;
mod quota;
mod returned;
mod success;

use std::borrow::Cow;

use crate::address::{Address, MailAddress};
use crate::charset::decode_text;
use crate::headers::Header;
use crate::html_text::html_to_text;
use crate::message_id::MessageId;
use crate::params::Structured;
use crate::parse::{ParseLimits, Parsed};
use crate::part::Part;
use crate::sanitise::SanitiseLimits;
use crate::transfer::decode_part;

pub use quota::is_quota;
pub use success::{SuccessDsn, SuccessRecipient, compose_success_dsn};

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

/// The longest diagnostic kept, in characters.
const DIAGNOSTIC_CHARS_MAX: usize = 1_000;
/// Octets of a delivery status, or of a text, that are read.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Delivery statuses in one report that are read; a well-formed one has one.
const STATUS_PARTS_MAX: usize = 4;

/// Reads a report, if the mail is one.
///
/// A report whose type is `delivery-status` is one even if nothing in it can be understood: then it names no
/// recipients, and only the address that it came to tells which delivery it means.
pub fn report(raw: &[u8], parsed: &Parsed) -> Option<Report> {
    let kind = Kind::of(raw, parsed)?;
    let mut report = DeliveryReport::default();
    for part in status_parts(raw, parsed, kind) {
        delivery_status::read(&text(raw, part), &mut report);
    }
    let returned_message_id = returned::message_id(raw, parsed).or(report.returned_message_id.take());
    if !report.recipients.is_empty() || report.envelope_id.is_some() {
        return Some(Report::DeliveryStatus(DeliveryReport { returned_message_id, ..report }));
    }
    match free_text(raw, parsed) {
        Some(words) => Some(Report::FreeText(DeliveryReport {
            returned_message_id: returned_message_id.or(words.returned_message_id),
            ..words
        })),
        None if kind == Kind::Labelled => {
            Some(Report::DeliveryStatus(DeliveryReport { returned_message_id, ..report }))
        }
        None => None,
    }
}

/// Why a mail may be a report at all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It says so (RFC 6522).
    Labelled,
    /// A mail server sent it.
    OfServer,
}

impl Kind {
    fn of(raw: &[u8], parsed: &Parsed) -> Option<Self> {
        let header = Header::read(raw, ParseLimits::default().header());
        let content_type = Structured::parse(&header.text("Content-Type").unwrap_or_default());
        let report_type = content_type.plain("report-type").unwrap_or("").to_ascii_lowercase();
        match (content_type.value.as_str(), report_type.as_str()) {
            // Receipts and complaints are reports of another kind.
            ("multipart/report", "disposition-notification" | "feedback-report" | "tlsrpt" | "dmarc") => None,
            ("multipart/report" | "message/delivery-status" | "message/global-delivery-status", _) => {
                Some(Self::Labelled)
            }
            _ if header.first("X-Failed-Recipients").is_some() || is_of_server(&header, parsed) => {
                Some(Self::OfServer)
            }
            _ => None,
        }
    }
}

/// Whether the author is a mail server: by its name, or by the empty envelope sender that some door wrote down.
fn is_of_server(header: &Header<'_>, parsed: &Parsed) -> bool {
    let is_daemon = |local: &str| {
        let local = local.to_ascii_lowercase();
        ["mailer-daemon", "mailerdaemon", "mail-daemon", "postmaster", "mdaemon", "maildelivery"]
            .iter()
            .any(|name| local.starts_with(name))
    };
    let author = parsed.from.first();
    let is_named = author.is_some_and(|author| match (&author.address, &author.raw) {
        (Some(address), _) => is_daemon(address.local()),
        (None, raw) => is_daemon(raw.as_deref().unwrap_or("").trim_start_matches(['<', '"'])),
    });
    is_named || header.text("Return-Path").is_some_and(|path| path.trim() == "<>")
}

/// The parts that hold a delivery status: by their label, else by what they begin with.
fn status_parts<'a>(raw: &[u8], parsed: &'a Parsed, kind: Kind) -> Vec<&'a Part> {
    let is_status = |part: &&Part| {
        matches!(part.content_type.as_str(), "message/delivery-status" | "message/global-delivery-status")
    };
    let labelled: Vec<&Part> = parsed.parts.iter().filter(is_status).take(STATUS_PARTS_MAX).collect();
    if !labelled.is_empty() || kind != Kind::Labelled {
        return labelled;
    }
    let few = parsed.parts.iter().filter(|part| !part.is_message()).take(STATUS_PARTS_MAX);
    few.filter(|part| fields::is_delivery_status(&text(raw, part))).collect()
}

/// A bounce in words: what its first text says, in the form of a server that is known.
fn free_text(raw: &[u8], parsed: &Parsed) -> Option<DeliveryReport> {
    let failed = failed_recipients(raw);
    let part = parsed.body.text_parts.first().and_then(|index| parsed.parts.get(*index as usize));
    let words = part.map(|part| {
        let text = text(raw, part);
        let is_html = part.content_type == "text/html";
        if is_html { html_to_text(&text, &SanitiseLimits::default()) } else { text }
    });
    free_text::read(&words.unwrap_or_default(), &failed)
}

/// The addresses of `X-Failed-Recipients`.
fn failed_recipients(raw: &[u8]) -> Vec<MailAddress> {
    let header = Header::read(raw, ParseLimits::default().header());
    let all = header
        .all("X-Failed-Recipients")
        .flat_map(|field| Address::parse_list(&field.unfolded(), RECIPIENTS_MAX));
    all.filter_map(|entry| entry.address).take(RECIPIENTS_MAX).collect()
}

/// The beginning of a part's text.
fn text(raw: &[u8], part: &Part) -> String {
    decode_text(&decoded(raw, part, TEXT_BYTES_MAX), part.charset.as_deref())
}

/// The beginning of a part, at most so many encoded octets.
fn decoded<'a>(raw: &'a [u8], part: &Part, bytes_max: usize) -> Cow<'a, [u8]> {
    let body = raw.get(part.body_start as usize..part.body_end as usize).unwrap_or_default();
    decode_part(body.get(..bytes_max).unwrap_or(body), part.encoding)
}

/// The first status in a text (RFC 3463): `5.1.1`. It stands as a word of its own, after `#` or after the reply's code
/// and a hyphen.
fn status(text: &str) -> Option<String> {
    let is_edge = |c: char| c.is_whitespace() || "()[]<>#-;,:".contains(c);
    text.split(is_edge).find(|word| is_status(word)).map(str::to_owned)
}

fn is_status(word: &str) -> bool {
    let mut numbers = word.split('.');
    let class = numbers.next();
    let is_number = |text: Option<&str>| {
        text.is_some_and(|text| {
            (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    matches!(class, Some("2" | "4" | "5"))
        && is_number(numbers.next())
        && is_number(numbers.next())
        && numbers.next().is_none()
}
