//! HTTP/1.1 as far as a test needs it: one request on a connection of its own, and the answer as a stream.
//!
//! *Standards*: RFC 9112.

use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::wait::ANSWER_SECS_MAX;

/// Status, fields and a body still to be read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Box<dyn BufRead + Send>,
}

/// Sends the request and reads the head of the answer. A read that waits longer than [`ANSWER_SECS_MAX`] fails.
pub(crate) fn ask(
    to: SocketAddr,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer> {
    let mut connection = TcpStream::connect(to).with_context(|| format!("connecting to {to}"))?;
    connection.set_read_timeout(Some(Duration::from_secs(ANSWER_SECS_MAX)))?;
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request.extend([format!("Host: {to}\r\n")]);
    }
    request.extend(fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
    request.extend([format!("Content-Length: {}\r\n\r\n", body.len())]);
    connection.write_all(&[request.as_bytes(), body].concat()).context("asking")?;
    let mut connection = BufReader::new(connection);
    let status = head_line(&mut connection)?;
    let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("{method} {path}: no status"))?;
    let fields = read_fields(&mut connection)?;
    let body = body_of(connection, &fields);
    Ok(Answer { status, fields, body })
}

fn read_fields(from: &mut impl BufRead) -> Result<Vec<(String, String)>> {
    let mut fields = Vec::new();
    loop {
        let line = head_line(from)?;
        if line.is_empty() {
            return Ok(fields);
        }
        let (name, value) = line.split_once(':').with_context(|| format!("no field: {line:?}"))?;
        fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn head_line(from: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    from.read_line(&mut line).context("waiting for an answer")?;
    Ok(line.trim_end().to_owned())
}

fn body_of(connection: BufReader<TcpStream>, fields: &[(String, String)]) -> Box<dyn BufRead + Send> {
    let field = |name| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
    if field("transfer-encoding") == Some("chunked") {
        return Box::new(BufReader::new(Chunked { from: connection, left: 0, ended: false }));
    }
    match field("content-length").and_then(|length| length.parse().ok()) {
        Some(length) => Box::new(connection.take(length)),
        None => Box::new(connection),
    }
}

/// Takes the chunks of RFC 9112, 7.1 apart.
struct Chunked<R> {
    from: R,
    left: u64,
    ended: bool,
}

impl<R: BufRead> Read for Chunked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !self.ended {
            self.next_chunk()?;
        }
        if self.ended {
            return Ok(0);
        }
        let read = self.from.by_ref().take(self.left).read(into)?;
        if read == 0 && !into.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        if self.left == 0 {
            self.from.read_line(&mut String::new())?;
        }
        Ok(read)
    }
}

impl<R: BufRead> Chunked<R> {
    fn next_chunk(&mut self) -> io::Result<()> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        let size = line.trim_end().split(';').next().unwrap_or_default();
        self.left = u64::from_str_radix(size, 16).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        self.ended = self.left == 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::Chunked;

    #[test]
    fn chunks_are_joined() {
        let from = "4\r\nWiki\r\n6;x=y\r\npedia \r\nB\r\nin chunks.\n\r\n0\r\n\r\n".as_bytes();
        let mut text = String::new();
        Chunked { from, left: 0, ended: false }.read_to_string(&mut text).unwrap();
        assert_eq!(text, "Wikipedia in chunks.\n");
    }

    #[test]
    fn a_stream_cut_short_is_an_error() {
        let mut text = String::new();
        assert!(
            Chunked { from: "4\r\nWi".as_bytes(), left: 0, ended: false }.read_to_string(&mut text).is_err()
        );
    }
}
