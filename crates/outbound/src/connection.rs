//! One connection to a server: carries out what the session's machine says.
//!
//! *Must hold*: it reads all the time, also while it writes, so that neither end waits for the other; a wait that the
//! machine names runs on, whatever octets come in between, so that no server holds us with a byte now and then.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use guichet_smtp::{
    ConnectionFailure, FailureCause, Outcome, Sender, SenderOutput, SenderSettings, Stage, Transaction,
    TransactionResult,
};
use guichet_sys::tls::{ClientTls, Proof};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::content::Content;
use crate::metrics;
use crate::transport::Transport;

/// What is read at once: more than an answer has.
const READ_BYTES: usize = 4 << 10;
/// How long the last words may take to be written. Nothing depends on them.
const FAREWELL: Duration = Duration::from_secs(10);

/// Whom a connection leads to.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    /// The server's name, as DNS or the settings gave it.
    pub(crate) host: String,
    /// Where it is.
    pub(crate) address: SocketAddr,
    /// What its certificate has to prove.
    pub(crate) proof: Proof,
}

/// A connection with its session.
pub(crate) struct Connection {
    pub(crate) remote: Remote,
    /// Protocol version and cipher.
    pub(crate) tls: Option<String>,
    /// Mails that went over it, taken or not.
    pub(crate) mails: u32,
    connector: ClientTls,
    transport: Transport,
    sender: Sender,
    is_ready: bool,
    /// The machine's wait and when it is over.
    wait: Option<(u64, Instant)>,
    buffer: Box<[u8]>,
}

/// What the machine has come to.
enum Event {
    Ready,
    WantBody,
    Done(TransactionResult),
    Failed(ConnectionFailure),
    Closed,
}

/// What a socket could do.
enum Progress {
    Read(usize),
    Wrote(usize),
}

impl Connection {
    /// Over a stream just connected, in the clear or, once TLS is on from the start, secured by [`Self::secure`].
    pub(crate) fn new(
        stream: TcpStream,
        remote: Remote,
        settings: SenderSettings,
        connector: ClientTls,
    ) -> Self {
        metrics::connection_opened();
        Self {
            remote,
            tls: None,
            mails: 0,
            connector,
            transport: Transport::Plain(stream),
            sender: Sender::new(settings),
            is_ready: false,
            wait: None,
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
        }
    }

    /// Shakes hands before the session begins (RFC 8314).
    pub(crate) async fn secure(&mut self, time_max: Duration) -> Result<(), ConnectionFailure> {
        let cause = match self.shake_hands(Instant::now() + time_max).await {
            None => FailureCause::TimedOut,
            Some(Ok(())) => return Ok(()),
            Some(Err(error)) => FailureCause::Handshake(error.to_string()),
        };
        Err(ConnectionFailure { stage: Stage::StartTls, cause })
    }

    /// Goes through greeting, EHLO, STARTTLS and AUTH, until mail may be sent.
    pub(crate) async fn open(&mut self) -> Result<(), ConnectionFailure> {
        loop {
            match self.next().await {
                Event::Ready => {
                    self.is_ready = true;
                    return Ok(());
                }
                Event::Failed(failure) => {
                    self.settle().await;
                    return Err(failure);
                }
                Event::WantBody | Event::Done(_) => {}
                Event::Closed => return Err(self.abandoned()),
            }
        }
    }

    /// Sends one mail.
    pub(crate) async fn transact(
        &mut self,
        transaction: &Transaction,
        mut content: Content,
    ) -> TransactionResult {
        self.is_ready = false;
        self.mails += 1;
        self.sender.begin(transaction);
        let mut pending = None;
        let result = loop {
            let event = match pending.take() {
                Some(event) => event,
                None => self.next().await,
            };
            match event {
                Event::WantBody => pending = self.send(&mut content).await,
                Event::Done(result) => break result,
                Event::Ready | Event::Failed(_) => {}
                Event::Closed => {
                    let outcome = Outcome::Lost(self.abandoned());
                    break TransactionResult { stage: Stage::Idle, outcome };
                }
            }
        };
        self.settle().await;
        result
    }

    /// Whether another mail may be sent over it.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// The name by which the server greeted.
    pub(crate) fn greeting_name(&self) -> Option<&str> {
        self.sender.greeting_name()
    }

    /// Says good-bye.
    pub(crate) async fn quit(mut self) {
        self.sender.quit();
        while !matches!(self.next().await, Event::Closed) {}
        let _ = timeout_at(Instant::now() + FAREWELL, self.transport.shutdown()).await;
    }

