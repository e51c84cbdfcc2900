use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser as _;
use tokio::io::AsyncReadExt;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::{Asked, ClientError, EXCHANGE_SECS_MAX, REQUEST_BYTES_MAX, Reply, ask, bind, serve};
use crate::cli::{Cli, Task};
use crate::command::{self, Command};
use crate::stop::{self, Stopper};

/// A server on a socket of its own, over a store in memory.
struct Server {
    folder: tempfile::TempDir,
    stopper: Stopper,
    served: tokio::task::JoinSet<()>,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (stopper, stop) = stop::channel();
        let listener = bind(&folder.path().join("control.sock")).unwrap();
        let mut served = tokio::task::JoinSet::new();
        served.spawn(serve(listener, command::tests::in_memory(), stop));
        Self { folder, stopper, served }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("control.sock")
    }

    fn asking(&self, line: &str) -> JoinHandle<Result<Asked, ClientError>> {
        let (socket, command) = (self.socket(), command(line));
        spawn_blocking(move || ask(&socket, &command))
    }

    /// Sends these bytes and gives the line that comes back.
    async fn exchange(&self, bytes: Vec<u8>) -> String {
        let socket = self.socket();
        let exchange = move || {
            let mut stream = UnixStream::connect(socket).unwrap();
            // The server may answer and hang up before it has read all of it.
            let _ = stream.write_all(&bytes);
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            line
        };
        spawn_blocking(exchange).await.unwrap()
    }

    /// Stops it; a server that was told to stop leaves no socket behind.
    async fn stop(mut self) {
        self.stopper.stop();
        while self.served.join_next().await.is_some() {}
        assert!(!self.socket().exists());
    }
}

fn command(line: &str) -> Command {
    match Cli::parse_from(format!("guichet {line}").split_whitespace()).task {
        Some(Task::Operate(command)) => command,
        _ => panic!("{line} is no command"),
    }
}

#[tokio::test]
async fn what_is_asked_is_answered_or_refused_in_words() {
    let server = Server::start();
    let Asked::Answered(Reply::Done(made)) = server.asking("organisation add acme").await.unwrap().unwrap()
    else {
        panic!("not done");
    };
    assert!(made.to_text().starts_with("slug: acme\n"), "{made:?}");
    let Asked::Answered(Reply::Refused(why)) = server.asking("organisation add acme").await.unwrap().unwrap()
    else {
        panic!("not refused");
    };
    assert_eq!(why, "organisation `acme` is taken");
    server.stop().await;
}

#[tokio::test]
async fn only_the_owner_may_ask() {
    let server = Server::start();
    let mode = std::fs::metadata(server.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    server.stop().await;
}

#[tokio::test]
async fn a_socket_that_a_killed_server_left_is_no_server_and_is_taken_over() {
    let server = Server::start();
    let socket = server.socket();
    // A listener that goes without a word leaves its file, as a killed server does.
    let Server { folder: _folder, mut served, .. } = server;
    served.shutdown().await;
    assert!(socket.exists());
    let asked = ask(&socket, &command("organisation list")).unwrap();
    assert!(matches!(asked, Asked::NoServer));
    bind(&socket).unwrap();
}

#[test]
fn where_nothing_is_no_server_is() {
    let asked = ask(Path::new("/nonexistent/control.sock"), &command("organisation list")).unwrap();
    assert!(matches!(asked, Asked::NoServer));
}

#[tokio::test]
async fn a_request_that_is_none_is_refused_and_the_next_one_served() {
    let server = Server::start();
    for bytes in
        [&b"\n"[..], b"{}\n", b"{\"command\":{\"organisation\":\"burn\"}}\n", b"\xff\xfe\n", b"[[[[\n"]
    {
        let line = server.exchange(bytes.to_vec()).await;
        assert_eq!(
            line,
            "{\"refused\":\"the server can't read the request; are both of the same version?\"}\n"
        );
    }
    assert!(matches!(server.asking("organisation list").await.unwrap(), Ok(Asked::Answered(Reply::Done(_)))));
    server.stop().await;
}

#[tokio::test]
async fn an_endless_request_is_cut_at_its_limit() {
    let server = Server::start();
    let line = server.exchange(vec![b' '; REQUEST_BYTES_MAX as usize]).await;
    assert_eq!(line, "{\"refused\":\"the request is longer than 65536 bytes\"}\n");
    server.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_none_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    for (said, sentence) in [
        (&b"what?\n"[..], "the server's answer can't be read; are both of the same version?"),
        (
            b"",
            "the server did not answer (unexpected end of file); what was asked may or may not have been done",
        ),
    ] {
        let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let asking = {
            let socket = socket.clone();
            spawn_blocking(move || ask(&socket, &command("organisation list")))
        };
        let mut stream = listener.accept().unwrap().0;
        BufReader::new(&stream).read_line(&mut String::new()).unwrap();
        stream.write_all(said).unwrap();
        drop(stream);
        let error = asking.await.unwrap().unwrap_err().to_string();
        assert!(error.ends_with(sentence), "{error}");
        std::fs::remove_file(&socket).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_connects_and_says_nothing_is_let_go() {
    let server = Server::start();
    let mut silent = tokio::net::UnixStream::connect(server.socket()).await.unwrap();
    let hung_up = timeout(Duration::from_secs(2 * EXCHANGE_SECS_MAX), silent.read(&mut [0; 1])).await;
    assert_eq!(hung_up.unwrap().unwrap(), 0);
    server.stop().await;
}
