//! The command line: `guichet serve`, which is also what `guichet` alone does, and the operator's commands.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::command::{Command, key};
use crate::config::{ConfigError, Flags, split_set};

/// A mail server with a help desk inside: takes a mail, makes it a ticket, and says 250 when both are on disk
#[derive(Debug, Parser)]
#[command(name = "guichet", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) task: Option<Task>,
}

/// What to do; nothing said means to serve.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Take mail and answer the API until told to stop
    Serve,
    #[command(flatten)]
    Operate(Command),
    /// The master key, which seals the secrets in the data
    #[command(subcommand)]
    Key(key::Command),
    /// Print a document that the program knows best
    #[command(hide = true)]
    Generate {
        /// Which
        subject: Subject,
    },
}

/// A generated document.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Subject {
    /// docs/configuration.md
    Configuration,
    /// resources/guichet.toml
    Example,
    /// docs/cli.md
    Cli,
    /// docs/openapi.json
    Openapi,
}

/// The flags that set the configuration.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Settings {
    /// The configuration file, which must exist; if not given, ./guichet.toml where there is one
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the data lies: short for `--set data_dir=DIR`
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// Where mail is taken: short for `--set smtp.listen=ADDRESS`
    #[arg(long, global = true, value_name = "ADDRESS")]
    smtp_listen: Option<String>,
    /// Where the API answers: short for `--set http.listen=ADDRESS`
    #[arg(long, global = true, value_name = "ADDRESS")]
    http_listen: Option<String>,
    /// Override any setting of docs/configuration.md; may be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Settings {
    /// The same as layers of the configuration; the named flags lie over `--set`.
    pub(crate) fn into_flags(self) -> Result<Flags, ConfigError> {
        let set = self.set.iter().map(|text| split_set(text).map(|(key, value)| ("--set", key, value)));
        let named = [
            ("--data-dir", "data_dir", self.data_dir),
            ("--smtp-listen", "smtp.listen", self.smtp_listen),
            ("--http-listen", "http.listen", self.http_listen),
        ];
        let named = named
            .into_iter()
            .filter_map(|(flag, key, value)| value.map(|value| Ok((flag, key.to_owned(), value))));
        Ok(Flags { file: self.config, values: set.chain(named).collect::<Result<_, _>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Cli {
        Cli::try_parse_from(line.split_whitespace()).unwrap()
    }

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn nothing_said_means_to_serve() {
        assert!(parse("guichet").task.is_none());
        assert!(matches!(parse("guichet serve").task, Some(Task::Serve)));
    }

    #[test]
    fn settings_may_stand_before_and_after_the_command() {
        for line in [
            "guichet --data-dir d --json token list acme --set smtp.listen=[::1]:25",
            "guichet token list acme --json --data-dir d --set smtp.listen=[::1]:25",
        ] {
            let cli = parse(line);
            assert!(cli.json && matches!(cli.task, Some(Task::Operate(Command::Token(_)))), "{line}");
            let flags = cli.settings.into_flags().unwrap();
            assert_eq!(
                flags.values,
                [
                    ("--set", "smtp.listen".to_owned(), "[::1]:25".to_owned()),
                    ("--data-dir", "data_dir".to_owned(), "d".to_owned()),
                ],
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_no_command_is_a_usage_error() {
        for line in ["guichet sell", "guichet token add acme 1 --name x", "guichet --set", "guichet token"] {
            let error = Cli::try_parse_from(line.split_whitespace()).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
