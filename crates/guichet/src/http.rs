//! The HTTP server around the API's router: connections, their number, their patience, their end.
//!
//! *Must hold*: a client that is slow with TLS or with its request's head, idle between two, or deaf to its answer, is let
//! go, and keeps nobody else from being accepted; past `connections_max` the next one waits in the listener's queue; one
//! client has no more than its share; on stop, requests under way are answered and streams without an end are cut after a
//! set time.
//!
//! *Standards*: RFC 9112 (HTTP/1.1), RFC 7301 (`http/1.1` and no other protocol over TLS).

mod attended;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use guichet_sys::{ClientPlace, Clients};
use guichet_web::Peer;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use self::attended::Attended;
use crate::stop::Stop;

/// Header lines of one request.
const HEADERS_MAX: usize = 64;
/// What a request's head may take in memory, in bytes.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// How long a client may take to agree on TLS, in seconds: a few round trips, on the slowest of lines.
const HANDSHAKE_SECS_MAX: u64 = 10;
/// How long requests under way may still take when the server stops, in seconds.
const DRAIN_SECS_MAX: u64 = 5;
/// How long to wait after the system refused to accept (no descriptor left, say), in seconds.
const REFUSED_SECS: u64 = 1;
/// The one protocol that is spoken over TLS.
pub(crate) const PROTOCOL: &[u8] = b"http/1.1";

/// Says whose connections are not counted: those of who speaks for many.
pub(crate) type SpeaksForMany = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// The bounds of the HTTP server.
#[derive(Clone)]
pub(crate) struct HttpLimits {
    /// Connections at one time.
    pub(crate) connections_max: usize,
    /// Those of each client.
    pub(crate) clients: Arc<Clients>,
    /// Whose are not counted.
    pub(crate) speaks_for_many: SpeaksForMany,
    /// Seconds for the head of a request, and between two requests.
    pub(crate) header_secs_max: u64,
}

/// What is served, to each connection alike.
#[derive(Clone)]
pub(crate) struct Served {
    /// What answers.
    pub(crate) router: Router,
    /// Speaks TLS; without it plain HTTP is spoken.
    pub(crate) tls: Option<TlsAcceptor>,
    /// The bounds.
    pub(crate) limits: HttpLimits,
}

/// Serves until it is told to stop.
pub(crate) async fn serve(listener: TcpListener, served: Served, mut stop: Stop) {
    let places = Arc::new(Semaphore::new(served.limits.connections_max));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            listener.accept().await.map(|(stream, address)| (stream, address, place))
        };
        tokio::select! {
            () = stop.wait() => break,
            Some(_) = connections.join_next() => {}
            accepted = accepted => match accepted {
                Ok((stream, address, place)) => {
                    let Some(share) = served.limits.share(address.ip()) else { continue };
                    let (served, stop) = (served.clone(), stop.clone());
                    connections.spawn(async move {
                        served.connection(stream, address, stop).await;
                        drop((place, share));
                    });
                }
                Err(error) => refused(&error).await,
            },
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    // What is left when the time is up is dropped with the set.
    let _ = timeout(Duration::from_secs(DRAIN_SECS_MAX), drained).await;
}

async fn refused(error: &io::Error) {
    // The client went before it was accepted: nothing of ours.
    if error.kind() != io::ErrorKind::ConnectionAborted {
        tracing::warn!(%error, "HTTP can't accept");
        tokio::time::sleep(Duration::from_secs(REFUSED_SECS)).await;
    }
}

/// What a connection takes of its client's share, for as long as it lasts.
enum Share {
    Uncounted,
    Counted(#[expect(dead_code, reason = "it is held, and given back when it is dropped")] ClientPlace),
}

impl HttpLimits {
    /// One more connection of this client; none where it has too many.
    fn share(&self, address: IpAddr) -> Option<Share> {
        if (self.speaks_for_many)(address) {
            return Some(Share::Uncounted);
        }
        let place = self.clients.place(address);
        if place.is_none() {
            tracing::debug!(%address, "a client has too many HTTP connections: one more is closed");
        }
        place.map(Share::Counted)
    }
}

impl Served {
    async fn connection(self, stream: TcpStream, address: SocketAddr, mut stop: Stop) {
        // Small answers should not wait for each other; where that can't be had, they do.
        let _ = stream.set_nodelay(true);
        let peer = Peer { address: address.ip(), is_encrypted: self.tls.is_some() };
        let stream = Attended::new(stream);
        let Some(tls) = &self.tls else {
            return self.requests(stream, peer, stop).await;
        };
        let agreed = timeout(Duration::from_secs(HANDSHAKE_SECS_MAX), tls.accept(stream));
        tokio::select! {
            agreed = agreed => match agreed {
                Ok(Ok(stream)) => self.requests(stream, peer, stop).await,
                Ok(Err(error)) => tracing::debug!(%error, "an HTTPS client agreed on no TLS"),
                Err(_) => tracing::debug!("an HTTPS client was too slow with TLS"),
            },
            () = stop.wait() => {}
        }
    }

    /// Answers what comes over one connection.
    async fn requests(&self, stream: impl AsyncRead + AsyncWrite + Unpin, peer: Peer, mut stop: Stop) {
        let mut server = http1::Builder::new();
        server
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(self.limits.header_secs_max))
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX);
        let router = TowerToHyperService::new(self.router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            router.call(request)
        });
        let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(stream), service));
        let ended: Result<(), hyper::Error> = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.wait() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "an HTTP connection broke");
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
