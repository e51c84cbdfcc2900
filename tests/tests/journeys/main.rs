//! Whole-program journeys: Guichet started as a person starts it, and real programs that talk to it.
#![allow(clippy::indexing_slicing, reason = "only JSON is indexed: what it does not have is null")]

mod agent;
mod crash;
mod customer;
mod disk_full;
mod first_start;
mod isolation;
mod large_mails;
mod letters;
mod other_clients;
mod replies;
mod strangers_mail;
