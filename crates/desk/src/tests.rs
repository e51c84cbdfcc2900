//! The desk, told as its users would.

mod copies;
mod idempotency;
mod lists;
mod model;
mod people;
mod policy;
mod queue_actions;
mod queue_promises;
mod queue_records;
mod queue_sending;
mod queue_world;
mod races;
mod receiving;
mod records;
mod strangers;
mod suppressions;
mod threads;
mod uploads;
mod world;
mod writing_letters;
mod writing_mail;
mod writing_races;
mod writing_recipients;
mod writing_tickets;
