//! The ports of `guichet-sys` as data, for tests.
//!
//! A fake is data, not behaviour: [`Zone`] says what DNS holds, [`StillClock`] what time it is. [`FakeDns`]
//! answers from a zone in memory, [`DnsServer`] serves the same zone over UDP and TCP on loopback, so that
//! the real resolver and real peers can ask it.

mod clock;
mod dns_server;
mod fake_dns;
mod random;
mod zone;

pub use clock::StillClock;
pub use dns_server::DnsServer;
pub use fake_dns::FakeDns;
pub use random::CountingRandom;
pub use zone::{Found, Zone};
