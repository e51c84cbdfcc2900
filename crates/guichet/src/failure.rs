//! Why the program ends otherwise than as it should: one sentence and an exit code.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use guichet_store::OpenError;
use guichet_sys::dns::BadServer;
use guichet_sys::tls::TlsError;

use crate::config::ConfigError;
use crate::control::ClientError;
use crate::data_dir::DataDirError;
use crate::first_start::FirstStartError;
use crate::master_key::MasterKeyError;
use crate::sockets::BindError;

/// What ended the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The configuration.
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// An address to listen on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A DNS server that is none.
    #[error(transparent)]
    DnsServer(#[from] BadServer),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Another process has the data, and does not answer for it.
    #[error(
        "{}: another process has this data open; wait for it to stop, or choose another data_dir", .0.display()
    )]
    InUse(PathBuf),
    /// The master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The keys that mail is signed with, or the key of tokens.
    #[error("the server's keys can't be used: {0}")]
    Keys(#[from] guichet_accounts::Error),
    /// The store does not open.
    #[error("{}: {error}", path.display())]
    Store {
        /// The data directory.
        path: PathBuf,
        /// What the store said.
        error: OpenError,
    },
    /// What is in the data directory, or can't be put there.
    #[error("{}: {failure}", path.display())]
    Data {
        /// The data directory.
        path: PathBuf,
        /// What is wrong.
        failure: Box<Failure>,
    },
    /// The control socket.
    #[error("{}: can't be listened on ({error}); look at what stands there", path.display())]
    Control {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The first start.
    #[error(transparent)]
    FirstStart(#[from] FirstStartError),
    /// The system denied threads, signals or standard output.
    #[error("the system denies {what}: {error}")]
    System {
        /// What was asked of it.
        what: &'static str,
        /// What it said.
        error: io::Error,
    },
    /// The server that should be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// What was asked was refused.
    #[error("{0}")]
    Refused(String),
    /// Something that runs as long as the server ended before it.
    #[error("{0} ended by itself; the log says why")]
    Ended(&'static str),
}

impl Failure {
    /// The store in this directory did not open.
    pub(crate) fn store(path: PathBuf, error: OpenError) -> Self {
        match error {
            OpenError::InUse => Failure::InUse(path),
            error => Failure::Store { path, error },
        }
    }

    /// The same with the directory, where it is about the data in it.
    pub(crate) fn of_data_in(self, directory: &Path) -> Self {
        match self {
            Failure::Keys(_) | Failure::FirstStart(_) => {
                Failure::Data { path: directory.to_owned(), failure: Box::new(self) }
            }
            other => other,
        }
    }

    /// For a denial of the system.
    pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Failure::System { what, error }
    }

    /// 1 for what was refused or broke while running, 2 for what the caller has to set right first.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Refused(_) | Failure::Ended(_) => ExitCode::from(1),
            _ => ExitCode::from(2),
        }
    }
}
