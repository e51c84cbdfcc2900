//! TLS material: the certificate that the server shows, from files or made here, and its reload; and TLS as a client.
//!
//! One [`ServerConfig`] lives as long as the server; only the certificate within it is swapped, so that
//! connections under way and session tickets outlive a renewal.
//!
//! # What must hold
//! - A broken new file never takes the place of a working certificate.
//! - A private key written by us is readable by its owner alone.
//!
//! # Security
//! TLS 1.2 and 1.3 with the safe defaults of rustls over aws-lc-rs. A self-signed certificate still lets mail
//! servers encrypt opportunistically (RFC 7435); it proves nothing about who we are.

mod client;
mod error;
mod pem;
mod self_signed;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use tokio_rustls::TlsAcceptor;

pub use client::{ClientTls, Proof};
pub use error::TlsError;
use pem::PemFiles;

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsSource {
    /// PEM files of the operator; both may be one file.
    Files {
        /// The chain, leaf first.
        chain: PathBuf,
        /// The private key (PKCS#8, PKCS#1 or SEC1).
        key: PathBuf,
    },
    /// Made once and kept in `tls/self-signed.pem` beneath the data directory.
    SelfSigned {
        /// The data directory.
        data_dir: PathBuf,
        /// The host names that it is made for.
        host_names: Vec<String>,
    },
}

/// What a look at the files brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// They are as they were.
    Unchanged,
    /// The new certificate is shown from now on.
    Reloaded,
}

/// The certificate in use and where it came from.
pub struct TlsMaterial {
    chain: PathBuf,
    key: PathBuf,
    /// The files as last read, whether they could be used or not: what is broken is complained of once.
    seen: Mutex<PemFiles>,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

impl TlsMaterial {
    /// Reads the certificate, or makes it where `source` says so and none is there yet. Reads and writes
    /// files; call it at the start.
    pub fn load(source: &TlsSource) -> Result<Self, TlsError> {
        let (chain, key) = match source {
            TlsSource::Files { chain, key } => (chain.clone(), key.clone()),
            TlsSource::SelfSigned { data_dir, host_names } => {
                let path = self_signed::ensure(data_dir, host_names)?;
                (path.clone(), path)
            }
        };
        let files = PemFiles::read(&chain, &key)?;
        let current = Arc::new(Current(RwLock::new(Arc::new(files.certified_key(&chain, &key)?))));
        let config = Arc::new(server_config(Arc::clone(&current))?);
        Ok(Self { chain, key, seen: Mutex::new(files), current, config })
    }

    /// The configuration to accept connections with; it stays valid across reloads.
    #[must_use]
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// The same as an acceptor for tokio streams.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.server_config())
    }

    /// An acceptor for one protocol: a client that names protocols (RFC 7301) and not this one is refused, so that what is
    /// meant for one of our ports is not taken at another.
    #[must_use]
    pub fn acceptor_of(&self, protocol: &[u8]) -> TlsAcceptor {
        let mut config = ServerConfig::clone(&self.config);
        config.alpn_protocols = vec![protocol.to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }

    /// The file that holds the chain in use.
    #[must_use]
    pub fn chain_path(&self) -> &Path {
        &self.chain
    }

    /// Looks whether the files changed and takes them over if so. After an error the certificate in use stays,
    /// and files that stay the same are not complained of again. Reads two small files; a worker calls it
    /// every minute or so.
    pub fn reload_if_changed(&self) -> Result<Reload, TlsError> {
        let files = PemFiles::read(&self.chain, &self.key)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == files {
            return Ok(Reload::Unchanged);
        }
        let certified_key = files.certified_key(&self.chain, &self.key);
        *seen = files;
        self.current.swap(certified_key?);
        Ok(Reload::Reloaded)
    }
}

/// The certificate shown to the next client.
struct Current(RwLock<Arc<CertifiedKey>>);

impl Current {
    fn swap(&self, certified_key: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified_key);
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn server_config(current: Arc<Current>) -> Result<ServerConfig, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS12, &TLS13])
        .map_err(TlsError::Setup)?
        .with_no_client_auth()
        .with_cert_resolver(current);
    config.ticketer = aws_lc_rs::Ticketer::new().map_err(TlsError::Setup)?;
    Ok(config)
}

#[cfg(test)]
mod tests;
