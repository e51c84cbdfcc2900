//! Accepts connections on all listeners, and lets them end when the server stops.
//!
//! What must hold: past `connections_max` a client hears `421` and costs no task; trouble with accepting (no file
//! descriptor left) is a pause, never the end; when the server stops no mail that was begun is cut off before
//! `stop_secs_max`.

use std::future::poll_fn;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use guichet_smtp::replies;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use crate::admission::{Admission, ConnectionPlace};
use crate::connection::{self, Ends, Shared};
use crate::metrics;
use crate::proxied;
use crate::settings::Settings;
use crate::{Backends, Stopped};

/// How long accepting rests after it failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections and keeps their tasks.
pub(crate) struct Door {
    settings: Arc<Settings>,
    shared: Arc<Shared>,
    admission: Arc<Admission>,
    stop: watch::Receiver<bool>,
    sessions: JoinSet<()>,
}

impl Door {
    pub(crate) fn new(settings: Settings, backends: &Backends, stop: watch::Receiver<bool>) -> Self {
        let admission = Admission::new(&settings);
        Self {
            shared: Arc::new(Shared::new(&settings, backends, admission.clone())),
            settings: Arc::new(settings),
            admission,
            stop,
            sessions: JoinSet::new(),
        }
    }

    /// Serves until the stop, then waits for the sessions.
    pub(crate) async fn run(mut self, listeners: Vec<TcpListener>) -> Stopped {
        let mut stop = self.stop.clone();
        let mut stopping = pin!(stopped(&mut stop));
        let mut turn = 0;
        loop {
            tokio::select! {
                biased;
                () = &mut stopping => break,
                Some(ended) = self.sessions.join_next() => report(ended),
                accepted = accept(&listeners, &mut turn) => match accepted {
                    Ok((stream, client)) => self.admit(stream, client),
                    Err(error) => {
                        tracing::warn!(%error, "a connection can't be accepted");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(listeners);
        self.finish().await
    }

    fn admit(&mut self, stream: TcpStream, client: SocketAddr) {
        if let Some(place) = self.admission.connection() {
            let (settings, shared, stop) = (self.settings.clone(), self.shared.clone(), self.stop.clone());
            self.sessions.spawn(session(stream, client, place, settings, shared, stop));
            return;
        }
        metrics::connection_refused("all");
        if let Err(error) = turn_away(stream) {
            tracing::debug!(%error, %client, "a connection too many was gone before its refusal");
        }
    }

    async fn finish(mut self) -> Stopped {
        let open = self.sessions.len();
        let all_ended = async {
            while let Some(ended) = self.sessions.join_next().await {
                report(ended);
            }
        };
        let stop_max = Duration::from_secs(self.settings.stop_secs_max.into());
        let _ = timeout(stop_max, all_ended).await;
        let cut = self.sessions.len();
        self.sessions.shutdown().await;
        Stopped { finished: open - cut, cut }
    }
}

/// Returns once the server stops; also when nobody is left who could say so.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopping| *stopping).await;
}

/// The next connection of any listener, each in its turn, so that none starves.
async fn accept(listeners: &[TcpListener], turn: &mut usize) -> io::Result<(TcpStream, SocketAddr)> {
    poll_fn(|context| {
        for _ in 0..listeners.len() {
            *turn = turn.wrapping_add(1);
            let listener = listeners.get(*turn % listeners.len());
            if let Some(Poll::Ready(accepted)) = listener.map(|listener| listener.poll_accept(context)) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    })
    .await
}

/// Says `421` and closes. The reply fits into any socket's empty buffer, so this doesn't wait.
fn turn_away(stream: TcpStream) -> io::Result<()> {
    let reply = replies::too_many_connections().to_string();
    stream.into_std()?.write_all(reply.as_bytes())
}

/// One session from the first byte to the last; holds its place.
async fn session(
    mut stream: TcpStream,
    client: SocketAddr,
    place: ConnectionPlace,
    settings: Arc<Settings>,
    shared: Arc<Shared>,
    stop: watch::Receiver<bool>,
) {
    let result = async {
        stream.set_nodelay(true)?;
        let peer = SocketAddr::new(client.ip().to_canonical(), client.port());
        let ends = Ends { client: peer, local: stream.local_addr()?.ip() };
        let (ends, first) = if settings.is_proxy(peer.ip()) {
            let secs_max = Duration::from_secs(settings.proxy_secs_max.into());
            timeout(secs_max, proxied::read_header(&mut stream, ends)).await??
        } else {
            (ends, Vec::new())
        };
        connection::serve(stream, ends, &first, shared, stop).await
    };
    if let Err(error) = result.await {
        tracing::debug!(%error, %client, "a connection broke off");
    }
    drop(place);
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a session ended by a panic");
    }
}
