//! A server of the other side that does at each step what the test wants; real ones are Postfix's part.
//!
//! *Standards*: RFC 5321, as far as a plain session needs it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};

use crate::mailbox::Mail;

/// Where a session stands when the test is asked what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Somebody connected.
    Greeting,
    /// `MAIL FROM` was said.
    Mail,
    /// `RCPT TO` was said.
    Recipient,
    /// `DATA` was said.
    Data,
    /// The mail is here and kept; its `250` was not said.
    Content,
    /// `250` was said.
    Accepted,
}

/// A mail with its envelope.
#[derive(Debug, Clone)]
pub struct Taken {
    /// `MAIL FROM`, with its parameters.
    pub from: String,
    /// `RCPT TO`, with its parameters.
    pub to: String,
    /// The mail.
    pub mail: Mail,
}

/// Listens until the test ends.
#[derive(Debug, Clone)]
pub struct Remote {
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl Remote {
    /// Listens there and asks `go_on` at each step: `false` ends the connection without a word.
    pub fn start(at: SocketAddr, go_on: impl Fn(Step) -> bool + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind(at).with_context(|| format!("listening at {at}"))?;
        let remote = Self { taken: Arc::default() };
        let (of_all, go_on) = (remote.clone(), Arc::new(go_on));
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (remote, go_on) = (of_all.clone(), Arc::clone(&go_on));
                // A session ends with an error where the client goes, which may be the test's wish.
                thread::spawn(move || drop(remote.serve(&connection, go_on.as_ref())));
            }
        });
        Ok(remote)
    }

    /// What it took so far.
    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn serve(&self, connection: &TcpStream, go_on: &dyn Fn(Step) -> bool) -> Result<()> {
        let (mut lines, mut out) = (BufReader::new(connection), connection);
        let mut say = |words: &str| out.write_all(format!("{words}\r\n").as_bytes());
        if !go_on(Step::Greeting) {
            return Ok(());
        }
        say("220 remote.example ESMTP")?;
        let (mut from, mut to) = (String::new(), String::new());
        loop {
            let line = String::from_utf8_lossy(&line(&mut lines)?).trim_end().to_owned();
            let step = step(&line);
            if step.is_some_and(|step| !go_on(step)) {
                return Ok(());
            }
            match step {
                Some(Step::Mail) => from = line,
                Some(Step::Recipient) => to = line,
                Some(Step::Data) => {
                    say("354 go on")?;
                    let mail = Mail { raw: content(&mut lines)? };
                    self.keep(Taken { from: from.clone(), to: to.clone(), mail });
                    if !go_on(Step::Content) {
                        return Ok(());
                    }
                }
                _ => {}
            }
            say("250 2.0.0 fine")?;
            if step == Some(Step::Data) {
                go_on(Step::Accepted);
            }
        }
    }

    fn keep(&self, taken: Taken) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(taken);
    }
}

/// The step that a command begins, if it is one at which the test is asked.
fn step(line: &str) -> Option<Step> {
    match line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
        "MAIL" => Some(Step::Mail),
        "RCPT" => Some(Step::Recipient),
        "DATA" => Some(Step::Data),
        _ => None,
    }
}

fn line(from: &mut BufReader<&TcpStream>) -> Result<Vec<u8>> {
    let mut line = Vec::new();
    if from.read_until(b'\n', &mut line)? == 0 {
        anyhow::bail!("the client is gone");
    }
    Ok(line)
}

/// What stands after `DATA`, without the dots that SMTP added.
fn content(from: &mut BufReader<&TcpStream>) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let line = line(from)?;
        match line.as_slice() {
            b".\r\n" => return Ok(content),
            [b'.', rest @ ..] => content.extend(rest),
            line => content.extend(line),
        }
    }
}
