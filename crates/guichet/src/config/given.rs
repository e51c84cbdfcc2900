//! What was given, and where: the layers of the configuration laid over one another.
//!
//! *Must hold*: a later layer overrides an earlier one key by key; a key that no setting has is an error in every
//! layer, with the setting that was perhaps meant.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::error::ConfigError;
use super::settings::{self, Setting};
use super::suggest;
use super::value::{Given, Value};

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In the table of settings.
    Default,
    /// In this file.
    File(PathBuf),
    /// In this environment variable.
    Environment(String),
    /// In this flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("the defaults"),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Environment(name) => write!(f, "the environment variable {name}"),
            Origin::Flag(flag) => write!(f, "the flag {flag}"),
        }
    }
}

/// The values given so far, by key.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    values: BTreeMap<&'static str, (Given, Origin)>,
}

impl Layers {
    /// Lays a value over what was given before.
    pub(crate) fn set(&mut self, key: &str, given: Given, origin: Origin) -> Result<(), ConfigError> {
        let setting = find(key).ok_or_else(|| unknown(key, origin.clone()))?;
        self.values.insert(setting.key, (given, origin));
        Ok(())
    }

    /// The value of one setting, or its default.
    pub(crate) fn read<T: Value>(&self, key: &'static str, default: &str) -> Result<T, ConfigError> {
        let fallback = || (Given::One(default.to_owned()), Origin::Default);
        let (given, origin) = self.values.get(key).cloned().unwrap_or_else(fallback);
        T::read_given(&given).ok_or_else(|| ConfigError::BadValue {
            key,
            origin,
            given: if T::IS_SECRET { "not what it must be".to_owned() } else { quoted(&given) },
            expected: T::expected(),
        })
    }
}

fn find(key: &str) -> Option<&'static Setting> {
    settings::all().find(|setting| setting.key == key)
}

fn unknown(key: &str, origin: Origin) -> ConfigError {
    let advice = match suggest::nearest(key, settings::all().map(|setting| setting.key)) {
        Some(meant) => format!("did you mean {meant}?"),
        None => "docs/configuration.md lists the keys".to_owned(),
    };
    ConfigError::UnknownKey { key: key.to_owned(), origin, advice }
}

fn quoted(given: &Given) -> String {
    match given {
        Given::One(text) => format!("{text:?}"),
        Given::Many(items) => format!("{items:?}"),
    }
}
