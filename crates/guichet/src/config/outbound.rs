//! The kinds of values that only settings of outbound mail have.

use guichet_mail::DomainName;

use super::value::Value;

/// Another server, by name, and its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPort {
    /// Its name, which its certificate proves.
    pub(crate) host: DomainName,
    /// The port.
    pub(crate) port: u16,
}

impl Value for HostPort {
    fn expected() -> String {
        "a name, not an address, since its certificate is held to it, with a port, as in `mail.example.org:587`".to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let port = port.parse().ok().filter(|port| *port != 0)?;
        Some(Self { host: DomainName::parse(host).ok()?, port })
    }
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretText(pub(crate) String);

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretText(..)")
    }
}

impl Value for SecretText {
    const IS_SECRET: bool = true;

    fn expected() -> String {
        "a text without control characters".to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }
}

/// What becomes of mail that is written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutboundMode {
    /// It is composed, signed and shown, and stays here.
    Capture,
    /// It is sent.
    Deliver,
}

impl Value for OutboundMode {
    fn expected() -> String {
        "`capture` or `deliver`".to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        match text {
            "capture" => Some(Self::Capture),
            "deliver" => Some(Self::Deliver),
            _ => None,
        }
    }
}

/// How a connection to the smart host is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// Not at all.
    None,
    /// By STARTTLS, which must be offered.
    StartTls,
    /// By TLS from the first octet.
    Tls,
}

impl Value for Security {
    fn expected() -> String {
        "`starttls`, `tls` or `none`".to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self::None),
            "starttls" => Some(Self::StartTls),
            "tls" => Some(Self::Tls),
            _ => None,
        }
    }
}
