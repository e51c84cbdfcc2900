//! The command line's end of the control socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::{EXCHANGE_SECS_MAX, REPLY_BYTES_MAX, Reply, Request};
use crate::command::Command;

/// What became of a question.
#[derive(Debug)]
pub(crate) enum Asked {
    /// The server answered.
    Answered(Reply),
    /// No server listens there.
    NoServer,
}

/// Why the server could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The socket belongs to somebody else.
    #[error("{0}: you may not speak to the server; run this as the user that it runs as")]
    Forbidden(String),
    /// The connection broke, or took too long.
    #[error("{path}: the server did not answer ({error}); what was asked may or may not have been done")]
    Broken {
        /// The socket.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// The answer is none.
    #[error("{0}: the server's answer can't be read; are both of the same version?")]
    Unreadable(String),
}

/// Asks the server that listens at this socket.
pub(crate) fn ask(socket: &Path, command: &Command) -> Result<Asked, ClientError> {
    let path = || socket.display().to_string();
    let stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error) => match error.kind() {
            // A socket file that nobody listens at was left by a server that was killed.
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => return Ok(Asked::NoServer),
            io::ErrorKind::PermissionDenied => return Err(ClientError::Forbidden(path())),
            _ => return Err(ClientError::Broken { path: path(), error }),
        },
    };
    let line = exchange(&stream, &Request { command: command.clone() })
        .map_err(|error| ClientError::Broken { path: path(), error })?;
    let reply = serde_json::from_slice(&line).map_err(|_| ClientError::Unreadable(path()))?;
    Ok(Asked::Answered(reply))
}

fn exchange(mut stream: &UnixStream, request: &Request) -> io::Result<Vec<u8>> {
    let patience = Some(Duration::from_secs(EXCHANGE_SECS_MAX));
    stream.set_read_timeout(patience)?;
    stream.set_write_timeout(patience)?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    line.clear();
    BufReader::new(stream.take(REPLY_BYTES_MAX)).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line)
}
