//! Machine-readable reports.
//!
//! *Standards*: RFC 3464, section 2; RFC 6533, section 3 (addresses beyond ASCII). Read as servers write them: groups
//! run together or torn apart, addresses in brackets or without their type, an action that says `failure`, no action at
//! all.

use super::fields::{self, Line};
use super::{Action, DIAGNOSTIC_CHARS_MAX, DeliveryReport, RECIPIENTS_MAX, RecipientReport, status};
use crate::address::MailAddress;
use crate::display::one_line;
use crate::encoded_word;
use crate::message_id::MessageId;

/// The longest name of a server or envelope identifier kept, in characters.
const LABEL_CHARS_MAX: usize = 255;

/// Adds what the text of a `message/delivery-status` says.
pub(super) fn read(text: &str, report: &mut DeliveryReport) {
    let mut group = Group::default();
    for line in fields::read(text) {
        match line {
            Line::Empty if group.has_address() => finish(&mut group, report),
            Line::Empty => {}
            Line::Field(name, value) => {
                let is_next = name == "final-recipient" && group.final_recipient.is_some()
                    || name == "original-recipient" && group.original_recipient.is_some();
                if is_next {
                    finish(&mut group, report);
                }
                take(&name, &value, &mut group, report);
            }
        }
    }
    finish(&mut group, report);
}

/// The fields of one recipient, as they stand.
#[derive(Default)]
struct Group {
    original_recipient: Option<String>,
    final_recipient: Option<String>,
    action: Option<Action>,
    status: Option<String>,
    diagnostic: Option<String>,
    remote_mta: Option<String>,
}

impl Group {
    fn has_address(&self) -> bool {
        self.original_recipient.is_some() || self.final_recipient.is_some()
    }

    /// Whether anything in it says what happened.
    fn has_fate(&self) -> bool {
        self.action.is_some() || self.status.is_some() || self.diagnostic.is_some()
    }
}

fn take(name: &str, value: &str, group: &mut Group, report: &mut DeliveryReport) {
    let label = |value: &str| Some(one_line(untyped(value), LABEL_CHARS_MAX)).filter(|text| !text.is_empty());
    match name {
        "original-envelope-id" if report.envelope_id.is_none() => {
            report.envelope_id = Some(one_line(value, LABEL_CHARS_MAX)).filter(|id| !id.is_empty());
        }
        // Gmail names the mail here as well; the header that came back counts more.
        "x-original-message-id" => report.returned_message_id = MessageId::parse(value),
        "reporting-mta" if report.reporting_mta.is_none() => report.reporting_mta = label(value),
        "original-recipient" => group.original_recipient = Some(value.to_owned()),
        "final-recipient" => group.final_recipient = Some(value.to_owned()),
        "action" => group.action = action(value),
        "status" => group.status = status(value),
        "diagnostic-code" if group.diagnostic.is_none() => {
            group.diagnostic = Some(one_line(&encoded_word::decode(untyped(value)), DIAGNOSTIC_CHARS_MAX))
                .filter(|text| !text.is_empty());
        }
        "remote-mta" => group.remote_mta = label(value),
        _ => {}
    }
}

/// Puts the group on the list and begins another one.
fn finish(group: &mut Group, report: &mut DeliveryReport) {
    let group = std::mem::take(group);
    if report.recipients.len() >= RECIPIENTS_MAX || !group.has_address() && !group.has_fate() {
        return;
    }
    let status = group.status.or_else(|| group.diagnostic.as_deref().and_then(status));
    let action =
        group.action.unwrap_or_else(|| likely_action(status.as_deref(), group.diagnostic.as_deref()));
    report.recipients.push(RecipientReport {
        original_recipient: group.original_recipient.as_deref().and_then(address),
        final_recipient: group.final_recipient.as_deref().and_then(address),
        action,
        status,
        diagnostic: group.diagnostic,
        remote_mta: group.remote_mta,
    });
}

/// An action in the words of RFC 3464 or near them.
fn action(value: &str) -> Option<Action> {
    let value = value.to_ascii_lowercase();
    let known = [
        ("fail", Action::Failed),
        ("undeliver", Action::Failed),
        ("error", Action::Failed),
        ("delay", Action::Delayed),
        ("deliver", Action::Delivered),
        ("relay", Action::Relayed),
        ("expand", Action::Expanded),
    ];
    known.iter().find(|(start, _)| value.trim_start().starts_with(start)).map(|(_, action)| *action)
}

/// What a report without a readable action must mean: the first digit of its status or of the server's reply tells.
fn likely_action(status: Option<&str>, diagnostic: Option<&str>) -> Action {
    match status.or(diagnostic).and_then(|text| text.chars().next()) {
        Some('2') => Action::Delivered,
        Some('4') => Action::Delayed,
        _ => Action::Failed,
    }
}

/// A value without its type: `rfc822; anna@example.org`, `dns; mx.example.org`.
fn untyped(value: &str) -> &str {
    match value.split_once(';') {
        Some((kind, rest)) if is_type(kind.trim()) => rest.trim(),
        _ => value.trim(),
    }
}

/// A word such as `rfc822`, `smtp`, `X-Postfix`.
fn is_type(text: &str) -> bool {
    text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// The address of a recipient field.
fn address(value: &str) -> Option<MailAddress> {
    let text = untyped(value);
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '\''));
    MailAddress::parse(&unescape(text)).ok()
}

/// Undoes `\x{20AC}` (RFC 6533, section 3: `utf-8-addr-unitext` and `-xtext`).
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x{") {
        out.push_str(before);
        let escaped = after.split_once('}').and_then(|(hex, tail)| {
            let c = u32::from_str_radix(hex.get(..hex.len().min(6))?, 16).ok().and_then(char::from_u32)?;
            (hex.len() <= 6).then_some((c, tail))
        });
        if let Some((c, tail)) = escaped {
            out.push(c);
            rest = tail;
        } else {
            out.push_str("\\x{");
            rest = after;
        }
    }
    out + rest
}
