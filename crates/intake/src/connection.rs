//! One connection: carries out what the session's machine says, from the greeting to the end.
//!
//! What must hold: one read, then one write for all replies to it; nothing is read while a question is open; every
//! wait has a deadline. The connection's buffer and its timer are made once.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use guichet_smtp::{Answer, Output, Receiver, StartTls};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

use crate::Backends;
use crate::admission::Admission;
use crate::listener::stopped;
use crate::metrics;
use crate::policy::Policy;
use crate::reception::Reception;
use crate::session::Session;
use crate::settings::Settings;
use crate::transport::Transport;

/// What is read at once. The machine bounds what may wait (`backlog_bytes_max`); this is well below.
const READ_BYTES: usize = 16 << 10;

/// What all connections share.
pub(crate) struct Shared {
    machine: guichet_smtp::Settings,
    policy: Arc<Policy>,
    reception: Arc<Reception>,
    tls: Option<TlsAcceptor>,
    write_max: Duration,
}

/// Who talks to whom, as the PROXY header has it where there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// The client.
    pub(crate) client: SocketAddr,
    /// The address of ours that it connected to.
    pub(crate) local: IpAddr,
}

/// One connection and its session.
struct Connection<S> {
    shared: Arc<Shared>,
    transport: Transport<S>,
    receiver: Receiver,
    session: Session,
}

/// What follows once the machine has nothing more to say.
enum Next {
    Read,
    Handshake,
    End,
}

impl Shared {
    pub(crate) fn new(settings: &Settings, backends: &Backends, admission: Arc<Admission>) -> Self {
        let starttls = if backends.tls.is_some() { StartTls::Offered } else { StartTls::Absent };
        Self {
            machine: guichet_smtp::Settings {
                host: settings.hostname.to_string(),
                starttls,
                limits: settings.session.clone(),
            },
            policy: Arc::new(Policy::new(settings, backends, admission)),
            reception: Arc::new(Reception::new(settings, backends)),
            tls: backends.tls.clone(),
            write_max: Duration::from_secs(settings.write_secs_max.into()),
        }
    }
}

/// Serves one client to the end of its session. `first` is what it has sent already. Errors are the client's: it is
/// gone, or doesn't read.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    ends: Ends,
    first: &[u8],
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut receiver = Receiver::new(shared.machine.clone(), Instant::now().into_std());
    receiver.connected(ends.client);
    let session = Session::new(shared.policy.clone(), shared.reception.clone(), ends.local);
    let connection = Connection { shared, transport: Transport::Plain(stream), receiver, session };
    connection.run(first, &mut stop).await
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn run(mut self, first: &[u8], stop: &mut watch::Receiver<bool>) -> io::Result<()> {
        let mut stopping = pin!(stopped(stop));
        let mut is_stopping = false;
        let mut buffer = vec![0; READ_BYTES].into_boxed_slice();
        let mut next = self.carry_out().await?;
        let mut alarm = pin!(sleep_until(self.deadline()));
        if matches!(next, Next::Read) && !first.is_empty() {
            self.receiver.input(first);
            next = self.carry_out().await?;
        }
        loop {
            match next {
                Next::Read => {}
                Next::Handshake => {
                    self = self.shake_hands().await?;
                    next = self.carry_out().await?;
                    continue;
                }
                Next::End => return self.close().await,
            }
            self.set(alarm.as_mut());
            tokio::select! {
                biased;
                () = &mut stopping, if !is_stopping => {
                    is_stopping = true;
                    self.receiver.shutdown();
                }
                read = self.transport.read(&mut buffer) => {
                    let read = buffer.get(..read?).unwrap_or_default();
                    if read.is_empty() {
                        return Ok(());
                    }
                    self.tick();
                    self.receiver.input(read);
                }
                () = alarm.as_mut() => self.tick(),
            }
            next = self.carry_out().await?;
        }
    }

    /// Does all that the machine asks for. Afterwards it listens, unless it is told otherwise.
    async fn carry_out(&mut self) -> io::Result<Next> {
        while let Some(output) = self.receiver.poll() {
            match output {
                Output::Send(bytes) => self.send(&bytes).await?,
                Output::Ask(question) => {
                    let answer = self.session.answer(question);
                    self.receiver.answer(answer);
                }
                Output::Body(piece) => self.session.content(&piece).await,
                Output::BodyAbandoned => self.session.forget(),
                Output::BodyEnd(envelope) => {
                    let reply = self.session.finish(*envelope).await;
                    self.tick();
                    self.receiver.answer(Answer::Reply(reply));
                }
                Output::StartTls => return Ok(Next::Handshake),
                Output::Close => return Ok(Next::End),
            }
        }
        Ok(Next::Read)
    }

    fn tick(&mut self) {
        self.receiver.tick(Instant::now().into_std());
    }

    /// When the client must have done its next step; the machine has one whenever it waits for the client.
    fn deadline(&self) -> Instant {
        self.receiver.deadline().map_or_else(Instant::now, Instant::from_std)
    }

    /// Sets the alarm for the machine's deadline. A deadline moves on with almost every command, so an alarm that is
    /// early stays: it rings, the machine finds that nothing is due, and it is set anew.
    fn set(&self, alarm: Pin<&mut Sleep>) {
        let deadline = self.deadline();
        if alarm.is_elapsed() || deadline < alarm.deadline() {
            alarm.reset(deadline);
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let write = async {
            self.transport.write_all(bytes).await?;
            self.transport.flush().await
        };
        timeout(self.shared.write_max, write).await?
    }

    async fn close(mut self) -> io::Result<()> {
        timeout(self.shared.write_max, self.transport.shutdown()).await?
    }

    async fn shake_hands(mut self) -> io::Result<Self> {
        // The machine offers STARTTLS only with a certificate.
        let acceptor = self.shared.tls.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        let upgrade = timeout_at(self.deadline(), self.transport.upgrade(acceptor));
        let upgraded = upgrade.await.map_err(io::Error::from).flatten();
        metrics::tls_handshake(if upgraded.is_ok() { "done" } else { "failed" });
        let (transport, tls) = upgraded?;
        self.transport = transport;
        self.tick();
        self.receiver.tls(tls);
        Ok(self)
    }
}
