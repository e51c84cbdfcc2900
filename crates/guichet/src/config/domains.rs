//! The kinds of values that only settings of domains' records have.

use std::net::IpAddr;

use super::value::Value;

/// An address of this machine, as others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address(pub(crate) IpAddr);

impl Value for Address {
    fn expected() -> String {
        "an address, as in `192.0.2.25` or `2001:db8::25`".to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

/// What the policy of MTA-STS says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PolicyMode {
    /// Nothing: there is none.
    None,
    /// Senders report.
    Testing,
    /// Senders insist.
    Enforce,
}

impl Value for PolicyMode {
    fn expected() -> String {
        "`testing`, `enforce` or `none`".to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self::None),
            "testing" => Some(Self::Testing),
            "enforce" => Some(Self::Enforce),
            _ => None,
        }
    }
}
