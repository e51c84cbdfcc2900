//! The server's end of the control socket.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixSocket, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{CONNECTIONS_MAX, EXCHANGE_SECS_MAX, REQUEST_BYTES_MAX, Reply, Request};
use crate::command::Operator;
use crate::stop::Stop;

/// For the owner alone.
const SOCKET_MODE: u32 = 0o600;
/// Connections that the system holds until they are accepted; past it a command hears that nobody listens.
const CONNECTIONS_WAITING_MAX: u32 = 128;

/// Listens at this path. Whoever calls this holds the data, so what stands there was left by a server that was killed.
pub(crate) fn bind(socket: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let bound = UnixSocket::new_stream()?;
    bound.bind(socket)?;
    // Nobody gets in before it listens, and by then it is the owner's alone.
    fs::set_permissions(socket, Permissions::from_mode(SOCKET_MODE))?;
    bound.listen(CONNECTIONS_WAITING_MAX)
}

/// Serves until it is told to stop; exchanges under way are finished.
pub(crate) async fn serve(listener: UnixListener, operator: Operator, mut stop: Stop) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut exchanges = JoinSet::new();
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            listener.accept().await.map(|(stream, _)| (stream, place))
        };
        tokio::select! {
            () = stop.wait() => break,
            Some(_) = exchanges.join_next() => {}
            accepted = accepted => match accepted {
                Ok((stream, place)) => {
                    let operator = operator.clone();
                    exchanges.spawn(async move {
                        serve_one(stream, &operator).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket can't accept");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            },
        }
    }
    while exchanges.join_next().await.is_some() {}
    withdraw(&listener);
}

/// Takes the socket's file away, while the data is still ours and nobody else can have bound there.
fn withdraw(listener: &UnixListener) {
    let address = listener.local_addr().ok();
    if let Some(socket) = address.as_ref().and_then(|address| address.as_pathname()) {
        // Left behind it does no harm: nobody listens there, and the next server takes it over.
        let _ = fs::remove_file(socket);
    }
}

async fn serve_one(stream: UnixStream, operator: &Operator) {
    let patience = Duration::from_secs(EXCHANGE_SECS_MAX);
    match timeout(patience, exchange(stream, operator)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a control connection broke"),
        Err(_) => tracing::debug!("a control connection took too long"),
    }
}

async fn exchange(mut stream: UnixStream, operator: &Operator) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = Vec::new();
    BufReader::new(read).take(REQUEST_BYTES_MAX).read_until(b'\n', &mut line).await?;
    let reply = match serde_json::from_slice::<Request>(&line) {
        Ok(request) => match request.command.execute(operator).await {
            Ok(answer) => Reply::Done(answer),
            Err(error) => Reply::Refused(error.to_string()),
        },
        Err(_) if line.len() as u64 == REQUEST_BYTES_MAX => {
            Reply::Refused(format!("the request is longer than {REQUEST_BYTES_MAX} bytes"))
        }
        Err(_) => {
            Reply::Refused("the server can't read the request; are both of the same version?".to_owned())
        }
    };
    let mut line = serde_json::to_vec(&reply)?;
    line.push(b'\n');
    write.write_all(&line).await?;
    write.shutdown().await
}
