//! Envelope addresses: what stands between the angle brackets of MAIL FROM and RCPT TO.
//!
//! Local parts are kept in canonical form, without quotes, so that `"support"@x` and `support@x` are one
//! address; writing puts quotes back where they are needed. Domains are kept as written.
//!
//! Two leniencies, since refusing would lose honest mail: dots may stand anywhere in an unquoted local part
//! (`a..b@docomo.example` exists), and a reverse path's local part may be longer than 64 octets (SRS and VERP
//! write such). Domain labels may hold underscores.
//!
//! What must hold: `parse` of what `Display` writes gives the same value; no control character is ever in one.
//!
//! *Standards*: RFC 5321, sections 4.1.2 (grammar), 4.1.3 (literals), 4.5.3.1 (lengths); RFC 6531, section 3.3.
//!
//! *Security*: `<>` and `<postmaster>` are values of their own, never an empty string.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Octets of a forward path's local part (RFC 5321, section 4.5.3.1.1).
const LOCAL_PART_BYTES_MAX: usize = 64;
/// Octets of a domain (RFC 5321, section 4.5.3.1.2).
const DOMAIN_BYTES_MAX: usize = 255;
/// Octets of one label of a domain in ASCII (RFC 1035, section 2.3.4).
const LABEL_BYTES_MAX: usize = 63;
/// Octets of a mailbox: a path of 256 less its brackets (RFC 5321, section 4.5.3.1.3).
const MAILBOX_BYTES_MAX: usize = 254;

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The grammar doesn't allow it.
    #[error("not an address")]
    Syntax,
    /// It is longer than the standard lets addresses be.
    #[error("address too long")]
    TooLong,
}

/// The argument of MAIL FROM.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReversePath {
    /// `<>`: a notification, which must not be answered (RFC 5321, section 4.5.5).
    Null,
    /// An address.
    Mailbox(Mailbox),
}

/// The argument of RCPT TO.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ForwardPath {
    /// `<postmaster>`, in any case, without a domain (RFC 5321, section 4.5.1).
    Postmaster,
    /// An address.
    Mailbox(Mailbox),
}

/// `local@host`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mailbox {
    local: String,
    host: Host,
}

/// What stands right of the `@`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A domain.
    Domain(Domain),
    /// An address literal, `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
    Literal(IpAddr),
}

/// A domain as written: letters of any case, digits, `-`, `_`, dots between labels; beyond ASCII as UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Domain(String);

impl ReversePath {
    /// Parses what stands between the angle brackets.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Ok(Self::Null);
        }
        without_route(text)?.parse().map(Self::Mailbox)
    }

    /// The address, unless null.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            Self::Null => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }
}

impl ForwardPath {
    /// Parses what stands between the angle brackets.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.eq_ignore_ascii_case("postmaster") {
            return Ok(Self::Postmaster);
        }
        let mailbox: Mailbox = without_route(text)?.parse()?;
        if mailbox.local.len() > LOCAL_PART_BYTES_MAX {
            return Err(AddressError::TooLong);
        }
        Ok(Self::Mailbox(mailbox))
    }

    /// The address, unless the bare postmaster.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            Self::Postmaster => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }
}

impl Mailbox {
    /// The local part, unquoted; its letters' case is the sender's. May hold spaces, `@`, or nothing at all.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// What stands right of the `@`.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The domain, unless the host is an address literal.
    pub fn domain(&self) -> Option<&Domain> {
        match &self.host {
            Host::Domain(domain) => Some(domain),
            Host::Literal(_) => None,
        }
    }

    /// Whether it can stand in a transaction without SMTPUTF8.
    pub fn is_ascii(&self) -> bool {
        self.local.is_ascii() && self.domain().is_none_or(|domain| domain.0.is_ascii())
    }
}

impl FromStr for Mailbox {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.len() > MAILBOX_BYTES_MAX {
            return Err(AddressError::TooLong);
        }
        let (local, host) = match text.strip_prefix('"') {
            Some(quoted) => unquoted_local(quoted)?,
            None => dotted_local(text)?,
        };
        Ok(Self { local, host: host.parse()? })
    }
}

