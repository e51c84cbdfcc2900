//! What of this server stands in other people's DNS: its hosts and addresses, as the operator set them.

use std::net::IpAddr;

use guichet_mail::DomainName;

/// How mail servers shall treat one of ours that can't prove its name (RFC 8461 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MtaStsMode {
    /// There is no policy; a sender that has an old one forgets it.
    None,
    /// They send all the same, and report.
    Testing,
    /// They do not send.
    Enforce,
}

impl MtaStsMode {
    /// The word of the policy.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Testing => "testing",
            Self::Enforce => "enforce",
        }
    }
}

/// What records are made from and compared with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server's own name: in its greeting and `EHLO`, and what its addresses should lead back to.
    pub host_name: DomainName,
    /// The hosts that take mail, the preferred first; never empty.
    pub mx_hosts: Vec<DomainName>,
    /// The addresses that mail leaves from; where there are none, those of `host_name` in DNS.
    pub sending_addresses: Vec<IpAddr>,
    /// The server that takes all mail that leaves, if there is one: then its addresses are unknown here.
    pub smart_host: Option<String>,
    /// The host that answers HTTPS, for MTA-STS.
    pub web_host: DomainName,
    /// What the policy says that is served for MTA-STS.
    pub mta_sts: MtaStsMode,
    /// The port at which the hosts that take mail are tried.
    pub smtp_port: u16,
}

impl Settings {
    /// Of a server that does everything under one name.
    #[must_use]
    pub fn new(host_name: DomainName) -> Self {
        Self {
            mx_hosts: vec![host_name.clone()],
            web_host: host_name.clone(),
            host_name,
            sending_addresses: Vec::new(),
            smart_host: None,
            mta_sts: MtaStsMode::Testing,
            smtp_port: 25,
        }
    }
}
