//! The ports of `guichet-sys` as data, for tests.
//!
//! A fake is data, not behaviour: [`Zone`] says what DNS holds, [`StillClock`] what time it is. [`FakeDns`]
//! answers from a zone in memory, [`DnsServer`] serves the same zone over UDP and TCP on loopback, so that
//! the real resolver and real peers can ask it. [`ScriptedMx`] is a mail server on loopback that follows a script, with
//! certificates of an [`Authority`] of the test's own.

mod certificates;
mod clock;
mod dns_server;
mod fake_dns;
mod random;
mod script;
mod scripted_mx;
mod zone;

pub use certificates::{Authority, Validity};
pub use clock::StillClock;
pub use dns_server::DnsServer;
pub use fake_dns::FakeDns;
pub use random::CountingRandom;
pub use script::{Reaction, Script};
pub use scripted_mx::{ScriptedMx, TakenMail};
pub use zone::{Found, Zone};
