//! Records looked at in a DNS that is only data; and, where it matters, in a real one.

mod hostile;
mod judging;
mod records;
mod server;
mod watching;
mod world;
