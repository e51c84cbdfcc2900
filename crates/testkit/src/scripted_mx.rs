//! A mail server that does as it is told: mostly what is right, and at chosen steps what real servers do wrong.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::{Reaction, Script};

/// A mail that the server has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenMail {
    /// The command, whole.
    pub mail_from: String,
    /// The command, whole.
    pub rcpt_to: String,
    /// What came after DATA, dots still stuffed.
    pub content: String,
    /// Over TLS.
    pub tls: bool,
    /// Which connection brought it, counted from 1.
    pub connection: usize,
}

/// A server that follows a [`Script`]; stops when dropped.
#[derive(Debug)]
pub struct ScriptedMx {
    address: SocketAddr,
    seen: Arc<Seen>,
    _task: JoinSet<io::Result<()>>,
}

#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    mails: Mutex<Vec<TakenMail>>,
    commands: Mutex<Vec<String>>,
    mails_count: watch::Sender<usize>,
}

impl ScriptedMx {
    /// On a free port of 127.0.0.1.
    pub async fn start(script: Script) -> io::Result<Self> {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), script).await
    }

    /// On the same port as another, at another address of this machine such as 127.0.0.2.
    pub async fn start_beside(other: &Self, address: [u8; 4], script: Script) -> io::Result<Self> {
        Self::start_at(SocketAddr::new(IpAddr::from(address), other.address.port()), script).await
    }

    async fn start_at(address: SocketAddr, script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let seen = Arc::<Seen>::default();
        let mut task = JoinSet::new();
        task.spawn(serve(listener, Arc::new(script), Arc::clone(&seen)));
        Ok(Self { address, seen, _task: task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections it has had.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::Relaxed)
    }

    /// The mails that it has taken, in their order; one whose final reply was a refusal, or never came, is among them.
    #[must_use]
    pub fn mails(&self) -> Vec<TakenMail> {
        self.seen.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until so many mails have come whole, whatever is said to them.
    pub async fn taken(&self, count: usize) {
        let mut mails_count = self.seen.mails_count.subscribe();
        // The count lives as long as this.
        let _ = mails_count.wait_for(|taken| *taken >= count).await;
    }

    /// The commands that it has heard, of all connections.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.seen.commands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(listener: TcpListener, script: Arc<Script>, seen: Arc<Seen>) -> io::Result<()> {
    let mut sessions = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let number = seen.connections.fetch_add(1, Ordering::Relaxed) + 1;
        sessions.spawn(session(stream, Arc::clone(&script), Arc::clone(&seen), number));
    }
}

/// What follows a step.
enum Next {
    GoOn,
    Handshake,
    End,
    Reset,
}

async fn session(stream: TcpStream, script: Arc<Script>, seen: Arc<Seen>, number: usize) -> io::Result<()> {
    let mut plain = Session::new(stream, &script, &seen, number, false);
    let greeting = format!("220 {} ESMTP\r\n", script.name_or_default());
    let mut next = plain.step("GREETING", &greeting).await?;
    while matches!(next, Next::GoOn) {
        next = plain.command().await?;
    }
    let stream = plain.stream.into_inner();
    match (next, &script.tls) {
        (Next::Reset, _) => stream.set_zero_linger(),
        (Next::Handshake, Some(acceptor)) => {
            let mut secured = Session::new(acceptor.accept(stream).await?, &script, &seen, number, true);
            while matches!(secured.command().await?, Next::GoOn) {}
            Ok(())
        }
        _ => Ok(()),
    }
}

