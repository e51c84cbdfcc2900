//! The outside as ports: clock, randomness, DNS, TLS material, and how many connections each client has.
//!
//! Whatever a run of the server depends on beyond its own data comes in through a type of this crate, so that
//! a test can hold it still: [`clock::Clock`], [`random::Random`] and [`dns::Dns`] are traits; the real ones
//! stand beside them. Nothing above this crate reads the time, asks DNS or rolls dice by other means.

pub mod clients;
pub mod clock;
pub mod dns;
pub mod random;
pub mod tls;

pub use clients::{ClientPlace, Clients};
pub use clock::{Clock, SystemClock};
pub use random::{Random, SystemRandom};
