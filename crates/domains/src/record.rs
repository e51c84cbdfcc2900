//! A record that should stand in the DNS: what it is for, who needs it, who publishes it.

use std::fmt;

use guichet_accounts::{DkimAlgorithm, DkimState};
use guichet_sys::dns::RecordType;
use minicbor::{Decode, Encode};

/// What a record is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Purpose {
    /// That the domain is the organisation's.
    #[n(0)]
    Proof,
    /// That mail comes here.
    #[n(1)]
    Mx,
    /// That mail may leave from here (RFC 7208).
    #[n(2)]
    Spf,
    /// The key of signatures (RFC 6376).
    #[n(3)]
    Dkim,
    /// What becomes of mail without either (RFC 9989).
    #[n(4)]
    Dmarc,
    /// That a policy on TLS can be fetched (RFC 8461).
    #[n(5)]
    MtaSts,
    /// The host that it is fetched from.
    #[n(6)]
    MtaStsHost,
    /// Who hears of trouble with TLS (RFC 8460).
    #[n(7)]
    TlsRpt,
    /// The address of a host of ours.
    #[n(8)]
    Host,
    /// The name of a sending address.
    #[n(9)]
    Ptr,
    /// A mail server that answers.
    #[n(10)]
    Port,
    /// The certificate that it shows.
    #[n(11)]
    Certificate,
}

impl Purpose {
    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proof => "proof",
            Self::Mx => "mx",
            Self::Spf => "spf",
            Self::Dkim => "dkim",
            Self::Dmarc => "dmarc",
            Self::MtaSts => "mta_sts",
            Self::MtaStsHost => "mta_sts_host",
            Self::TlsRpt => "tls_rpt",
            Self::Host => "host",
            Self::Ptr => "ptr",
            Self::Port => "port",
            Self::Certificate => "certificate",
        }
    }
}

/// What does not work without a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// The domain does not count as the organisation's.
    Proof,
    /// Mail does not come here.
    Receiving,
    /// Mail that leaves is not believed.
    Sending,
    /// Nothing; it is good to have.
    Advised,
    /// Nothing any more; it may go.
    Done,
}

impl Need {
    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proof => "proof",
            Self::Receiving => "receiving",
            Self::Sending => "sending",
            Self::Advised => "advised",
            Self::Done => "done",
        }
    }

    /// Whether something does not work without it.
    #[must_use]
    pub fn is_required(self) -> bool {
        matches!(self, Self::Proof | Self::Receiving | Self::Sending)
    }
}

/// Who publishes a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publisher {
    /// The organisation, in its own DNS.
    Organisation,
    /// The operator of this server, below the base domain.
    Operator,
}

impl Publisher {
    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Operator => "operator",
        }
    }
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// TXT: one text.
    Text(String),
    /// MX: preference and host.
    Mx(u16, String),
    /// CNAME: another name.
    Alias(String),
}

impl Value {
    /// The type of the record, as a zone file writes it.
    #[must_use]
    pub fn record_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "TXT",
            Self::Mx(..) => "MX",
            Self::Alias(_) => "CNAME",
        }
    }

    /// The type of the question that finds it. What an alias leads to is an address.
    pub(crate) fn question(&self) -> RecordType {
        match self {
            Self::Text(_) => RecordType::Txt,
            Self::Mx(..) => RecordType::Mx,
            Self::Alias(_) => RecordType::A,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Mx(preference, host) => write!(f, "{preference} {host}"),
            Self::Alias(name) => f.write_str(name),
        }
    }
}

/// The key that a DKIM record publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The domain that signs.
    pub domain: String,
    /// Its selector.
    pub selector: String,
    /// How it signs.
    pub algorithm: DkimAlgorithm,
    /// Whether it signs yet, still, or no more.
    pub state: DkimState,
}

/// A record that should stand in the DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What it is for.
    pub purpose: Purpose,
    /// Where it stands.
    pub name: String,
    /// What it says; others may say the same in other words.
    pub value: Value,
    /// What does not work without it.
    pub need: Need,
    /// Who publishes it.
    pub publisher: Publisher,
    /// Of a DKIM record, its key.
    pub signer: Option<Signer>,
}
