//! What a sending session is set to.

use crate::address::Host;

use super::auth::Credentials;
use super::limits::SenderLimits;

/// What a session is set to.
#[derive(Clone, Debug)]
pub struct SenderSettings {
    /// Our own name, for EHLO.
    pub helo: Host,
    /// What is wished of TLS.
    pub tls: TlsWish,
    /// Who we are to this remote; to a stranger's MX, nobody.
    pub credentials: Option<Credentials>,
    /// Bounds.
    pub limits: SenderLimits,
}

/// What is wished of TLS. Whose certificate is good enough is the driver's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsWish {
    /// None, not even if it is offered: for a second try after a handshake that failed.
    Never,
    /// STARTTLS if it is offered (RFC 7435); a refusal of STARTTLS is put up with.
    IfOffered,
    /// STARTTLS, or the connection fails.
    Required,
    /// The driver shakes hands before the session begins (RFC 8314, section 3).
    Implicit,
}
