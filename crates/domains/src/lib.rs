//! What has to stand in the DNS for a domain to receive and to send: what is expected, what is found at the domain's own
//! name servers, what to do about the difference; and the watch over it from then on.
//!
//! [`Domains`] says what is expected of a domain, looks at it now, and remembers the last look. [`Watch`] looks by itself:
//! often while something lacks, daily when all is well. What a look finds has consequences, whoever caused it: a proof
//! that is seen verifies the domain, new DKIM keys that are seen sign, and a record that was fine and is so no more is
//! told to the admins. [`Domains::check_server`] looks at the operator's own records, addresses and port.
//!
//! *Must hold*: a look asks a bounded number of questions in a bounded time; of one domain there is one look at a time,
//! shared by all who want it; trouble of asking never breaks anything and never mends it.

mod check;
mod consequences;
mod decisions;
pub mod dkim_keys;
mod domains;
mod expected;
mod keys;
mod places;
mod policy;
mod record;
mod running;
mod server;
mod settings;
#[cfg(test)]
mod tests;
mod watch;
mod watched;
mod zone;

pub use check::{Look, State};
pub use decisions::tell_declined;
pub use domains::{Backends, Checked, Domains, Readiness, Report};
pub use record::{Expected, Need, Publisher, Purpose, Signer, Value};
pub use server::{ServerItem, ServerReport};
pub use settings::{MtaStsMode, Settings};
pub use watch::Watch;
pub use zone::zone_text;
