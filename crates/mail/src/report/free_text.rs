//! Bounces in words: of servers older than RFC 3464, and of those that never read it.
//!
//! Each format is known by how its text opens. Recipients are taken only from where that format lists them: a line that
//! begins with an address, after the line that announces the list, before the copy of the mail. All formats share that
//! shape, so one reader does; what differs is data ([`FORMATS`]).
//!
//! *Security*: text of the returned mail is never searched for recipients; lines, recipients and diagnostics are bounded.

use super::{
    Action, DIAGNOSTIC_CHARS_MAX, DeliveryReport, RECIPIENTS_MAX, RecipientReport, returned, status,
};
use crate::address::MailAddress;
use crate::display::one_line;

/// How a server writes its bounces.
struct Format {
    /// What stands in one of the first lines, in lower case.
    opening: &'static str,
    /// What stands in the line after which the recipients are listed; empty: the opening itself.
    listing: &'static str,
}

/// The formats. Where one opening serves several listings, each has an entry.
const FORMATS: &[Format] = &[
    // qmail (QSBMF), and servers that follow it.
    Format { opening: "hi. this is the", listing: "" },
    // Yahoo.
    Format { opening: "sorry, we were unable to deliver your message", listing: "" },
    // Exim: failures, then warnings.
    Format {
        opening: "this message was created automatically by mail delivery software",
        listing: "address(es) failed",
    },
    Format {
        opening: "this message was created automatically by mail delivery software",
        listing: "addresses failed",
    },
    Format {
        opening: "this message was created automatically by mail delivery software",
        listing: "has not yet been delivered is",
    },
    Format {
        opening: "this message was created automatically by mail delivery software",
        listing: "has not yet been delivered are",
    },
    Format {
        opening: "this message was created automatically by mail delivery software",
        listing: "recipients of your message",
    },
    // Postfix.
    Format { opening: "this is the postfix program at host", listing: "" },
    Format { opening: "this is the mail system at host", listing: "" },
    Format { opening: "this is the postfix mail system at host", listing: "" },
    // Sendmail.
    Format { opening: "the original message was received at", listing: "the following addresses had" },
    // Exchange, new and old.
    Format {
        opening: "delivery has failed to these recipients",
        listing: "diagnostic information for administrators",
    },
    Format {
        opening: "delivery has failed to these recipients",
        listing: "delivery has failed to these recipients",
    },
    Format { opening: "your message", listing: "did not reach the following recipient(s)" },
    Format { opening: "your message", listing: "the following recipient(s) could not be reached" },
    Format { opening: "your message", listing: "the following recipient(s) cannot be reached" },
    // Lotus Domino.
    Format { opening: "your message", listing: "was not delivered to" },
    Format { opening: "------- failure reasons", listing: "------- failure reasons" },
    // Gmail before it wrote reports.
    Format { opening: "delivery to the following recipient", listing: "delivery to the following recipient" },
    Format {
        opening: "this is an automatically generated delivery status notification",
        listing: "delivery to the following recipient",
    },
    // IronPort.
    Format { opening: "the following message to <", listing: "the following message to <" },
    // Mercury, MDaemon and others that write much the same.
    Format { opening: "the following addresses", listing: "the following addresses" },
    Format { opening: "the following recipients", listing: "the following recipients" },
];

/// How many lines with words may stand before what a format opens with.
const OPENING_LINES_MAX: usize = 8;
/// Lines that are read.
const LINES_MAX: usize = 2_000;

/// What says, before the copy of the mail, that the server has not given up.
const DELAYS: [&str; 8] = [
    "has not yet been delivered",
    "has been delayed",
    "is a warning message only",
    "this is a warning only",
    "will keep trying",
    "will be retried",
    "transient non-fatal errors",
    "delivery attempts will continue",
];

/// What stands in the line before the copy of the mail.
const COPIES: [&str; 9] = [
    "headers of the message",
    "copy of the message",
    "copy of your message",
    "original message",
    "returned message",
    "unsent message",
    "undelivered message",
    "message header",
    "message follows",
];

