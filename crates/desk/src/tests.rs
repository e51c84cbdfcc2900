//! The desk, told as its users would.

mod copies;
mod lists;
mod model;
mod people;
mod policy;
mod races;
mod receiving;
mod records;
mod strangers;
mod threads;
mod world;