/// One connection, in the clear or secured.
struct Session<'a, S> {
    stream: BufReader<S>,
    script: &'a Script,
    seen: &'a Seen,
    number: usize,
    is_secured: bool,
    mail_from: String,
    rcpt_to: String,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Session<'a, S> {
    fn new(stream: S, script: &'a Script, seen: &'a Seen, number: usize, is_secured: bool) -> Self {
        let stream = BufReader::new(stream);
        Self { stream, script, seen, number, is_secured, mail_from: String::new(), rcpt_to: String::new() }
    }

    /// Reads a command and answers it.
    async fn command(&mut self) -> io::Result<Next> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Ok(Next::End);
        }
        let line = line.trim_end().to_owned();
        self.seen.commands.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
        let verb = line.get(..4).unwrap_or(&line).to_ascii_uppercase();
        let usual = match verb.as_str() {
            "EHLO" => self.script.ehlo(self.is_secured),
            "STAR" => return self.start_tls(&line).await,
            "DATA" => return self.data(&line).await,
            "QUIT" => {
                self.step(&line, "221 2.0.0 bye\r\n").await?;
                return Ok(Next::End);
            }
            "MAIL" => {
                self.mail_from.clone_from(&line);
                self.rcpt_to.clear();
                "250 2.1.0 ok\r\n".to_owned()
            }
            "RCPT" => return self.recipient(line).await,
            _ => "250 2.0.0 ok\r\n".to_owned(),
        };
        self.step(&line, &usual).await
    }

    async fn recipient(&mut self, line: String) -> io::Result<Next> {
        if let Some(reaction) = self.script.reaction(&line) {
            return self.react(reaction).await;
        }
        self.rcpt_to = line;
        self.say("250 2.1.5 ok\r\n").await?;
        Ok(Next::GoOn)
    }

    async fn data(&mut self, line: &str) -> io::Result<Next> {
        if self.rcpt_to.is_empty() {
            self.say("554 5.5.1 no recipient\r\n").await?;
            return Ok(Next::GoOn);
        }
        if let Some(reaction) = self.script.reaction(line) {
            return self.react(reaction).await;
        }
        self.say("354 go on\r\n").await?;
        let mut content = Vec::new();
        while !content.ends_with(b"\r\n.\r\n") {
            if self.stream.read_until(b'\n', &mut content).await? == 0 {
                return Ok(Next::End);
            }
        }
        content.truncate(content.len() - 3);
        let mail = TakenMail {
            mail_from: self.mail_from.clone(),
            rcpt_to: std::mem::take(&mut self.rcpt_to),
            content: String::from_utf8_lossy(&content).into_owned(),
            tls: self.is_secured,
            connection: self.number,
        };
        self.seen.mails.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
        self.seen.mails_count.send_modify(|count| *count += 1);
        self.step("CONTENT", "250 2.0.0 taken\r\n").await
    }

    async fn start_tls(&mut self, line: &str) -> io::Result<Next> {
        match self.script.reaction(line) {
            Some(Reaction::NoTls) => {
                self.say("220 2.0.0 go on\r\n").await?;
                let mut hello = [0; 64];
                let _ = self.stream.read(&mut hello).await?;
                self.say("this is no TLS at all\r\n").await?;
                Ok(Next::End)
            }
            Some(reaction) => self.react(reaction).await,
            None if self.script.tls.is_none() => self.step(line, "502 5.5.1 no\r\n").await,
            None => {
                self.say("220 2.0.0 go on\r\n").await?;
                Ok(Next::Handshake)
            }
        }
    }

    async fn step(&mut self, step: &str, usual: &str) -> io::Result<Next> {
        match self.script.reaction(step) {
            Some(Reaction::Await(gate)) => {
                gate.notified().await;
                self.say(usual).await?;
                Ok(Next::GoOn)
            }
            Some(reaction) => self.react(reaction).await,
            None => {
                self.say(usual).await?;
                Ok(Next::GoOn)
            }
        }
    }

    async fn react(&mut self, reaction: Reaction) -> io::Result<Next> {
        match reaction {
            Reaction::Say(text) => {
                self.say(&text).await?;
                Ok(Next::GoOn)
            }
            Reaction::SayAndClose(text) => {
                self.say(&text).await?;
                Ok(Next::End)
            }
            Reaction::Hang => std::future::pending().await,
            Reaction::Close | Reaction::NoTls | Reaction::Await(_) => Ok(Next::End),
            Reaction::Reset => Ok(Next::Reset),
        }
    }

    async fn say(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes()).await?;
        self.stream.flush().await
    }
}