    /// Hands the content over piece by piece; an event means that the remote ended it. When the content can't be read
    /// the connection is given up, so that no half of a mail arrives.
    async fn send(&mut self, content: &mut Content) -> Option<Event> {
        while let Some(piece) = content.next().await {
            match piece {
                Ok(piece) => self.sender.body(&piece),
                Err(error) => {
                    tracing::error!(%error, "a mail can't be read while it is sent");
                    self.sender.quit();
                }
            }
            if let Some(event) = self.advance().await {
                return Some(event);
            }
        }
        self.sender.body_end();
        None
    }

    /// Waits until there is something for the caller.
    async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.advance().await {
                return event;
            }
            if self.sender.wait().is_none() {
                return Event::Closed;
            }
            self.read().await;
        }
    }

    /// Carries out what the machine says, up to what the caller has to know.
    async fn advance(&mut self) -> Option<Event> {
        loop {
            return Some(match self.sender.poll()? {
                SenderOutput::Send(bytes) => {
                    self.write(&bytes).await;
                    continue;
                }
                SenderOutput::StartTls => {
                    self.start_tls().await;
                    continue;
                }
                SenderOutput::Ready => Event::Ready,
                SenderOutput::WantBody => Event::WantBody,
                SenderOutput::Done(result) => Event::Done(result),
                SenderOutput::Failed(failure) => Event::Failed(failure),
                SenderOutput::Close => Event::Closed,
            });
        }
    }

    /// What the machine still has to say when the caller knows all that it wanted.
    async fn settle(&mut self) {
        while let Some(event) = self.advance().await {
            self.is_ready = matches!(event, Event::Ready);
        }
    }

    async fn start_tls(&mut self) {
        let deadline = self.deadline();
        match self.shake_hands(deadline).await {
            None => self.sender.timed_out(),
            Some(Ok(())) => self.sender.tls_started(),
            Some(Err(error)) => self.sender.tls_failed(&error.to_string()),
        }
    }

    /// `None` when the time is over.
    async fn shake_hands(&mut self, deadline: Instant) -> Option<io::Result<()>> {
        let connector = self.connector.connector(self.remote.proof);
        let upgraded =
            timeout_at(deadline, self.transport.upgrade(connector, &self.remote.host)).await.ok()?;
        metrics::tls_handshake(if upgraded.is_ok() { "done" } else { "failed" });
        Some(upgraded.map(|tls| self.tls = Some(tls)))
    }

    /// Waits for bytes and gives them to the machine.
    async fn read(&mut self) {
        let deadline = self.deadline();
        match timeout_at(deadline, self.transport.read(&mut self.buffer)).await {
            Ok(Ok(count)) if count > 0 => self.take(count),
            Ok(_) => self.sender.closed(),
            Err(_) => self.sender.timed_out(),
        }
    }

    /// Writes all of it, reading what comes meanwhile; ends early when the session does.
    async fn write(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let deadline = self.deadline();
            match timeout_at(deadline, progress(&mut self.transport, &mut self.buffer, rest)).await {
                Ok(Ok(Progress::Wrote(count))) if count > 0 => rest = rest.get(count..).unwrap_or_default(),
                Ok(Ok(Progress::Read(count))) if count > 0 => {
                    self.take(count);
                    if self.sender.wait().is_none() {
                        return;
                    }
                }
                Ok(_) => return self.sender.closed(),
                Err(_) => return self.sender.timed_out(),
            }
        }
        let deadline = self.deadline();
        if !matches!(timeout_at(deadline, self.transport.flush()).await, Ok(Ok(()))) {
            self.sender.closed();
        }
    }

    fn take(&mut self, count: usize) {
        self.sender.input(self.buffer.get(..count).unwrap_or_default());
    }

    /// When the wait that the machine names is over.
    fn deadline(&mut self) -> Instant {
        let Some(wait) = self.sender.wait() else { return Instant::now() + FAREWELL };
        match self.wait {
            Some((number, deadline)) if number == wait.number => deadline,
            _ => {
                let deadline = Instant::now() + wait.time;
                self.wait = Some((wait.number, deadline));
                deadline
            }
        }
    }

    fn abandoned(&self) -> ConnectionFailure {
        ConnectionFailure { stage: self.sender.stage(), cause: FailureCause::Abandoned }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        metrics::connection_closed();
    }
}

/// Reads if there is something to be read, else writes.
async fn progress(transport: &mut Transport, buffer: &mut [u8], bytes: &[u8]) -> io::Result<Progress> {
    poll_fn(|context| {
        let mut into = ReadBuf::new(buffer);
        if let Poll::Ready(read) = Pin::new(&mut *transport).poll_read(context, &mut into) {
            return Poll::Ready(read.map(|()| Progress::Read(into.filled().len())));
        }
        Pin::new(&mut *transport).poll_write(context, bytes).map(|wrote| wrote.map(Progress::Wrote))
    })
    .await
}
