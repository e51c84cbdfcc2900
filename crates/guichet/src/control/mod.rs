//! The control socket: how the command line speaks to the server that holds the data.
//!
//! A connection carries one request and one reply, each a line of JSON. *Must hold*: both sides bound what they read
//! and how long they wait.
//!
//! *Security*: the socket is `control.sock` in the data directory, mode 0600; whoever may open it is the operator.

mod client;
mod server;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub(crate) use client::{Asked, ClientError, ask};
pub(crate) use server::{bind, serve};

use crate::command::{Answer, Command};

/// The longest request, in bytes.
const REQUEST_BYTES_MAX: u64 = 64 << 10;
/// The longest reply, in bytes: ten thousand channels with their aliases find room.
const REPLY_BYTES_MAX: u64 = 64 << 20;
/// How long a connection may take as a whole, in seconds.
const EXCHANGE_SECS_MAX: u64 = 30;
/// Connections that are served at one time; further ones wait.
const CONNECTIONS_MAX: usize = 16;

/// What the command line sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Request {
    command: Command,
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// It is done.
    Done(Answer),
    /// It is not done; the text says why.
    Refused(String),
}
