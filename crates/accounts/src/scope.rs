//! What an API token may do, in the words that people give it.

use std::fmt;
use std::str::FromStr;

/// One permission of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Read tickets, messages, raw mail and attachments.
    TicketsRead,
    /// Change tickets.
    TicketsWrite,
    /// Read contacts.
    ContactsRead,
    /// Read channels and domains.
    SettingsRead,
    /// Read what stands in quarantine.
    QuarantineRead,
    /// Release mail from quarantine.
    QuarantineWrite,
    /// Read the log of events.
    EventsRead,
    /// Write to customers: answers, new mails, drafts.
    MessagesSend,
    /// Read what became of mail that went out.
    DeliveriesRead,
    /// Retry and cancel deliveries, change the list of suppressed addresses.
    DeliveriesWrite,
    /// Change channels and domains.
    SettingsWrite,
    /// Change contacts and companies.
    ContactsWrite,
    /// Invite and change people and teams.
    PeopleWrite,
    /// Read the audit log.
    AuditRead,
    /// Read what concerns the whole server: organisations, claims, the server's own records. For operators.
    OperatorRead,
    /// Change what concerns the whole server. For operators.
    OperatorWrite,
}

impl Scope {
    /// Every scope there is, in the order of their bits: a new one comes last.
    pub const ALL: [Scope; 16] = [
        Scope::TicketsRead,
        Scope::TicketsWrite,
        Scope::ContactsRead,
        Scope::SettingsRead,
        Scope::QuarantineRead,
        Scope::QuarantineWrite,
        Scope::EventsRead,
        Scope::MessagesSend,
        Scope::DeliveriesRead,
        Scope::DeliveriesWrite,
        Scope::SettingsWrite,
        Scope::ContactsWrite,
        Scope::PeopleWrite,
        Scope::AuditRead,
        Scope::OperatorRead,
        Scope::OperatorWrite,
    ];

    /// The word that people write: `tickets:read`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::TicketsRead => "tickets:read",
            Scope::TicketsWrite => "tickets:write",
            Scope::ContactsRead => "contacts:read",
            Scope::SettingsRead => "settings:read",
            Scope::QuarantineRead => "quarantine:read",
            Scope::QuarantineWrite => "quarantine:write",
            Scope::EventsRead => "events:read",
            Scope::MessagesSend => "messages:send",
            Scope::DeliveriesRead => "deliveries:read",
            Scope::DeliveriesWrite => "deliveries:write",
            Scope::SettingsWrite => "settings:write",
            Scope::ContactsWrite => "contacts:write",
            Scope::PeopleWrite => "people:write",
            Scope::AuditRead => "audit:read",
            Scope::OperatorRead => "operator:read",
            Scope::OperatorWrite => "operator:write",
        }
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no scope.
#[derive(Debug, thiserror::Error)]
#[error("`{word}` is no scope; the scopes are {}", Scope::ALL.map(Scope::as_str).join(", "))]
pub struct UnknownScope {
    word: String,
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(word: &str) -> Result<Self, UnknownScope> {
        Scope::ALL
            .into_iter()
            .find(|scope| scope.as_str() == word)
            .ok_or_else(|| UnknownScope { word: word.to_owned() })
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub struct Scopes(#[n(0)] u32);

impl Scopes {
    /// Everything that exists today; a scope that comes later is not in it.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Whether the set holds this one.
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The scopes of the set, in their fixed order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Scopes(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_reads_back_from_its_word() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse::<Scope>().unwrap(), scope);
        }
        let error = "tickets:burn".parse::<Scope>().unwrap_err().to_string();
        assert!(error.contains("`tickets:burn` is no scope") && error.contains("tickets:read"), "{error}");
    }

    /// Tokens are stored with these bits.
    #[test]
    fn a_scope_keeps_its_bit_for_ever() {
        let bits = Scope::ALL.map(|scope| (scope.as_str(), scope.bit().trailing_zeros()));
        let kept = [
            ("tickets:read", 0),
            ("tickets:write", 1),
            ("contacts:read", 2),
            ("settings:read", 3),
            ("quarantine:read", 4),
            ("quarantine:write", 5),
            ("events:read", 6),
            ("messages:send", 7),
            ("deliveries:read", 8),
            ("deliveries:write", 9),
            ("settings:write", 10),
            ("contacts:write", 11),
            ("people:write", 12),
            ("audit:read", 13),
            ("operator:read", 14),
            ("operator:write", 15),
        ];
        assert_eq!(bits, kept);
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let set: Scopes = [Scope::TicketsRead, Scope::EventsRead].into_iter().collect();
        assert!(set.contains(Scope::EventsRead));
        assert!(!set.contains(Scope::TicketsWrite));
        assert_eq!(set.iter().count(), 2);
    }
}
