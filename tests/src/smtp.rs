//! A client that says exactly what the test wants, byte for byte.
//!
//! *Standards*: RFC 5321. What a well-behaved client would say is left to real ones (Postfix, swaks, curl).

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::wait::ANSWER_SECS_MAX;

/// An open session. Dropping it closes the connection without `QUIT`.
#[derive(Debug)]
pub struct Client {
    connection: BufReader<TcpStream>,
}

/// One reply, of one or several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// The text of each line, without code and line end.
    pub lines: Vec<String>,
}

impl Reply {
    /// The text of the last line.
    pub fn text(&self) -> &str {
        self.lines.last().map_or("", String::as_str)
    }

    /// The reply itself where its code is this; otherwise an error that shows it.
    pub fn expect(self, code: u16) -> Result<Self> {
        if self.code != code {
            bail!("expected {code}, heard {} {}", self.code, self.lines.join(" | "));
        }
        Ok(self)
    }
}

impl Client {
    /// Connects and waits for the greeting.
    pub fn connect(to: SocketAddr) -> Result<Self> {
        let connection = TcpStream::connect(to).with_context(|| format!("connecting to {to}"))?;
        connection.set_read_timeout(Some(Duration::from_secs(ANSWER_SECS_MAX)))?;
        connection.set_nodelay(true)?;
        let mut client = Self { connection: BufReader::new(connection) };
        client.reply()?.expect(220)?;
        Ok(client)
    }

    /// Connects and says `EHLO`.
    pub fn greet(to: SocketAddr, name: &str) -> Result<Self> {
        let mut client = Self::connect(to)?;
        client.command(&format!("EHLO {name}"))?.expect(250)?;
        Ok(client)
    }

    /// Says one line and hears the reply.
    pub fn command(&mut self, line: &str) -> Result<Reply> {
        self.say(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// A whole transaction: the reply to the end of the mail, or to the first command that was refused.
    pub fn send(&mut self, from: &str, to: &[&str], mail: &[u8]) -> Result<Reply> {
        let recipients = to.iter().map(|recipient| format!("RCPT TO:<{recipient}>"));
        for command in [format!("MAIL FROM:<{from}>")].into_iter().chain(recipients) {
            let reply = self.command(&command)?;
            if reply.code != 250 {
                return Ok(reply);
            }
        }
        let reply = self.command("DATA")?;
        if reply.code != 354 {
            return Ok(reply);
        }
        self.say(&stuffed(mail))?;
        self.reply()
    }

    /// Writes these bytes and nothing else.
    pub fn say(&mut self, bytes: &[u8]) -> Result<()> {
        self.connection.get_mut().write_all(bytes).context("writing to the server")
    }

    /// The next reply.
    pub fn reply(&mut self) -> Result<Reply> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.connection.read_line(&mut line).context("waiting for a reply")? == 0 {
                bail!("the server closed the connection; so far: {}", lines.join(" | "));
            }
            let line = line.trim_end();
            let (code, rest) = line.split_at_checked(3).with_context(|| format!("no reply: {line:?}"))?;
            lines.push(rest.get(1..).unwrap_or_default().to_owned());
            if !rest.starts_with('-') {
                let code = code.parse().with_context(|| format!("no reply: {line:?}"))?;
                return Ok(Reply { code, lines });
            }
        }
    }
}

/// The mail as it goes after `DATA`: a dot before each line that begins with one, and the end (RFC 5321, 4.5.2).
pub fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + 8);
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend(line);
    }
    if !out.ends_with(b"\r\n") && !out.is_empty() {
        out.extend(b"\r\n");
    }
    out.extend(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::stuffed;

    #[test]
    fn dots_at_line_starts_are_doubled() {
        assert_eq!(stuffed(b".a\r\nb.\r\n..\r\n"), b"..a\r\nb.\r\n...\r\n.\r\n");
        assert_eq!(stuffed(b"no end"), b"no end\r\n.\r\n");
        assert_eq!(stuffed(b""), b".\r\n");
    }
}
