//! The environment: `GUICHET_SMTP_LISTEN` is `smtp.listen`.
//!
//! *Must hold*: a slip in a variable's name is an error like a slip in a file. A variable that resembles no setting is
//! left alone with a word in the log: orchestrators set some of their own (`GUICHET_PORT=tcp://…` for a service of
//! that name).

use std::ffi::{OsStr, OsString};

use super::error::ConfigError;
use super::given::{Layers, Origin};
use super::settings;
use super::suggest;
use super::value::Given;

/// What our variables begin with.
pub(crate) const PREFIX: &str = "GUICHET_";
/// Names the configuration file, as `--config` does.
pub(crate) const CONFIG: &str = "GUICHET_CONFIG";

/// The variable of a setting.
pub(crate) fn name(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

/// Lays the variables over what was given before. Gives the names that resemble no setting.
pub(crate) fn lay(
    variables: &[(OsString, OsString)],
    layers: &mut Layers,
) -> Result<Vec<String>, ConfigError> {
    let mut strangers = Vec::new();
    for (variable, value) in variables {
        let Some(variable) = variable.to_str().filter(|name| name.starts_with(PREFIX) && *name != CONFIG)
        else {
            continue;
        };
        match settings::all().find(|setting| name(setting.key) == variable) {
            Some(setting) => {
                layers.set(setting.key, given(value), Origin::Environment(variable.to_owned()))?;
            }
            None => strangers.push(stranger(variable)?),
        }
    }
    Ok(strangers)
}

/// Bytes that are no UTF-8 become U+FFFD, which no setting but a path would take.
fn given(value: &OsStr) -> Given {
    Given::One(value.to_string_lossy().into_owned())
}

fn stranger(variable: &str) -> Result<String, ConfigError> {
    let names: Vec<String> = settings::all().map(|setting| name(setting.key)).collect();
    // The prefix is left out, lest it make every two names look alike.
    let wanted = bare(variable);
    match suggest::nearest(wanted, names.iter().map(|name| bare(name))) {
        None => Ok(variable.to_owned()),
        Some(meant) => {
            Err(ConfigError::UnknownVariable { name: variable.to_owned(), meant: format!("{PREFIX}{meant}") })
        }
    }
}

fn bare(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}
