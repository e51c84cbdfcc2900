//! DNS: a port of one method, and in front of it a resolver with limits and a cache.
//!
//! [`Dns`] is what a test replaces by data: one question, one answer. [`Hickory`] is the real one. [`Resolver`]
//! stands in front of either and is what the rest of the server holds: typed look-ups, a shared cache that
//! honours time to live (absence included), a bound on waiting and on questions under way.
//!
//! Beside them a [`Source`] asks a zone's own name servers, one by one and past every cache, for those who want to know
//! what is published now: [`Direct`] is its port.
//!
//! # What must hold
//! - An answer is never empty: no records is [`DnsError::NoRecords`], no such name is [`DnsError::NoSuchName`].
//! - Trouble (`SERVFAIL`, a timeout, no server at all) is [`DnsError::TryAgain`], never taken for absence.
//!
//! # Standards
//! RFC 1034 and 1035; RFC 2308 (negative caching); RFC 8020 (NXDOMAIN: nothing beneath either).

mod cache;
mod direct;
mod hickory;
mod inquiry;
mod name;
mod resolver;

use std::{
    fmt,
    future::Future,
    net::{Ipv4Addr, Ipv6Addr},
    pin::Pin,
};

pub use direct::{Direct, HickoryDirect, Statement, StatementFuture};
pub use hickory::{BadServer, Hickory};
pub use inquiry::{Finding, Inquiry, InquiryLimits, Source};
pub use name::reverse_name;
pub use resolver::{DnsLimits, Resolver};

/// The record types that mail needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordType {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// Mail exchanger.
    Mx,
    /// Name server of a zone.
    Ns,
    /// Name of an address.
    Ptr,
    /// Text.
    Txt,
}

impl fmt::Display for RecordType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Mx => "MX",
            Self::Ns => "NS",
            Self::Ptr => "PTR",
            Self::Txt => "TXT",
        })
    }
}

/// One mail exchanger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mx {
    /// Lower is tried first.
    pub preference: u16,
    /// Host name in lower case without its final dot; empty means "takes no mail" (RFC 7505).
    pub exchange: Box<str>,
}

/// One record of an answer. Names are lower case without a final dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Record {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// A mail exchanger.
    Mx(Mx),
    /// The name of a name server.
    Ns(Box<str>),
    /// A name.
    Ptr(Box<str>),
    /// The character-strings of one TXT record, joined (RFC 7208 section 3.3, RFC 6376 section 3.6.2.2).
    Txt(Box<[u8]>),
}

impl Record {
    /// Its type.
    #[must_use]
    pub fn record_type(&self) -> RecordType {
        match self {
            Self::A(_) => RecordType::A,
            Self::Aaaa(_) => RecordType::Aaaa,
            Self::Mx(_) => RecordType::Mx,
            Self::Ns(_) => RecordType::Ns,
            Self::Ptr(_) => RecordType::Ptr,
            Self::Txt(_) => RecordType::Txt,
        }
    }
}

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The answer itself.
    pub answer: Answer,
    /// How long it may be kept, in seconds.
    pub ttl_secs: u32,
}

/// The three things that DNS can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// At least one record of the type asked for; aliases (CNAME) already followed.
    Records(Vec<Record>),
    /// NODATA: the name is there, the type is not.
    NoRecords,
    /// NXDOMAIN: the name is not there, nor anything beneath it.
    NoSuchName,
}

/// The question under way.
pub type DnsFuture<'a> = Pin<Box<dyn Future<Output = Result<Reply, DnsError>> + Send + 'a>>;

/// Asks DNS one question. `name` is lower case, valid, without a final dot.
pub trait Dns: Send + Sync + 'static {
    /// Asks. The only error is [`DnsError::TryAgain`]; absence is an [`Answer`].
    fn query<'a>(&'a self, name: &'a str, record_type: RecordType) -> DnsFuture<'a>;
}

/// Why there are no records.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// NXDOMAIN: there is no such name.
    #[error("no such name in DNS")]
    NoSuchName,
    /// The name is there, but has no record of that type.
    #[error("no record of that type in DNS")]
    NoRecords,
    /// What was asked for can't be a DNS name (a label empty or over 63 octets, over 253 in all, not ASCII).
    #[error("not a DNS name")]
    BadName,
    /// DNS could not say; asking later may help.
    #[error("DNS: {0}")]
    TryAgain(Box<str>),
}

impl DnsError {
    /// True if asking later may bring another answer.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::TryAgain(_))
    }
}
