//! What a role may do, and what a token of its bearer may: never more.

use crate::records::Role;
use crate::{Scope, Scopes};

impl Role {
    /// What somebody with this role may do at most.
    pub fn scopes(self) -> Scopes {
        Scope::ALL.into_iter().filter(|scope| self.may(*scope)).collect()
    }

    fn may(self, scope: Scope) -> bool {
        match scope {
            Scope::TicketsRead
            | Scope::TicketsWrite
            | Scope::ContactsRead
            | Scope::ContactsWrite
            | Scope::SettingsRead
            | Scope::EventsRead
            | Scope::MessagesSend
            | Scope::DeliveriesRead
            | Scope::DeliveriesWrite => true,
            Scope::QuarantineRead
            | Scope::QuarantineWrite
            | Scope::SettingsWrite
            | Scope::PeopleWrite
            | Scope::AuditRead => self != Role::Agent,
            Scope::OperatorRead | Scope::OperatorWrite => self == Role::Operator,
        }
    }

    /// Whether it decides about the people of its organisation.
    pub fn is_admin(self) -> bool {
        match self {
            Role::Admin | Role::Operator => true,
            Role::Agent => false,
        }
    }
}

impl Scopes {
    /// What both hold.
    #[must_use]
    pub fn and(self, other: Scopes) -> Scopes {
        self.iter().filter(|scope| other.contains(*scope)).collect()
    }
}
