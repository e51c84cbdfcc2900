//! The desk, told as its users would.

mod lists;
mod people;
mod policy;
mod receiving;
mod records;
mod threads;
mod world;
