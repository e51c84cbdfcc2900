//! Mail addresses: what may be written to, and what a header says stands there.
//!
//! A [`MailAddress`] is valid by construction. An [`Address`] is one entry of a `From` or `To` header, kept even where it is
//! no valid address, so that a person sees what the sender wrote and nobody answers to it.
//!
//! *Standards*: RFC 5321, section 4.1.2 and RFC 6531 (mailbox, internationalised), RFC 5322, section 3.4.
//!
//! *Security*: no control characters, no white space outside of quotes, no IP literals as domain.

use std::fmt;

use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{Decode, Encode};
use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::domain::{DomainName, DomainNameError};

/// The longest local part in octets (RFC 5321, section 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// The longest address in octets (RFC 5321, section 4.5.3.1.3, less the angle brackets).
const ADDRESS_BYTES_MAX: usize = 254;

/// A valid mail address. Equality is that of the spelling; see [`MailAddress::normalised`] for "the same person".
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailAddress {
    /// As written, without quotes where none are needed.
    local: String,
    domain: DomainName,
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MailAddressError {
    /// There is no `@`.
    #[error("the address has no @")]
    NoAt,
    /// Nothing, or only empty quotes, stands before the `@`.
    #[error("nothing stands before the @")]
    EmptyLocal,
    /// The local part is longer than 64 octets, or the address longer than 254.
    #[error("the address is too long")]
    TooLong,
    /// A character that a local part can't have, a stray dot or quote.
    #[error("the part before the @ has a character that is not allowed")]
    BadLocal,
    /// The part after the `@` is no domain name.
    #[error("the part after the @ is no domain: {0}")]
    BadDomain(#[from] DomainNameError),
}

impl MailAddress {
    /// Reads `local@domain`, quoted local part included. No display name, no angle brackets, no comments.
    pub fn parse(text: &str) -> Result<Self, MailAddressError> {
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
        if text.len() > ADDRESS_BYTES_MAX * 4 {
            return Err(MailAddressError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(MailAddressError::NoAt)?;
        let address = Self { local: parse_local(local)?, domain: DomainName::parse(domain)? };
        if address.local.len() + 1 + address.domain.as_str().len() > ADDRESS_BYTES_MAX {
            return Err(MailAddressError::TooLong);
        }
        Ok(address)
    }

    /// The local part as written, unquoted where it needs no quotes.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain, in lower-case A-labels.
    pub fn domain(&self) -> &DomainName {
        &self.domain
    }

    /// The key under which one correspondent is known: everything in lower case.
    ///
    /// RFC 5321 leaves the case of a local part to its host; no host of weight tells `Anna` from `anna`.
    pub fn normalised(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain)
    }

    /// Whether both are the same correspondent.
    pub fn is_same(&self, other: &Self) -> bool {
        self.domain == other.domain && self.local.to_lowercase() == other.local.to_lowercase()
    }
}

/// Takes needless quotes off and checks what remains.
fn parse_local(local: &str) -> Result<String, MailAddressError> {
    if local.is_empty() {
        return Err(MailAddressError::EmptyLocal);
    }
    let Some(quoted) = local.strip_prefix('"') else {
        return if local.len() > LOCAL_BYTES_MAX {
            Err(MailAddressError::TooLong)
        } else if is_dot_atom(local) {
            Ok(local.to_owned())
        } else {
            Err(MailAddressError::BadLocal)
        };
    };
    let inner = unquote(quoted.strip_suffix('"').ok_or(MailAddressError::BadLocal)?)?;
    if inner.is_empty() {
        return Err(MailAddressError::EmptyLocal);
    }
    if local.len() > LOCAL_BYTES_MAX {
        return Err(MailAddressError::TooLong);
    }
    Ok(if is_dot_atom(&inner) { inner } else { local.to_owned() })
}

/// Resolves the quoted pairs of a quoted string's inside (RFC 5321, `QcontentSMTP`).
fn unquote(inner: &str) -> Result<String, MailAddressError> {
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            '\\' => chars.next().ok_or(MailAddressError::BadLocal)?,
            '"' => return Err(MailAddressError::BadLocal),
            c => c,
        };
        if c.is_control() {
            return Err(MailAddressError::BadLocal);
        }
        out.push(c);
    }
    Ok(out)
}

/// RFC 5322 `dot-atom-text` with RFC 6531's UTF-8. Dots in a row or at an edge are let through inside, since carriers in Japan
/// gave such addresses to people, but never an empty local part.
fn is_dot_atom(text: &str) -> bool {
    let is_atext = |c: char| {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c) || (!c.is_ascii() && !is_unfit(c))
    };
    text.chars().all(is_atext) && text.chars().any(|c| c != '.')
}

/// Characters beyond ASCII that no address has: controls, spaces, and those that turn the direction of text or hide.
fn is_unfit(c: char) -> bool {
    c.is_control() || c.is_whitespace() || crate::display::is_invisible(c)
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

impl std::str::FromStr for MailAddress {
    type Err = MailAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for MailAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<C> Encode<C> for MailAddress {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.str(&self.to_string())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for MailAddress {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::parse(d.str()?).map_err(decode::Error::custom)
    }
}

/// One entry of an address header.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Address {
    /// The display name, decoded, without controls; absent where empty.
    #[n(0)]
    pub name: Option<String>,
    /// The address; absent where what stood there is none.
    #[n(1)]
    pub address: Option<MailAddress>,
    /// What stood there, decoded and bounded, where it is no valid address.
    #[n(2)]
    pub raw: Option<String>,
}
