//! What can be wrong with TLS material, in sentences for the operator: which file, what, and what to do.

use std::{io, path::PathBuf};

/// Why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{}: can't be read ({error}); check that it exists and that the server's user may read it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file is larger than any certificate.
    #[error("{}: larger than {bytes_max} bytes; this is hardly a certificate or key", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        bytes_max: u64,
    },
    /// No certificate in the chain file.
    #[error("{}: no certificate in it; expected PEM, \"-----BEGIN CERTIFICATE-----\", the server's own first", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// No private key in the key file.
    #[error("{}: no private key in it; expected unencrypted PEM, \"-----BEGIN PRIVATE KEY-----\"", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The two don't belong together, or the key is of a kind that can't be used.
    #[error("{}: does not work with the key in {} ({error}); renew both together", chain.display(), key.display())]
    Mismatch {
        /// The chain file.
        chain: PathBuf,
        /// The key file.
        key: PathBuf,
        /// What rustls said.
        error: rustls::Error,
    },
    /// The self-signed certificate can't be made or written.
    #[error("{}: the self-signed certificate can't be written ({error}); check the data directory", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A host name that no certificate can carry.
    #[error(
        "a self-signed certificate can't be made for {host_names:?} ({error}); check the server's host name"
    )]
    HostNames {
        /// The names asked for.
        host_names: Vec<String>,
        /// What rcgen said.
        error: rcgen::Error,
    },
    /// The TLS library refused its own defaults.
    #[error("TLS can't be set up: {0}")]
    Setup(rustls::Error),
}