impl FromStr for Host {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let Some(literal) = text.strip_prefix('[') else {
            return text.parse().map(Self::Domain);
        };
        let literal = literal.strip_suffix(']').ok_or(AddressError::Syntax)?;
        let address = match literal.split_at_checked(5) {
            Some((tag, v6)) if tag.eq_ignore_ascii_case("IPv6:") => v6.parse::<Ipv6Addr>().map(IpAddr::V6),
            _ => literal.parse::<Ipv4Addr>().map(IpAddr::V4),
        };
        address.map(Self::Literal).map_err(|_| AddressError::Syntax)
    }
}

impl Domain {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With ASCII letters in lower case: enough to compare domains in ASCII. What lies beyond needs IDNA.
    pub fn to_ascii_lowercase(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for Domain {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.len() > DOMAIN_BYTES_MAX {
            return Err(AddressError::TooLong);
        }
        for label in text.split('.') {
            if label.is_empty() || label.starts_with('-') || label.ends_with('-') {
                return Err(AddressError::Syntax);
            }
            if label.is_ascii() && label.len() > LABEL_BYTES_MAX {
                return Err(AddressError::TooLong);
            }
            if !label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || is_utf8_text(c))
            {
                return Err(AddressError::Syntax);
            }
        }
        Ok(Self(text.to_owned()))
    }
}

/// In the brackets' form: `<>` is written as nothing.
impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mailbox().map_or(Ok(()), |mailbox| mailbox.fmt(f))
    }
}

impl fmt::Display for ForwardPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postmaster => f.write_str("postmaster"),
            Self::Mailbox(mailbox) => mailbox.fmt(f),
        }
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.local.is_empty() && self.local.chars().all(is_dotted_text) {
            return write!(f, "{}@{}", self.local, self.host);
        }
        f.write_str("\"")?;
        for c in self.local.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        write!(f, "\"@{}", self.host)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(domain) => domain.fmt(f),
            Self::Literal(IpAddr::V4(v4)) => write!(f, "[{v4}]"),
            Self::Literal(IpAddr::V6(v6)) => write!(f, "[IPv6:{v6}]"),
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Drops a source route, `@a,@b:` (RFC 5321, appendix C: must be accepted, should be ignored).
fn without_route(text: &str) -> Result<&str, AddressError> {
    if !text.starts_with('@') {
        return Ok(text);
    }
    let (route, mailbox) = text.split_once(':').ok_or(AddressError::Syntax)?;
    for hop in route.split(',') {
        hop.strip_prefix('@').ok_or(AddressError::Syntax)?.parse::<Domain>()?;
    }
    Ok(mailbox)
}

/// Splits `local@host` where the local part is unquoted.
fn dotted_local(text: &str) -> Result<(String, &str), AddressError> {
    let (local, host) = text.split_once('@').ok_or(AddressError::Syntax)?;
    if local.is_empty() || !local.chars().all(is_dotted_text) {
        return Err(AddressError::Syntax);
    }
    Ok((local.to_owned(), host))
}

/// Splits `local"@host`, the opening quote already taken, and resolves quoted pairs.
fn unquoted_local(text: &str) -> Result<(String, &str), AddressError> {
    let mut local = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next().ok_or(AddressError::Syntax)? {
            '"' => break,
            '\\' => match chars.next() {
                Some(c @ ' '..='~') => local.push(c),
                _ => return Err(AddressError::Syntax),
            },
            c if matches!(c, ' '..='~') || is_utf8_text(c) => local.push(c),
            _ => return Err(AddressError::Syntax),
        }
    }
    let host = chars.as_str().strip_prefix('@').ok_or(AddressError::Syntax)?;
    Ok((local, host))
}

/// `atext` (RFC 5322, section 3.2.3; RFC 6531 adds UTF-8) or a dot.
fn is_dotted_text(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c) || is_utf8_text(c)
}

/// What RFC 6531 adds, less the control characters of Latin 1 and the invisible separators of lines.
fn is_utf8_text(c: char) -> bool {
    !c.is_ascii() && !c.is_control() && !c.is_whitespace()
}

#[cfg(test)]
mod tests;
