//! The names of things: one newtype each, so that a team is never taken for a person.
//!
//! All are numbers from 1, unique within their organisation, never reused.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map($name)
            }
        }
    };
}

id!(/// A channel: one address through which mail comes in and goes out.
    ChannelId);
id!(/// A person of an organisation: an admin or an agent.
    PersonId);
id!(/// A team: a group of agents with its own tickets.
    TeamId);
id!(/// An API token, as shown in lists; not the secret.
    TokenId);
id!(/// A claim of a name below the base domain.
    ClaimId);
id!(/// A session of a person, as shown in lists; not the secret.
    SessionId);
