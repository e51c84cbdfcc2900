//! The configuration: defaults, then the file, then `GUICHET_*` variables, then flags, each overriding the one before.
//!
//! The file is the one that `--config` or `GUICHET_CONFIG` names, which must exist; without either, `guichet.toml` in the
//! working directory where there is one.

mod document;
mod domains;
mod environment;
mod error;
mod file;
mod given;
mod outbound;
mod public_url;
mod settings;
mod suggest;
#[cfg(test)]
pub(crate) mod tests;
mod value;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub(crate) use document::{example, reference};
pub(crate) use domains::PolicyMode;
pub(crate) use error::ConfigError;
pub(crate) use outbound::{HostPort, OutboundMode, Security};
pub(crate) use public_url::PublicUrl;
pub(crate) use settings::Configuration;
pub(crate) use value::{LogFilter, Value};

use given::{Layers, Origin};
use value::Given;

/// The file that is read when none is named, if it exists.
const FILE_DEFAULT: &str = "guichet.toml";

/// What the command line says about the configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    /// `--config`.
    pub(crate) file: Option<PathBuf>,
    /// The other flags: flag, key, value; later ones override earlier ones.
    pub(crate) values: Vec<(&'static str, String, String)>,
}

/// The configuration, with what should be said about it once the log is there.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// What is set.
    pub(crate) configuration: Configuration,
    /// The file it came from, if any.
    pub(crate) file: Option<PathBuf>,
    /// Variables that begin like ours and resemble no setting.
    pub(crate) strangers: Vec<String>,
}

/// Reads the configuration from all its sources. `directory` is the working directory.
pub(crate) fn load(
    directory: &Path,
    variables: &[(OsString, OsString)],
    flags: Flags,
) -> Result<Loaded, ConfigError> {
    let mut layers = Layers::default();
    let file = find_file(directory, variables, flags.file);
    if let Some(file) = &file {
        file::lay(file, &mut layers)?;
    }
    let strangers = environment::lay(variables, &mut layers)?;
    for (flag, key, value) in flags.values {
        layers.set(&key, Given::One(value), Origin::Flag(flag))?;
    }
    let configuration = Configuration::read(&layers)?;
    check_together(&configuration)?;
    Ok(Loaded { configuration, file, strangers })
}

fn find_file(
    directory: &Path,
    variables: &[(OsString, OsString)],
    named: Option<PathBuf>,
) -> Option<PathBuf> {
    let variable = || variables.iter().find(|(name, value)| name == environment::CONFIG && !value.is_empty());
    named.or_else(|| variable().map(|(_, value)| PathBuf::from(value))).or_else(|| {
        let file = directory.join(FILE_DEFAULT);
        file.exists().then_some(file)
    })
}

fn check_together(configuration: &Configuration) -> Result<(), ConfigError> {
    let tls = &configuration.tls;
    if tls.certificate.is_some() != tls.key.is_some() {
        return Err(ConfigError::Together("tls.certificate and tls.key go together: give both or neither"));
    }
    let outbound = &configuration.outbound;
    if outbound.smart_host_user.is_some() != outbound.smart_host_password.is_some() {
        return Err(ConfigError::Together(
            "outbound.smart_host_user and outbound.smart_host_password go together: give both or neither",
        ));
    }
    if outbound.smart_host_user.is_some() && outbound.smart_host_security == Security::None {
        return Err(ConfigError::Together(
            "a password is not sent in the clear: set outbound.smart_host_security to starttls or tls",
        ));
    }
    Ok(())
}

/// Splits the value of `--set`.
pub(crate) fn split_set(text: &str) -> Result<(String, String), ConfigError> {
    let (key, value) = text.split_once('=').ok_or_else(|| ConfigError::NoEquals(text.to_owned()))?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}