/// Reads a bounce in words. `failed` are the addresses of `X-Failed-Recipients`, which Exim and Gmail add.
pub(super) fn read(text: &str, failed: &[MailAddress]) -> Option<DeliveryReport> {
    let (notice, copy) = split_copy(text);
    let lines: Vec<&str> = notice.lines().take(LINES_MAX).collect();
    let listed = FORMATS.iter().find_map(|format| format.recipients(&lines)).unwrap_or_default();
    let lower = notice.to_lowercase();
    let action =
        if DELAYS.iter().any(|words| lower.contains(words)) { Action::Delayed } else { Action::Failed };
    let mut recipients: Vec<RecipientReport> =
        listed.into_iter().map(|listed| listed.report(action)).collect();
    if recipients.is_empty() {
        let words = notice.to_owned();
        let named =
            |address: &MailAddress| Listed { address: address.clone(), words: words.clone() }.report(action);
        recipients = failed.iter().take(1).map(named).collect();
    }
    for address in failed.iter().take(RECIPIENTS_MAX.saturating_sub(recipients.len())) {
        let is_known = |entry: &RecipientReport| {
            entry.final_recipient.as_ref().is_some_and(|known| known.is_same(address))
        };
        if !recipients.iter().any(is_known) {
            recipients.push(Listed { address: address.clone(), words: String::new() }.report(action));
        }
    }
    (!recipients.is_empty()).then(|| DeliveryReport {
        recipients,
        returned_message_id: copy.and_then(returned::of_text),
        ..DeliveryReport::default()
    })
}

/// The notice, and the copy of the mail below it.
fn split_copy(text: &str) -> (&str, Option<&str>) {
    let mut at = 0;
    for line in text.split_inclusive('\n').take(LINES_MAX) {
        let lower = line.trim().to_lowercase();
        let is_ruled = lower.starts_with('-') || lower.ends_with(':') || lower.ends_with("follows.");
        // Sendmail rules off its own chapters too; what they are called tells.
        if is_ruled && !lower.contains("was received") && COPIES.iter().any(|words| lower.contains(words)) {
            return (text.get(..at).unwrap_or(text), text.get(at + line.len()..));
        }
        at += line.len();
    }
    (text, None)
}

/// A recipient in a list, and what the server says of it.
struct Listed {
    address: MailAddress,
    words: String,
}

impl Listed {
    fn report(self, action: Action) -> RecipientReport {
        let words = one_line(&self.words, DIAGNOSTIC_CHARS_MAX);
        RecipientReport {
            original_recipient: None,
            final_recipient: Some(self.address),
            action,
            status: status(&words),
            diagnostic: Some(words).filter(|words| !words.is_empty()),
            remote_mta: None,
        }
    }
}

impl Format {
    /// The recipients, if the notice is of this format.
    fn recipients(&self, lines: &[&str]) -> Option<Vec<Listed>> {
        let mut worded = lines.iter().filter(|line| !line.trim().is_empty()).take(OPENING_LINES_MAX);
        worded.find(|line| simple(line).starts_with(self.opening))?;
        let announces = |line: &&str| simple(line).contains(self.listing);
        let start = if self.listing.is_empty() { 0 } else { lines.iter().position(announces)? };
        let listed = list(lines.get(start..)?);
        (!listed.is_empty()).then_some(listed)
    }
}

/// A line in lower case without what decorates it.
fn simple(line: &str) -> String {
    line.trim().trim_start_matches("----- ").to_lowercase()
}

/// Reads a list of recipients: a line that begins with an address, and the lines up to the next one. What is indented
/// deeper than the first recipient is said of one, even where it begins with an address.
fn list(lines: &[&str]) -> Vec<Listed> {
    let mut all: Vec<Listed> = Vec::new();
    let mut indent = usize::MAX;
    for line in lines {
        let found = recipient(line).filter(|_| indent_of(line) <= indent);
        match found {
            Some((address, words)) if !all.iter().any(|listed| listed.address.is_same(&address)) => {
                if all.len() >= RECIPIENTS_MAX {
                    break;
                }
                indent = indent.min(indent_of(line));
                all.push(Listed { address, words: words.to_owned() });
            }
            _ => {
                // Bounded by characters later; by lines here, so that none grows without end.
                if let Some(last) = all.last_mut().filter(|last| last.words.len() < DIAGNOSTIC_CHARS_MAX * 4)
                {
                    last.words.push(' ');
                    last.words.push_str(line.trim());
                }
            }
        }
    }
    all
}

/// The white space before a line, in octets.
fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The recipient that a line names at its beginning, and what else it says. The line may be no sentence: behind the
/// address there is nothing, a colon, a remark in parentheses, or the time.
fn recipient(line: &str) -> Option<(MailAddress, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("The following message to ").unwrap_or(line);
    let (address, rest) = match line.strip_prefix('<') {
        Some(inner) => inner.split_once('>')?,
        None => line.split_at(line.find([' ', '\t', '(']).unwrap_or(line.len())),
    };
    let bare = address.trim_end_matches([':', ',', ';']);
    let rest_of_line = rest.trim_start();
    let is_named = rest.is_empty()
        || bare.len() < address.len()
        || rest_of_line.starts_with([':', '('])
        || rest_of_line.starts_with("on ")
        || rest_of_line.starts_with("was undeliverable");
    let address = MailAddress::parse(bare).ok().filter(|_| is_named)?;
    Some((address, rest_of_line.trim_start_matches(':').trim()))
}
