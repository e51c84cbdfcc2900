//! Whole-program journeys: Guichet started as a person starts it, and real programs that talk to it.
#![allow(clippy::indexing_slicing, reason = "only JSON is indexed: what it does not have is null")]

mod agent;
mod autoresponder;
mod claims;
mod crash;
mod crash_out;
mod customer;
mod deliveries;
mod disk_full;
mod every_endpoint;
mod first_start;
mod forwards;
mod furnished;
mod invitation;
mod isolation;
mod key_change;
mod large_mails;
mod letters;
mod names;
mod other_clients;
mod own_channels;
mod own_domain;
mod proofs;
mod replies;
mod server_check;
mod silence;
mod strangers_mail;
mod strangers_out;
mod teams;
mod tickets_further;
