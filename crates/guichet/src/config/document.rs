//! The reference (docs/configuration.md) and the example file (resources/guichet.toml), made from the table of settings.

use std::fmt::Write as _;

use super::environment;
use super::settings::{SECTIONS, Section, Setting};
use super::value::Spelling;

const REFERENCE_HEAD: &str = "\
# Configuration

<!-- Made by `cargo xtask generate` from crates/guichet/src/config/settings.rs. -->

Guichet runs without any configuration. What is set here overrides the defaults, in this order, each source
overriding the one before:

1. the defaults below;
2. the file (TOML) that `--config FILE` or the variable `GUICHET_CONFIG` names; without either, `guichet.toml` in the
   working directory where there is one;
3. environment variables: `GUICHET_`, then the key in upper case with underscores for dots;
4. flags: `--set key=value`, which may be repeated; `--data-dir`, `--smtp-listen` and `--http-listen` are short for the
   keys of those names.

Lists are arrays in the file, texts with commas elsewhere. An empty text stands for no value. Sizes are in bytes or have
a unit: `kB`, `MB`, `GB`, `TB` (powers of 1000), `KiB`, `MiB`, `GiB` (powers of 1024).

A key that does not exist is an error, and so is a variable that is nearly one of ours; other variables that begin with
`GUICHET_` are mentioned in the log and left alone.
";

const EXAMPLE_HEAD: &str = "\
# Guichet's configuration: every setting with its default. Remove the # before a key to change it.
# Environment variables and flags override this file; see docs/configuration.md.
";

/// docs/configuration.md.
pub(crate) fn reference() -> String {
    let mut text = REFERENCE_HEAD.to_owned();
    for section in SECTIONS {
        reference_section(&mut text, section);
    }
    text
}

fn reference_section(text: &mut String, section: &Section) {
    let title = if section.name.is_empty() { "General".to_owned() } else { format!("`[{}]`", section.name) };
    let _ = write!(text, "\n## {title}\n\n{}\n", prose(section.about));
    for setting in section.settings {
        let _ = write!(
            text,
            "\n### `{}`\n\n{}\n\n- default: {}\n- expected: {}\n- variable: `{}`\n",
            setting.key,
            prose(setting.about),
            default(setting),
            (setting.expected)(),
            environment::name(setting.key),
        );
    }
}

fn default(setting: &Setting) -> String {
    if setting.default.is_empty() { "none".to_owned() } else { format!("`{}`", setting.default) }
}

/// resources/guichet.toml.
pub(crate) fn example() -> String {
    let mut text = EXAMPLE_HEAD.to_owned();
    for section in SECTIONS {
        text.push('\n');
        comment(&mut text, section.about);
        if !section.name.is_empty() {
            let _ = writeln!(text, "[{}]", section.name);
        }
        for setting in section.settings {
            text.push('\n');
            comment(&mut text, setting.about);
            let name = setting.key.rsplit('.').next().unwrap_or(setting.key);
            let _ = writeln!(text, "#{name} = {}", in_toml(setting));
        }
    }
    text
}

fn in_toml(setting: &Setting) -> String {
    match setting.spelling {
        Spelling::Quoted => format!("{:?}", setting.default),
        // No number at all is spelled as an empty text.
        Spelling::Bare if setting.default.is_empty() => "\"\"".to_owned(),
        Spelling::Bare => setting.default.to_owned(),
        Spelling::Array => {
            let items = setting.default.split(',').filter(|item| !item.is_empty());
            format!("[{}]", items.map(|item| format!("{item:?}")).collect::<Vec<_>>().join(", "))
        }
    }
}

fn comment(text: &mut String, about: &[&str]) {
    for line in about {
        let _ = writeln!(text, "#{line}");
    }
}

fn prose(about: &[&str]) -> String {
    about.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n")
}
