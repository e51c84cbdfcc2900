//! Connecting to a server, up to the point where mail may be sent.
//!
//! *Standards*: RFC 3207 and RFC 7435: to strangers TLS is used where it can be had, whatever the certificate; a handshake that
//! fails is followed by one connection in the clear, since the alternative for most would be no mail at all. Where TLS is
//! required there is no such second connection, and the certificate has to prove the server's name.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use guichet_smtp::{ConnectionFailure, Credentials, Host, SenderLimits, SenderSettings, TlsWish};
use guichet_sys::tls::{ClientTls, Proof};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::connection::{Connection, Remote};
use crate::settings::{Security, Settings, SmartHost};

/// How a server is spoken to.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    pub(crate) tls: TlsWish,
    pub(crate) proof: Proof,
    pub(crate) credentials: Option<Credentials>,
}

impl Manner {
    /// To a recipient's server.
    pub(crate) fn to_stranger(is_tls_required: bool) -> Self {
        let (tls, proof) = if is_tls_required {
            (TlsWish::Required, Proof::Name)
        } else {
            (TlsWish::IfOffered, Proof::None)
        };
        Self { tls, proof, credentials: None }
    }

    pub(crate) fn to_smart_host(smart_host: &SmartHost) -> Self {
        let (tls, proof) = match smart_host.security {
            Security::None => (TlsWish::Never, Proof::None),
            Security::StartTls => (TlsWish::Required, Proof::Name),
            Security::Tls => (TlsWish::Implicit, Proof::Name),
        };
        let credentials = smart_host.credentials.as_ref().map(|given| {
            Credentials::new(given.user.clone(), String::from_utf8_lossy(given.password.as_slice()))
        });
        Self { tls, proof, credentials }
    }
}

/// Makes connections.
pub(crate) struct Dialler {
    helo: Host,
    limits: SenderLimits,
    connect_max: Duration,
    tls: ClientTls,
}

impl Dialler {
    pub(crate) fn new(settings: &Settings, tls: ClientTls) -> Self {
        // Every domain name is a host in SMTP; a name that were not would make EHLO an address literal of nobody.
        let nobody = Host::Literal(std::net::Ipv4Addr::UNSPECIFIED.into());
        Self {
            helo: settings.hostname.as_str().parse().unwrap_or(nobody),
            limits: settings.session.clone(),
            connect_max: Duration::from_secs(settings.limits.connect_secs_max.into()),
            tls,
        }
    }

    /// A connection over which mail may be sent.
    pub(crate) async fn dial(
        &self,
        host: &str,
        address: SocketAddr,
        manner: &Manner,
    ) -> Result<Connection, ConnectionFailure> {
        match self.try_once(host, address, manner, manner.tls).await {
            Err(failure) if failure.is_of_tls() && manner.tls == TlsWish::IfOffered => {
                tracing::info!(host, %address, %failure, "TLS failed; the mail goes in the clear");
                self.try_once(host, address, manner, TlsWish::Never).await
            }
            other => other,
        }
    }

    async fn try_once(
        &self,
        host: &str,
        address: SocketAddr,
        manner: &Manner,
        tls: TlsWish,
    ) -> Result<Connection, ConnectionFailure> {
        let stream = self.connect(address).await?;
        let settings = SenderSettings {
            helo: self.helo.clone(),
            tls,
            credentials: manner.credentials.clone(),
            limits: self.limits.clone(),
        };
        let remote = Remote { host: host.to_owned(), address, proof: manner.proof };
        let mut connection = Connection::new(stream, remote, settings, self.tls.clone());
        if tls == TlsWish::Implicit {
            connection.secure(Duration::from_secs(self.limits.handshake_secs_max.into())).await?;
        }
        connection.open().await?;
        Ok(connection)
    }

    async fn connect(&self, address: SocketAddr) -> Result<TcpStream, ConnectionFailure> {
        let connected = timeout(self.connect_max, TcpStream::connect(address)).await;
        let stream = connected.map_err(io::Error::from).flatten();
        let stream = stream.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
        stream.map_err(|error| ConnectionFailure::not_connected(format!("{address}: {error}")))
    }
}
