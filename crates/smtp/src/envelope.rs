//! What a transaction says about a mail beside its content: who, to whom, how, over which channel.
//!
//! These are the types that a driver gets in its questions and, gathered in an [`Envelope`], at the end of
//! a body. What must hold: an `Envelope` that leaves the machine has at least one recipient.
//!
//! *Standards*: RFC 5321, section 4.4 (trace); RFC 3848 and 6531, section 4.3 (protocol names).

use std::fmt;
use std::net::SocketAddr;

use crate::address::{ForwardPath, ReversePath};
use crate::parameters::{MailParameters, RecipientParameters};

/// One mail's transaction, complete: all that was agreed before its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The client's address, as given to [`Receiver::connected`](crate::Receiver::connected).
    pub peer: SocketAddr,
    /// How the client named itself.
    pub hello: Hello,
    /// The TLS session that carried the transaction, if any.
    pub tls: Option<TlsSession>,
    /// From `MAIL FROM`.
    pub reverse_path: ReversePath,
    /// The parameters of `MAIL FROM`.
    pub parameters: MailParameters,
    /// The recipients that were accepted, in order, repetitions included.
    pub recipients: Vec<Recipient>,
}

impl Envelope {
    /// The name for the *with* clause of a Received field.
    pub fn protocol(&self) -> Protocol {
        match (self.hello.verb, self.parameters.smtputf8, self.tls.is_some()) {
            (HelloVerb::Helo, _, _) => Protocol::Smtp,
            (HelloVerb::Ehlo, false, false) => Protocol::Esmtp,
            (HelloVerb::Ehlo, false, true) => Protocol::Esmtps,
            (HelloVerb::Ehlo, true, false) => Protocol::Utf8Smtp,
            (HelloVerb::Ehlo, true, true) => Protocol::Utf8Smtps,
        }
    }
}

/// One accepted recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// From `RCPT TO`.
    pub path: ForwardPath,
    /// The parameters of `RCPT TO`.
    pub parameters: RecipientParameters,
}

/// How a client named itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Which command it used.
    pub verb: HelloVerb,
    /// Its argument as written: 1 to [`Hello::NAME_BYTES_MAX`] printable ASCII characters without space.
    /// Many clients send no valid domain, so nothing more is asked of it.
    pub name: String,
}

impl Hello {
    /// Octets of a name: a domain's longest (RFC 5321, section 4.5.3.1.2).
    pub const NAME_BYTES_MAX: usize = 255;

    /// The name in a form that can stand in a header field: what has a meaning there becomes `?`.
    pub fn trace_name(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        self.name.chars().map(|c| if plain(c) { c } else { '?' }).collect()
    }
}

/// The command of a [`Hello`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelloVerb {
    /// `HELO`: no extensions.
    Helo,
    /// `EHLO`.
    Ehlo,
}

/// What a finished TLS handshake agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSession {
    /// Such as `TLSv1.3`.
    pub version: String,
    /// The cipher suite's IANA name.
    pub cipher: String,
    /// The server name that the client asked for (SNI).
    pub server_name: Option<String>,
}

/// The `BODY` parameter (RFC 6152). BINARYMIME is not offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyType {
    /// `7BIT`, and the default. Eight-bit content is taken all the same.
    #[default]
    SevenBit,
    /// `8BITMIME`.
    EightBitMime,
}

/// Protocol names of a Received field's *with* clause; displays as the registered word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// After HELO.
    Smtp,
    /// After EHLO.
    Esmtp,
    /// After EHLO within TLS.
    Esmtps,
    /// With SMTPUTF8.
    Utf8Smtp,
    /// With SMTPUTF8 within TLS.
    Utf8Smtps,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smtp => "SMTP",
            Self::Esmtp => "ESMTP",
            Self::Esmtps => "ESMTPS",
            Self::Utf8Smtp => "UTF8SMTP",
            Self::Utf8Smtps => "UTF8SMTPS",
        })
    }
}
