//! Domain names as mail uses them: one spelling for each, so that they can be compared and used as keys.
//!
//! *Standards*: RFC 1035 and RFC 5890 (lengths, A-labels), RFC 5321, section 2.3.5; IDNA through UTS 46.
//!
//! *Security*: no address literals, no names that DNS could not hold, no control characters: a [`DomainName`] may go into
//! a header, a log line or a DNS question as it is.

use std::fmt;

use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{Decode, Encode};
use serde::Serialize;
use thiserror::Error;

/// The longest name in octets, without the final dot (RFC 1035, section 2.3.4).
const DOMAIN_BYTES_MAX: usize = 253;
/// The longest label in octets.
const LABEL_BYTES_MAX: usize = 63;

/// A domain name: lower-case A-labels, no final dot, no address literal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct DomainName(String);

/// Why something is no domain name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DomainNameError {
    /// There is nothing.
    #[error("the domain is empty")]
    Empty,
    /// Longer than 253 octets, or a label longer than 63.
    #[error("the domain or one of its labels is too long")]
    TooLong,
    /// `[192.0.2.1]`, or a bare IP address.
    #[error("an IP address is no domain")]
    IpAddress,
    /// Two dots in a row, a hyphen at an edge, or a character that no host name has.
    #[error("the domain has a character or label that is not allowed")]
    BadLabel,
}

impl DomainName {
    /// Reads a domain name in any spelling: upper case, U-labels, one final dot.
    pub fn parse(text: &str) -> Result<Self, DomainNameError> {
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(DomainNameError::Empty);
        }
        if text.starts_with('[') || text.parse::<std::net::IpAddr>().is_ok() {
            return Err(DomainNameError::IpAddress);
        }
        // IDNA is not linear in absurd input; four octets per character is the most that a valid name could take.
        if text.len() > DOMAIN_BYTES_MAX * 4 {
            return Err(DomainNameError::TooLong);
        }
        let ascii = to_ascii(text)?;
        check_labels(&ascii)?;
        Ok(Self(ascii))
    }

    /// The name in lower-case A-labels.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name for people, in U-labels.
    pub fn to_unicode(&self) -> String {
        idna::domain_to_unicode(&self.0).0
    }

    /// Whether this name is `parent`, or lies below it.
    pub fn is_within(&self, parent: &Self) -> bool {
        self.0.strip_suffix(parent.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

fn to_ascii(text: &str) -> Result<String, DomainNameError> {
    if text.is_ascii() && !text.to_ascii_lowercase().contains("xn--") {
        return Ok(text.to_ascii_lowercase());
    }
    idna::domain_to_ascii(text).map_err(|_| DomainNameError::BadLabel)
}

fn check_labels(ascii: &str) -> Result<(), DomainNameError> {
    if ascii.len() > DOMAIN_BYTES_MAX || ascii.split('.').any(|label| label.len() > LABEL_BYTES_MAX) {
        return Err(DomainNameError::TooLong);
    }
    // An underscore is no host name, yet real senders use it, and DNS holds it.
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(is_allowed) && !label.starts_with('-') && !label.ends_with('-')
    };
    if !ascii.split('.').all(is_label) {
        return Err(DomainNameError::BadLabel);
    }
    // A last label of digits is an IP address in disguise (`127.1`), never a name.
    if ascii.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit())) {
        return Err(DomainNameError::IpAddress);
    }
    Ok(())
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for DomainName {
    type Err = DomainNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl<C> Encode<C> for DomainName {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for DomainName {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::parse(d.str()?).map_err(decode::Error::custom)
    }
}
