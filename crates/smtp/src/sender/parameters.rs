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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::command::{Command, parse};
    use crate::{Dsn, ForwardPath, ReversePath};

    /// With everything offered: the commands as our own receiver reads them.
    fn written(dsn: Dsn) -> (Command, Command) {
        let transaction = Transaction {
            reverse_path: ReversePath::Null,
            recipient: ForwardPath::parse("b@mx.example").expect("an address"),
            size: 1,
            eight_bit: false,
            smtputf8: false,
            dsn: Some(dsn),
        };
        let offered = Extensions { dsn: true, ..Extensions::default() };
        let read =
            |line: String| parse(line.strip_suffix("\r\n").expect("a line").as_bytes()).expect("a command");
        (read(mail(&transaction, false, &offered)), read(recipient(&transaction, &offered)))
    }

    fn read_back(
        envid: &str,
        address_type: &str,
        address: &str,
    ) -> (Option<String>, Option<OriginalRecipient>) {
        let (address_type, address) = (address_type.to_owned(), address.to_owned());
        let orcpt = Some(OriginalRecipient { address_type, address });
        let dsn = Dsn { envid: Some(envid.to_owned()), orcpt, ..Dsn::default() };
        match written(dsn) {
            (Command::Mail(_, mail), Command::Recipient(recipient)) => {
                (mail.envid, recipient.parameters.orcpt)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_too_long_or_has_no_spelling_is_left_out() {
        assert_eq!(read_back(&"x".repeat(101), "rfc822", &"x".repeat(494)), (None, None));
        assert_eq!(read_back("", "no type", "x"), (None, None));
        assert_eq!(read_back("a\r\nb", "rfc822", "a\r\nb"), (None, None));
        assert!(matches!(read_back(&"x".repeat(100), "rfc822", &"x".repeat(493)), (Some(_), Some(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_read_as_it_was_written_or_left_out(
            envid in "[ -~]{1,60}|\\PC{0,20}|(?s).{0,9}",
            address_type in "rfc822|utf-8|.{0,5}",
            address in "[ -~]{1,60}|\\PC{0,20}|(?s).{0,9}",
        ) {
            let (envid_read, original) = read_back(&envid, &address_type, &address);
            prop_assert!(envid_read.is_none_or(|read| read == envid));
            prop_assert!(original.is_none_or(|read| read.address == address));
        }
    }
}
