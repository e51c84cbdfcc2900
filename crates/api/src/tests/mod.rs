//! The API as a client meets it, in process: two organisations, their tokens, mail through the desk's door.

mod change;
mod events;
mod everywhere;
mod limits;
mod messages;
mod parts;
mod quarantine;
mod settings;
mod surface;
mod tickets;
mod world;
