use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, Semaphore};

use super::*;
use crate::stop::{self, Stopper};

pub(super) const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: desk.example\r\n\r\n";
/// Longer than any wait of the server; the clock of these tests goes by itself.
pub(super) const PATIENCE: Duration = Duration::from_secs(10_000);

/// Octets of an answer that does not fit into what the system keeps for both ends of a connection.
const LONGER_THAN_ANY_SOCKET_HOLDS: usize = 64 << 20;

pub(super) struct Server {
    address: SocketAddr,
    stopper: Stopper,
    served: JoinSet<()>,
}

impl Server {
    async fn start(router: Router, limits: HttpLimits) -> Self {
        Self::start_served(Served { router, tls: None, limits }).await
    }

    pub(super) async fn start_served(with: Served) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stopper, stop) = stop::channel();
        let mut served = JoinSet::new();
        served.spawn(serve(listener, with, stop));
        Self { address, stopper, served }
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn ended(&mut self) {
        timeout(PATIENCE, self.served.join_next()).await.expect("the server ends").unwrap().unwrap();
    }
}

pub(super) fn limits(connections_max: usize, header_secs_max: u64) -> HttpLimits {
    let clients = Clients::new(usize::MAX);
    HttpLimits { connections_max, clients, speaks_for_many: Arc::new(|_| false), header_secs_max }
}

fn greeting() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

/// Everything until the server hangs up.
pub(super) async fn read_all(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut text)).await.expect("the server hangs up").unwrap();
    text
}

async fn read_some(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 512];
    let length = stream.read(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[tokio::test(start_paused = true)]
async fn promise_9_one_who_is_slow_with_the_head_is_let_go() {
    let server = Server::start(greeting(), limits(10, 15)).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
    assert!(!read_all(&mut slow).await.contains("200 OK"));
    let mut idle = server.connect().await;
    idle.write_all(REQUEST).await.unwrap();
    assert!(read_all(&mut idle).await.ends_with("hello"), "answered, then let go");
}

#[tokio::test(start_paused = true)]
async fn promise_9_a_connection_too_many_waits_for_a_place() {
    let server = Server::start(greeting(), limits(1, 3_600)).await;
    let mut first = server.connect().await;
    first.write_all(REQUEST).await.unwrap();
    assert!(read_some(&mut first).await.ends_with("hello"));
    let mut second = server.connect().await;
    second.write_all(REQUEST).await.unwrap();
    assert!(timeout(Duration::from_mins(1), second.readable()).await.is_err(), "there is no place yet");
    drop(first);
    assert!(read_some(&mut second).await.ends_with("hello"));
}

#[tokio::test(start_paused = true)]
async fn promise_9_one_who_does_not_read_the_answer_is_let_go() {
    let long = "x".repeat(LONGER_THAN_ANY_SOCKET_HOLDS);
    let router = greeting().route("/long", get(async || long));
    let server = Server::start(router, limits(1, 3_600)).await;
    let mut deaf = server.connect().await;
    deaf.write_all(b"GET /long HTTP/1.1\r\nhost: desk.example\r\n\r\n").await.unwrap();
    let mut next = server.connect().await;
    next.write_all(REQUEST).await.unwrap();
    let answer = timeout(PATIENCE, read_some(&mut next)).await.expect("there is a place again");
    assert!(answer.ends_with("hello"));
}

#[tokio::test(start_paused = true)]
async fn promise_9_a_head_without_end_is_refused() {
    let server = Server::start(greeting(), limits(1, 3_600)).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
    // The server may hang up before it has taken all of it.
    let _ = stream.write_all(&vec![b'x'; 2 * HEAD_BYTES_MAX]).await;
    assert!(read_some(&mut stream).await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test(start_paused = true)]
async fn a_request_under_way_is_answered_before_the_stop() {
    let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let handler = {
        let (begun, finish) = (Arc::clone(&begun), Arc::clone(&finish));
        move || async move {
            begun.notify_one();
            finish.acquire().await.unwrap().forget();
            "done"
        }
    };
    let mut server = Server::start(Router::new().route("/", get(handler)), limits(1, 3_600)).await;
    let mut stream = server.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    begun.notified().await;
    server.stopper.stop();
    finish.add_permits(1);
    assert!(read_all(&mut stream).await.ends_with("done"));
    server.ended().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_end_does_not_keep_the_server_from_stopping() {
    let begun = Arc::new(Notify::new());
    let handler = {
        let begun = Arc::clone(&begun);
        move || async move {
            begun.notify_one();
            pending::<()>().await;
        }
    };
    let mut server = Server::start(Router::new().route("/", get(handler)), limits(1, 3_600)).await;
    let mut stream = server.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    begun.notified().await;
    server.stopper.stop();
    server.ended().await;
    assert!(read_all(&mut stream).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn promise_9_one_client_has_its_share_of_the_places_and_no_more() {
    let share = HttpLimits { clients: Clients::new(1), ..limits(10, 3_600) };
    let server = Server::start(greeting(), share.clone()).await;
    let mut first = server.connect().await;
    first.write_all(REQUEST).await.unwrap();
    assert!(read_some(&mut first).await.ends_with("hello"));
    let mut second = server.connect().await;
    let mut nothing = Vec::new();
    let closed = timeout(PATIENCE, second.read_to_end(&mut nothing)).await.expect("it is closed");
    assert!(closed.is_err() || nothing.is_empty(), "{nothing:?}");
    first.write_all(REQUEST).await.unwrap();
    assert!(read_some(&mut first).await.ends_with("hello"), "the first has its place still");

    let proxies = HttpLimits { speaks_for_many: Arc::new(|_| true), ..share };
    let server = Server::start(greeting(), proxies).await;
    let mut connections = [server.connect().await, server.connect().await];
    for connection in &mut connections {
        connection.write_all(REQUEST).await.unwrap();
        assert!(read_some(connection).await.ends_with("hello"));
    }
}
