//! The door, told as the mail servers that come to it would.

mod client;
mod deadlines;
mod doors;
mod limits;
mod mail;
mod policies;
mod recipients;
mod tls;
mod world;
