//! The ESMTP parameters of MAIL FROM and RCPT TO.
//!
//! *Standards*: RFC 5321, section 4.1.2 (`esmtp-param`); RFC 1870 (SIZE), 6152 (BODY), 6531 (SMTPUTF8), 3461
//! (RET, ENVID, NOTIFY, ORCPT and xtext), 6533, section 3 (`utf-8` in ORCPT).
//!
//! What must hold: an unknown parameter, or one given twice, refuses the command; nothing is ignored.

use crate::command::decimal;
use crate::envelope::BodyType;
use crate::replies;
use crate::reply::Reply;

/// The parameters of MAIL FROM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailParameters {
    /// `SIZE`: octets that the client expects to send.
    pub size: Option<u64>,
    /// `BODY`.
    pub body: BodyType,
    /// `SMTPUTF8`.
    pub smtputf8: bool,
    /// `RET`.
    pub ret: Option<Return>,
    /// `ENVID`, decoded: printable ASCII.
    pub envid: Option<String>,
}

/// The parameters of RCPT TO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipientParameters {
    /// `NOTIFY`.
    pub notify: Option<Notify>,
    /// `ORCPT`.
    pub orcpt: Option<OriginalRecipient>,
}

/// How much of the mail a DSN shall return (RFC 3461, section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// `FULL`.
    Full,
    /// `HDRS`.
    Headers,
}

/// When a DSN shall be sent (RFC 3461, section 4.1). `NEVER` is all three false.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// `SUCCESS`.
    pub success: bool,
    /// `FAILURE`.
    pub failure: bool,
    /// `DELAY`.
    pub delay: bool,
}

/// The recipient as the original sender named it (RFC 3461, section 4.2), decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalRecipient {
    /// Such as `rfc822`, in lower case.
    pub address_type: String,
    /// The address, without control characters; UTF-8 only of type `utf-8`.
    pub address: String,
}

/// Octets of an encoded ENVID (RFC 3461, section 4.4).
pub(crate) const ENVID_BYTES_MAX: usize = 100;
/// Octets of an ORCPT (RFC 3461, section 4.2).
pub(crate) const ORCPT_BYTES_MAX: usize = 500;

impl MailParameters {
    /// Parses what follows the path: parameters with spaces before and between.
    pub(crate) fn parse(text: &str) -> Result<Self, Reply> {
        let mut found = Self::default();
        each(text, |keyword, value| {
            match (keyword, value) {
                ("SIZE", Some(digits)) => found.size = well_formed(decimal(digits))?,
                ("BODY", Some(body)) => found.body = body_type(body)?,
                ("SMTPUTF8", None) => found.smtputf8 = true,
                ("RET", Some(part)) => found.ret = well_formed(returned_part(part))?,
                ("ENVID", Some(id)) => found.envid = well_formed(envelope_id(id))?,
                ("SIZE" | "BODY" | "SMTPUTF8" | "RET" | "ENVID", _) => return Err(replies::bad_parameter()),
                _ => return Err(replies::unknown_parameter()),
            }
            Ok(())
        })?;
        Ok(found)
    }
}

impl RecipientParameters {
    /// Parses what follows the path.
    pub(crate) fn parse(text: &str) -> Result<Self, Reply> {
        let mut found = Self::default();
        each(text, |keyword, value| {
            match (keyword, value) {
                ("NOTIFY", Some(when)) => found.notify = well_formed(Notify::parse(when))?,
                ("ORCPT", Some(who)) => {
                    found.orcpt = well_formed(OriginalRecipient::parse(who))?;
                }
                ("NOTIFY" | "ORCPT", None) => return Err(replies::bad_parameter()),
                _ => return Err(replies::unknown_parameter()),
            }
            Ok(())
        })?;
        Ok(found)
    }
}

fn well_formed<T>(value: Option<T>) -> Result<Option<T>, Reply> {
    value.map(Some).ok_or_else(replies::bad_parameter)
}

/// Gives each parameter to `take`, its keyword in upper case.
fn each(text: &str, mut take: impl FnMut(&str, Option<&str>) -> Result<(), Reply>) -> Result<(), Reply> {
    let mut seen: Vec<String> = Vec::new();
    for parameter in text.split(' ').filter(|parameter| !parameter.is_empty()) {
        let (keyword, value) = match parameter.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (parameter, None),
        };
        let keyword = keyword.to_ascii_uppercase();
        if !is_keyword(&keyword) || value.is_some_and(str::is_empty) || seen.contains(&keyword) {
            return Err(replies::bad_parameter());
        }
        take(&keyword, value)?;
        seen.push(keyword);
    }
    Ok(())
}

/// `esmtp-keyword`.
pub(crate) fn is_keyword(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn body_type(value: &str) -> Result<BodyType, Reply> {
    match value.to_ascii_uppercase().as_str() {
        "7BIT" => Ok(BodyType::SevenBit),
        "8BITMIME" => Ok(BodyType::EightBitMime),
        "BINARYMIME" => Err(replies::unknown_parameter()),
        _ => Err(replies::bad_parameter()),
    }
}

fn returned_part(value: &str) -> Option<Return> {
    match value.to_ascii_uppercase().as_str() {
        "FULL" => Some(Return::Full),
        "HDRS" => Some(Return::Headers),
        _ => None,
    }
}

fn envelope_id(value: &str) -> Option<String> {
    let id = Some(value).filter(|value| value.len() <= ENVID_BYTES_MAX).and_then(decode_xtext)?;
    id.is_ascii().then_some(id)
}

impl Notify {
    fn parse(value: &str) -> Option<Self> {
        let mut notify = Self::default();
        if value.eq_ignore_ascii_case("NEVER") {
            return Some(notify);
        }
        for word in value.split(',') {
            let wish = match word.to_ascii_uppercase().as_str() {
                "SUCCESS" => &mut notify.success,
                "FAILURE" => &mut notify.failure,
                "DELAY" => &mut notify.delay,
                _ => return None,
            };
            *wish = true;
        }
        Some(notify)
    }
}

impl OriginalRecipient {
    fn parse(value: &str) -> Option<Self> {
        let (address_type, encoded) = value.split_once(';')?;
        if value.len() > ORCPT_BYTES_MAX || !is_keyword(address_type) {
            return None;
        }
        let address_type = address_type.to_ascii_lowercase();
        let address = decode_xtext(encoded).filter(|address| !address.is_empty())?;
        let address = if address_type == "utf-8" { decode_unicode_escapes(&address)? } else { address };
        (address_type == "utf-8" || address.is_ascii()).then_some(Self { address_type, address })
    }
}

/// RFC 3461, section 4: `+` and two hexadecimal digits stand for an octet. `None` for what is malformed or decodes to
/// control characters.
fn decode_xtext(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        octets.push(match byte {
            b'+' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                (high << 4 | low) as u8
            }
            b'=' => return None,
            other => other,
        });
    }
    String::from_utf8(octets).ok().filter(|decoded| !decoded.chars().any(char::is_control))
}

/// RFC 6533, section 3: `\x{20AC}` stands for a character.
fn decode_unicode_escapes(text: &str) -> Option<String> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x{") {
        let (digits, tail) = after.split_once('}')?;
        let is_hex = (2..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let c = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex).and_then(char::from_u32)?;
        decoded.push_str(before);
        decoded.push(Some(c).filter(|c| !c.is_control())?);
        rest = tail;
    }
    decoded.push_str(rest);
    Some(decoded)
}

#[cfg(test)]
mod tests;
