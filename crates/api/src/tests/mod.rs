//! The API as a client meets it, in process: two organisations, their tokens, mail through the desk's door.

mod change;
mod deliveries;
mod events;
mod everywhere;
mod limits;
mod messages;
mod parts;
mod quarantine;
mod queue;
mod records;
mod settings;
mod suppressions;
mod surface;
mod tickets;
mod uploads;
mod world;
mod writing;
