//! What can be wrong with the configuration: where it stands, what is wrong, what to write instead.

use std::io;
use std::path::PathBuf;

use super::given::Origin;

/// Why the configuration can't be used. Each text is one line for the operator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file can't be read.
    #[error("{}: can't be read ({error}); check --config", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file is larger than any configuration.
    #[error("{}: larger than {bytes_max} bytes; this is hardly a configuration file", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        bytes_max: u64,
    },
    /// The file is no TOML.
    #[error("{}, line {line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the parser said, on one line.
        message: String,
    },
    /// No setting has this name.
    #[error("unknown key {key} in {origin}; {advice}")]
    UnknownKey {
        /// As it was written.
        key: String,
        /// Where.
        origin: Origin,
        /// What was perhaps meant, or where the keys are listed.
        advice: String,
    },
    /// A variable that is nearly one of ours.
    #[error("unknown environment variable {name}; did you mean {meant}?")]
    UnknownVariable {
        /// As it was set.
        name: String,
        /// What was probably meant.
        meant: String,
    },
    /// The setting exists, the value is none for it.
    #[error("{key} in {origin} is {given}; expected {expected}")]
    BadValue {
        /// The setting.
        key: &'static str,
        /// Where the value stands.
        origin: Origin,
        /// As it was written.
        given: String,
        /// What would be right.
        expected: String,
    },
    /// `--set` without an equals sign.
    #[error("--set {0}: expected key=value, as in --set smtp.size_max=20MB")]
    NoEquals(String),
    /// Two settings that don't go together.
    #[error("{0}")]
    Together(&'static str),
}
