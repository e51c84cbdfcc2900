//! The ESMTP parameters of MAIL FROM and RCPT TO.
//!
//! *Standards*: RFC 5321, section 4.1.2 (`esmtp-param`); RFC 1870 (SIZE), 6152 (BODY), 6531 (SMTPUTF8), 3461
//! (RET, ENVID, NOTIFY, ORCPT and xtext), 6533, section 3 (`utf-8` in ORCPT).
//!
//! What must hold: an unknown parameter, or one given twice, refuses the command; nothing is ignored.

use crate::envelope::BodyType;

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
