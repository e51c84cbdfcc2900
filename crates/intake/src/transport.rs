//! What a session is carried by: a plain stream, or TLS over it once STARTTLS was done.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use guichet_smtp::TlsSession;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ProtocolVersion, ServerConnection};
use tokio_rustls::server::TlsStream;

/// A stream of bytes to and from the client.
pub(crate) enum Transport<S> {
    Plain(S),
    Tls(Box<TlsStream<S>>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transport<S> {
    /// Shakes hands as TLS server.
    pub(crate) async fn upgrade(self, acceptor: &TlsAcceptor) -> io::Result<(Self, TlsSession)> {
        let Self::Plain(stream) = self else {
            return Err(io::Error::other("TLS is on already"));
        };
        let stream = acceptor.accept(stream).await?;
        let session = session_of(stream.get_ref().1);
        Ok((Self::Tls(Box::new(stream)), session))
    }
}

fn session_of(connection: &ServerConnection) -> TlsSession {
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        // rustls speaks no other.
        _ => "TLS",
    };
    // rustls names the suites of TLS 1.3 apart from IANA's registry.
    let suite = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    TlsSession {
        version: version.to_owned(),
        cipher: suite.unwrap_or("unknown").replacen("TLS13_", "TLS_", 1),
        server_name: connection.server_name().map(str::to_owned),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Transport<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Transport<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
