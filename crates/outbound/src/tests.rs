//! The deliverer against servers on loopback.

mod local;
mod loops;
mod promises;
mod queue;
mod replies;
mod tls;
mod unheard;
mod world;
