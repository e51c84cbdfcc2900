//! What the deliverer is set to.
//!
//! *Must hold*: every bound is in [`Limits`]; what is optional here is a choice, never "without limit".

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;

use guichet_accounts::SecretBytes;
use guichet_mail::DomainName;

pub use guichet_smtp::SenderLimits as SessionLimits;

use crate::limits::Limits;

/// The port of mail servers (RFC 5321, section 4.5.4.2).
const SMTP_PORT: u16 = 25;

/// Settings of the deliverer.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Our own name: in EHLO, and what tells us that we are talking to ourselves.
    pub hostname: DomainName,
    /// Whether mail leaves at all.
    pub mode: Mode,
    /// Takes all mail for others, in place of their own servers.
    pub smart_host: Option<SmartHost>,
    /// Domains whose mail goes over TLS with a proven certificate or not at all. Subdomains count as well.
    pub require_tls: Vec<DomainName>,
    /// Where we take mail ourselves; mail that would go there turns in circles. `0.0.0.0` and `::` mean every address of
    /// this machine. What a recipient's DNS names is held to the address alone: a router may lead its port 25 to ours.
    pub own_addresses: Vec<SocketAddr>,
    /// At most so many mails a minute to one destination; none means as fast as it takes them.
    pub mails_per_minute: Option<NonZeroU32>,
    /// The port of the recipients' servers: 25, but in a laboratory.
    pub port: u16,
    /// Whether mail may go to this machine itself and to its link: never, but in a laboratory.
    pub local_networks: LocalNetworks,
    /// Bounds of one session.
    pub session: SessionLimits,
    /// Every other bound.
    pub limits: Limits,
}

/// What becomes of mail that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It is delivered.
    #[default]
    Deliver,
    /// It is signed and kept; nothing touches the network, DNS included.
    Capture,
}

/// Whether mail may go to loopback and link-local addresses, and back to ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LocalNetworks {
    /// Such an address is an error of the recipient's DNS, or an attack.
    #[default]
    Refused,
    /// As any other.
    Allowed,
}

/// A server that takes all mail for others.
#[derive(Debug, Clone)]
pub struct SmartHost {
    /// Its name, to which its certificate is held.
    pub host: DomainName,
    /// Its port: 587 or 25 with STARTTLS, 465 with TLS from the start.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// How to sign in, where it wants that. Never sent without TLS.
    pub credentials: Option<Credentials>,
}

/// How the connection to a smart host is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Not at all; for one on the same machine or network.
    None,
    /// STARTTLS, and a certificate that proves the name (RFC 3207).
    StartTls,
    /// TLS from the first octet, and a certificate that proves the name (RFC 8314).
    Tls,
}

/// A user and its password.
#[derive(Clone)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: SecretBytes,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Settings {
    /// The defaults, under this name.
    pub fn new(hostname: DomainName) -> Self {
        Self {
            hostname,
            mode: Mode::default(),
            smart_host: None,
            require_tls: Vec::new(),
            own_addresses: Vec::new(),
            mails_per_minute: None,
            port: SMTP_PORT,
            local_networks: LocalNetworks::default(),
            session: SessionLimits::default(),
            limits: Limits::default(),
        }
    }

    /// Whether mail to this domain needs TLS with a proven certificate.
    pub(crate) fn requires_tls(&self, domain: &DomainName) -> bool {
        self.require_tls.iter().any(|required| domain.is_within(required))
    }
}
