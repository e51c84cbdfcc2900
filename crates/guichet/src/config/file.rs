//! The configuration file: TOML, flattened into keys with dots.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::error::ConfigError;
use super::given::{Layers, Origin};
use super::value::Given;

/// The largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Lays the file over what was given before.
pub(crate) fn lay(path: &Path, layers: &mut Layers) -> Result<(), ConfigError> {
    let text = read(path)?;
    let table: toml::Table = text.parse().map_err(|error| syntax(path, &text, &error))?;
    flatten(path, "", table, layers)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let failed = |error: io::Error| ConfigError::Read { path: path.to_owned(), error };
    let mut text = String::new();
    let mut file = File::open(path).map_err(failed)?.take(FILE_BYTES_MAX + 1);
    file.read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(ConfigError::TooLarge { path: path.to_owned(), bytes_max: FILE_BYTES_MAX });
    }
    Ok(text)
}

fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = 1 + before.matches('\n').count();
    let mut message = error.message().lines().collect::<Vec<_>>().join("; ");
    if let Some(key) = text.lines().nth(line - 1).and_then(unquoted) {
        message.extend(["; a text needs quotes, as in ", key, " = \"...\""]);
    }
    ConfigError::Syntax { path: path.to_owned(), line, message }
}

/// The key of a line whose value begins like none of TOML's that has marks; the value itself may be secret.
fn unquoted(line: &str) -> Option<&str> {
    let (key, value) = line.split_once('=')?;
    let begins_bare = value.trim_start().starts_with(|first| !"\"'[{#".contains(first));
    begins_bare.then_some(key.trim())
}

fn flatten(path: &Path, prefix: &str, table: toml::Table, layers: &mut Layers) -> Result<(), ConfigError> {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        if let toml::Value::Table(inner) = value {
            flatten(path, &format!("{key}."), inner, layers)?;
        } else {
            layers.set(&key, given(value), Origin::File(path.to_owned()))?;
        }
    }
    Ok(())
}

fn given(value: toml::Value) -> Given {
    match value {
        toml::Value::Array(items) => Given::Many(items.into_iter().map(text).collect()),
        value => Given::One(text(value)),
    }
}

/// The value as a text; what no setting takes is refused by the setting, in its own words.
fn text(value: toml::Value) -> String {
    match value {
        toml::Value::String(text) => text,
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Boolean(switch) => switch.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Datetime(time) => time.to_string(),
        toml::Value::Array(_) | toml::Value::Table(_) => "a list in a list".to_owned(),
    }
}
