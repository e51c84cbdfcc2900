//! MAIL and RCPT, written with the parameters that the remote knows.
//!
//! *Standards*: RFC 1870 (SIZE), 3461, sections 4 to 4.4 (DSN and xtext), 6152 (BODY), 6531 (SMTPUTF8), 6533, section 3
//! (`utf-8` in ORCPT).
//!
//! *Security*: what comes from outside is encoded, or by its type can't hold a space or a line's end.

use std::fmt::Write;

use crate::parameters::{ENVID_BYTES_MAX, Notify, ORCPT_BYTES_MAX, OriginalRecipient, Return, is_keyword};

use super::extensions::Extensions;
use super::transaction::Transaction;

/// `MAIL FROM`, CRLF included.
pub(super) fn mail(transaction: &Transaction, smtputf8: bool, offered: &Extensions) -> String {
    let dsn = transaction.dsn.as_ref().filter(|_| offered.dsn);
    let eight_bit = offered.eight_bit_mime && (transaction.eight_bit || smtputf8);
    let parameters = [
        offered.size.map(|_| format!("SIZE={}", transaction.size)),
        eight_bit.then(|| "BODY=8BITMIME".to_owned()),
        smtputf8.then(|| "SMTPUTF8".to_owned()),
        dsn.and_then(|dsn| dsn.ret).map(|part| format!("RET={}", returned_part(part))),
        dsn.and_then(|dsn| dsn.envid.as_deref()).and_then(envelope_id),
    ];
    command(format!("MAIL FROM:<{}>", transaction.reverse_path), parameters)
}

/// `RCPT TO`, CRLF included.
pub(super) fn recipient(transaction: &Transaction, offered: &Extensions) -> String {
    let dsn = transaction.dsn.as_ref().filter(|_| offered.dsn);
    let parameters = [
        dsn.and_then(|dsn| dsn.notify).map(notify),
        dsn.and_then(|dsn| dsn.orcpt.as_ref()).and_then(original_recipient),
    ];
    command(format!("RCPT TO:<{}>", transaction.recipient), parameters)
}

fn command(beginning: String, parameters: impl IntoIterator<Item = Option<String>>) -> String {
    let words: Vec<String> = std::iter::once(beginning).chain(parameters.into_iter().flatten()).collect();
    format!("{}\r\n", words.join(" "))
}

fn returned_part(part: Return) -> &'static str {
    match part {
        Return::Full => "FULL",
        Return::Headers => "HDRS",
    }
}

fn envelope_id(id: &str) -> Option<String> {
    let is_printable = !id.is_empty() && id.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let encoded = xtext(id);
    (is_printable && encoded.len() <= ENVID_BYTES_MAX).then(|| format!("ENVID={encoded}"))
}

fn notify(when: Notify) -> String {
    let wishes = [(when.success, "SUCCESS"), (when.failure, "FAILURE"), (when.delay, "DELAY")];
    let words: Vec<&str> = wishes.iter().filter(|(wished, _)| *wished).map(|&(_, word)| word).collect();
    if words.is_empty() { "NOTIFY=NEVER".to_owned() } else { format!("NOTIFY={}", words.join(",")) }
}

fn original_recipient(original: &OriginalRecipient) -> Option<String> {
    let OriginalRecipient { address_type, address } = original;
    let is_utf8 = address_type.eq_ignore_ascii_case("utf-8");
    let is_address = !address.is_empty() && !address.chars().any(char::is_control);
    if !is_keyword(address_type) || !is_address || !(is_utf8 || address.is_ascii()) {
        return None;
    }
    let encoded = if is_utf8 { unicode_escaped(address) } else { xtext(address) };
    let value = format!("{address_type};{encoded}");
    (value.len() <= ORCPT_BYTES_MAX).then(|| format!("ORCPT={value}"))
}

/// RFC 3461, section 4: printable ASCII but `+` and `=` as it is, any other octet as `+` and two digits.
fn xtext(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'!'..=b'~' if !matches!(byte, b'+' | b'=') => encoded.push(char::from(byte)),
            // Writing to a String can't fail.
            _ => _ = write!(encoded, "+{byte:02X}"),
        }
    }
    encoded
}

/// RFC 6533, section 3: `\x{20AC}` for what is no plain ASCII.
fn unicode_escaped(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '!'..='~' if !matches!(c, '+' | '=' | '\\') => encoded.push(c),
            // Writing to a String can't fail.
            _ => _ = write!(encoded, "\\x{{{:02X}}}", u32::from(c)),
        }
    }
    encoded
}
